"""Show values as Jupyter does: a MIME bundle per value, updates by id, figures without a window.

The worker injects where frames go (`install`); before a frame is sent what was printed has been read, so
that text and displays stay in order. Libraries are adapted when user code imports them, never imported from
here.
"""

from __future__ import annotations

import base64
import builtins
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from . import importing, library_display
from .pretty import pretty
from .time_limit import TimeLimitReached, time_limit

MAX_OUTPUT_BYTES = 20 * 1024 * 1024
REPR_LIMIT_S = 30.0

Bundle = dict[str, Any]
Send = Callable[[dict[str, Any]], None]


class DisplayNotInstalled(RuntimeError):
    """A display was asked for where nothing shows it: no block is being run."""


class _Channel:
    send: Send | None = None
    before_send: Callable[[], object] = staticmethod(lambda: None)
    pid = 0


_METHODS = (
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("application/pdf", "_repr_pdf_"),
    ("text/latex", "_repr_latex_"),
    ("application/json", "_repr_json_"),
    ("application/javascript", "_repr_javascript_"),
)


def install(send: Send, before_send: Callable[[], object] = lambda: None) -> None:
    """Send frames to `send`, after `before_send()`; in this process, not in children forked from it."""
    _Channel.send = staticmethod(send)
    _Channel.before_send = staticmethod(before_send)
    _Channel.pid = os.getpid()


def publish(frame: dict[str, Any]) -> None:
    """Send one frame. In a child process, which has no channel, the text form is printed instead."""
    if _Channel.send is None:
        raise DisplayNotInstalled("Displays are shown by a block that runs; here nothing is listening.")
    if _Channel.pid != os.getpid():
        text = frame.get("data", {}).get("text/plain")
        if isinstance(text, str):
            print(text)
        return
    _Channel.before_send()
    _Channel.send(frame)


