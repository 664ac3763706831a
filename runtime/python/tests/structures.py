"""Random structures of Python objects, and random changes and readings of them."""

from __future__ import annotations

import array
import collections
import functools
import pickle
import random
import types
from typing import Any

HOME: dict[str, Any] = {"__name__": "__main__", "collections": collections}
exec(
    """
class Plain:
    kind = "plain"
    def __init__(self, a, b):
        self.a, self.b = a, b
    def __eq__(self, other): raise RuntimeError("no code of the user's may run")
    def __hash__(self): raise RuntimeError("no code of the user's may run")
class Other(Plain): pass
class Slotted:
    __slots__ = ("a", "b", "__weakref__")
class SlottedMore(Slotted):
    __slots__ = ("c",)
class Rows(list):
    def __iter__(self): raise RuntimeError("no code of the user's may run")
    def __len__(self): raise RuntimeError("no code of the user's may run")
class Table(dict):
    def __getitem__(self, key): raise RuntimeError("no code of the user's may run")
    def __iter__(self): raise RuntimeError("no code of the user's may run")
class Number(int): pass
class Word(str): pass
class Pair(tuple): pass
def make(n):
    def up(by=[1], *, key=None):
        nonlocal n
        n = n + by[0]
        return n
    return up
""",
    HOME,
)


