"""SIGKILL at every step of a capture: nothing partial is ever published, and the next run goes on as if nothing was."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from capture_canvas import CaptureCanvas
from machine import ROOT, Machine

RUNTIME = ROOT / "runtime/python/easel_runtime"
# A capture of this canvas passes no point more often than that.
MANY = 40


def points() -> list[str]:
    """Every point of the worker from the end of a block's code to its result."""
    text = "\n".join(p.read_text() for p in [RUNTIME / "worker.py", *RUNTIME.glob("state/*.py")])
    return sorted(set(re.findall(r'fault\.point\("(worker\.[a-z_]+)"\)', text)))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, CaptureCanvas]]:
    folder = tmp_path_factory.mktemp("capture")
    machine = Machine(folder / "machine")
    canvas = CaptureCanvas(folder / "canvas")
    assert machine.run(canvas.folder).code == 0, machine.story()
    yield machine, canvas
    machine.stop()


def test_there_are_points() -> None:
    assert len(points()) >= 8, points()


@pytest.mark.parametrize("block", ("make", "change"))
@pytest.mark.parametrize("point", points())
def test_a_worker_that_dies_while_it_saves_publishes_nothing(
    shared: tuple[Machine, CaptureCanvas], block: str, point: str
) -> None:
    """The N-th time it comes to the point it dies, for every N, until it comes through."""
    machine, canvas = shared
    before = canvas.check_published()
    for n in range(1, MANY):
        machine.easel("executor", "stop", "--force")
        ran = machine.run(canvas.folder, "--only", block, "--force", EASEL_FAULT=f"{point}:{n}")
        if ran.code == 0:
            break
        assert (ran.code, ran.names("failed")) == (1, [block]), (ran, machine.story())
        assert "SIGKILL" in ran.reason(block), ran
        assert canvas.check_published() == before
    assert ran.code == 0 and n > 1, f"{point} was passed {n - 1} times: {ran}"
    after = canvas.check_published()
    assert after[block] != before[block] and {k: v for k, v in after.items() if k != block} == {
        k: v for k, v in before.items() if k != block
    }
    machine.easel("executor", "stop", "--force")
    ran = machine.run(canvas.folder)
    assert ran.code == 0, (ran, machine.story())
    ran = machine.run(canvas.folder, "--only", "read", "--force")
    assert ran.code == 0, (ran, machine.story())
