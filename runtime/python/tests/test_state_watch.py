"""What a block did not change is not encoded again; what it may have changed is, and its content decides."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest
from easel_runtime.state import encoder as encoder_module
from journey import Journey

needs_numpy = pytest.mark.skipif(
    importlib.util.find_spec("numpy") is None, reason="numpy is not in this environment"
)
MAKE = """
import collections, functools
class Point:
    unit = "m"
    def __init__(self, x, y): self.x, self.y = x, y
    def length(self): return (self.x ** 2 + self.y ** 2) ** 0.5
def scale(p, by=[2]): return Point(p.x * by[0], p.y * by[0])
def make():
    n = [0]
    def up():
        n[0] += 1
        return n[0]
    return up
up = make()
rows = [{"name": f"n{i}", "at": Point(i, [i]), "tags": (i, {i})} for i in range(20)]
counts = collections.Counter("abracadabra")
doubled = functools.partial(scale, by=[4])
"""


@pytest.fixture
def chain() -> Iterator[Journey]:
    made = Journey()
    yield made
    made.close()


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The members of all components that are encoded from now on."""
    seen: list[list[str]] = []
    plain = encoder_module.Encoder.encode

    def encode(self: Any, members: dict[str, Any], *more: Any) -> Any:
        seen.append(sorted(members))
        return plain(self, members, *more)

    monkeypatch.setattr(encoder_module.Encoder, "encode", encode)
    return seen


def test_what_was_only_read_is_not_encoded(chain: Journey, encoded: list[list[str]]) -> None:
    chain.block(MAKE)
    before = chain.state["variables"]
    encoded.clear()
    chain.block(
        "for row in rows:\n    last = row['at'].length if row['name'] == 'x' else row['tags']\n"
        "total = sum(r['at'].x for r in rows); copy = list(counts.items()); del row, last\n"
        "shown = repr(rows[0]['name']) + Point.__name__ + scale.__name__ + str(isinstance(rows[0]['at'], Point))"
    )
    assert sorted(encoded) == [["copy"], ["shown"], ["total"]]
    after = chain.state["variables"]
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("rows[7]['at'].y.append(1)", "rows"),
        ("rows[7]['tags'][1].add(99)", "rows"),
        ("rows[3]['name'] = 'other'", "rows"),
        ("del rows[3]['name']", "rows"),
        ("rows[3]['at'].__class__ = type('Q', (), {})", "rows"),
        ("counts['z'] += 1", "counts"),
        ("Point.unit = 'km'", "Point"),
        ("Point.length.__doc__ = 'x'", "Point"),
        ("scale.__defaults__[0].append(1)", "scale"),
        ("scale.seen = True", "scale"),
        ("up()", "up"),
        ("doubled.keywords['by'].append(1)", "doubled"),
        ("rows.append(rows[0])", "rows"),
    ],
)
def test_what_was_changed_in_place_is_kept_and_nothing_else(chain: Journey, change: str, name: str) -> None:
    chain.block(MAKE)
    before = {n: chain.digest(n) for n in ("rows", "counts", "Point", "scale", "up", "doubled")}
    chain.block(change)
    changed = [n for n in before if chain.digest(n) != before[n]]
    assert changed == [name]


def test_a_class_that_gets_a_name_is_shared_from_then_on(chain: Journey) -> None:
    chain.block("class C: pass\nx = [C()]\ndel C")
    chain.block("D = type(x[0])")
    after = chain.block("same = type(x[0]) is D")
    assert after["same"]


def test_a_link_to_what_moved_is_written_anew(chain: Journey) -> None:
    chain.block("class A: pass\nclass B: pass\na = [A()]; b = [B()]")
    chain.block("A.other = B; B.other = A")
    after = chain.block("r = (type(a[0]) is A, type(b[0]) is B, A.other is B, B.other is A)")
    assert after["r"] == (True, True, True, True)


def test_a_circle_that_closes_through_an_unchanged_definition(chain: Journey) -> None:
    chain.block("class B: pass\nclass A:\n    b = B\ndef f(x=A): return B")
    chain.block("B.a = A")
    after = chain.block("r = (A.b is B, B.a is A, f() is B, f.__defaults__[0] is A)")
    assert after["r"] == (True, True, True, True)
    chain.block("A.f = f; B.f = f")
    assert chain.block("r = (A.f is f, B.f is f, f.__defaults__[0] is A)")["r"] == (True, True, True)


def test_an_unchanged_value_that_uses_what_can_no_longer_be_kept(chain: Journey) -> None:
    chain.block("def f(): return 1\nx = [f]")
    chain.block("import threading; f.lock = threading.Lock()")
    assert "uses `f`" in chain.state["variables"]["x"]["not_carried"]["reason"]


def test_an_alias_into_an_unchanged_value_joins_it(chain: Journey) -> None:
    chain.block("x = [[1], [2]]; z = (3, [4])")
    chain.block("y = x[1]; w = z[1]")
    after = chain.block("r = (y is x[1], w is z[1])")
    assert after["r"] == (True, True)


@needs_numpy
def test_large_arrays_are_watched_by_their_pages(chain: Journey, encoded: list[list[str]]) -> None:
    chain.block("import numpy as np; x = np.arange(300_000); d = {'x': np.arange(500_000.0), 'n': [1]}")
    slots = chain.slot("x"), chain.slot("d")
    encoded.clear()
    chain.block("s = int(x.sum() + d['x'][5])")
    assert encoded == [["s"]]
    assert (chain.slot("x"), chain.slot("d")) == slots
    chain.block("d['x'][499_999] = -1.0")
    assert chain.slot("x") == slots[0]
    assert chain.block("")["d"]["x"][499_999] == -1.0
    chain.block("d['n'].append(2)")
    assert chain.block("")["d"]["n"] == [1, 2]


@needs_numpy
def test_small_arrays_are_watched_by_their_content(chain: Journey, encoded: list[list[str]]) -> None:
    chain.block(
        "import numpy as np; x = np.arange(3000); y = [np.zeros(3), np.array(['a', None], dtype=object)]"
    )
    encoded.clear()
    chain.block("s = int(x.sum())")
    assert encoded == [["s"]]
    chain.block("x[2999] = 7; y[1][1] = 'b'; y[0][2] = 5")
    after = chain.block("")
    assert (after["x"][2999], after["y"][0][2], after["y"][1][1]) == (7, 5, "b")
