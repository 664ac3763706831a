"""Functions, classes and their instances in the next block: they work, and they are still what they were."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest
from definition_situations import NEEDS, SITUATIONS
from journey import Journey

RANDOM = {"a torch module, its optimiser, a view of a tensor"}  # makes other weights each time


@pytest.fixture
def chain() -> Iterator[Journey]:
    journey = Journey()
    yield journey
    journey.close()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_in_the_next_block_it_works_and_has_not_changed(chain: Journey, situation: str) -> None:
    package = NEEDS.get(situation)
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not in this environment")
    make, check = SITUATIONS[situation]
    chain.block(make)
    assert {n: v["not_carried"] for n, v in chain.state["variables"].items() if "not_carried" in v} == {}
    made = chain.state
    digests = {name: chain.digest(name) for name in made["variables"]}
    assert not any(slot["unstable"] for slot in made["slots"].values())
    chain.block("pass")
    assert {
        name: chain.digest(name) for name in chain.state["variables"]
    } == digests  # reading changes nothing
    chain.block(check)
    if situation not in RANDOM:
        again = Journey()
        try:
            again.block("# on other lines\n\n" + make)
            assert {name: again.digest(name) for name in again.state["variables"]} == digests
        finally:
            again.close()


def test_a_class_of_another_component_gives_its_methods_by_name(chain: Journey) -> None:
    chain.block("class A:\n    def f(self): return 1\nclass B:\n    def g(self): return 2")
    chain.block("a = A(); m = a.f\nb = B(); n = b.g")
    after = chain.block("")
    assert after["m"].__func__ is after["A"].f and after["n"].__func__ is after["B"].g
    after = chain.block("def new(self): return 3\nA.f = new")
    assert after["m"]() == 1 and after["a"].f() == 3
    after = chain.block("")
    assert after["m"]() == 1 and after["a"].f() == 3  # bound before the class changed, as in one process


def test_an_lru_cache_begins_empty_and_keeps_its_settings(chain: Journey) -> None:
    chain.block("import functools\n@functools.lru_cache(maxsize=7, typed=True)\ndef f(x): return x\nf(1)")
    f = chain.block("")["f"]
    assert f.cache_parameters() == {"maxsize": 7, "typed": True} and f.cache_info().currsize == 0


def test_a_logger_comes_back_with_its_level(chain: Journey) -> None:
    import logging

    chain.block("import logging\nlog = logging.getLogger('easel.test.level'); log.setLevel(7)")
    logging.getLogger("easel.test.level").setLevel(0)
    assert chain.block("")["log"].level == 7


def test_globals_that_loading_needs_are_there_first(chain: Journey) -> None:
    chain.block(
        "import math\nfactor = 3\n"
        "class A:\n"
        "    def __init__(self): self.x = 1\n"
        "    def __getstate__(self): return {'x': self.x}\n"
        "    def __setstate__(self, s): self.x = math.floor(s['x']) * factor // 3\n"
    )
    chain.block("a = A()")
    assert chain.block("", reads=["a", "A", "math", "factor"])["a"].x == 1
