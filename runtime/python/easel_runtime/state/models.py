"""Classes that a library builds upon: what of them is made again from the rest instead of being stored.

pydantic keeps validators that were compiled for a class, and caches with functions of its own; it makes them again from
the class's fields. SQLAlchemy registers mapped classes in tables of weak references that only it can fill.
"""

from __future__ import annotations

import sys
from typing import Any

from .refusals import NotCarriedError

_COMPILED = ("__pydantic_core_schema__", "__pydantic_validator__", "__pydantic_serializer__", "__signature__")


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
    for name in ("__pydantic_parent_namespace__", "__pydantic_setattr_handlers__"):
        if name in attributes:
            attributes[name] = {} if name.endswith("handlers__") else None
    return "pydantic_dataclass" if "__is_pydantic_dataclass__" in attributes else "pydantic"