class Structure:
    """A random structure below `root`; `holder` is a list that always lies in it."""

    def __init__(self, seed: int, arrays: bool) -> None:
        self.random = random.Random(seed)
        self.arrays = arrays
        self.made: list[Any] = []  # what can be shared, and changed if it is mutable
        self.fresh = 1000
        self.holder: list[Any] = []
        self.root = [self.holder, *(self.value(0) for _ in range(self.random.randrange(1, 6)))]
        self.made += [self.root, self.holder]

    def atom(self) -> Any:
        r = self.random
        self.fresh += 1
        return r.choice(
            [
                self.fresh, self.fresh + 0.5, f"text {self.fresh}", f"é{self.fresh}".encode(), None, True, 2**70 + self.fresh,
                complex(self.fresh, 1), "a", 1, 1.0,
            ]
        )  # fmt: skip

    def unique(self) -> Any:
        self.fresh += 1
        return self.random.choice(
            [self.fresh, f"new {self.fresh}", self.fresh + 0.25, [self.fresh], (self.fresh,)]
        )

    def value(self, depth: int) -> Any:
        r = self.random
        if r.random() < (0.25 + 0.15 * depth):
            return self.atom()
        if self.made and r.random() < 0.2:
            return r.choice(self.made)
        makers = [
            self._list, self._list, self._dict, self._dict, self._tuple, self._set, self._deque, self._ordered, self._default,
            self._bytearray, self._machine, self._plain, self._plain, self._slotted, self._rows, self._table, self._number,
            self._function, self._namespace, self._partial, self._method,
        ]  # fmt: skip
        if self.arrays:
            makers += [self._array, self._array, self._objects, self._view]
        made = r.choice(makers)(depth + 1)
        self.made.append(made)
        return made

    def some(self, depth: int) -> list[Any]:
        return [self.value(depth) for _ in range(self.random.randrange(0, 5))]

    def _list(self, depth: int) -> Any:
        return self.some(depth)

    def _dict(self, depth: int) -> Any:
        r = self.random
        return {r.choice([f"k{i}", i, (i, "k"), float(i) + 0.5]): v for i, v in enumerate(self.some(depth))}

    def _tuple(self, depth: int) -> Any:
        made = tuple(self.some(depth))
        return HOME["Pair"](made) if self.random.random() < 0.2 else made

    def _set(self, _: int) -> Any:
        self.fresh += 9
        members = [self.fresh - i for i in range(self.random.randrange(4))] + [("t", self.fresh), "s"]
        return self.random.choice([set, set, frozenset])(members)

    def _deque(self, depth: int) -> Any:
        return collections.deque(self.some(depth), self.random.choice([None, 9]))

    def _ordered(self, depth: int) -> Any:
        return collections.OrderedDict((f"k{i}", v) for i, v in enumerate(self.some(depth)))

    def _default(self, depth: int) -> Any:
        return collections.defaultdict(list, self._dict(depth))

    def _bytearray(self, _: int) -> Any:
        return bytearray(self.random.randbytes(self.random.randrange(1, 100)))

    def _machine(self, _: int) -> Any:
        return array.array("q", [self.random.randrange(9) for _ in range(self.random.randrange(1, 40))])

    def _plain(self, depth: int) -> Any:
        return HOME[self.random.choice(["Plain", "Other"])](self.value(depth), self.value(depth))

    def _slotted(self, depth: int) -> Any:
        made = HOME[self.random.choice(["Slotted", "SlottedMore"])]()
        if self.random.random() < 0.8:
            made.a = self.value(depth)
        if self.random.random() < 0.8:
            made.b = self.value(depth)
        return made

    def _rows(self, depth: int) -> Any:
        made = HOME["Rows"]()
        list.extend(made, self.some(depth))
        return made

    def _table(self, depth: int) -> Any:
        made = HOME["Table"]()
        dict.update(made, self._dict(depth))
        return made

    def _number(self, depth: int) -> Any:
        made = self.random.choice([HOME["Number"](self.fresh), HOME["Word"](f"w{self.fresh}")])
        made.note = self.value(depth)
        return made

    def _function(self, depth: int) -> Any:
        return HOME["make"](self.value(depth))

    def _namespace(self, depth: int) -> Any:
        return types.SimpleNamespace(a=self.value(depth), b=self.value(depth))

    def _partial(self, depth: int) -> Any:
        return functools.partial(max, self.value(depth), key=self.value(depth))

    def _method(self, depth: int) -> Any:
        return types.MethodType(len, self._list(depth))

    def _array(self, _: int) -> Any:
        import numpy

        kind = self.random.choice(["f8", "i4", "u1", "U3", "M8[s]", "c16", "?"])
        made = numpy.zeros(self.random.choice([(3,), (40,), (4, 5), (2, 3, 4)]), kind)
        return numpy.asfortranarray(made) if self.random.random() < 0.3 else made

    def _objects(self, depth: int) -> Any:
        import numpy

        made = numpy.empty(4, object)
        for i in range(3):
            made[i] = self.value(depth)
        return made

    def _view(self, _: int) -> Any:
        import numpy

        base = numpy.arange(24.0).reshape(4, 6)
        return self.random.choice([base[1:], base[:, ::2], base[::-1], base.T, base.ravel()[3:9]])

    # -- changes --------------------------------------------------------------------------------------------------

    def reachable(self) -> list[Any]:
        """What still lies below the root and can be changed in place."""
        import gc

        found: dict[int, Any] = {}
        stack: list[Any] = [self.root]
        while stack:
            value = stack.pop()
            if id(value) in found or isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType)):
                continue
            found[id(value)] = value
            if type(value).__name__ == "ndarray":
                if value.dtype.hasobject:
                    stack.extend(value.tolist())
                continue
            if isinstance(value, types.FunctionType):
                stack.extend([value.__defaults__, value.__kwdefaults__, *(value.__closure__ or ())])
                continue
            stack.extend(gc.get_referents(value))
        return [v for v in found.values() if self.changes_of(v)]

    def change(self) -> str:
        """Make one change that is none of identity only; what it was."""
        target = self.random.choice(self.reachable())
        how = self.random.choice(self.changes_of(target))
        before = f"{type(target).__name__}.{how}"
        getattr(self, "_change_" + how)(target)
        return before

    def changes_of(self, value: Any) -> list[str]:
        kind = type(value)
        if kind in (list, collections.deque):
            return ["append", "replace"] if len(value) else ["append"]
        if kind in (dict, collections.OrderedDict, collections.defaultdict):
            return ["insert", "rename"] if len(value) else ["insert"]
        if kind is set:
            return ["add"]
        if kind in (bytearray, array.array):
            return ["flip"]
        name = kind.__name__
        if name in ("Plain", "Other", "Slotted", "SlottedMore"):
            return ["attribute", "delete"] if hasattr(value, "a") else ["attribute"]
        if name in ("Number", "Word", "SimpleNamespace"):
            return ["note"]
        if name == "Rows":
            return ["rows"]
        if name == "Table":
            return ["table"]
        if kind is types.FunctionType:
            return ["default", "note"]
        if kind is types.CellType:
            return ["cell"]
        if name == "ndarray":
            return ["element"]
        return []

    def _change_append(self, value: Any) -> None:
        if isinstance(value, collections.deque) and value.maxlen == len(value):
            value.clear()
            return
        value.append(self.unique())

    def _change_replace(self, value: Any) -> None:
        value[self.random.randrange(len(value))] = self.unique()

    def _change_insert(self, value: Any) -> None:
        value[self.unique_key()] = self.atom()

    def unique_key(self) -> Any:
        self.fresh += 1
        return self.random.choice([f"n{self.fresh}", self.fresh, ("n", self.fresh)])

    def _change_rename(self, value: Any) -> None:
        key = self.random.choice(list(value))
        value[self.unique_key()] = value.pop(key)

    def _change_add(self, value: Any) -> None:
        value.add(self.unique_key())

    def _change_flip(self, value: Any) -> None:
        value[self.random.randrange(len(value))] ^= 1

    def _change_attribute(self, value: Any) -> None:
        setattr(value, self.random.choice("ab"), self.unique())

    def _change_delete(self, value: Any) -> None:
        del value.a

    def _change_note(self, value: Any) -> None:
        value.note = self.unique()

    def _change_rows(self, value: Any) -> None:
        list.append(value, self.unique())

    def _change_table(self, value: Any) -> None:
        dict.__setitem__(value, self.unique_key(), self.atom())

    def _change_default(self, value: Any) -> None:
        value.__defaults__ = (self.unique(),)

    def _change_cell(self, value: Any) -> None:
        value.cell_contents = self.unique()

    def _change_element(self, value: Any) -> None:
        place = tuple(self.random.randrange(n) for n in value.shape)
        self.fresh += 1
        kind = value.dtype.kind
        if kind == "O":
            value[place] = self.unique()
        elif kind == "b":
            value[place] = not value[place]
        elif kind == "U":
            value[place] = f"{self.fresh % 1000}x" if value[place] == "" else ""
        elif kind == "M":
            value[place] = self.fresh
        else:
            value[place] += 1

    # -- readings -------------------------------------------------------------------------------------------------

    def read(self) -> list[Any]:
        """Look at everything as a block does; what is returned was bound to names."""
        bound: list[Any] = []
        for value in self.reachable():
            kind = type(value)
            if kind in (list, tuple, collections.deque, set):
                bound += [*value]
                bound.append(list(value))
            elif kind in (dict, collections.OrderedDict, collections.defaultdict):
                bound += [*value.items(), value.get("k1"), dict(value)]
            elif kind.__name__ in ("Plain", "Other"):
                bound += [value.a if hasattr(value, "a") else None, vars(value), value.__init__]
            elif kind.__name__ == "ndarray":
                bound += [value.sum() if value.dtype.kind in "fiuc" else value.size, value.copy(), value[:1]]
            elif kind in (bytearray, array.array):
                bound += [bytes(value), len(value), memoryview(value).tolist()]
            elif kind is types.FunctionType:
                bound += [value.__name__, value.__code__, value.__doc__, value.__annotations__]
            try:
                pickle.dumps(value)
            except Exception:
                pass  # not everything here has a module
        return bound
