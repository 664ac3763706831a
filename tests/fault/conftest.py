"""Fixtures of the fault tests: a machine of their own, and a seed that is printed."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kill_canvas import KillCanvas
from ledger import Ledger
from machine import BINARY, Machine

SEED = int(os.environ.get("EASEL_FAULT_SEED") or time.time_ns() % 1_000_000)


def pytest_report_header() -> str:
    return f"fault tests of {BINARY}: EASEL_FAULT_SEED={SEED}"


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that EASEL_FAULT_SEED replays, for each test its own."""
    print(f"EASEL_FAULT_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine")
    yield made
    made.stop()


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger()
    yield made
    made.close()


@pytest.fixture
def canvas(tmp_path: Path, ledger: Ledger) -> KillCanvas:
    return KillCanvas(tmp_path / "canvas", ledger)
