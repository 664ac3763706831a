"""Which values share mutable objects or memory: those must be stored together, so that aliases stay aliases.

The walk is native (runtime/native/sharing.c). A mutable object that two roots reach joins them, and so does memory that
arrays, bytearrays and machine arrays of both look into. Atoms, and tuples by themselves, join nothing; definitions
that have a slot end the walk; of frames only what is shared visibly counts.
"""

from __future__ import annotations

import array
import sys
import types
from typing import Any

from easel_runtime import _easel

from . import walk
from .immutable import library_types

ATOMS = walk.ATOMS - {
    types.BuiltinFunctionType
}  # the method of a list (`push = items.append`) shares the list


def _shown(frame: Any) -> list[Any]:
    """What of a frame can be shared visibly: Python objects in object columns, and `attrs`."""
    manager: Any = getattr(frame, "_mgr", None)
    found: list[Any] = []
    try:
        arrays: list[Any] = [getattr(frame, "_data", None)]
        if manager is not None:
            arrays = [block.values for block in manager.blocks]
        for values in arrays:
            if getattr(getattr(values, "dtype", None), "hasobject", False):
                found.append(values if type(values).__name__ == "ndarray" else values.ravel().tolist())
        attrs = getattr(frame, "_attrs", None)
        if attrs:
            found.append(attrs)
    except (AttributeError, TypeError, ValueError):
        pass
    return found


def shared(roots: list[Any], definitions: list[Any]) -> tuple[list[int], set[int]]:
    """For each root the first root that it shares something with (or itself), and the ids of arrays whose memory at
    least two arrays look into. The walk ends at `definitions`, but not at a root that is one."""
    numpy = sys.modules.get("numpy")
    kind = getattr(numpy, "ndarray", None)
    atoms = ATOMS.union(library_types())
    firsts, view_bases = _easel.sharing(roots, definitions, atoms, kind, array.array, _shown)
    return firsts, set(view_bases)
