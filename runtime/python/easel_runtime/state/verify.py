"""Load in a sibling process what was just stored, and see whether it is what was there.

    worker ── fork ──> child: for each check: load a copy -> compare -> store the copy again, twice -> one line of JSON
       └── waits at most `Limits` ──> verdicts; a child that dies or hangs is replaced for the checks that are left

The child has the worker's memory as it is, so originals need no copying, and user code that runs there (`__setstate__`,
constructors, `__hash__`) can do nothing to the worker: no output, no open files but its pipe, the worker's namespace
only as a later block would find it. It may crash, hang, print, exit or fill its memory.

Storing the copy again gives the *settled* digest, which counts as unchanged too; if two copies give two digests, the
content is *unstable*. What the budget does not reach is kept and marked `unverified`.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from .compare import BudgetSpentError, Comparison, Difference

_LOAD, _COMPARE, _STORE, _DONE = "load", "compare", "store", "done"
_ADVICE = "keep plain data (numbers, strings, lists, frames) from it instead"
_PR_SET_PDEATHSIG = 1
_STACK_BYTES = 64 << 20
# Bound now: a block may patch the modules.
_fork, _exit, _read, _write, _kill, _waitpid = os.fork, os._exit, os.read, os.write, os.kill, os.waitpid
_dumps, _loads, _now = json.dumps, json.loads, time.monotonic


class Limits(NamedTuple):
    """`load_seconds`: longer than this to load or store one component, and it is not carried (a later block would wait
    as long). `all_seconds`, `all_bytes`: what one capture spends on verifying; what is beyond is kept unverified."""

    load_seconds: float = 20.0
    all_seconds: float = 30.0
    all_bytes: int = 256 << 20


class Check(NamedTuple):
    """One stored component: `load` makes a copy of its members, `again` stores a copy and returns its digest, `enter`
    makes the namespace what it will be for a block that loads it. All three run in the child only."""

    members: dict[str, Any]
    size: int
    digest: str
    load: Callable[[], dict[str, Any]]
    again: Callable[[dict[str, Any]], str]
    enter: Callable[[], None]


class Verdict(NamedTuple):
    """`reason`: why the component must not be carried, or None. `settled`: its digest once loaded and stored, where that
    differs. `remarks`: what its classes leave out on purpose."""

    reason: str | None = None
    advice: str = _ADVICE
    settled: str | None = None
    unstable: bool = False
    unverified: bool = False
    remarks: tuple[str, ...] = ()


def verify(checks: Sequence[Check], limits: Limits | None = None) -> list[Verdict]:
    """One verdict per check, in order. Raises nothing for what the values do."""
    limits = limits or Limits()
    verdicts: list[Verdict] = [Verdict(unverified=True)] * len(checks)
    # Small ones first: one huge component must not leave all others unverified.
    order = sorted(range(len(checks)), key=lambda i: checks[i].size)
    spent, chosen = 0, []
    for i in order:
        spent += checks[i].size
        if spent <= limits.all_bytes:
            chosen.append(i)
    end = _now() + limits.all_seconds
    while chosen and _now() < end:
        done = _one_child(checks, chosen, verdicts, limits, end)
        if done == 0:
            break
        del chosen[:done]
    return verdicts


def _one_child(
    checks: Sequence[Check], chosen: list[int], verdicts: list[Verdict], limits: Limits, end: float
) -> int:
    """Start a child for the `chosen` checks and fill in what it says; returns how many have a verdict now."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 warns of forks beside threads
            pid = _fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return 0
    if pid == 0:
        _child(writer, [checks[i] for i in chosen], limits, end)
    os.close(writer)
    ended = os.pidfd_open(pid)
    done, stage, data, status = 0, _LOAD, b"", None
    since = _now()
    try:
        while done < len(chosen):
            grace = limits.load_seconds if stage != _COMPARE else max(limits.load_seconds, end - since + 5.0)
            left = since + grace - _now()
            ready, _, _ = select.select([reader, ended], [], [], max(0.0, left))
            if not ready:
                verdicts[chosen[done]] = _hung(stage, limits)
                done += 1
                break
            more = _read(reader, 1 << 16) if reader in ready else b""
            if not more and ended in ready:
                status = _waitpid(pid, 0)[1]
                if done == 0:  # otherwise it may be the fault of one before: it gets a child of its own
                    verdicts[chosen[0]] = _died(stage, status)
                    done = 1
                break
            data += more
            *lines, data = data.split(b"\n")
            for line in lines:
                since = _now()
                stage = _take(line, verdicts, chosen, done)
                done += stage == _DONE
    finally:
        os.close(reader)
        os.close(ended)
        if status is None:
            _kill(pid, signal.SIGKILL)
            _waitpid(pid, 0)
    return done


