"""The fingerprint sees every change of what a slot holds, or says that it does not know; reading changes nothing.

EASEL_STATE_PROGRAMS sets how many random structures, EASEL_STATE_SEED where to begin; a failure prints its seed.
"""

from __future__ import annotations

import array
import collections
import copy
import datetime
import decimal
import functools
import gc
import importlib.util
import os
import pickle
import random
import types
from collections.abc import Callable
from typing import Any

import pytest
from easel_runtime.state.fingerprints import fingerprints
from structures import HOME, Structure

STRUCTURES = int(os.environ.get("EASEL_STATE_PROGRAMS", "400"))
FIRST = int(os.environ.get("EASEL_STATE_SEED", "0"))
HAS_NUMPY = importlib.util.find_spec("numpy") is not None
needs_numpy = pytest.mark.skipif(not HAS_NUMPY, reason="numpy is not in this environment")


class Watch:
    """A slot with one member, as it was when it was loaded."""

    def __init__(self, value: Any, stops: list[Any] | None = None) -> None:
        self.value = value
        self.stops = stops or []
        self.pins: list[Any] = []
        self.before = self.take()

    def take(self) -> bytes | None:
        return fingerprints([{"x": self.value}], self.stops, HOME, [], self.pins)[0]

    @property
    def known(self) -> bool:
        return self.before is not None

    @property
    def same(self) -> bool:
        after = self.take()
        return after is not None and after == self.before


def run(source: str) -> dict[str, Any]:
    """Run statements in the block's namespace; returns it."""
    exec(source, HOME)
    return HOME


@pytest.mark.parametrize("numpy", [False, pytest.param(True, marks=needs_numpy)])
def test_every_random_change_of_a_random_structure_is_seen(numpy: bool) -> None:
    known = 0
    for seed in range(FIRST, FIRST + STRUCTURES):
        structure = Structure(seed, numpy)
        watch = Watch(structure.root)
        known += watch.known
        assert not watch.known or watch.same, f"seed {seed}: not the same twice"
        for _ in range(8):
            watch = Watch(structure.root)
            told = structure.change()
            assert not watch.same, f"seed {seed}: {told} was not seen"
    assert known > 0.95 * STRUCTURES


@pytest.mark.parametrize("numpy", [False, pytest.param(True, marks=needs_numpy)])
def test_reading_a_random_structure_is_no_change(numpy: bool) -> None:
    for seed in range(FIRST, FIRST + STRUCTURES):
        structure = Structure(seed, numpy)
        watch = Watch(structure.root)
        kept = structure.read()
        assert watch.same or not watch.known, f"seed {seed}: reading counted as a change"
        del kept


