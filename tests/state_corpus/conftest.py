"""All cases that were selected travel together; every test looks at what one of them told."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from canvas_folder import BINARY, easel, is_alive, wait_until
from journeys import Journeys


@pytest.fixture(scope="session")
def environ() -> Iterator[dict[str, str]]:
    """The environment of every command: a private executor, the shared cache of environments."""
    assert os.access(BINARY, os.X_OK), f"{BINARY} is not there: `./dev build`, or set EASEL_BINARY"
    folder = tempfile.mkdtemp(prefix="easel-")
    values = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    values |= {"EASEL_RUNTIME_DIR": folder, "NO_COLOR": "1", "LANG": "C.UTF-8"}
    yield values
    status = easel(["executor", "status", "--json"], values).document
    easel(["executor", "stop", "--force"], values)
    if status["running"]:
        wait_until(lambda: not is_alive(status["pid"]), "the executor has ended")
    shutil.rmtree(folder, ignore_errors=True)


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
