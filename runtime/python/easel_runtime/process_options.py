"""Options of libraries that are global to the process: pandas, matplotlib, numpy, decimal, locale.

Each is compared with what it was when its library was first seen; nothing is imported only to be compared.
Values that JSON cannot hold are pickled: `{"digest": SHA-256, "value": base64}`.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import pickle
import re
import sys
from typing import Any

_SIMPLE = (bool, int, float, str, type(None))
_RC_SKIPPED = frozenset(("backend", "backend_fallback", "interactive"))


class Options:
    """The options of every loaded library as they were before user code changed them."""

    def __init__(self) -> None:
        self._pandas: dict[str, Any] | None = None
        self._matplotlib: dict[str, Any] | None = None
        self._numpy: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._decimal: dict[str, Any] | None = None
        self._locale: str | None = None
        self.note_loaded()

    def note_loaded(self) -> None:
        """Note the options of libraries loaded since the last time. Costs nothing when there are none."""
        if self._pandas is None:
            self._pandas = _pandas_options()
        if self._matplotlib is None:
            self._matplotlib = _rc_params()
        if self._numpy is None:
            self._numpy = _numpy_options()
        if self._decimal is None:
            self._decimal = _decimal_context()
        if self._locale is None:
            self._locale = _locale()

    def changed(self, notices: list[dict[str, str]]) -> dict[str, Any]:
        """Return every option that differs, by settings key; those that cannot be kept become notices."""
        found: dict[str, Any] = {}
        self._changed_items(found, notices, "pandas:", self._pandas, _pandas_options(), "pandas option")
        self._changed_items(found, notices, "rcParams:", self._matplotlib, _rc_params(), "matplotlib setting")
        numpy = _numpy_options()
        if numpy is not None and self._numpy is not None:
            if numpy[0] != self._numpy[0]:
                found["seterr"] = numpy[0]
            if numpy[1] != self._numpy[1]:
                self._changed_items(
                    found, notices, "printoptions:", self._numpy[1], numpy[1], "numpy print option"
                )
        decimal = _decimal_context()
        if decimal is not None and decimal != (self._decimal or decimal):
            found["decimal"] = decimal
        locale = _locale()
        if locale is not None and locale != (self._locale or locale):
            found["locale"] = locale
        return found

    @staticmethod
    def _changed_items(
        found: dict[str, Any], notices: list[dict[str, str]], prefix: str,
        before: dict[str, Any] | None, now: dict[str, Any] | None, what: str,
    ) -> None:  # fmt: skip
        if now is None or before is None or now == before:
            return
        for name, value in now.items():
            if name in before and _equal(before[name], value):
                continue
            try:
                found[prefix + name] = value if isinstance(value, _SIMPLE) else packed(value)
            except Exception as error:  # any object may be an option, and its pickling may raise anything
                text = f"the {what} `{name}` is a {type(value).__name__} that cannot be carried: {error}"
                notices.append({"kind": "not_carried", "message": text})

    def restore(self, key: str, value: Any) -> None:
        """Set the option `key`; keys of other kinds are ignored. Raises what the library raises."""
        kind, _, name = key.partition(":")
        if kind == "pandas":
            importlib.import_module("pandas").set_option(name, unpacked(value))
        elif kind == "rcParams":
            importlib.import_module("matplotlib").rcParams[name] = unpacked(value)
        elif kind == "seterr":
            importlib.import_module("numpy").seterr(**value)
        elif kind == "printoptions":
            importlib.import_module("numpy").set_printoptions(**{name: unpacked(value)})
        elif kind == "decimal":
            decimal = importlib.import_module("decimal")
            traps = [getattr(decimal, trap) for trap in value["traps"]]
            decimal.setcontext(decimal.Context(**{**value, "traps": traps}))
        elif kind == "locale":
            locale = importlib.import_module("locale")
            locale.setlocale(locale.LC_ALL, value)


def packed(value: Any) -> dict[str, str]:
    """Return `value` as JSON with the digest that keys use. Raises what pickling raises."""
    data = pickle.dumps(value, protocol=5)
    return {"digest": hashlib.sha256(data).hexdigest(), "value": base64.b64encode(data).decode("ascii")}


def unpacked(value: Any) -> Any:
    """Return what `packed` was given; a plain value is its own."""
    if isinstance(value, dict) and "value" in value:
        return pickle.loads(base64.b64decode(value["value"]))
    return value


def packed_filter(one: Any) -> list[Any]:
    """Return a warning filter as JSON: action, message pattern, category's module and name, module pattern,
    line."""
    action, message, category, module, line = one
    return [action, _pattern(message), category.__module__, category.__qualname__, _pattern(module), line]


def unpacked_filter(one: list[Any]) -> Any:
    """Return the filter that `packed_filter` was given. Raises ImportError or AttributeError without its
    category."""
    action, message, home, name, module, line = one
    category: Any = importlib.import_module(home)
    for part in name.split("."):
        category = getattr(category, part)
    return action, _compiled(message), category, _compiled(module), line


def _pattern(pattern: Any) -> Any:
    return (
        None
        if pattern is None
        else [pattern, 0]
        if isinstance(pattern, str)
        else [pattern.pattern, pattern.flags]
    )


def _compiled(pattern: Any) -> Any:
    return None if pattern is None else re.compile(pattern[0], pattern[1])


def _equal(first: Any, second: Any) -> bool:
    if first is second:
        return True
    try:
        return type(first) is type(second) and bool(first == second)
    except Exception:  # the values belong to libraries
        return False


def _pandas_options() -> dict[str, Any] | None:
    module = sys.modules.get("pandas._config.config")
    registered = getattr(module, "_registered_options", None)
    if module is None or not registered or "pandas.core.config_init" not in sys.modules:
        return None
    found: dict[str, Any] = {}
    for name in registered:
        value: Any = module._global_config
        for part in name.split("."):
            value = value[part]
        found[name] = value
    return found


def _rc_params() -> dict[str, Any] | None:
    parameters = getattr(sys.modules.get("matplotlib"), "rcParams", None)
    if parameters is None:
        return None
    # dict's own method: reading "backend" the usual way would load one.
    return {name: value for name, value in dict.items(parameters) if name not in _RC_SKIPPED}


def _numpy_options() -> tuple[dict[str, Any], dict[str, Any]] | None:
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "get_printoptions"):
        return None
    printing = numpy.get_printoptions()
    printing.pop("override_repr", None)
    return numpy.geterr(), printing


def _decimal_context() -> dict[str, Any] | None:
    decimal = sys.modules.get("decimal")
    if decimal is None or not hasattr(decimal, "getcontext"):
        return None
    context = decimal.getcontext()
    return {
        "prec": context.prec, "rounding": context.rounding, "Emin": context.Emin, "Emax": context.Emax,
        "capitals": context.capitals, "clamp": context.clamp,
        "traps": sorted(signal.__name__ for signal, on in context.traps.items() if on),
    }  # fmt: skip


def _locale() -> str | None:
    module = sys.modules.get("_locale")
    if module is None:
        return None
    return str(module.setlocale(module.LC_ALL, None))
