"""Classes that come to refer to each other become one component: whoever meets them, by whatever way, meets the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from journey import Journey


@pytest.fixture
def chain() -> Iterator[Journey]:
    made = Journey()
    yield made
    made.close()


def together(chain: Journey) -> None:
    chain.block("class A: pass\na = A()")
    chain.block("class B: pass\nb = B()", reads=[])
    chain.block("A.other, B.other = B, A", reads=["A", "B"])


CHECK = """
A, B, a, b
assert type(a) is A is B.other and type(b) is B is A.other
"""


@pytest.mark.parametrize("by", ["A", "B", "a.other", "b.other"])
def test_a_change_through_any_of_them_is_seen_by_all(by: str) -> None:
    for order in itertools.permutations(["A", "B", "a", "b"]):
        chain = Journey()
        together(chain)
        chain.block(f"{by}.n = 6", reads=[by[0]])
        chain.block(CHECK + "assert hasattr(A, 'n') + hasattr(B, 'n') == 1", reads=list(order))
        chain.block(f"{by}.n = 7", reads=[by[0]])
        chain.block(CHECK + "assert getattr(A, 'n', 0) + getattr(B, 'n', 0) == 7", reads=list(order))
        chain.close()


def test_two_of_one_name_stay_two(chain: Journey) -> None:
    chain.block("class B:\n    def who(self): return 'old'\none = B()")
    chain.block("Old = B\nclass B:\n    def who(self): return 'new'\ntwo = B()", reads=["B"])
    chain.block("Old.other, B.other = B, Old", reads=["Old", "B"])
    chain.block("B.n = 5", reads=["B"])
    after = chain.block(
        "found = (one.who(), two.who(), type(one) is Old, type(two) is B, one.other is B, one.other.n)"
    )
    assert after["found"] == ("old", "new", True, True, True, 5)


def test_a_third_class_of_the_name_joins_them(chain: Journey) -> None:
    for n in (1, 2, 3):
        chain.block(f"class B:\n    n = {n}\ni{n} = B()\nK{n} = B", reads=[])
    chain.block("K1.next, K2.next = K2, K1", reads=["K1", "K2"])
    chain.block("K3.next, K1.third = K1, K3", reads=["K3", "K1"])
    after = chain.block(
        "found = [i1.n, i2.n, i3.n, i1.third.n, i2.next.n, i3.next is K1 is type(i1), type(i3) is K3 is B]"
    )
    assert after["found"] == [1, 2, 3, 3, 1, True, True]


def test_a_variable_of_a_class_that_others_know_by_this_name(chain: Journey) -> None:
    chain.block("a = (88, [88]); b = a")
    chain.block("class b:\n    shared = [1]\nc = b\nclass K(c): pass\nd = K", reads=["a"])
    chain.block("c.shared = a[1]", reads=["c", "a"])
    after = chain.block("found = (K.__mro__[1] is c, K.shared is a[1])")
    assert after["found"] == (True, True)


def test_what_did_not_change_stays_where_it_was(chain: Journey) -> None:
    together(chain)
    before = {name: dict(variable) for name, variable in chain.state["variables"].items()}
    chain.block("x = (A, B, a, b)[0].__name__")
    assert {n: v for n, v in chain.state["variables"].items() if n != "x"} == before
