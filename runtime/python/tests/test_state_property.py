"""Random programs, cut into blocks at random points, end as they would in one process.

EASEL_STATE_PROGRAMS sets how many, EASEL_STATE_SEED where to begin; a failure prints its seed.
"""

from __future__ import annotations

import importlib.util
import os
import random
import sys
import types

import pytest
from journey import Journey
from state_programs import Program, describe

PROGRAMS = int(os.environ.get("EASEL_STATE_PROGRAMS", "400"))
FIRST = int(os.environ.get("EASEL_STATE_SEED", "0"))


def run_whole(statements: list[str]) -> dict[str, object]:
    module = types.ModuleType("__main__")
    saved, sys.modules["__main__"] = sys.modules["__main__"], module
    try:
        exec(compile("\n".join(statements), "whole", "exec"), module.__dict__)
    finally:
        sys.modules["__main__"] = saved
    return module.__dict__


@pytest.mark.parametrize("arrays", [False, True])
def test_a_program_cut_into_blocks_ends_as_in_one_process(arrays: bool) -> None:
    if arrays and importlib.util.find_spec("numpy") is None:
        pytest.skip("numpy is not in this environment")
    for seed in range(FIRST, FIRST + PROGRAMS):
        statements = Program(seed, arrays).statements(14)
        cuts = random.Random(seed + 1)
        whole = describe(run_whole(statements))
        journey = Journey()
        try:
            block: list[str] = []
            for statement in statements:
                block.append(statement)
                if cuts.random() < 0.4:
                    journey.block("\n".join(block))
                    block = []
            journey.block("\n".join(block))
            refused = {
                n: v["not_carried"] for n, v in journey.state["variables"].items() if "not_carried" in v
            }
            assert not refused, f"seed {seed}: {refused}"
            assert describe(journey.block("")) == whole, f"seed {seed}:\n" + "\n".join(statements)
        finally:
            journey.close()
