"""Run something right after a module was imported, without importing it.

Used to adapt libraries that expect a terminal, a window or a notebook. A callback runs once, in the
importing thread, before the import statement returns; an error in it never breaks the import.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

Callback = Callable[[Any], None]

_callbacks: dict[str, list[Callback]] = {}
_finding = threading.local()


def when_imported(name: str, callback: Callback) -> None:
    """Call `callback(module)` once `name` is imported; at once if it is already."""
    module = sys.modules.get(name)
    if module is not None:
        _run(callback, module)
        return
    _callbacks.setdefault(name, []).append(callback)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _run(callback: Callback, module: Any) -> None:
    try:
        callback(module)
    except Exception:
        pass


class _Loader:
    """The module's own loader, with the callbacks after it."""

    def __init__(self, loader: Any, name: str) -> None:
        self._loader = loader
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._loader, attribute)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        # The module must not notice: importlib.resources and inspect ask its loader.
        module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        for callback in _callbacks.pop(self._name, []):
            _run(callback, module)


class _Finder:
    """First on sys.meta_path; answers only for the names that wait for a callback."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _callbacks:
            return None
        names: set[str] = _finding.__dict__.setdefault("names", set())
        if name in names:
            return None
        names.add(name)
        try:
            spec = _find_by_others(name, path, target)
        finally:
            names.discard(name)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, name)
        return spec


def _find_by_others(name: str, path: Any, target: Any) -> Any | None:
    for finder in list(sys.meta_path):
        if finder is _finder or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


_finder: Any = _Finder()
