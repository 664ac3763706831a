"""Dictionaries of instances that are held elsewhere, too: `inside = box.__dict__`, or `self.__dict__ = self._state`.

Pickle gives every instance a dictionary of its own when it is loaded, so such a one is stored as an object and put into
its instances. It is known by its references: what has more than the one of its instance is in doubt, and then the
component is pickled once more, only to count how often it really comes to that dictionary.
"""

from __future__ import annotations

import copyreg
import sys
import types
from collections.abc import Callable
from typing import Any

from .instances import class_dict, mro_of

_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_WAYS = ("__reduce_ex__", "__reduce__", "__getstate__", "__setstate__")
_dict_of: dict[type, Callable[[Any], Any] | None] = {}
_plainly: dict[type, bool] = {}


def _references(obj: Any, kind: type) -> tuple[Any, int]:
    """The dictionary of an instance, and how many references to it there are, those of this call included."""
    try:
        of = _dict_of[kind]
    except KeyError:
        found = (class_dict(cls).get("__dict__") for cls in mro_of(kind))
        descriptor = next((d for d in found if type(d) in _DESCRIPTORS), None)
        of = _dict_of[kind] = None if descriptor is None else descriptor.__get__
    try:
        own = None if of is None else of(obj)
    except (AttributeError, TypeError):
        own = None
    return own, sys.getrefcount(own)


class _Alone:
    """Nobody else holds its dictionary."""


_ALONE = _references(_Alone(), _Alone)[1]


def held_elsewhere(obj: Any, kind: type) -> Any:
    """The dictionary of an instance if there is another reference to it, or None."""
    own, references = _references(obj, kind)
    return own if references > _ALONE and own is not None else None


class InDoubt:
    """Stands among the types of a component for a dictionary that may come back as two: the verifier is to look."""

    __module__ = "in_doubt"  # no package of this name is trusted


def is_pickled_plainly(kind: type) -> bool:
    """Whether no class has a say in how instances are pickled."""
    found = _plainly.get(kind)
    if found is None:
        line = mro_of(kind)
        first = (next((class_dict(c)[way] for c in line if way in class_dict(c)), None) for way in _WAYS)
        found = _plainly[kind] = kind not in copyreg.dispatch_table and all(
            way is class_dict(object).get(name) for way, name in zip(first, _WAYS, strict=True)
        )
    return found


class Dictionaries:
    """What one dump knows of them. `shared`: ids of those that are stored as objects of their own.

    `doubtful[id]`: the dictionary, and the ids of its instances; in a rehearsal, `met[id]` counts the ways to it beside
    those of its instances.
    """

    def __init__(self, shared: frozenset[int], met: dict[int, int] | None) -> None:
        self.shared = shared
        self.met = met
        self.doubtful: dict[int, tuple[Any, set[int]]] = {}

    def look(self, obj: Any, kind: type) -> Any:
        """Note the dictionary of an instance if it is in doubt; returns it if it is."""
        own = held_elsewhere(obj, kind)
        if own is not None:
            self.doubtful.setdefault(id(own), (own, set()))[1].add(id(obj))
        return own

    def found_shared(self) -> frozenset[int]:
        """After a rehearsal."""
        met = self.met or {}
        return frozenset(
            place for place, (_, owners) in self.doubtful.items() if met.get(place, 0) + len(owners) > 1
        )
