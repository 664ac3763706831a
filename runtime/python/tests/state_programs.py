"""Random programs of plain statements, over names of their own."""

from __future__ import annotations

import random

NAMES = ("a", "b", "c", "d", "e")
# Two chunks and a bit of doubles: changes become patches.
BIG = 300_000


class Program:
    """Makes statements that never fail: names are only read once they exist and hold the right kind of value.

    `libraries` may hold "numpy" and "pandas". Two programs of different `names` and `tag` share nothing.
    """

    def __init__(
        self, seed: int, libraries: tuple[str, ...] = (), names: tuple[str, ...] = NAMES, tag: str = ""
    ) -> None:
        self.random = random.Random(seed)
        self.kinds: dict[str, str] = {}
        self.sizes: dict[str, int] = {}  # of arrays, so that every index is inside
        self.counter = 0
        self.libraries = libraries
        self.names = names
        self.tag = tag

    def statements(self, n: int) -> list[str]:
        return [self.statement() for _ in range(n)]

    def imports(self) -> list[str]:
        known = {"numpy": "import numpy as np", "pandas": "import pandas as pd"}
        return [known[library] for library in self.libraries]

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
        name = r.choice(self.names)
        options = [self.make, self.make, self.alias, self.mutate, self.mutate, self.define, self.call]
        options += [self.remove]
        if "numpy" in self.libraries:
            options += [self.array, self.array, self.big, self.stamp]
        if "pandas" in self.libraries:
            options += [self.frame, self.frame, self.edit_frame, self.edit_frame]
        return r.choice(options)(name)

    def bind(self, name: str, kind: str, size: int = 0) -> None:
        self.kinds[name] = kind
        self.sizes[name] = size

    def make(self, name: str) -> str:
        kind = self.random.choice(["list", "dict", "int", "str", "tuple", "set"])
        value = self.value()  # of names as they are before this one is bound
        self.bind(name, kind)
        return {
            "list": f"{name} = [{value}, {value}]",
            "dict": f"{name} = {{'x': {value}, 'y': [{value}]}}",
            "int": f"{name} = {self.random.randrange(1000)}",
            "str": f"{name} = 'text {self.random.randrange(9)}'",
            "tuple": f"{name} = ({value}, [{value}])",
            "set": f"{name} = {{1, 2, {self.random.randrange(9)}}}",
        }[kind]

    def alias(self, name: str) -> str:
        kinds = ("list", "dict", "object", "function", "class", "array", "big", "tuple", "frame", "series")
        other = self.some(*kinds)
        if other is None:
            return self.make(name)
        self.bind(name, self.kinds[other], self.sizes[other])
        return f"{name} = {other}"

    def mutate(self, name: str) -> str:
        target = self.some("list", "dict", "object", "class", "array", "set")
        if target is None:
            return self.make(name)
        value = self.value()
        n = self.random.randrange(5)
        return {
            "list": f"{target}.append({value})",
            "dict": f"{target}[{n}] = {value}",
            "object": f"{target}.v = {value}",
            "class": self.random.choice(
                [f"{target}.shared = {value}", f"{target}.added{n} = lambda self: ({n}, self.v)"]
            ),
            "array": f"{target}[...] = {target} + {n}",
            "set": f"{target}.add({n})",
        }[self.kinds[target]]

    # -- definitions ------------------------------------------------------------------------------------------------

    def define(self, name: str) -> str:
        self.counter += 1
        n = f"{self.counter}"
        number = f"{self.tag}{n}"
        kinds = ["function", "class", "closures", "over", "subclass", "default", "object", "wrapped", "again"]
        kind = self.random.choice(kinds)
        base = self.some("class")
        if kind == "subclass" and base is not None:
            self.bind(name, "class")
            return f"class K{number}({base}):\n    def own(self): return ({n}, super().get())\n{name} = K{number}"
        if kind == "object" and base is not None:
            value = self.value()
            self.bind(name, "object")
            return f"{name} = {base}({value})"
        if kind == "closures":
            self.bind(name, "function")
            other = self.random.choice(self.names)
            self.bind(other, "function")
            return (
                f"def make{number}():\n    n = {n}\n    def up():\n        nonlocal n\n        n += 1\n        return n\n"
                f"    def get(): return n\n    return up, get\n{name}, {other} = make{number}()"
            )
        if kind == "over":  # a closure over what a variable holds, too
            inside = self.some("list", "dict", "object", "array", "frame", "function") or "[]"
            self.bind(name, "function")
            return (
                f"def over{number}(held):\n    count = 0\n    def see():\n        nonlocal count\n        count += 1\n"
                f"        return (count, type(held).__name__)\n    return see\n{name} = over{number}({inside})"
            )
        if kind == "wrapped":
            function = self.some("function")
            if function is not None:
                self.bind(name, "function")
                return (
                    f"import functools\ndef wrap{number}(f):\n    @functools.wraps(f)\n    def run():\n"
                    f"        return [f()]\n    return run\n{name} = wrap{number}({function})"
                )
        if kind == "default":
            value = self.value()
            self.bind(name, "function")
            return f"def {name}(seen=[{value}]):\n    seen.append({n})\n    return len(seen)"
        if kind == "again":  # one text for many classes: a redefinition that changes nothing but identity
            self.bind(name, "class")
            return (
                f"class {name}:\n    shared = ['again']\n    def __init__(self, v=None): self.v = v\n"
                f"    def get(self): return ('again', self.v)"
            )
        if kind == "function":
            self.bind(name, "function")
            return f"def {name}():\n    return ({n}, [{n}])"
        self.bind(name, "class")
        return (
            f"class {name}:\n    shared = [{n}]\n    def __init__(self, v=None): self.v = v\n"
            f"    def get(self): return ({n}, self.v)"
        )

    def call(self, name: str) -> str:
        function = self.some("function")
        if function is None or function == name:
            return self.make(name)
        self.bind(name, "result")
        return f"{name} = {function}()"

    def remove(self, name: str) -> str:
        if name not in self.kinds:
            return self.make(name)
        del self.kinds[name]
        return f"del {name}"

    # -- arrays and frames ------------------------------------------------------------------------------------------

    def array(self, name: str) -> str:
        base = self.some("array")
        if base is None or self.random.random() < 0.4:
            size = self.random.randrange(4, 9)
            self.bind(name, "array")
            return f"{name} = np.arange({size}.0)"
        self.bind(name, "array")
        return f"{name} = {base}[{self.random.choice(['1:', '::2', ':-1', '::-1', '...'])}]"

    def big(self, name: str) -> str:
        """An array of more than a MiB, or a part of one."""
        base = self.some("big")
        if base is None or self.random.random() < 0.4:
            self.bind(name, "big", BIG)
            return f"{name} = np.full({BIG}, {self.random.randrange(9)}.0)"
        size = self.sizes[base]
        if size < 1000:
            return self.stamp(name)
        low = self.random.randrange(size // 2)
        self.bind(name, "big", size - low)
        return f"{name} = {base}[{low}:]"

    def stamp(self, name: str) -> str:
        """Change a few places of a big array, or a stretch of it, in place."""
        target = self.some("big")
        if target is None:
            return self.array(name)
        low = self.random.randrange(self.sizes[target])
        length = self.random.choice([1, 1, 500, 50_000])
        return f"{target}[{low}:{low + length}] += {self.random.randrange(1, 9)}"

    def frame(self, name: str) -> str:
        r = self.random
        known = self.some("frame")
        column = self.some("array", "big") if known is None else None
        kind = r.choice(["small", "strings", "texts", "typed", "array", "column", "copy"])
        self.counter += 1
        if kind in ("column", "copy") and known is not None:
            self.bind(name, "series" if kind == "column" else "frame")
            return f"{name} = {known}['n']" if kind == "column" else f"{name} = {known}.copy()"
        self.bind(name, "frame")
        if kind == "strings":  # as objects of Python
            rows, n = r.choice([3, 2000]), self.counter
            return (
                f"{name} = pd.DataFrame({{'n': range({rows}), 's': pd.Series([f'row {{i % {n + 3}}}' for i in range({rows})], "
                f"dtype=object)}})"
            )
        if kind == "texts":
            return f"{name} = pd.DataFrame({{'n': [1, 2, 3], 's': ['a', None, 'ü{self.counter}']}})"
        if kind == "typed":
            return (
                f"{name} = pd.DataFrame({{'n': pd.array([1, None, 3], 'Int64'), 'c': pd.Categorical(['x', 'y', 'x']), "
                f"'t': pd.date_range('2026-01-01', periods=3, tz='UTC')}}, index=pd.Index(['p', 'q', 'r'], name='key'))"
            )
        if kind == "array" and column is not None:
            return f"{name} = pd.DataFrame({{'n': {column}[:4], 'twice': {column}[:4] * 2}})"
        return f"{name} = pd.DataFrame({{'n': [{self.counter}, 2, 3], 'f': [0.5, float('nan'), -0.0]}})"

    def edit_frame(self, name: str) -> str:
        target = self.some("frame", "series")
        if target is None:
            return self.frame(name)
        r, n = self.random, self.random.randrange(9)
        if self.kinds[target] == "series":
            return f"{target}.iloc[{r.randrange(2)}] = {n}"
        held = self.some("list", "dict", "object")
        options = [
            f"{target}.iloc[{r.randrange(2)}, 0] = {n}",
            f"{target}['new{n}'] = {n}",
            f"{target}.attrs['k'] = {held or n}",
            f"{target}.index = {target}.index.rename('i{n}')",
            f"{target}.columns = {target}.columns.rename('c{n}')",
        ]
        if held is not None:
            options.append(f"{target}['held'] = pd.Series([{held}] * len({target}), index={target}.index)")
        return r.choice(options)
