"""An executor of another build drains, and one of this build takes its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from kill_canvas import BLOCKS, KillCanvas
from ledger import Ledger
from machine import BINARY, Machine


@pytest.fixture
def other(machine: Machine, tmp_path: Path) -> str:
    """A runtime that differs from the binary's own in one file."""
    ours = Path(machine.environment.get("EASEL_RUNTIME") or BINARY.parent.parent / "share/easel/python")
    theirs = tmp_path / "other_runtime"
    shutil.copytree(ours, theirs)
    (theirs / "easel_runtime/newer.py").write_text('"""A change."""\n')
    return str(theirs)


def pid_of_executor(machine: Machine) -> int:
    return int(machine.document("executor", "status")["pid"])


def test_an_idle_executor_is_replaced(machine: Machine, canvas: KillCanvas, other: str) -> None:
    canvas.settle(machine)
    old = machine.executor()
    assert old is not None
    tree = machine.beneath()
    canvas.edit()
    ran = machine.run(canvas.folder, EASEL_RUNTIME=other)
    assert (ran.code, ran.names("ran")) == (0, sorted(BLOCKS)), (ran, machine.story())
    machine.expect_gone([old, *tree])
    assert pid_of_executor(machine) != old.pid


def test_an_attempt_under_way_finishes_in_the_old_one(
    machine: Machine, canvas: KillCanvas, other: str, tmp_path: Path, ledger: Ledger
) -> None:
    """Its canvas belongs to another command line, which goes on as if nothing had happened."""
    bystander = KillCanvas(tmp_path / "bystander", ledger)
    canvas.settle(machine)
    bystander.version = 100
    bystander.edit()
    canvas.edit()
    ran = ledger.count()
    ledger.hold("left", "right")
    running = machine.start("run", "--json", canvas.folder)
    ledger.wait_for("left", times=2)
    old = pid_of_executor(machine)
    newcomer = machine.start("run", "--json", bystander.folder, EASEL_RUNTIME=other)
    ledger.wait_for("start", times=3)
    assert pid_of_executor(machine) != old
    ledger.release()
    for command in (running, newcomer):
        ended = machine.end(command)
        assert ended.code == 0, (ended, machine.story())
    assert ledger.count() - ran == 2 * len(BLOCKS), "nothing ran twice"
    canvas.check_settled(machine)
    bystander.check_settled(machine)
    canvas.settle(machine)


def test_the_next_command_line_of_another_build_publishes_what_the_old_executor_has(
    machine: Machine, canvas: KillCanvas, other: str
) -> None:
    canvas.settle(machine)
    canvas.edit()
    canvas.ledger.hold("start")
    owner = machine.start("run", canvas.folder)
    canvas.ledger.wait_for("start", times=2)
    owner.kill()
    owner.wait()
    successor = machine.start("run", "--json", canvas.folder, EASEL_RUNTIME=other)
    machine.wait_for_output(successor, "run.started")
    canvas.ledger.release()
    ended = machine.end(successor)
    assert ended.code == 0, (ended, machine.story())
    assert len(canvas.ledger.ran("start")) == 2, "it was under way: it must not run again"
    canvas.check_settled(machine)
    canvas.check_history(machine)
