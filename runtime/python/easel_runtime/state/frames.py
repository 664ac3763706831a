"""What a program set on a frame or series as an attribute of its own (`df.note = "mine"`), which pandas does not store."""

from __future__ import annotations

import sys
from typing import Any

_FIELDS = frozenset((
    "_mgr", "_attrs", "_flags", "_name", "_index", "_item_cache", "_cacher", "_is_copy", "_typ", "_metadata",
    "_data", "_subtyp",
))  # fmt: skip


def is_frame_type(kind: type) -> bool:
    """Whether `kind` is a frame or series of pandas, or builds on one."""
    pandas = sys.modules.get("pandas")
    bases = [getattr(pandas, name, None) for name in ("DataFrame", "Series")]
    return any(isinstance(base, type) and issubclass(kind, base) for base in bases)


def own_attributes(frame: Any) -> dict[str, Any]:
    """By name; accessors, which some versions of pandas put there once they are used, are none, and neither is what
    `left_out` names."""
    return {name: value for name, value in _attributes(frame).items() if not _is_of_patsy(value)}


def left_out(frame: Any) -> list[str]:
    """Sentences on patsy's notes on the frames of a model, which refuse to be stored."""
    return [
        f"the attribute `{name}`, which patsy set on a frame, is not: patsy cannot store it (make the frame again from its "
        "formula where it is needed)"
        for name, value in _attributes(frame).items()
        if _is_of_patsy(value)
    ]


def _attributes(frame: Any) -> dict[str, Any]:
    kind: Any = type(frame)
    known = {*_FIELDS, *kind._metadata, *kind._accessors}
    own: dict[str, Any] = object.__getattribute__(frame, "__dict__")
    return {name: value for name, value in own.items() if name not in known}


def _is_of_patsy(value: Any) -> bool:
    return str(type(value).__module__).partition(".")[0] == "patsy"


def reduce_frame(frame: Any) -> Any:
    """As pandas does it, with those attributes, which its own `__setstate__` sets; NotImplemented if there are none."""
    own = own_attributes(frame)
    if not own:
        return NotImplemented
    made = frame.__reduce_ex__(5)
    if type(made) is not tuple or len(made) < 3 or type(made[2]) is not dict:
        return made  # a class that says itself how it is stored
    return (*made[:2], {**made[2], **own}, *made[3:])