def format(
    obj: Any, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> tuple[Bundle, Bundle]:
    """The MIME bundle of `obj` and its metadata. Never raises; what failed is said in text/plain."""
    data: Bundle = {}
    metadata: Bundle = {}
    problems: list[str] = []
    try:
        with time_limit(REPR_LIMIT_S):
            _collect(obj, data, metadata, problems, include, exclude)
    except TimeLimitReached:
        problems.append(f"<repr of {type(obj).__name__} failed: it took longer than {REPR_LIMIT_S:g} s>")
    if problems:
        data["text/plain"] = "\n".join([data["text/plain"], *problems] if "text/plain" in data else problems)
    data = {mime: value for mime, value in data.items() if value is not None}
    if include is not None:
        wanted = set(include)
        data = {mime: value for mime, value in data.items() if mime in wanted}
    for mime in exclude or ():
        data.pop(mime, None)
    return _bounded(data), {key: value for key, value in metadata.items() if key in data}


def _collect(
    obj: Any,
    data: Bundle,
    metadata: Bundle,
    problems: list[str],
    include: Iterable[str] | None,
    exclude: Iterable[str] | None,
) -> None:
    special = _try(obj, "its own display", lambda: library_display.bundle(obj), problems)
    if special is not None:
        _merge(special, data, metadata)
        data.setdefault("text/plain", pretty(obj))
        return
    own_bundle = _method(obj, "_repr_mimebundle_")
    if own_bundle is not None:
        made = _try(obj, "_repr_mimebundle_", lambda: own_bundle(include=include, exclude=exclude), problems)
        if made is not None:
            _merge(made, data, metadata)
    for mime, name in _METHODS:
        method = _method(obj, name) if mime not in data else None
        if method is not None:
            made = _try(obj, name, method, problems)
            if made is not None:
                _merge(
                    ({mime: made[0]}, {mime: made[1]}) if isinstance(made, tuple) else {mime: made},
                    data,
                    metadata,
                )
    if "text/plain" not in data:
        data["text/plain"] = pretty(obj)


def _try(obj: Any, name: str, call: Callable[[], Any], problems: list[str]) -> Any:
    try:
        return call()
    except NotImplementedError:
        return None
    except Exception as error:
        try:
            message = str(error)[:500]
        except Exception:
            message = "…"
        problems.append(f"<{name} of {type(obj).__name__} failed: {type(error).__name__}: {message}>")
        return None


def _method(obj: Any, name: str) -> Callable[..., Any] | None:
    """A display method of an instance; not of classes, and not of objects that answer to any name."""
    if inspect.isclass(obj):
        return None
    try:
        if getattr(obj, "_ipython_canary_method_should_not_exist_", None) is not None:
            return None
        method = getattr(obj, name, None)
    except Exception:
        return None
    return method if callable(method) else None


def _merge(made: Any, data: Bundle, metadata: Bundle) -> None:
    values, extra = made if isinstance(made, tuple) else (made, {})
    for mime, value in dict(values).items():
        if value is not None:
            data.setdefault(str(mime), _encode(str(mime), value))
    for key, value in dict(extra or {}).items():
        metadata.setdefault(str(key), value)


def _encode(mime: str, value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        if mime.startswith("text/") or mime == "image/svg+xml":
            return bytes(value).decode("utf-8", "replace")
        return base64.b64encode(value).decode("ascii")
    if _is_json(mime):
        # A document may come as text, and what user code returns must become JSON here or be named as broken.
        return json.loads(value) if isinstance(value, str) else json.loads(json.dumps(value, default=str))
    return value if isinstance(value, str) else str(value)


def _is_json(mime: str) -> bool:
    return mime == "application/json" or mime.endswith("+json")


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(json.dumps(value))


def _bounded(data: Bundle) -> Bundle:
    """Drop the largest forms until the bundle fits, and say so."""
    sizes = {mime: _size(value) for mime, value in data.items()}
    dropped = []
    while sum(sizes.values()) > MAX_OUTPUT_BYTES:
        largest = max(sizes, key=lambda mime: sizes[mime])
        dropped.append(f"{largest} ({sizes.pop(largest) / 2**20:.1f} MiB)")
        del data[largest]
    if dropped:
        note = (
            f"<not shown: {', '.join(dropped)}; an output may have {MAX_OUTPUT_BYTES // 2**20} MiB. "
            "Show less of it, or write it to a file.>"
        )
        data["text/plain"] = f"{data['text/plain']}\n{note}" if "text/plain" in data else note
    return data


class DisplayHandle:
    """What `display(…, display_id=…)` returns: shows again, or changes what was shown."""

    def __init__(self, display_id: str | None = None) -> None:
        self.display_id = display_id or os.urandom(16).hex()

    def __repr__(self) -> str:
        return f"<DisplayHandle display_id={self.display_id}>"

    def display(self, obj: Any, **options: Any) -> None:
        display(obj, display_id=self.display_id, **options)

    def update(self, obj: Any, **options: Any) -> None:
        update_display(obj, display_id=self.display_id, **options)


def display(
    *objs: Any,
    include: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    metadata: Bundle | None = None,
    transient: Bundle | None = None,
    display_id: Any = None,
    raw: bool = False,
    clear: bool = False,
    update: bool = False,
    **_more: Any,
) -> DisplayHandle | None:
    """Show objects. With `raw` they are MIME bundles; with `display_id` (True: a new one) returns a handle."""
    if display_id is None and transient:
        display_id = transient.get("display_id")
    if update and display_id is None:
        raise TypeError("display_id required for update_display")
    if clear:
        clear_output(wait=True)
    handle = (
        DisplayHandle(None if display_id is True else str(display_id)) if display_id is not None else None
    )
    for obj in objs:
        own = None if raw or library_display.knows(obj) else _method(obj, "_ipython_display_")
        if own is not None:
            own()
            continue
        if raw:
            data: Bundle = {}
            made: Bundle = {}
            _merge(obj, data, made)
            data = _bounded(data)
        else:
            data, made = format(obj, include, exclude)
        made.update(metadata or {})
        publish_display_data(
            data, made, transient={"display_id": handle.display_id} if handle else None, update=update
        )
        library_display.note_shown(obj)
    return handle if not update else None


def update_display(obj: Any, *, display_id: str, **options: Any) -> None:
    """Replace what was shown under `display_id`."""
    display(obj, display_id=display_id, update=True, **options)


def publish_display_data(
    data: Bundle,
    metadata: Bundle | None = None,
    source: object = None,
    *,
    transient: Bundle | None = None,
    update: bool = False,
    **_more: Any,
) -> None:
    """Show a finished MIME bundle."""
    frame: dict[str, Any] = {"event": "display", "data": data, "metadata": metadata or {}, "update": update}
    identity = (transient or {}).get("display_id")
    if identity is not None:
        frame["id"] = str(identity)
    publish(frame)


def clear_output(wait: bool = False) -> None:
    """Remove what the block has shown so far; with `wait`, once something new is shown."""
    publish(
        {"event": "display", "data": {}, "metadata": {}, "update": False, "clear": True, "wait": bool(wait)}
    )


def show_result(value: Any) -> None:
    """The display hook: show the value of a block's last expression."""
    if value is not None:
        display(value)


def flush_figures() -> None:
    """Show the open pyplot figures that were not shown yet, and close all, as a notebook after a cell."""
    library_display.flush_figures(display)


def adapt_libraries() -> None:
    """Make libraries that open windows or browsers show here instead, whenever they are imported.

    Also makes `display` a builtin, as notebooks have it.
    """
    builtins.display = display  # type: ignore[attr-defined]
    library_display.adapt(importing.when_imported, display, flush_figures)
    from . import ipython_shim  # it needs this module whole

    ipython_shim.install()
    if sys.displayhook is sys.__displayhook__:
        sys.displayhook = show_result