@pytest.mark.parametrize("numpy", [False, pytest.param(True, marks=needs_numpy)])
def test_a_change_taken_back_is_no_change(numpy: bool) -> None:
    for seed in range(FIRST, FIRST + STRUCTURES // 4):
        structure = Structure(seed, numpy)
        watch = Watch(structure.root)
        structure.holder.append(1)
        assert not watch.same, f"seed {seed}"
        structure.holder.pop()
        assert watch.same or not watch.known, f"seed {seed}"


def _replace(items: list[Any], i: int, value: Any) -> None:
    items[i] = value


def _swap(target: Any, a: str, b: str) -> None:
    first, second = getattr(target, a), getattr(target, b)
    setattr(target, a, second)
    setattr(target, b, first)


SHARED = [1]
CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "an int becomes an equal float": (lambda: [1], lambda x: _replace(x, 0, 1.0)),
    "an int becomes an equal bool": (lambda: [1], lambda x: _replace(x, 0, True)),
    "zero changes its sign": (lambda: [0.0], lambda x: _replace(x, 0, -0.0)),
    "a complex changes a sign": (lambda: [1 + 0j], lambda x: _replace(x, 0, complex(1, -0.0))),
    "text becomes bytes": (lambda: ["a"], lambda x: _replace(x, 0, b"a")),
    "text of the same bytes in another width": (lambda: ["\x01\x02"], lambda x: _replace(x, 0, "\u0201")),
    "a long int of the same hash": (lambda: [1 << 70], lambda x: _replace(x, 0, (1 << 70) + (2**61 - 1))),
    "a long int changes its sign": (lambda: [1 << 70], lambda x: _replace(x, 0, -(1 << 70))),
    "a list becomes an equal tuple": (lambda: [[1, 2]], lambda x: _replace(x, 0, (1, 2))),
    "an inner list becomes an equal copy of another": (lambda: [SHARED, SHARED], lambda x: _replace(x, 1, [1])),
    "an equal list becomes the same one": (lambda: [SHARED, [1]], lambda x: _replace(x, 1, SHARED)),
    "a list becomes its own item": (lambda: [[], []], lambda x: _replace(x, 1, x)),
    "items change places": (lambda: [[1], [2]], lambda x: x.reverse()),
    "a key is renamed": (lambda: {"a": SHARED}, lambda x: x.update(b=x.pop("a"))),
    "keys change places": (lambda: {"a": 1, "b": 2}, lambda x: x.update(a=x.pop("a"))),
    "a key of an equal value changes its type": (lambda: {1: "x"}, lambda x: (x.clear(), x.update({True: "x"}))),
    "a brace moves": (lambda: [[1], [2, 3]], lambda x: x.__setitem__(slice(None), [[1, 2], [3]])),
    "a set gains a member": (lambda: {1, 2}, lambda x: x.add(3)),
    "a set exchanges a member": (lambda: {1, 2}, lambda x: (x.remove(2), x.add(5))),
    "an ordered dict moves a key to its end": (
        lambda: collections.OrderedDict(a=1, b=2),
        lambda x: x.move_to_end("a"),
    ),
    "an ordered dict gets an attribute": (
        lambda: collections.OrderedDict(a=1),
        lambda x: setattr(x, "note", 1),
    ),
    "a default dict gets another factory": (
        lambda: collections.defaultdict(list),
        lambda x: setattr(x, "default_factory", dict),
    ),
    "a deque turns": (lambda: collections.deque([1, 2, 3], 3), lambda x: x.rotate()),
    "a bytearray changes one bit": (lambda: bytearray(1000), lambda x: x.__setitem__(998, 1)),
    "an array of machine numbers changes": (lambda: array.array("d", [1, 2]), lambda x: x.__setitem__(1, 3)),
    "an array of machine numbers is bound to another of the same bytes": (
        lambda: [array.array("i", [1])],
        lambda x: _replace(x, 0, array.array("I", [1])),
    ),
    "an attribute is set": (lambda: run("x = Plain(1, 2)")["x"], lambda x: setattr(x, "a", 3)),
    "an attribute is renamed": (
        lambda: run("x = Plain(SHARED, 2)")["x"],
        lambda x: (setattr(x, "c", x.a), delattr(x, "a")),
    ),
    "attributes exchange their values": (lambda: run("x = Plain(1, 2)")["x"], lambda x: _swap(x, "a", "b")),
    "an instance gets an equal dict of its own": (
        lambda: (lambda p: [p, p.__dict__])(run("x = Plain(1, 2)")["x"]),
        lambda x: setattr(x[0], "__dict__", dict(x[0].__dict__)),
    ),
    "an instance gets another class": (
        lambda: run("x = Plain(1, 2)")["x"],
        lambda x: setattr(x, "__class__", HOME["Other"]),
    ),
    "slots exchange their values": (lambda: run("x = Slotted(); x.a, x.b = 1, 2")["x"], lambda x: _swap(x, "a", "b")),
    "a slot's value moves to an empty one": (
        lambda: run("x = Slotted(); x.a = SHARED")["x"],
        lambda x: (setattr(x, "b", x.a), delattr(x, "a")),
    ),
    "a slot of the base changes": (
        lambda: run("x = SlottedMore(); x.a = x.b = x.c = 1")["x"],
        lambda x: setattr(x, "b", 2),
    ),
    "an attribute of an int of a class changes": (
        lambda: run("x = Number(3); x.unit = 'm'")["x"],
        lambda x: setattr(x, "unit", "s"),
    ),
    "an item of a list of a class changes": (
        lambda: run("x = Rows([1, 2])")["x"],
        lambda x: list.__setitem__(x, 1, 3),
    ),
    "an item of a dict of a class changes": (
        lambda: run("x = Table(a=1)")["x"],
        lambda x: dict.__setitem__(x, "a", 3),
    ),
    "an attribute of a dict of a class changes": (
        lambda: run("x = Table(a=1); x.note = []")["x"],
        lambda x: x.note.append(1),
    ),
    "a function gets other code": (
        lambda: run("def f(): return 1\ndef g(): return 2")["f"],
        lambda x: setattr(x, "__code__", HOME["g"].__code__),
    ),
    "a function's default changes in place": (
        lambda: run("def f(seen=[]): return seen")["f"],
        lambda x: x.__defaults__[0].append(1),
    ),
    "a function's defaults are replaced": (
        lambda: run("def f(n=1): return n")["f"],
        lambda x: setattr(x, "__defaults__", (2,)),
    ),
    "a function's keyword default changes": (
        lambda: run("def f(*, n=1): return n")["f"],
        lambda x: x.__kwdefaults__.update(n=2),
    ),
    "a function gets an attribute": (lambda: run("def f(): pass")["f"], lambda x: setattr(x, "tag", 1)),
    "a function's name changes": (lambda: run("def f(): pass")["f"], lambda x: setattr(x, "__name__", "g")),
    "a function's annotation changes": (
        lambda: run("def f(a: int): pass")["f"],
        lambda x: x.__annotations__.update(a=str),
    ),
    "a closure's cell changes": (lambda: run("x = make(1)")["x"], lambda x: x()),
    "a closure's cell is emptied": (
        lambda: run("x = make(1)")["x"],
        lambda x: delattr(x.__closure__[0], "cell_contents"),
    ),
    "an attribute of a class changes": (
        lambda: run("class C:\n    v = 1")["C"],
        lambda x: setattr(x, "v", 2),
    ),
    "a mutable attribute of a class changes": (
        lambda: run("class C:\n    v = [1]")["C"],
        lambda x: x.v.append(2),
    ),
    "a class gets a method": (lambda: run("class C: pass")["C"], lambda x: setattr(x, "m", lambda self: 1)),
    "a method of a class is replaced": (
        lambda: run("class C:\n    def m(self): return 1\nclass D:\n    def m(self): return 2")["C"],
        lambda x: setattr(x, "m", HOME["D"].m),
    ),
    "a method's code is replaced": (
        lambda: run("class C:\n    def m(self): return 1\nclass D:\n    def m(self): return 2")["C"],
        lambda x: setattr(x.m, "__code__", HOME["D"].m.__code__),
    ),
    "a property of a class is replaced": (
        lambda: run("class C:\n    @property\n    def p(self): return 1")["C"],
        lambda x: setattr(x, "p", property(lambda self: 2)),
    ),
    "a class gets another name": (lambda: run("class C: pass")["C"], lambda x: setattr(x, "__name__", "D")),
    "a class gets another base": (
        lambda: run("class A: pass\nclass B: pass\nclass C(A): pass")["C"],
        lambda x: setattr(x, "__bases__", (HOME["B"],)),
    ),
    "the class of an instance changes, and no slot has it": (
        lambda: run("class C:\n    v = 1\nx = C()\ndel C")["x"],
        lambda x: setattr(type(x), "v", 2),
    ),
    "the base of an instance's class changes, and no slot has it": (
        lambda: run("class B:\n    v = 1\nclass C(B): pass\nx = C()\ndel B, C")["x"],
        lambda x: setattr(type(x).__mro__[1], "v", 2),
    ),
    "an abstract class gets a registered subclass": (
        lambda: run("import abc\nclass C(abc.ABC): pass")["C"],
        lambda x: x.register(int),
    ),
    "a namespace object changes": (lambda: types.SimpleNamespace(a=1), lambda x: setattr(x, "a", 2)),
    "a partial's keyword changes": (
        lambda: functools.partial(max, 1, key=SHARED),
        lambda x: x.keywords.update(key=2),
    ),
    "a bound method's instance changes": (
        lambda: run("class C:\n    def m(self): pass\nx = C(); x.v = 1; x = x.m")["x"],
        lambda x: setattr(x.__self__, "v", 2),
    ),
    "what a read-only proxy shows changes": (
        lambda: (lambda d: [types.MappingProxyType(d), d])({"a": 1}),
        lambda x: x[1].update(a=2),
    ),
    "a date becomes another": (lambda: [datetime.datetime(2020, 1, 1)], lambda x: _replace(x, 0, datetime.datetime(2020, 1, 2))),
    "a decimal becomes an equal one of other digits": (
        lambda: [decimal.Decimal("1.0")],
        lambda x: _replace(x, 0, decimal.Decimal("1.00")),
    ),
    "a time zone of the user's changes": (
        lambda: run("import datetime\nclass Z(datetime.tzinfo):\n    def __init__(self): self.h = 1\nx = [datetime.datetime(2020, 1, 1, tzinfo=Z())]")["x"],
        lambda x: setattr(x[0].tzinfo, "h", 2),
    ),
    "an exception gets other arguments": (lambda: ValueError(1), lambda x: setattr(x, "args", (2,))),
    "a generator of random numbers is used": (lambda: random.Random(1), lambda x: x.random()),
    "an iterator is used": (lambda: iter([1, 2]), next),
    "a cached function is called": (lambda: run("import functools\n@functools.lru_cache\ndef f(n): return n")["f"], lambda x: x(1)),
}  # fmt: skip
HOME["SHARED"] = SHARED


