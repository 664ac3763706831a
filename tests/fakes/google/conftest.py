"""Doubles for tests: one of one's own, and clients that speak plain HTTP to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from fake_google.clock import Clock  # noqa: E402
from fake_google.double import Double  # noqa: E402
from fake_google.seed import plant  # noqa: E402
from fake_google.world import World  # noqa: E402
from plain_http import Client  # noqa: E402

ACME: dict[str, Any] = json.loads((HERE / "seeds/acme.json").read_text())
START = 1_700_000_000.0


class Place:
    """A double and how to reach it. Its clock stands still until a test pushes it."""

    def __init__(self, double: Double) -> None:
        self.double = double
        self.world = double.world

    def to(self, service: str, token: str | None = "operator") -> Client:
        return Client(self.double.endpoints[service], token)

    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    def token(self, member: str) -> str:
        return self.world.tokens.issue(member).value

    def writes(self) -> list[str]:
        return [each["rpc"] for each in self.double.requests() if each["written"]]


Start = Callable[..., Place]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a double on seeds, the acme company's by default: `start(windows={...})`."""
    running: list[Double] = []

    def begin(*seeds: dict[str, Any], **more: Any) -> Place:
        world = World(Clock(START, speed=0))
        for seed in seeds or (ACME,):
            plant(world, seed)
        plant(world, more)
        running.append(Double(world).start())
        return Place(running[-1])

    yield begin
    for double in running:
        double.stop()


@pytest.fixture
def acme(start: Start) -> Place:
    return start()
