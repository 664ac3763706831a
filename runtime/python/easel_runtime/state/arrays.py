"""How numpy arrays are stored: their memory out of band, as it is, and views as views.

an array whose memory another array of the component owns   base, offset, strides
... and a record, an element of such a structured array     base, offset
a small array that owns its memory                          in the stream
an array of a subclass                                      the plain array, its class and attributes
any other array                                             its range of memory, strides: a buffer
... of which it sees less than half                         a dense copy: a buffer
"""

from __future__ import annotations

import array
import pickle
import sys
from typing import Any

from easel_runtime import _easel

from . import links
from .refusals import NotCarriedError

_IN_STREAM_BYTES = 512


class Arrays:
    """The arrays of one component while it is pickled.

    `view_bases`: ids of arrays that own memory which others look into. `keep_gaps`: store no dense copies; needed where
    `overlapping` is true of an attempt that made them.
    """

    def __init__(self, view_bases: set[int], keep_gaps: bool) -> None:
        self.buffers: list[memoryview] = []
        self.apart: set[int] = set()  # numbers of buffers that other such buffers must not be seen to share
        self._view_bases = view_bases
        self._keep_gaps = keep_gaps
        self._copied_on_write: dict[int, Any] = {}
        self._next_is_apart = False
        self._ranges: list[tuple[int, int, bool]] = []  # of memory: begin, end, whether a dense copy was made

    def take(self, buffer: pickle.PickleBuffer) -> bool:
        """The pickler's callback: keep this buffer out of band, unless there is nothing of it."""
        if self._next_is_apart:
            self.apart.add(len(self.buffers))
            self._next_is_apart = False
        raw = buffer.raw()
        if not raw.nbytes:
            return True
        self.buffers.append(raw)
        return False

    def copies_on_write(self, obj: Any) -> None:
        """The arrays of this block or array of pandas may share memory with other frames, and nobody can see that."""
        held = [getattr(obj, name, None) for name in ("_ndarray", "_data", "_mask", "_sparse_values")]
        if hasattr(obj, "mgr_locs"):
            held.append(obj.values)
        for value in held:
            if type(value).__module__ == "numpy":
                self._copied_on_write[id(value)] = value

    def overlapping(self) -> bool:
        """Whether an array of which a dense copy was stored shares memory with another one."""
        end, copied = -1, False
        for begin, last, dense in sorted(self._ranges):
            if begin < end and (dense or copied):
                return True
            if last > end:
                end, copied = last, dense
        return False

    def reduce(self, obj: Any, kind: type[Any]) -> Any:
        """What the pickler's hook returns for something of numpy's."""
        import numpy

        if issubclass(kind, numpy.void):
            return self._record(obj)
        if kind is not numpy.ndarray or obj.dtype.kind == "T":
            return NotImplemented
        base = owner_of(obj)
        if (
            id(base) in self._view_bases
            and base is not obj
            and type(base) is numpy.ndarray
            and (base.flags.c_contiguous or base.flags.f_contiguous)
            and (base.dtype == obj.dtype or not (base.dtype.hasobject or obj.dtype.hasobject))
        ):
            return self._view(obj, base)
        if obj.dtype.hasobject:
            return NotImplemented
        lock = 0 if obj.flags.writeable else 1 if _can_be_unlocked(obj) else 2
        if obj.nbytes <= _IN_STREAM_BYTES and (obj.flags.owndata or obj.size == 0):
            axes = None if obj.flags.c_contiguous else _axes(obj)
            return links.small_array, (obj.tobytes("C"), obj.dtype, obj.shape, axes, lock)
        return self._buffer(obj, lock)

    def _record(self, obj: Any) -> Any:
        """An element of a structured array as an array of no dimensions, which it is a view of. (What is written into a
        record that has its own memory goes nowhere in numpy, so that it may not come back as one.)"""
        import numpy

        if not isinstance(obj.base, numpy.ndarray):
            return NotImplemented
        base = owner_of(obj.base)
        if type(obj.base) is not numpy.ndarray or type(base) is not numpy.ndarray:
            raise _apart(obj)
        if id(base) not in self._view_bases:
            own = numpy.array(obj, obj.dtype)
            own.flags.writeable = obj.flags.writeable
            return links.record, (own,)
        contiguous = base.flags.c_contiguous or base.flags.f_contiguous
        if not contiguous or base.dtype.hasobject or obj.dtype.hasobject:
            raise _apart(obj)
        offset = _address(obj) - _address(base)
        return links.record, (links.array_view(base, offset, (), (), obj.dtype),)

    def _view(self, obj: Any, base: Any) -> Any:
        offset = _address(obj) - _address(base)
        made: tuple[Any, ...] = links.array_view, (base, offset, obj.shape, obj.strides, obj.dtype)
        if obj.dtype.hasobject:
            made = links.object_view, (base, offset, obj.shape, obj.strides)
        if obj.flags.writeable or not base.flags.writeable:
            return made
        return (*made, False, None, None, links.set_writeable)

    def _buffer(self, obj: Any, lock: int) -> Any:
        begin, end = _range(obj)
        strides = None if obj.flags.c_contiguous else obj.strides
        holder = _holder(obj)
        if (
            type(holder) in (bytearray, array.array) and not lock
        ):  # a value of its own, which sees what is written
            offset = _address(obj) - _easel.address(holder)
            return links.array, (holder, obj.dtype, obj.shape, offset, strides, lock)
        dense = end - begin > 2 * obj.nbytes and not self._keep_gaps
        self._ranges.append((begin, end, dense))
        if dense:
            obj = obj.copy(order="K")
            begin, end = _range(obj)
            strides = None if obj.flags.c_contiguous else obj.strides
        self._next_is_apart = id(obj) in self._copied_on_write
        offset = _address(obj) - begin
        buffer = pickle.PickleBuffer(links.memory(obj, begin, end - begin, lock != 0))
        return links.array, (buffer, obj.dtype, obj.shape, offset, strides, lock)


