"""A private executor and a way to make canvases, as in tests/functional."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from private_executor import private_executor


@pytest.fixture(scope="session")
def environ() -> Iterator[dict[str, str]]:
    with private_executor() as values:
        yield values
