"""Random programs of plain statements, and a description of a namespace in which aliases and cycles show."""

from __future__ import annotations

import random
import types
from typing import Any

NAMES = ["a", "b", "c", "d", "e"]


class Program:
    """Makes statements that never fail: names are only read once they exist and hold the right kind of value."""

    def __init__(self, seed: int, arrays: bool) -> None:
        self.random = random.Random(seed)
        self.kinds: dict[str, str] = {}
        self.counter = 0
        self.arrays = arrays

    def statements(self, n: int) -> list[str]:
        out = ["import numpy as np"] if self.arrays else []
        return out + [self.statement() for _ in range(n)]

    def some(self, *kinds: str) -> str | None:
        names = [n for n, k in self.kinds.items() if k in kinds]
        return self.random.choice(names) if names else None

    def value(self) -> str:
        known = self.some("list", "dict", "object", "int", "str", "tuple")
        choices = [
            str(self.random.randrange(100)),
            f"'s{self.random.randrange(9)}'",
            "None",
            "[1, [2]]",
            "{'k': [3]}",
        ]
        return known if known and self.random.random() < 0.6 else self.random.choice(choices)

    def statement(self) -> str:
        r = self.random
        name = r.choice(NAMES)
        options = [
            self.make,
            self.make,
            self.alias,
            self.mutate,
            self.mutate,
            self.define,
            self.call,
            self.remove,
        ]
        if self.arrays:
            options += [self.array, self.array]
        return r.choice(options)(name)

    def make(self, name: str) -> str:
        kind = self.random.choice(["list", "dict", "int", "str", "tuple", "set"])
        value = self.value()  # of names as they are before this one is bound
        self.kinds[name] = kind
        return {
            "list": f"{name} = [{value}, {value}]",
            "dict": f"{name} = {{'x': {value}, 'y': [{value}]}}",
            "int": f"{name} = {self.random.randrange(1000)}",
            "str": f"{name} = 'text {self.random.randrange(9)}'",
            "tuple": f"{name} = ({value}, [{value}])",
            "set": f"{name} = {{1, 2, {self.random.randrange(9)}}}",
        }[kind]

    def alias(self, name: str) -> str:
        other = self.some("list", "dict", "object", "function", "class", "array", "tuple")
        if other is None:
            return self.make(name)
        self.kinds[name] = self.kinds[other]
        return f"{name} = {other}"

    def mutate(self, name: str) -> str:
        target = self.some("list", "dict", "object", "class", "array")
        if target is None:
            return self.make(name)
        value = self.value()
        return {
            "list": f"{target}.append({value})",
            "dict": f"{target}[{self.random.randrange(5)}] = {value}",
            "object": f"{target}.v = {value}",
            "class": f"{target}.shared = {value}",
            "array": f"{target}[...] = {target} + {self.random.randrange(3)}",
        }[self.kinds[target]]

    def define(self, name: str) -> str:
        self.counter += 1
        n = self.counter
        kind = self.random.choice(["function", "class", "closures", "subclass", "default", "object"])
        base = self.some("class")
        if kind == "subclass" and base is not None:
            self.kinds[name] = "class"
            return f"class K{n}({base}):\n    def own(self): return ({n}, super().get())\n{name} = K{n}"
        if kind == "object" and base is not None:
            value = self.value()
            self.kinds[name] = "object"
            return f"{name} = {base}({value})"
        if kind == "closures":
            self.kinds[name] = "function"
            other = self.random.choice(NAMES)
            self.kinds[other] = "function"
            return (
                f"def make{n}():\n    n = {n}\n    def up():\n        nonlocal n\n        n += 1\n        return n\n"
                f"    def get(): return n\n    return up, get\n{name}, {other} = make{n}()"
            )
        if kind == "default":
            value = self.value()
            self.kinds[name] = "function"
            return f"def {name}(seen=[{value}]):\n    seen.append({n})\n    return len(seen)"
        if kind == "function":
            self.kinds[name] = "function"
            return f"def {name}():\n    return ({n}, [{n}])"
        self.kinds[name] = "class"
        return (
            f"class {name}:\n    shared = [{n}]\n    def __init__(self, v=None): self.v = v\n"
            f"    def get(self): return ({n}, self.v)"
        )

    def call(self, name: str) -> str:
        function = self.some("function")
        if function is None or function == name:
            return self.make(name)
        self.kinds[name] = "result"
        return f"{name} = {function}()"

    def remove(self, name: str) -> str:
        if name not in self.kinds:
            return self.make(name)
        del self.kinds[name]
        return f"del {name}"

    def array(self, name: str) -> str:
        base = self.some("array")
        self.kinds[name] = "array"
        if base is None or self.random.random() < 0.4:
            return f"{name} = np.arange({self.random.randrange(4, 9)}.0)"
        return f"{name} = {base}[{self.random.choice(['1:', '::2', ':-1', '::-1', '...'])}]"


def describe(namespace: dict[str, Any]) -> Any:
    """Equal for two namespaces if no program could tell them apart by values, aliases or shared memory."""
    seen: dict[int, int] = {}
    owners: dict[int, list[list[Any]]] = {}
    keep: list[Any] = []

    def of(value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, str, bytes)):
            return value
        if isinstance(value, types.ModuleType):
            return ("module", value.__name__)
        if id(value) in seen:
            return ("again", seen[id(value)])
        keep.append(value)
        if isinstance(value, tuple):  # has no identity of its own
            return ("tuple", [of(v) for v in value])
        seen[id(value)] = len(seen)
        if isinstance(value, list):
            return ("list", [of(v) for v in value])
        if isinstance(value, dict):
            return ("dict", [(of(k), of(v)) for k, v in value.items()])
        if isinstance(value, (set, frozenset)):
            return ("set", sorted(map(repr, value)))
        if type(value).__name__ == "ndarray":
            base = value
            while type(base.base) is type(value):
                base = base.base
            first, step = value.__array_interface__["data"][0], value.strides[0]
            entry = ["array", value.tolist(), [first + i * step for i in range(len(value))]]
            owners.setdefault(id(base), []).append(entry)
            return entry
        if isinstance(value, types.FunctionType):
            return ("function", value.__name__, value.__code__.co_code, of(value.__defaults__),
                    [of(c) for c in value.__closure__ or ()])  # fmt: skip
        if isinstance(value, types.CellType):
            return ("cell", of(value.cell_contents))
        if isinstance(value, type):
            own = {
                k: v
                for k, v in value.__dict__.items()
                if k not in ("__dict__", "__weakref__", "__slotnames__")
            }
            return ("class", value.__name__, [of(b) for b in value.__bases__ if b is not object], of(own))
        return ("object", of(type(value)), of(getattr(value, "__dict__", repr(value))))

    hidden = {"__builtins__", "__doc__", "__loader__", "__name__", "__package__", "__spec__"}
    found = [(name, of(namespace[name])) for name in sorted(namespace) if name not in hidden]
    for number, entries in enumerate(owners.values()):
        elements: dict[int, int] = {}  # of one memory, numbered as they appear: which elements are shared
        for entry in entries:
            entry[2] = [(number, elements.setdefault(address, len(elements))) for address in entry[2]]
    return found
