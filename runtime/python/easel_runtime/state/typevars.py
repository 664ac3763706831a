"""Reducers for what `typing` makes at run time and pickle knows by name only: type variables, new types, aliases."""

from __future__ import annotations

import sys
import typing
from typing import Any

from . import links

_VARIABLES = tuple(
    getattr(typing, name) for name in ("TypeVar", "ParamSpec", "TypeVarTuple") if hasattr(typing, name)
)
_ALIAS: Any = getattr(typing, "TypeAliasType", None)  # Python 3.12's `type X = ...`
TYPES: tuple[type, ...] = (*_VARIABLES, typing.NewType, *((_ALIAS,) if _ALIAS is not None else ()))
_FIELDS = {
    "TypeVar": ("__bound__", "__constraints__", "__covariant__", "__contravariant__", "__infer_variance__"),
    "ParamSpec": ("__bound__", "__covariant__", "__contravariant__", "__infer_variance__"),
    "TypeVarTuple": (),
}
_ABSENT = object()


def _texts(*texts: str) -> tuple[str, ...]:
    """Names as one object each: the stream says which strings are shared."""
    return tuple(map(sys.intern, texts))


def reduce_type_variable(variable: Any) -> tuple[Any, ...]:
    kind = type(variable)
    settings = {
        field.strip("_"): getattr(variable, field)
        for field in _FIELDS[kind.__name__]
        if hasattr(variable, field)
    }
    if hasattr(variable, "has_default") and variable.has_default():  # Python 3.13
        settings["default"] = variable.__default__
    return links.type_variable, (kind.__name__, *_texts(variable.__name__, variable.__module__), settings)


def reduce_new_type(made: Any) -> tuple[Any, ...]:
    return links.new_type, (*_texts(made.__name__, made.__qualname__, made.__module__), made.__supertype__)


def reduce_alias(alias: Any) -> tuple[Any, ...]:
    return links.type_alias, (*_texts(alias.__name__), alias.__value__, alias.__type_params__)


def reduce_arguments(part: Any) -> tuple[Any, ...]:
    """`P.args` and `P.kwargs` of a parameter specification."""
    return getattr, (part.__origin__, "args" if type(part).__name__ == "ParamSpecArgs" else "kwargs")


REDUCERS: dict[type, Any] = {
    **dict.fromkeys(_VARIABLES, reduce_type_variable),
    typing.NewType: reduce_new_type,
    typing.ParamSpecArgs: reduce_arguments,
    typing.ParamSpecKwargs: reduce_arguments,
    **({_ALIAS: reduce_alias} if _ALIAS is not None else {}),
}