@pytest.mark.parametrize("change", CHANGES)
def test_seen_when(change: str) -> None:
    make, do = CHANGES[change]
    watch = Watch(make())
    do(watch.value)
    assert not watch.same


ARRAY_CHANGES: dict[str, tuple[str, str]] = {
    "an element changes": ("np.arange(5000.)", "x[4999] = 0"),
    "an element of a small array changes": ("np.arange(3, dtype='i1')", "x[2] = 9"),
    "an element of an array in Fortran's order changes": ("np.zeros((5, 7), order='F')", "x[4, 3] = 1"),
    "an element of a strided array changes": ("np.zeros((50, 70))[::2, ::3]", "x[24, 23] = 1"),
    "an element of a reversed array changes": ("np.zeros(50)[::-1]", "x[0] = 1"),
    "an element changes the sign of zero": ("np.zeros(3)", "x[1] = -0.0"),
    "the shape changes": ("np.zeros(6)", "x.shape = (2, 3)"),
    "the type of elements changes": ("np.zeros(6)", "x.dtype = 'i8'"),
    "it becomes read-only": ("np.zeros(6)", "x.flags.writeable = False"),
    "an object of an object array changes": ("np.array([[1], None], dtype=object)", "x[0].append(1)"),
    "an object of an object array is replaced": ("np.array([1, 'a'], dtype=object)", "x[0] = 1.0"),
    "an object of a strided object array is replaced": ("np.array([1, 'a', 2, 3], dtype=object)[::2]", "x[1] = 5"),
    "a field of a record changes": ("np.zeros(3, dtype=[('a', 'i4'), ('b', 'f8')])", "x['b'][1] = 1"),
    "a field is renamed": ("np.zeros(3, dtype=[('a', 'i4')])", "x.dtype.names = ('z',)"),
    "a date changes": ("np.array(['2020-01-01'], dtype='M8[D]')", "x[0] = '2020-01-02'"),
    "text changes": ("np.array(['abc', 'de'])", "x[1] = 'df'"),
    "the memory below a view changes": ("(lambda a: [a[2:4]])(np.zeros(9))", "x[0].base[2] = 1"),
    "the memory beside a view changes": ("(lambda a: [a[2:4]])(np.zeros(9))", "x[0].base[7] = 1"),
    "a view becomes a copy": ("(lambda a: [a, a[2:4]])(np.zeros(9))", "x[1] = x[1].copy()"),
    "a view moves": ("(lambda a: [a, a[2:4]])(np.zeros(9))", "x[1] = x[0][3:5]"),
    "an array becomes a view of itself": ("[np.zeros(9)]", "x[0] = x[0][:]"),
    "a bytearray below an array changes": ("np.frombuffer(bytearray(16), 'u1')", "x[3] = 1"),
    "a matrix changes": ("np.matrix([[1, 2]])", "x[0, 1] = 5"),
    "a mask changes": ("np.ma.array([1, 2, 3], mask=[0, 1, 0])", "x[0] = np.ma.masked"),
    "the values below a mask change": ("np.ma.array([1, 2, 3], mask=[0, 1, 0])", "x.data[1] = 9"),
    "an attribute of an array's subclass changes": ("np.ma.array([1, 2, 3])", "x.fill_value = 7"),
    "a generator of random numbers is used": ("np.random.default_rng(1)", "x.random()"),
    "a scalar becomes another": ("[np.float64(1)]", "x[0] = np.float64(2)"),
    "a scalar becomes an equal one of another type": ("[np.float64(1)]", "x[0] = np.float32(1)"),
    "a record scalar changes in place": ("[np.zeros(1, dtype=[('a', 'i4')])[0]]", "x[0]['a'] = 1"),
    "a type with metadata": ("np.zeros(3, dtype=np.dtype('f8', metadata={'a': [1]}))", "x.dtype = 'f8'"),
}  # fmt: skip


