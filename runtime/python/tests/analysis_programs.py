"""Random programs, and the names that they really read before anyone assigned them.

A program's globals are a plain dict; its builtins are a dict that notes every name that is missing from
both. So what Python itself had to look for outside of the block is known exactly, for the paths that this
execution took.
"""

from __future__ import annotations

import random
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

NAMES = tuple("abcdefgh")
FUNCTIONS = ("f0", "f1", "f2", "f3")
CLASSES = ("K0", "K1")
_STEPS = 300


class OutOfSteps(BaseException):
    """The program ran long enough."""


class Thing:
    """A value that takes part in anything."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._world.step()
        for argument in args:
            if callable(argument) and not isinstance(argument, (Thing, type)):
                self._world.attempt(argument)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __iter__(self) -> Any:
        return iter([self] * self._world.dice.choice((0, 1, 2, 2)))

    def __bool__(self) -> bool:
        self._world.step()
        return self._world.dice.random() < 0.5

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> bool:
        return self._world.dice.random() < 0.5 and error[0] is not None and issubclass(error[0], Exception)

    def _same(self, *other: Any) -> Any:
        return self

    __add__ = __radd__ = __getitem__ = __lt__ = __iadd__ = _same

    def __setitem__(self, *other: Any) -> None:
        pass


class Outside(dict[str, Any]):
    """The program's builtins: notes what is missing and hands out a Thing."""

    def __init__(self, world: World, known: dict[str, Any]) -> None:
        super().__init__(known)
        self.world = world
        self.missing: set[str] = set()

    def __missing__(self, name: str) -> Any:
        self.missing.add(name)
        return Thing(self.world)


