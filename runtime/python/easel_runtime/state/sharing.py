"""Which values share mutable objects or memory: those must be stored together, so that aliases stay aliases.

The walk is native (runtime/native/sharing.c). A mutable object that two roots reach joins them, and so does memory that
arrays, bytearrays and machine arrays of both look into. Atoms, and tuples by themselves, join nothing; definitions
that have a slot end the walk; of frames only what is shared visibly counts.
"""

from __future__ import annotations

import array
import datetime
import decimal
import fractions
import pathlib
import re
import sys
import types
import uuid
from typing import Any

from easel_runtime import _easel

from . import frames, singletons
from .immutable import library_types

# No built-in function: the method of a list (`push = items.append`) shares the list.
ATOMS: frozenset[type] = frozenset(
    {
        int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice,
        decimal.Decimal, fractions.Fraction, datetime.date, datetime.datetime, datetime.time, datetime.timedelta,
        datetime.timezone, uuid.UUID, pathlib.PosixPath, pathlib.PurePosixPath, re.Pattern, types.ModuleType,
        types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType,
        types.MemberDescriptorType, types.CodeType,
    }
)  # fmt: skip


def _shown(frame: Any) -> list[Any]:
    """What of a frame can be shared visibly: Python objects in object columns, `attrs`, and attributes set on it."""
    found: list[Any] = []
    try:
        manager: Any = getattr(frame, "_mgr", None)
        arrays: list[Any] = [getattr(frame, "_data", None)]
        if manager is not None:
            arrays = [block.values for block in manager.blocks]
        for values in arrays:
            if getattr(getattr(values, "dtype", None), "hasobject", False):
                found.append(values if type(values).__name__ == "ndarray" else values.ravel().tolist())
        attrs = getattr(frame, "_attrs", None)
        if attrs:
            found.append(attrs)
        if manager is not None and frames.is_frame_type(type(frame)):
            found.extend(frames.own_attributes(frame).values())
    except Exception:
        pass  # a library's object that answers no question shares what is known of it
    return found


def shared(roots: list[Any], definitions: list[Any]) -> tuple[list[int], set[int]]:
    """For each root the first root that it shares something with (or itself), and the ids of arrays whose memory at
    least two arrays look into. The walk ends at `definitions` and singletons, but not at a root that is one."""
    numpy = sys.modules.get("numpy")
    kind = getattr(numpy, "ndarray", None)
    atoms = ATOMS.union(library_types())
    ends = [*definitions, *(value for _, value in singletons.found().values())]
    firsts, view_bases = _easel.sharing(roots, ends, atoms, kind, array.array, _shown)
    return firsts, set(view_bases)
