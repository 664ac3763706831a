"""A description of a namespace in which values, aliases, cycles and shared memory show."""

from __future__ import annotations

import hashlib
import types
from typing import Any

_HIDDEN = {"__builtins__", "__doc__", "__loader__", "__name__", "__package__", "__spec__"}
_SHORT = 64


def describe(namespace: dict[str, Any]) -> Any:
    """Equal for two namespaces if no program could tell them apart by values, aliases or shared memory."""
    return _Description().of_names(namespace)


class _Description:
    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.keep: list[Any] = []
        self.arrays: list[tuple[Any, list[Any]]] = []

    def of_names(self, namespace: dict[str, Any]) -> list[tuple[str, Any]]:
        found = [(name, self.of(namespace[name])) for name in sorted(namespace) if name not in _HIDDEN]
        self.share_memory()
        return found

    def of(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, str, bytes)):
            return repr(value)  # NaN equals itself, and -0.0 is not 0.0
        if isinstance(value, types.ModuleType):
            return ("module", value.__name__)
        if id(value) in self.seen:
            return ("again", self.seen[id(value)])
        self.keep.append(value)
        if isinstance(value, tuple):  # has no identity of its own
            return ("tuple", [self.of(v) for v in value])
        self.seen[id(value)] = len(self.seen)
        if isinstance(value, list):
            return ("list", [self.of(v) for v in value])
        if isinstance(value, dict):
            return ("dict", [(self.of(k), self.of(v)) for k, v in value.items()])
        if isinstance(value, (set, frozenset)):
            return ("set", sorted(map(repr, value)))
        if type(value).__name__ == "ndarray":
            return self.array(value)
        if type(value).__name__ in ("DataFrame", "Series"):
            return self.frame(value)
        if isinstance(value, types.FunctionType):
            own = dict(value.__dict__)
            return ("function", value.__name__, value.__code__.co_code, self.of(value.__defaults__), self.of(own),
                    [self.of(c) for c in value.__closure__ or ()])  # fmt: skip
        if isinstance(value, types.CellType):
            return ("cell", self.of(value.cell_contents))
        if isinstance(value, type):
            skip = ("__dict__", "__weakref__", "__slotnames__", "__firstlineno__", "__static_attributes__")
            own = {k: v for k, v in value.__dict__.items() if k not in skip}
            bases = [self.of(b) for b in value.__bases__ if b is not object]
            return ("class", value.__name__, bases, self.of(own))
        return ("object", self.of(type(value)), self.of(getattr(value, "__dict__", repr(value))))

    def array(self, value: Any) -> list[Any]:
        if value.dtype.hasobject:
            return ["objects", [self.of(v) for v in value.tolist()]]
        content = value.tolist() if value.size <= _SHORT else hashlib.sha256(value.tobytes()).hexdigest()
        entry = ["array", str(value.dtype), value.shape, content, value.flags.writeable, None]
        if value.size:
            self.arrays.append((value, entry))
        return entry

    def frame(self, value: Any) -> list[Any]:
        columns = [value.iloc[:, i] for i in range(value.shape[1])] if value.ndim == 2 else [value]
        described = []
        for column in columns:
            if column.dtype == object:
                content: Any = [self.of(v) for v in column.array]
            elif len(column) <= _SHORT:
                content = [repr(v) for v in column.array]
            else:
                content = hashlib.sha256(repr(column.to_list()).encode()).hexdigest()
            described.append((repr(column.name), repr(column.dtype), content))
        index = (
            type(value.index).__name__,
            repr(value.index.dtype),
            repr(value.index.names),
            repr(value.index[:9].tolist()),
        )
        return [type(value).__name__, value.shape, index, described, self.of(dict(value.attrs))]

    def share_memory(self) -> None:
        """Give arrays that overlap the number of their memory, and where in it their elements are.

        Bytes that no array looks at do not count: an array that sees less than half of its memory comes back without them.
        """
        bounds = []
        for array, entry in self.arrays:
            first = array.__array_interface__["data"][0]
            reach = [(n - 1) * step for n, step in zip(array.shape, array.strides, strict=True)]
            low = first + sum(r for r in reach if r < 0)
            high = first + sum(r for r in reach if r > 0) + array.itemsize
            bounds.append((low, high, array, entry))
        groups: list[list[Any]] = []
        for one in sorted(bounds, key=lambda b: b[:2]):
            if groups and one[0] < max(b[1] for b in groups[-1]):
                groups[-1].append(one)
            else:
                groups.append([one])
        number = {id(b[3]): n for n, b in enumerate(bounds)}
        for group in groups:
            if len(group) > 1:
                name = min(number[id(b[3])] for b in group)
                for (_, _, _, entry), places in zip(group, _places(group), strict=True):
                    entry[-1] = (name, places)


def _places(group: list[Any]) -> list[Any]:
    """For each array of (low, high, array, entry) where its elements are among the bytes that any of them looks at."""
    import numpy as np

    low, high = group[0][0], max(b[1] for b in group)
    looked_at = np.zeros(high - low, bool)
    offsets = []
    for _, _, array, _ in group:
        at = np.array([array.__array_interface__["data"][0] - low])
        for n, step in zip(array.shape, array.strides, strict=True):
            at = (at[:, None] + np.arange(n) * step).ravel()
        offsets.append(at)
        for byte in range(array.itemsize):
            looked_at[at + byte] = True
    rank = np.cumsum(looked_at)
    return [
        rank[at].tolist() if len(at) <= _SHORT else hashlib.sha256(rank[at].tobytes()).hexdigest()
        for at in offsets
    ]
