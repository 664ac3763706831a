"""Process-wide settings that travel from block to block (`docs/formats/manifest.md`, `settings`).

    baseline = snapshot()                        # before user code; in the zygote or while the worker parks
    notices = apply(baseline, inherited, files)  # at hand-over: restore what the parents' blocks left; start
    recording ... the block runs ...
    settings, notices = capture(baseline)        # what this block's children have to restore

`apply` and `capture` never raise for what user code or a library did; they return notices
(`{"kind", "message"}`) instead. Not thread-safe; one block per process.

What counts as imported is what *user code* asked for: the block, functions it carries, and modules of the
canvas. `__import__` and `importlib.import_module` are wrapped to see who asks; comparing `sys.modules` would
list hundreds of modules that libraries import for themselves, and the source alone would miss imports inside
carried functions. What a library changes while it is imported (warning filters, environment, path) is its own
doing and happens again below.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
import types
import warnings
from typing import Any, NamedTuple

from . import logging_settings, process_options, randomness

Notice = dict[str, str]
_SKIPPED_MODULES = frozenset(("__main__", "__future__", "easel_runtime"))
_SKIPPED_ENVIRON = ("EASEL_", "KMP_", "PYTEST_CURRENT_TEST", "_")


class Baseline:
    """What the process was like before user code, and what is recorded since."""

    def __init__(self) -> None:
        self.files = ""
        self.environ: dict[bytes, bytes] = dict(os.environ._data)  # type: ignore[attr-defined]
        self.path = list(sys.path)
        self.filters = list(warnings.filters)
        self.options = process_options.Options()
        self.loggers = logging_settings.described()
        self.inherited: dict[str, Any] = {}
        self.modules: dict[str, None] = {}
        self.library_filters: list[Any] = []
        self.recording = False
        self.depth = 0


_current: Baseline | None = None
_plain_import = builtins.__import__
_plain_import_module = importlib.import_module


def snapshot() -> Baseline:
    """Note what the process is like now and get ready to record. The last baseline taken is the one that
    records."""
    global _current
    _current = Baseline()
    if builtins.__import__ is not _import:
        builtins.__import__ = _import
        importlib.import_module = _import_module
        randomness.watch()
    return _current


def apply(baseline: Baseline, settings: dict[str, Any], files: str) -> list[Notice]:
    """Restore the `settings` of a state in a worker whose canvas files are in the folder `files`."""
    baseline.files = os.path.abspath(files)
    baseline.inherited = dict(settings)
    notices: list[Notice] = []
    # Modules may need the environment and the path; options need the modules; imports may draw random
    # numbers.
    for phase in (_restore_place, _restore_module, _restore_option, _restore_random):
        for key, value in settings.items():
            try:
                phase(baseline, key, value)
            except Exception as error:  # whatever a library raises, the block must still be able to run
                notices.append(_not_restored(key, error))
        if phase is _restore_module:
            baseline.options.note_loaded()
    baseline.recording = True
    return notices


def capture(baseline: Baseline) -> tuple[dict[str, Any], list[Notice]]:
    """Return the settings to hand on: inherited ones that still hold, in their order, then new ones."""
    baseline.recording = False
    notices: list[Notice] = []
    found: dict[str, Any] = {key: True for key in baseline.inherited if _names_module(key)}
    for name in baseline.modules:
        found.setdefault(_module_key(baseline, name), True)
    found.update(_place(baseline))
    filters = _filters(baseline)
    if filters is not None:
        found["warnings"] = filters
    found.update(baseline.options.changed(notices))
    loggers, lost = logging_settings.changed(baseline.loggers, logging_settings.described())
    found.update({"logging:" + name: logger for name, logger in loggers.items()})
    notices.extend({"kind": "not_carried", "message": sentence} for sentence in lost)
    for name, state in randomness.states().items():
        found["random:" + name] = process_options.packed(state)
    inherited = {key: found[key] for key in baseline.inherited if key in found}
    inherited.update(found)
    return inherited, notices


# Imports


def _import(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> types.ModuleType:
    baseline = _current
    if baseline is None or not baseline.recording or not _is_user(baseline, globals):
        return _plain_import(name, globals, locals, fromlist, level)
    before = _before_import(baseline)
    try:
        module = _plain_import(name, globals, locals, fromlist, level)
    finally:
        _after_import(baseline, before)
    full = name
    if level:
        package = globals.get("__package__") or globals.get("__name__", "").rpartition(".")[0]
        full = importlib.util.resolve_name("." * level + name, package) if package else name
    _record(baseline, full)
    for part in fromlist or ():
        submodule = f"{full}.{part}"
        if submodule in sys.modules and isinstance(getattr(module, part, None), types.ModuleType):
            _record(baseline, submodule)
    return module


def _import_module(name: str, package: str | None = None) -> types.ModuleType:
    baseline = _current
    if baseline is None or not baseline.recording or not _is_user(baseline, sys._getframe(1).f_globals):
        return _plain_import_module(name, package)
    before = _before_import(baseline)
    try:
        module = _plain_import_module(name, package)
    finally:
        _after_import(baseline, before)
    _record(baseline, module.__name__ if name.startswith(".") else name)
    return module


def _is_user(baseline: Baseline, namespace: Any) -> bool:
    if not isinstance(namespace, dict):
        return False
    if namespace.get("__name__") == "__main__":
        return True
    file = namespace.get("__file__")
    return isinstance(file, str) and bool(baseline.files) and file.startswith(baseline.files + os.sep)


class _Before(NamedTuple):
    """What an import may change."""

    filters: list[Any]
    environ: dict[bytes, bytes]
    path: list[str]
    loggers: dict[str, Any]


def _before_import(baseline: Baseline) -> _Before | None:
    baseline.depth += 1
    if baseline.depth > 1:
        return None
    environ: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    return _Before(list(warnings.filters), dict(environ), list(sys.path), logging_settings.described())


def _after_import(baseline: Baseline, before: _Before | None) -> None:
    baseline.depth -= 1
    if before is None:
        return
    if warnings.filters != before.filters:
        baseline.library_filters.extend(one for one in warnings.filters if one not in before.filters)
    now: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    if now != before.environ:
        changed = {key: value for key, value in now.items() if before.environ.get(key) != value}
        baseline.environ.update(changed)
    if sys.path != before.path:
        baseline.path.extend(one for one in sys.path if one not in before.path)
    for name, logger in logging_settings.described().items():
        if before.loggers.get(name) != logger:
            baseline.loggers[name] = logger
    baseline.options.note_loaded()


def _record(baseline: Baseline, name: str) -> None:
    if name.partition(".")[0] not in _SKIPPED_MODULES:
        baseline.modules[name] = None


def _names_module(key: str) -> bool:
    return key.startswith(("module:", "import:", "local:"))


def _module_key(baseline: Baseline, name: str) -> str:
    if name.partition(".")[0] in sys.stdlib_module_names:
        return "import:" + name
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    if file.startswith(baseline.files + os.sep):
        return "local:" + name
    return "module:" + name


# Restoring


def _restore_module(baseline: Baseline, key: str, value: Any) -> None:
    if _names_module(key):
        before = _before_import(baseline)
        try:
            _plain_import_module(key.partition(":")[2])
        finally:
            _after_import(baseline, before)


def _restore_place(baseline: Baseline, key: str, value: Any) -> None:
    if key.startswith("environ:"):
        name = key.partition(":")[2]
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
        if name == "TZ":
            import time

            time.tzset()
    elif key == "cwd":
        os.chdir(os.path.join(baseline.files, value))
    elif key == "sys_path":
        front = [_outward(baseline, path) for path in value["front"]]
        back = [_outward(baseline, path) for path in value["back"]]
        sys.path[:] = [*front, *(path for path in sys.path if path not in front), *back]


def _restore_option(baseline: Baseline, key: str, value: Any) -> None:
    if key == "warnings":
        decoded = [process_options.unpacked_filter(one) for one in value["filters"]]
        if value["reset"]:
            warnings.filters[:] = decoded  # type: ignore[index]
        else:
            known = list(warnings.filters)
            warnings.filters[:] = [*decoded, *(one for one in known if one not in decoded)]  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
    elif key.startswith("logging:"):
        logging_settings.restore(key.partition(":")[2], value)
    else:
        baseline.options.restore(key, value)


def _restore_random(baseline: Baseline, key: str, value: Any) -> None:
    if key.startswith("random:"):
        randomness.restore(key.partition(":")[2], process_options.unpacked(value))


def _not_restored(key: str, error: Exception) -> Notice:
    what, _, name = key.partition(":")
    if _names_module(key):
        text = f"the module `{name}`, which an earlier block imported, cannot be imported here"
    else:
        text = f"the setting `{name or what}` of an earlier block could not be restored"
    return {"kind": "not_carried", "message": f"{text}: {type(error).__name__}: {error}"}


# What changed


def _place(baseline: Baseline) -> dict[str, Any]:
    found: dict[str, Any] = {}
    now: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
    if now != baseline.environ:
        for key in now.keys() | baseline.environ.keys():
            if now.get(key) != baseline.environ.get(key):
                name = os.fsdecode(key)
                if not name.startswith(_SKIPPED_ENVIRON[:2]) and name not in _SKIPPED_ENVIRON[2:]:
                    value = now.get(key)
                    found["environ:" + name] = None if value is None else os.fsdecode(value)
        found = dict(sorted(found.items()))
    try:
        folder = os.getcwd()
    except OSError:
        folder = baseline.files
    if baseline.files and folder != os.path.realpath(baseline.files):
        found["cwd"] = _inward(baseline, folder)
    if sys.path != baseline.path:
        kept = [index for index, path in enumerate(sys.path) if path in baseline.path]
        first = kept[0] if kept else len(sys.path)
        new = [(index, path) for index, path in enumerate(sys.path) if path not in baseline.path]
        if new:
            found["sys_path"] = {
                "front": [_inward(baseline, path) for index, path in new if index < first],
                "back": [_inward(baseline, path) for index, path in new if index > first],
            }
    return found


def _inward(baseline: Baseline, path: str) -> str:
    """Return `path` relative to the canvas's files if it is inside, so that the canvas can be moved."""
    for root in (baseline.files, os.path.realpath(baseline.files)):
        if path == root:
            return "."
        if path.startswith(root + os.sep):
            return os.path.relpath(path, root)
    return str(path)


def _outward(baseline: Baseline, path: str) -> str:
    return os.path.normpath(os.path.join(baseline.files, path)) if path else path


def _filters(baseline: Baseline) -> dict[str, Any] | None:
    told = list(map(_told, warnings.filters))
    before = list(map(_told, baseline.filters))
    if told == before:
        return None
    known = [*before, *map(_told, baseline.library_filters)]
    if all(one in told for one in before):
        new = [one for one, text in zip(warnings.filters, told, strict=True) if text not in known]
        return (
            {"reset": False, "filters": [process_options.packed_filter(one) for one in new]} if new else None
        )
    return {"reset": True, "filters": [process_options.packed_filter(one) for one in warnings.filters]}


def _told(one: Any) -> tuple[Any, ...]:
    """A filter with its patterns as text. scikit-learn makes all filters anew in each of its threads, where Python's own
    come back as patterns instead of texts, and at times the last thread leaves them so."""
    return tuple(getattr(part, "pattern", part) for part in one)