@needs_numpy
@pytest.mark.parametrize("change", ARRAY_CHANGES)
def test_of_an_array_seen_when(change: str) -> None:
    import numpy

    make, do = ARRAY_CHANGES[change]
    watch = Watch(eval(make, {"np": numpy}))
    exec(do, {"np": numpy, "x": watch.value})
    assert not watch.same


@needs_numpy
def test_bytes_in_mapped_memory_are_left_to_the_page_map() -> None:
    import numpy

    x = numpy.zeros(1000)
    place = [(x.__array_interface__["data"][0], x.nbytes)]
    before = fingerprints([{"x": x}], [], HOME, place, [])
    x[5] = 1
    assert fingerprints([{"x": x}], [], HOME, place, []) == before != [None]
    x.shape = (10, 100)
    assert fingerprints([{"x": x}], [], HOME, place, []) != before


def test_what_is_known() -> None:
    import dataclasses
    import enum
    import fractions
    import uuid

    run(
        "import dataclasses\n@dataclasses.dataclass\nclass D:\n    a: int = 1\n    b: list = dataclasses.field(default_factory=list)"
    )
    values = [
        None, ..., 1, 2**80, 1.5, 1j, "x", b"x", (), [], {}, set(), frozenset({1}), range(3), slice(1, 2), len, int,
        bytearray(3), array.array("d", [1]), collections.deque([1]), collections.OrderedDict(a=1), os, os.path.join,
        collections.defaultdict(list, a=1), collections.Counter("aab"), decimal.Decimal(1), fractions.Fraction(1, 3),
        datetime.datetime.now(datetime.UTC), datetime.date.today(), datetime.timedelta(1), uuid.uuid4(),
        types.SimpleNamespace(a=1), functools.partial(max, 1), HOME["Plain"], HOME["make"](1), HOME["D"](3), HOME["D"],
        HOME["Plain"](1, 2).__init__, HOME["Number"](3), HOME["Rows"]([1]), re_pattern(), enum.Enum("E", "A B")("A" and 1),
    ]  # fmt: skip
    assert dataclasses.is_dataclass(HOME["D"])
    unknown = [v for v in values if not Watch([v]).known]
    assert unknown == []


