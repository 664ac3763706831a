"""The sharing walk of runtime/native/sharing.c once more, in Python and without arrays and frames: what it must find."""

from __future__ import annotations

import collections
import gc
import types
from typing import Any

from easel_runtime.state.definitions import is_by_value
from easel_runtime.state.sharing import ATOMS


class Sharing:
    """Groups of roots that share something."""

    def __init__(self) -> None:
        self._owner: dict[int, int] = {}
        self._parent: list[int] = []

    def _find(self, i: int) -> int:
        while self._parent[i] != i:
            i = self._parent[i]
        return i

    def add(self, root: Any, stop_at: set[int]) -> None:
        number = len(self._parent)
        self._parent.append(number)
        stack = [root]
        seen_immutable: set[int] = set()
        while stack:
            obj = stack.pop()
            kind = type(obj)
            key = id(obj)
            if kind in ATOMS or key in stop_at:
                continue
            if kind is tuple or kind is frozenset:
                if key not in seen_immutable:
                    seen_immutable.add(key)
                    stack.extend(obj)
                continue
            if (kind is types.FunctionType or issubclass(kind, type)) and not is_by_value(obj):
                continue
            owner = self._owner.setdefault(key, number)
            if owner != number:
                self._parent[self._find(number)] = self._find(owner)
            if self._owner.get(-key) is None:
                self._owner[-key] = number
                stack.extend(self._held(obj, kind))

    def _held(self, obj: Any, kind: type) -> list[Any]:
        if kind is types.FunctionType:
            return [
                obj.__defaults__,
                obj.__kwdefaults__,
                obj.__dict__,
                obj.__annotations__,
                *(obj.__closure__ or ()),
            ]
        if issubclass(kind, type):
            return [*obj.__dict__.values(), *obj.__bases__, kind]
        if kind is types.BuiltinFunctionType:
            return [] if isinstance(obj.__self__, types.ModuleType) else [obj.__self__]
        held = [v for v in gc.get_referents(obj) if v is not kind]
        return [*held, kind] if is_by_value(kind) else held

    def groups(self) -> list[list[int]]:
        """Root numbers by group, each group and the list in order of first appearance."""
        found: collections.defaultdict[int, list[int]] = collections.defaultdict(list)
        for i in range(len(self._parent)):
            found[self._find(i)].append(i)
        return sorted(found.values())
