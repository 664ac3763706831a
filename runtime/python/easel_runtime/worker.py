"""One attempt of one block, in its own process: load what it reads, run it, capture what it leaves, say how it went.

    handed over -> started -> load -> run -> save -> result
                     (any of them may end in a result with status "failed")

Everything that can be done before the block is known happens in `warm`, in the parked worker.
"""

from __future__ import annotations

import ast
import difflib
import errno
import gc
import os
import signal
import socket
import struct
import sys
import threading
import time
import types
from json import JSONEncoder
from typing import Any, NoReturn

from . import (
    describe,
    display,
    execute,
    fault,
    filetrace,
    guards,
    patches,
    rehearsal,
    settings,
    tables,
    tracebacks,
)
from .orphans import end_siblings
from .state import arrow
from .state.capture import Capture
from .state.load import LoadedState, LoadError
from .state.objects import DamagedObjectError
from .streams import Streams

_RUNTIME_FOLDER = os.path.dirname(os.path.abspath(__file__))
_PREVIEW_ROWS = 1000
# Bound now: a block may patch the json module.
_encode = JSONEncoder(ensure_ascii=False, allow_nan=False).encode

_streams: Streams | None = None
_baseline: settings.Baseline | None = None

Json = dict[str, Any]


def warm() -> None:
    """Get ready for a block that is not known yet. Called in the zygote and again in the parked worker."""
    global _streams, _baseline
    if _streams is None:
        _streams = Streams()
        guards.install()
        display.adapt_libraries()
    arrow.prepare()
    _streams.install()  # in the worker once more: it owns the streams, and is no child that writes line by line
    rehearsal.rehearse(_describe_variable, _preview)
    _baseline = settings.snapshot()


class _Failure(Exception):
    """The attempt ends here: `failure` as the contract has it."""

    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.failure: Json = {"kind": kind, "message": message, **more}


