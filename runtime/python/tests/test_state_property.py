"""Random programs, cut into blocks at random points, end as they would in one process.

EASEL_STATE_PROGRAMS sets how many of each kind, EASEL_STATE_SEED where to begin; a failure prints its seed.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import sys
import types

import pytest
from journey import Journey
from state_description import describe
from state_programs import Program

PROGRAMS = int(os.environ.get("EASEL_STATE_PROGRAMS", "150"))
FIRST = int(os.environ.get("EASEL_STATE_SEED", "0"))
STATEMENTS = 18


def run_whole(statements: list[str]) -> dict[str, object]:
    module = types.ModuleType("__main__")
    saved, sys.modules["__main__"] = sys.modules["__main__"], module
    try:
        exec(compile("\n".join(statements), "whole", "exec"), module.__dict__)
    finally:
        sys.modules["__main__"] = saved
    return module.__dict__


def run_cut(journey: Journey, statements: list[str], cuts: random.Random) -> dict[str, object]:
    """Some blocks load everything, others only what their text names, as the engine decides it."""
    block: list[str] = []
    for statement in [*statements, ""]:
        block.append(statement)
        if cuts.random() < 0.4 or not statement:
            source = "\n".join(block)
            named = set(re.findall(r"\w+", source))
            reads = [n for n in journey.state["variables"] if n in named] if cuts.random() < 0.5 else None
            journey.block(source, reads)
            block = []
    refused = {n: v["not_carried"] for n, v in journey.state["variables"].items() if "not_carried" in v}
    assert not refused, f"not carried: {refused}"
    return journey.block("")


def check(seed: int, libraries: tuple[str, ...]) -> None:
    program = Program(seed, libraries)
    statements = program.imports() + program.statements(STATEMENTS)
    text = f"EASEL_STATE_SEED={seed}, {libraries}:\n" + "\n".join(statements)
    whole = describe(run_whole(statements))
    journey = Journey()
    try:
        try:
            found = describe(run_cut(journey, statements, random.Random(seed + 1)))
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}\n{text}") from error
        if found != whole:
            different = [(a, b) for a, b in zip(whole, found, strict=False) if a != b]
            raise AssertionError(f"not as in one process: {different[:3]}\n{text}")
    finally:
        journey.close()


@pytest.mark.parametrize(
    "libraries", [(), ("numpy",), ("numpy", "pandas")], ids=["plain", "arrays", "frames"]
)
def test_a_program_cut_into_blocks_ends_as_in_one_process(libraries: tuple[str, ...]) -> None:
    for library in libraries:
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not in this environment")
    for seed in range(FIRST, FIRST + PROGRAMS):
        check(seed, libraries)
