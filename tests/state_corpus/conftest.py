"""All cases that were selected travel together; every test looks at what one of them told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from journeys import Journeys
from private_executor import private_executor


@pytest.fixture(scope="session")
def environ() -> Iterator[dict[str, str]]:
    with private_executor() as values:
        yield values


@pytest.fixture(scope="session")
def journeys(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]
) -> Journeys:
    cases = {
        item.callspec.params["case"].name: item.callspec.params["case"]
        for item in request.session.items
        if hasattr(item, "callspec") and "case" in item.callspec.params
    }
    return Journeys(tmp_path_factory.mktemp("corpus") / "canvas", environ, list(cases.values()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cases came back equal, and how many were named as not carried."""
    outcomes: dict[str, dict[str, set[str]]] = {}
    for report in terminalreporter.getreports("passed"):
        for key, value in report.user_properties:
            if report.when == "call" and key == "corpus":
                way, outcome, name = value
                outcomes.setdefault(way, {}).setdefault(outcome, set()).add(name)
    if not outcomes:
        return
    terminalreporter.section("state corpus")
    for way, found in outcomes.items():
        counts = ", ".join(f"{outcome} {len(names)}" for outcome, names in sorted(found.items()))
        terminalreporter.line(f"{way}: {counts}")