class _Attempt:
    def __init__(self, channel: socket.socket, spec: Json, mode: str) -> None:
        self.channel = channel
        self.spec = spec
        self.mode = mode
        self.pid = os.getpid()
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.namespace = module.__dict__
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        self.python = python
        self.loaded = LoadedState(spec["state"], spec["state_root"], self.namespace, python)
        assert _streams is not None and _baseline is not None
        self.streams = _streams
        self.baseline = _baseline

    # -- frames -------------------------------------------------------------------------------------------------

    def send(self, frame: Json) -> None:
        try:
            text = _encode(frame)
        except ValueError:
            text = _encode(_without_nan(frame))
        data = text.encode("utf-8", "replace")
        self.channel.sendall(struct.pack("<I", len(data)) + data)

    def notice(self, kind: str, message: str) -> None:
        self.send({"event": "notice", "kind": kind, "message": message})

    def phase(self, name: str) -> None:
        self.send({"event": "phase", "phase": name, "at_us": time.monotonic_ns() // 1000})

    # -- phases -------------------------------------------------------------------------------------------------

    def run(self, missing: list[str]) -> None:
        self.send({"event": "started", "missing": missing})
        result: Json = {"event": "result", "python": self.python, "platform": _platform()}
        try:
            self.load()
            self.execute()
            result.update(self.save())
            result["status"] = "succeeded"
        except _Failure as failure:
            result.update(status="failed", failure=failure.failure)
        self.streams.drain()
        fault.point("worker.before_result")
        self.send(result)

    def load(self) -> None:
        self.phase("load")
        sys.path.insert(0, self.spec["files"])
        # Before the snapshot: it must not travel with the state.
        os.environ.update(self.spec.get("pass_env", {}))
        self.baseline.environ = dict(os.environ._data)  # type: ignore[attr-defined]
        self.baseline.path = list(sys.path)
        # The canvas's own modules are imported again by what the block really loads or imports, and only then: so that
        # editing one makes its users stale and not everything below them.
        inherited = {
            key: _setting_value(value)
            for key, value in self.spec["state"].get("settings", {}).items()
            if not key.startswith("local:")
        }
        for notice in settings.apply(self.baseline, inherited, self.spec["files"]):
            self.notice(notice["kind"], notice["message"])
        # What is loaded stays as long as the worker: looking through it for cycles, now and later, finds nothing, and
        # takes three quarters of the time of loading many small objects.
        collecting = gc.isenabled()
        gc.disable()
        try:
            self.loaded.load(self.spec.get("load", []))
            gc.freeze()
        except DamagedObjectError as error:
            raise _Failure("damaged", str(error)) from None
        except LoadError as error:
            raise _Failure("exception", str(error), ename="LoadError", evalue=str(error), line=None) from None
        finally:
            if collecting:
                gc.enable()

    def execute(self) -> None:
        self.phase("run")
        display.install(self.send, self.streams.drain)
        try:
            execute.run_source(self.spec["code"], self.spec["filename"], self.namespace, display.show_result)
            display.flush_figures()
            self._end_if_forked(0)
        except BaseException as error:
            if os.getpid() != self.pid:
                sys.excepthook(type(error), error, error.__traceback__)
                self._end_if_forked(1)
            self._figures_of_a_failed_block()
            raise self._describe(error) from None

    def _end_if_forked(self, code: int) -> None:
        """A child that the block forked and did not end has come to the block's end, too: only the worker reports."""
        if os.getpid() == self.pid:
            return
        try:
            self.streams.drain()
        finally:
            os._exit(code)

    def _figures_of_a_failed_block(self) -> None:
        try:
            display.flush_figures()
        except Exception:
            pass

    def _describe(self, error: BaseException) -> _Failure:
        filenames = {**self.spec.get("filenames", {}), self.spec["filename"]: self.spec["block"]}
        told = tracebacks.describe(error, filenames, [_RUNTIME_FOLDER], self.explain_name)
        self.streams.drain()
        self.send(
            {"event": "error", **{k: told[k] for k in ("ename", "evalue", "traceback", "line", "kind")}}
        )
        message = f"{told['ename']}: {told['evalue']}" if told["evalue"] else told["ename"]
        return _Failure(
            told["kind"],
            message,
            ename=told["ename"],
            evalue=told["evalue"],
            line=told["line"],
            frames=told["frames"],
        )

    def explain_name(self, name: str) -> str | None:
        """Why an inherited variable is not there, for the message of a NameError."""
        variable = self.loaded.variables.get(name)
        if variable is None:
            # What the block does not name was not loaded, so Python itself cannot suggest it.
            close = difflib.get_close_matches(name, list(self.loaded.variables), 1, 0.7)
            if not close:
                return None
            origin = self.loaded.variables[close[0]].get("origin", "?")
            return f"did you mean `{close[0]}`, which block `{origin}` left?"
        origin = variable.get("origin", "?")
        refused = variable.get("not_carried")
        if refused is None:
            return (
                f"block `{origin}` left `{name}`, but nothing in this block's source names it, so it was not loaded; "
                "name it in the block (a line with just the name is enough)"
            )
        return (
            f"block `{origin}` made `{name}` ({variable.get('type', 'object')}), and it could not be kept: "
            f"{refused['reason']}. {refused['advice'][:1].upper()}{refused['advice'][1:]}."
        )

    def save(self) -> Json:
        self.phase("save")
        fault.point("worker.before_capture")
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self.streams.drain()
        self._end_children()
        self._name_threads()
        captured_settings, notices = settings.capture(self.baseline)
        for notice in notices:
            self.notice(notice["kind"], notice["message"])
        self._name_patches()
        gc.disable()  # nothing that is collected now gives the state more room, and a finalizer could change it
        try:
            captured = Capture(
                self.loaded,
                self.spec["attempt"],
                self.spec["block"],
                self.spec["staging"],
                _describe_variable,
                _preview,
            ).run()
            files = filetrace.collect()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                _empty(self.spec["staging"])  # now: the engine needs room to write down how this ended
                raise _Failure(
                    "disk_full",
                    f"the state could not be saved: {error.strerror}; free some space (`easel gc CANVAS` removes old "
                    "attempts) and run the block again",
                ) from None
            raise _Failure("capture", f"the state could not be saved: {error}") from None
        except DamagedObjectError as error:
            raise _Failure("damaged", str(error)) from None
        except MemoryError:
            raise _Failure("memory", "there was not enough memory to save the block's state") from None
        except Exception as error:
            import traceback

            raise _Failure(
                "capture",
                f"the state could not be saved: {type(error).__name__}: {error}\n{traceback.format_exc()}",
            ) from None
        for _, message in captured.notices:
            self.notice("not_carried", message)
        if captured.slow:
            self.notice("slow_save", captured.slow)
        for message in captured.remarks:
            self.notice("carried_in_part", message)
        state = captured.state
        before = self.spec["state"].get("settings", {})
        state["settings"] = {
            key: before[key]
            if key in before and _setting_value(before[key]) == value
            else {"value": value, "by": self.spec["block"]}
            for key, value in captured_settings.items()
        }
        self.streams.drain()
        return {
            "state": state,
            "objects": captured.objects,
            "files": files,
            "flags": self.spec.get("flags", []),
        }

    # -- the end of a block -------------------------------------------------------------------------------------

    def _end_children(self) -> None:
        """What the block started ends with it, before its state is read."""
        end_siblings()

    def _name_threads(self) -> None:
        alive = [t.name for t in threading.enumerate() if t is not threading.main_thread() and t.is_alive()]
        if alive:
            self.notice(
                "live_threads",
                f"{len(alive)} thread(s) still ran when the block ended ({', '.join(sorted(alive)[:5])}); "
                "they end now, and what they would have changed is lost: join them in the block",
            )

    def _name_patches(self) -> None:
        try:
            tree = ast.parse(self.spec["code"])
            found = patches.patched(self.namespace, tree)
            called = patches.called(self.namespace, tree)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
        ):  # top-level await and the like have run all the same
            return
        for name in found:
            self.notice(
                "patched_module",
                f"`{name}` was changed in a module; that does not travel to other blocks: put it into a file of the canvas, "
                "and import that where it is used",
            )
        for name in called:
            self.notice(
                "patched_module",
                f"what `{name}` sets holds in the block that calls it only: call it again where it is needed",
            )


def _describe_variable(value: Any) -> Json:
    return {key: item for key, item in describe.describe_value(value).items() if item is not None}


def _preview(value: Any) -> tuple[bytes, int, bool] | None:
    """(Arrow IPC file of the first rows, rows of the value, whether that is all of them) for what is a table."""
    if not tables.is_table(value):
        return None
    data = tables.arrow_preview(value, _PREVIEW_ROWS)
    if data is None:
        return None
    rows = len(value)
    width = value.shape[1] if len(getattr(value, "shape", ())) == 2 else 1
    return data, rows, rows <= _PREVIEW_ROWS and width <= 50


def _setting_value(setting: Any) -> Any:
    return setting["value"] if isinstance(setting, dict) and "by" in setting else setting


def _empty(folder: str) -> None:
    for entry in os.scandir(folder):
        try:
            os.unlink(entry.path)
        except OSError:
            pass


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN and no infinity; plots use null for a missing point."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value


def _platform() -> str:
    return f"{sys.platform}-{os.uname().machine}"


def run(channel: socket.socket, spec: Json, mode: str, missing: list[str]) -> NoReturn:
    """Run the attempt and end the process. Called after the sandbox is on, in a worker that serves only this one."""
    code = 0
    try:
        _Attempt(channel, spec, mode).run(missing)
        # The executor ends the process as soon as it has the result; nothing of the block may run until then.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 121
    os._exit(code)