def re_pattern() -> Any:
    import re

    return re.compile("a+")


def test_a_definition_of_another_slot_is_a_link_whatever_it_holds() -> None:
    x = run("class C:\n    v = 1\nx = C()")["x"]
    inside, linked = Watch([x]), Watch([x], stops=[type(x)])
    assert inside.before != linked.before
    type(x).v = 2
    assert linked.same
    assert not inside.same


def test_a_definition_that_becomes_a_link_is_a_change() -> None:
    x = run("class C:\n    v = 1\nx = C()\ndel C")["x"]
    watch = Watch([x])
    watch.stops.append(type(x))
    assert watch.known
    assert not watch.same


def test_who_else_refers_to_an_object_does_not_matter() -> None:
    value = [[1], [2], [SHARED, SHARED]]
    watch = Watch(value)
    also = [value[0], value[1], value]
    assert watch.same
    del also
    assert watch.same


def test_a_dead_objects_address_used_again_is_not_the_old_object() -> None:
    for _ in range(200):
        value = [decimal.Decimal("1.5")]
        watch = Watch(value)
        value[0] = None
        value[0] = decimal.Decimal("2.5")
        assert not watch.same


def test_deep_nesting_needs_no_stack() -> None:
    deep: list[Any] = []
    for _ in range(1_000_000):
        deep = [deep]
    watch = Watch(deep)
    assert watch.known
    assert watch.same
    while deep:
        deep = deep.pop()