def _take(line: bytes, verdicts: list[Verdict], chosen: list[int], done: int) -> str:
    """What a line of the child says; it may be anything, since user code runs there."""
    try:
        told = _loads(line)
        stage = str(told["stage"])
        if stage == _DONE and done < len(chosen):
            told["remarks"] = tuple(told["remarks"])
            verdicts[chosen[done]] = Verdict(**{k: v for k, v in told.items() if k != "stage"})
        return stage
    except (ValueError, KeyError, TypeError):
        return _LOAD


def _hung(stage: str, limits: Limits) -> Verdict:
    if stage == _COMPARE:
        return Verdict(unverified=True)
    doing = "loading it again" if stage == _LOAD else "storing it again once it was loaded"
    return Verdict(f"{doing} took longer than {limits.load_seconds:.0f} s")


def _died(stage: str, status: int) -> Verdict:
    doing = {_LOAD: "loading it again", _STORE: "storing it again once it was loaded"}.get(stage)
    if doing is None:
        return Verdict(unverified=True)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        return Verdict(f"{doing} ended the process ({name})")
    return Verdict(f"{doing} ended the process (exit status {os.waitstatus_to_exitcode(status)})")


# -- the child ------------------------------------------------------------------------------------------------------


def _child(writer: int, checks: list[Check], limits: Limits, end: float) -> NoReturn:
    """Never returns, whatever happens."""
    try:
        _alone(writer)
        # In a thread of its own: pools of threads that a library had in the worker (OpenMP's) belong to the first
        # thread, are gone after a fork, and would be waited for there.
        threading.stack_size(_STACK_BYTES)
        thread = threading.Thread(target=_all, args=(writer, checks, end), daemon=True)
        thread.start()
        thread.join()
        _exit(0)
    except BaseException:
        pass
    _exit(1)


def _alone(writer: int) -> None:
    """Cut the child off from everything that the worker talks to."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    for number in numbers:  # not closed: what user code writes there must go nowhere, not fail
        if number not in (writer, nowhere):
            try:
                os.dup2(nowhere, number)
            except OSError:
                pass
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = open(1, "w", closefd=False)  # type: ignore[misc]
    gc.disable()  # every pass would touch, and so copy, all of the worker's objects
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        from .. import _easel

        _easel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    except (ImportError, OSError, AttributeError):
        pass
    try:
        with open("/proc/self/oom_score_adj", "w") as file:  # before the worker, should memory run out
            file.write("1000")
    except OSError:
        pass


def _all(writer: int, checks: list[Check], end: float) -> None:
    try:
        from .. import _easel

        _easel.trace_pause(1)  # this thread: what is read here is not read by the block
    except (ImportError, AttributeError):
        pass
    for check in checks:
        verdict = _one(writer, check, end)
        _tell(writer, {"stage": _DONE, **verdict._asdict()})
    _exit(0)


def _tell(writer: int, message: dict[str, Any]) -> None:
    data = _dumps(message).encode() + b"\n"
    while data:
        data = data[_write(writer, data) :]


def _one(writer: int, check: Check, end: float) -> Verdict:
    _tell(writer, {"stage": _LOAD})
    comparison = Comparison(end)
    unverified = False
    try:
        originals = dict(check.members)
        check.enter()
        copies = check.load()
    except MemoryError:
        return Verdict(unverified=True)
    except BaseException as error:
        return Verdict(f"it was stored but cannot be loaded again: {_error(error)}")
    _tell(writer, {"stage": _COMPARE})
    try:
        comparison.compare(originals, copies)
    except Difference as difference:
        return Verdict(str(difference))
    except (BudgetSpentError, MemoryError):
        unverified = True
    except Exception as error:  # ours to explain, not the user's to suffer
        return Verdict(unverified=True, remarks=(f"it could not be compared: {_error(error)}",))
    _tell(writer, {"stage": _STORE})
    try:
        # Of copies that nobody has looked at: to look is enough to give some objects an empty `__dict__`.
        del copies
        first = check.again(check.load())
        second = check.again(check.load())
    except MemoryError:
        return Verdict(unverified=True)
    except BaseException as error:
        return Verdict(f"it cannot be stored again once it was loaded: {_error(error)}")
    return Verdict(
        settled=first if first == second and first != check.digest else None,
        unstable=first != second,
        unverified=unverified,
        remarks=tuple(dict.fromkeys(comparison.remarks))[:10],
    )


def _error(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = ""
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