class World:
    """What a program meets while it runs; the same seed meets the same."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps > _STEPS:
            raise OutOfSteps

    def attempt(self, function: Callable[..., Any], *args: Any) -> Any:
        self.step()
        try:
            found = function(*args)
            if hasattr(found, "send"):
                for _ in range(5):
                    found.send(None)
        except Exception:
            return Thing(self)
        return found

    def choose(self) -> bool:
        self.step()
        return self.dice.random() < 0.5

    def boom(self) -> Any:
        self.step()
        if self.dice.random() < 0.4:
            raise ValueError("boom")
        return Thing(self)


def names_read(source: str, seed: int) -> set[str]:
    """Run `source` and return the names that it looked up outside of itself."""
    world = World(seed)

    class Base:
        def __init_subclass__(cls) -> None:
            for value in list(vars(cls).values()):
                if callable(value):
                    world.attempt(value, cls)

    def decorate(value: Any) -> Any:
        world.attempt(value)
        return value

    known: dict[str, Any] = {
        "flip": world.choose, "boom": world.boom, "attempt": world.attempt, "decorate": decorate, "Base":
        Base, "quiet": Thing(world), "list_": list, "__build_class__": __build_class__, "__import__": __import__,
        "Exception": Exception, "ValueError": ValueError, "property": property,
    }  # fmt: skip
    outside = Outside(world, known)
    namespace: dict[str, Any] = {"__builtins__": outside, "__name__": "block"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, "<program>", "exec"), namespace)
    except (Exception, OutOfSteps):
        pass
    return outside.missing


class Program:
    """One random program."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.depth = 0
        self.in_function = 0
        self.in_loop = False

    def source(self) -> str:
        return "\n".join(self.block(self.dice.randint(3, 9)))

    def block(self, count: int) -> list[str]:
        lines: list[str] = []
        for _ in range(count):
            lines.extend(self.statement())
        return lines or ["pass"]

    def body(self, count: int = 3) -> list[str]:
        self.depth += 1
        lines = self.block(self.dice.randint(1, count))
        self.depth -= 1
        return [textwrap.indent(line, "    ") for line in lines]

    def name(self) -> str:
        return self.dice.choice(NAMES)

    def callee(self) -> str:
        return self.dice.choice(FUNCTIONS)

    def expression(self, depth: int = 0) -> str:
        pick = self.dice.randint(0, 21 if depth < 2 else 5)
        more = depth + 1
        if pick <= 4:
            return self.name()
        if pick == 5:
            return "1"
        if pick == 6:
            return f"({self.expression(more)} if flip() else {self.expression(more)})"
        if pick == 7:
            return f"({self.name()} := {self.expression(more)})" if not self.comprehending else "2"
        if pick == 8:
            return f"(flip() and {self.expression(more)})"
        if pick == 9:
            return f"(flip() or {self.expression(more)})"
        if pick in (10, 11):
            return f"attempt({self.callee()})"
        if pick == 12:
            return f"attempt(lambda {self.name()}={self.expression(more)}: {self.expression(more)})"
        if pick in (13, 14):
            return self.comprehension(more)
        if pick == 15:
            return f"attempt({self.dice.choice(CLASSES)})"
        if pick == 16:
            return f"attempt({self.dice.choice(CLASSES)}.m, 1)"
        if pick == 17:
            return "boom()"
        if pick == 18:
            return f"[{self.callee()}, {self.name()}]"
        if pick == 19:
            return f"attempt(list_, {self.name()})"
        if pick == 20:
            return f"(1 < {self.expression(more)} < {self.expression(more)})"
        return f"f'{{{self.name()}}}'"

    comprehending = False

    def comprehension(self, depth: int) -> str:
        was, self.comprehending = self.comprehending, True
        target, other = self.name(), self.name()
        inner = self.expression(depth)
        source = self.dice.choice(("[1, 2]", "[]", self.name()))
        condition = f" if {self.name()}" if self.dice.random() < 0.4 else ""
        second = f" for {other} in [{self.name()}]" if self.dice.random() < 0.3 else ""
        self.comprehending = was
        opening, closing = self.dice.choice(("[]", "()", "{}"))
        if opening == "{":
            return f"{{1: {inner} for {target} in {source}{condition}{second}}}"
        walrus = (
            f"({self.dice.choice(FUNCTIONS)} := {inner})" if self.dice.random() < 0.1 and not was else inner
        )
        return f"{opening}{walrus} for {target} in {source}{condition}{second}{closing}"

    def statement(self) -> list[str]:
        simple = self.depth >= 3
        pick = self.dice.randint(0, 12 if simple else 34)
        if pick <= 4:
            return [f"{self.name()} = {self.expression()}"]
        if pick == 5:
            return [f"{self.name()} += {self.expression()}"]
        if pick in (6, 7):
            return [self.expression()]
        if pick == 8:
            return [f"del {self.name()}"]
        if pick == 9:
            return [
                self.dice.choice((f"import math as {self.name()}", f"from math import pi as {self.name()}"))
            ]
        if pick == 10:
            return [f"{self.name()} = {self.callee()}"]
        if pick == 11:
            return [f"{self.callee()} = lambda {self.name()}=1: {self.expression()}"]
        if pick == 12:
            return self.jump()
        if pick <= 19:
            return self.function(self.callee())
        if pick <= 22:
            return self.klass()
        return self.compound(pick)

    def jump(self) -> list[str]:
        if self.in_loop:
            return [f"if {self.expression()}: {self.dice.choice(('break', 'continue'))}"]
        if self.in_function:
            return [f"if {self.expression()}: return {self.expression()}"]
        return ["if flip(): raise ValueError"]

    def compound(self, pick: int) -> list[str]:
        dice = self.dice
        if pick <= 24:
            lines = [f"if {self.expression()}:", *self.body()]
            if dice.random() < 0.6:
                lines += ["else:", *self.body()]
            return lines
        if pick <= 28:
            was, self.in_loop = self.in_loop, True
            head = dice.choice(("while flip():", f"while True:\n    if flip(): {self.name()} = 1; break",
                                f"for {self.name()} in [1, 2]:", f"for {self.name()} in {self.name()}:\n    flip()",
                                f"while {self.expression()}:\n    flip()"))  # fmt: skip
            lines = [head, *self.body()]
            self.in_loop = was
            if dice.random() < 0.3:
                lines += ["else:", *self.body()]
            return lines
        if pick <= 31:
            return self.attempt_statement()
        if pick == 32:
            manager = dice.choice(("quiet", "quiet()", "quiet.suppress()", "K0()", self.name()))
            return [f"with {manager} as {self.name()}:", *self.body()]
        guard = f" if {self.expression()}" if dice.random() < 0.4 else ""
        patterns = (
            f"[{self.name()}]",
            self.name() + " if flip()",
            f"1 as {self.name()}",
            "{'k': " + self.name() + "}",
        )
        lines = [f"match {self.expression()}:"]
        for _ in range(dice.randint(1, 2)):
            pattern = dice.choice(patterns)
            lines += [f"    case {pattern}{guard if ' if ' not in pattern else ''}:"]
            lines += [textwrap.indent(line, "    ") for line in self.body(2)]
        if dice.random() < 0.5:
            lines += ["    case _:", *[textwrap.indent(line, "    ") for line in self.body(2)]]
        return lines

    def attempt_statement(self) -> list[str]:
        dice = self.dice
        lines = ["try:", *self.body()]
        if dice.random() < 0.5:
            lines.append("    boom()")
        only_finally = dice.random() < 0.2
        if not only_finally:
            lines += [
                dice.choice(("except ValueError:", f"except Exception as {self.name()}:")),
                *self.body(),
            ]
            if dice.random() < 0.3:
                lines += ["else:", *self.body()]
        if only_finally or dice.random() < 0.3:
            lines += ["finally:", *self.body()]
        return lines

    def function(self, name: str, indent: str = "") -> list[str]:
        dice = self.dice
        loop, self.in_loop = self.in_loop, False
        self.in_function += 1
        lines = ["@decorate"] if dice.random() < 0.15 else []
        star = dice.choice(("", "", "async "))
        lines.append(f"{star}def {name}({self.name()}={self.expression()}):")
        free = [one for one in (*NAMES, *FUNCTIONS) if dice.random() < 0.15]
        argument = lines[-1].partition("(")[2].partition("=")[0]
        free = [one for one in free if one != argument]
        if free:
            lines.append("    global " + ", ".join(free))
        lines += self.body(4)
        self.in_function -= 1
        self.in_loop = loop
        return lines

    def klass(self) -> list[str]:
        dice = self.dice
        loop, self.in_loop = self.in_loop, False
        within, self.in_function = self.in_function, 0
        base = dice.choice(("", "", "(Base)", "(K0)", "(metaclass=type)"))
        lines = ["@decorate"] if dice.random() < 0.1 else []
        lines.append(f"class {dice.choice(CLASSES)}{base}:")
        lines += self.body(3)
        for method in ("m", "__init__", "__enter__"):
            if dice.random() < 0.6:
                head = "@property\n" if dice.random() < 0.1 else ""
                text = "\n".join(self.function(method)).replace("@decorate\n", "").replace("async ", "")
                text = head + text
                lines += textwrap.indent(text, "    ").split("\n")
        if dice.random() < 0.6:
            result = dice.choice(("flip()", "None", "True"))
            lines += ["    def __exit__(self, *error):", f"        return {result}"]
        self.in_loop = loop
        self.in_function = within
        return lines
