"""Options that are global to the process: of pandas, matplotlib, numpy, decimal, locale, and single values of others.

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
from collections.abc import Callable
from typing import Any, NamedTuple

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
        self._single: dict[str, Any] = {}
        self._items: dict[str, dict[str, Any]] = {}
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
        for key, option in _SINGLE.items():
            if key not in self._single and option.module in sys.modules:
                self._single[key] = option.read()
        for library in _CONFIGURED:
            if library not in self._items and (config := _configuration(library)) is not None:
                self._items[library] = config

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
        for key, option in _SINGLE.items():
            now = option.read() if option.module in sys.modules else None
            if now is not None and now != self._single.get(key, now):
                found[key] = now
        for library, before in self._items.items():
            self._changed_items(
                found, notices, library + ":", before, _configuration(library), f"{library} setting"
            )
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
        elif kind in _CONFIGURED:
            importlib.import_module(kind).set_config(**{name: unpacked(value)})
        elif kind in _SINGLE:
            option = _SINGLE[kind]
            option.set(importlib.import_module(option.module), value)


class _Single(NamedTuple):
    """One value of JSON that `module`, once it is loaded, has for the whole process."""

    module: str
    get: Callable[[Any], Any]
    set: Callable[[Any, Any], object]

    def read(self) -> Any:
        """None if it is not known."""
        try:
            value = self.get(sys.modules[self.module])
        except Exception:  # another version of the library
            return None
        return value if isinstance(value, _SIMPLE) else None


def _backend(matplotlib: Any) -> Any:
    return dict.get(matplotlib.rcParams, "backend")  # asking the usual way would load one


_SINGLE = {
    "recursionlimit": _Single(
        "sys", lambda m: m.getrecursionlimit(), lambda m, value: m.setrecursionlimit(value)
    ),
    "int_max_str_digits": _Single(
        "sys", lambda m: m.get_int_max_str_digits(), lambda m, value: m.set_int_max_str_digits(value)
    ),
    "csv_field_size_limit": _Single(
        "_csv", lambda m: m.field_size_limit(), lambda m, value: m.field_size_limit(value)
    ),
    "matplotlib_backend": _Single("matplotlib", _backend, lambda m, value: m.use(value)),
    "matplotlib_interactive": _Single(
        "matplotlib", lambda m: m.is_interactive(), lambda m, value: m.interactive(value)
    ),
    "plotly_template": _Single(
        "plotly.io._templates",
        lambda m: m.templates.default,
        lambda m, value: setattr(m.templates, "default", value),
    ),
    "torch_dtype": _Single(
        "torch",
        lambda m: str(m.get_default_dtype()).partition(".")[2],
        lambda m, v: m.set_default_dtype(getattr(m, v)),
    ),
    "torch_device": _Single(
        "torch", lambda m: str(m.get_default_device()), lambda m, value: m.set_default_device(value)
    ),
    "torch_threads": _Single(
        "torch", lambda m: m.get_num_threads(), lambda m, value: m.set_num_threads(value)
    ),
    "torch_grad": _Single("torch", lambda m: m.is_grad_enabled(), lambda m, value: m.set_grad_enabled(value)),
    "torch_deterministic": _Single(
        "torch",
        lambda m: m.are_deterministic_algorithms_enabled(),
        lambda m, value: m.use_deterministic_algorithms(value),
    ),
}
_CONFIGURED = ("sklearn", "xgboost")  # have `get_config` and `set_config`


def _configuration(library: str) -> dict[str, Any] | None:
    get = getattr(sys.modules.get(library), "get_config", None)
    try:
        return None if get is None else dict(get())
    except Exception:  # another version of the library
        return None


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