def test_a_cycle_ends() -> None:
    x: list[Any] = [1]
    x.append({"x": x, "p": HOME["Plain"](x, x)})
    watch = Watch(x)
    assert watch.known
    assert watch.same
    x[1]["p"].a = list(x)
    assert not watch.same


@needs_numpy
def test_a_cycle_through_a_view_of_objects_ends() -> None:
    import numpy as np

    o = np.empty(2, dtype=object)
    o[0] = [o[:]]
    watch = Watch(o)
    assert watch.known
    assert watch.same
    o[0].append(1)
    assert not watch.same


def test_a_cycle_through_a_date_ends() -> None:
    x = run(
        "import datetime\nclass Z2(datetime.tzinfo): pass\nx = datetime.datetime(2020, 1, 1, tzinfo=Z2()); x.tzinfo.x = x"
    )["x"]
    HOME.pop("x")
    watch = Watch([x])
    assert watch.same
    x.tzinfo.y = 1
    assert not watch.same


def test_collection_is_as_it_was() -> None:
    assert gc.isenabled()
    Watch([1])
    assert gc.isenabled()
    gc.disable()
    try:
        Watch([1])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_references_are_given_back() -> None:
    import sys

    items: list[Any] = [HOME["Plain"](1, [2]), {3, 4}, collections.deque([1]), collections.OrderedDict(a=[1])]
    fingerprints([{"x": items}], [], HOME, [], [])
    before = [sys.getrefcount(i) for i in items]
    for _ in range(50):
        fingerprints([{"x": items}], [], HOME, [], [])
    assert [sys.getrefcount(i) for i in items] == before


def test_pickled_and_copied_values_still_count_as_unchanged() -> None:
    value = {"a": [1, (2, 3)], "p": HOME["Plain"](1, [2]), "s": {1, 2}}
    watch = Watch(value)
    copy.deepcopy({"a": value["a"], "s": value["s"]})
    pickle.dumps(value["a"])
    repr(value["a"])
    assert watch.same
