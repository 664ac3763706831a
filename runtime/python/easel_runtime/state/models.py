"""Objects of libraries, and classes that they build upon: what is stored otherwise than the library would.

pydantic keeps validators that were compiled for a class, and caches with functions of its own; it makes them again from
the class's fields. SQLAlchemy registers mapped classes in tables of weak references that only it can fill.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from . import links
from .instances import mro_of
from .refusals import NotCarriedError

_COMPILED = ("__pydantic_core_schema__", "__pydantic_validator__", "__pydantic_serializer__", "__signature__")
_EMPTIED: dict[str, Any] = {"__pydantic_parent_namespace__": None, "__pydantic_setattr_handlers__": {}}


def made_again(attributes: Mapping[str, Any]) -> frozenset[str]:
    """Names of a class's attributes that a copy of it need not have as they are."""
    return frozenset((*_COMPILED, *_EMPTIED)) if "__pydantic_complete__" in attributes else frozenset()


def reduce_decorator(decorator: Any) -> Any:
    """pydantic's record of a validator names its class by the address of that."""
    made = list(decorator.__reduce_ex__(5))
    _, slots = made[2]
    made[2] = None, {**slots, "cls_ref": str(slots["cls_ref"]).partition(":")[0]}
    return tuple(made)


def holds_addresses(kinds: Iterable[type]) -> bool:
    """Whether objects of these types are stored with addresses in them, which differ from run to run although a copy
    keeps them: matplotlib's transforms know by whom they are used."""
    return any(
        base.__module__ == "matplotlib.transforms" and base.__name__ == "TransformNode"
        for kind in kinds
        for base in mro_of(kind)
    )


def reduce_figure(figure: Any) -> Any:
    """plotly writes arrays as text when it stores a figure, and gives that text back instead of the arrays; and it makes a
    layout again in an order of its own."""
    made = figure.__reduce__()
    data = getattr(figure, "_data", None)
    if type(made) is tuple and len(made) == 2 and type(made[1][0]) is dict and type(data) is list:
        props = {**made[1][0], "data": data}
        return made[0], (props,), props.get("layout"), None, None, links.set_layout
    return made


def without_compiled(cls: type, attributes: dict[str, Any]) -> str | None:
    """Take out of a class's attributes what its library makes again; returns what `links.finish_class` has to do.

    Raises NotCarriedError for a class that lives in its library's registry only.
    """
    if "__mapper__" in attributes or "_sa_registry" in attributes or "__clsregistry__" in attributes:
        raise NotCarriedError(
            f"`{cls.__name__}` is a mapped class, and SQLAlchemy knows it in the process that defined it only",
            "put the mapped classes into a file of the canvas and import them",
        )
    if "__pydantic_complete__" not in attributes or "pydantic" not in sys.modules:
        return None
    for name in _COMPILED:
        attributes.pop(name, None)
    for name, empty in _EMPTIED.items():
        if name in attributes:
            attributes[name] = empty
    return "pydantic_dataclass" if "__is_pydantic_dataclass__" in attributes else "pydantic"
