"""`from IPython.display import …` in a block, with IPython installed or not.

Installed: its classes are used, and what publishes is replaced by ours as soon as user code imports it. Not
installed: an `IPython` package with `display` and `get_ipython` (None) appears when it is imported. Nothing
is imported ahead.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import display, importing

_REPLACED = ("display", "update_display", "clear_output", "publish_display_data", "DisplayHandle")


def install() -> None:
    """Make both cases work from now on."""
    for name in ("IPython.core.display_functions", "IPython.core.display", "IPython.display"):
        importing.when_imported(name, _replace)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def _replace(module: Any) -> None:
    for name in _REPLACED:
        if hasattr(module, name):
            setattr(module, name, getattr(display, name))


class _Loader:
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == "IPython":
            vars(module).update(
                __doc__="IPython's display functions, as a block has them.",
                __version__="0",
                version_info=(0, 0, 0),
                get_ipython=_get_ipython,
                display=display.display,
            )
            return
        from . import ipython_display

        vars(module).update(
            {name: getattr(ipython_display, name) for name in ipython_display.__all__},
            __all__=list(ipython_display.__all__),
        )


class _Finder:
    """Last on sys.meta_path: asked only when no IPython is installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name == "IPython":
            return ModuleSpec(name, _Loader(), is_package=True)  # type: ignore[arg-type]
        shim = sys.modules.get("IPython")
        if (
            name in ("IPython.display",)
            and shim is not None
            and (vars(shim).get("get_ipython") is _get_ipython)
        ):
            return ModuleSpec(name, _Loader())  # type: ignore[arg-type]
        return None


def _get_ipython() -> None:
    """There is no interactive shell in a block."""
    return