def is_array_subclass(kind: type) -> bool:
    ndarray = getattr(sys.modules.get("numpy"), "ndarray", None)
    return isinstance(ndarray, type) and kind is not ndarray and issubclass(kind, ndarray)


def reduce_subclass(obj: Any, kind: Any) -> Any:
    """As the plain array that it is, which may be a view, and the attributes that numpy does not store; NotImplemented for
    a class that says itself how it is stored."""
    import numpy

    ways = ("__reduce__", "__reduce_ex__", "__setstate__")
    masked = kind is getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)
    if not masked and any(getattr(kind, way) is not getattr(numpy.ndarray, way) for way in ways):
        return NotImplemented
    plain = numpy.ndarray.view(obj, numpy.ndarray)
    own = getattr(obj, "__dict__", None)
    state = dict(own) if own else None
    return links.array_as, (plain, kind), state, None, None, links.set_attributes


def _apart(record: Any) -> NotCarriedError:
    reason = "a record looks into its array, and would come back apart from one of this kind"
    advice = "keep a copy (`record.copy()`), or the array and the record's position"
    return NotCarriedError(f"it holds a record: {reason}", advice, record, reason)


def owner_of(array: Any) -> Any:
    """The array that owns the memory `array` looks into, or the last one before it is something else's."""
    import numpy

    owner = array
    while True:
        base = owner.base
        if type(base).__name__ == "DummyArray" and type(base).__module__.startswith("numpy."):
            base = base.base  # of as_strided
        while isinstance(base, numpy.void):  # a record, whose field this is
            base = base.base
        if not isinstance(base, numpy.ndarray):
            return owner
        owner = base


def _holder(array: Any) -> Any:
    """What is no array and has the memory of one; None if the array's owner is an array."""
    base = owner_of(array).base
    while type(base) is memoryview:
        base = base.obj
    return base


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _range(array: Any) -> tuple[int, int]:
    """The memory that an array with elements looks into: from the first byte to behind the last."""
    begin = _address(array)
    end = begin + array.itemsize
    for n, stride in zip(array.shape, array.strides, strict=True):
        if stride < 0:
            begin += (n - 1) * stride
        else:
            end += (n - 1) * stride
    return begin, end


def _axes(array: Any) -> tuple[int, ...]:
    """The axes from the one that is furthest apart in memory to the nearest."""
    return tuple(sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis)))


def _can_be_unlocked(array: Any) -> bool:
    """Whether numpy would let the program make this read-only array writeable."""
    try:
        array.flags.writeable = True
    except ValueError:
        return False
    array.flags.writeable = False
    return True
