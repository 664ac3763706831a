"""Several command lines on one canvas at once: one owns the engine, the others go through it, whoever dies."""

from __future__ import annotations

import random
import subprocess

from kill_canvas import BLOCKS, KillCanvas
from machine import Machine


def test_several_at_once_do_the_work_once(machine: Machine, canvas: KillCanvas) -> None:
    canvas.settle(machine)
    for _ in range(3):
        canvas.edit()
        ran = canvas.ledger.count()
        commands = [machine.start("run", "--json", canvas.folder) for _ in range(5)]
        ended = [machine.end(command) for command in commands]
        assert [e.code for e in ended] == [0] * 5, (ended, machine.story())
        assert canvas.ledger.count() - ran == len(BLOCKS), "each block runs once, whoever asked"
        canvas.check_settled(machine)
    canvas.check_history(machine)


def test_several_at_once_on_a_canvas_that_never_ran(machine: Machine, canvas: KillCanvas) -> None:
    """All of them find no `.easel/`, and only one of them makes it."""
    commands = [machine.start("run", "--json", canvas.folder) for _ in range(5)]
    ended = [machine.end(command) for command in commands]
    assert [e.code for e in ended] == [0] * 5, (ended, machine.story())
    assert canvas.ledger.count() == len(BLOCKS)
    canvas.check_settled(machine)
    canvas.check_history(machine)


def test_when_the_owner_dies_a_guest_takes_over(machine: Machine, canvas: KillCanvas) -> None:
    canvas.settle(machine)
    canvas.edit()
    canvas.ledger.hold("middle")
    owner = machine.start("run", "--json", canvas.folder)
    canvas.ledger.wait_for("middle", times=2)
    guest = machine.start("run", "--json", canvas.folder)
    machine.wait_for_output(guest, "run.started")
    owner.kill()
    owner.wait()
    canvas.ledger.release()
    ended = machine.end(guest)
    assert ended.code == 0, (ended, machine.story())
    assert [len(canvas.ledger.ran(b)) for b in BLOCKS] == [2] * len(BLOCKS)
    canvas.check_settled(machine)
    canvas.check_history(machine)


def test_a_guest_runs_what_is_on_the_disk_and_not_what_the_owner_had_read(
    machine: Machine, canvas: KillCanvas
) -> None:
    canvas.settle(machine)
    canvas.edit()
    canvas.ledger.hold("middle")
    owner = machine.start("run", "--json", canvas.folder)
    canvas.ledger.wait_for("middle", times=2)
    canvas.edit()
    guest = machine.start("run", "--json", canvas.folder)
    canvas.ledger.release()
    for command in (owner, guest):
        ended = machine.end(command)
        assert ended.code == 0, (ended, machine.story())
    canvas.check_settled(machine)


def test_owners_die_one_after_the_other(machine: Machine, canvas: KillCanvas, dice: random.Random) -> None:
    canvas.settle(machine)
    for _ in range(4):
        canvas.edit()
        commands = [machine.start("run", "--json", canvas.folder) for _ in range(4)]
        living: list[subprocess.Popen[str]] = list(commands)
        for _ in range(3):
            canvas.ledger.await_next(0.3 * dice.random())
            dice.choice(living).kill()
        for command in commands:
            ended = machine.end(command)
            assert ended.code in (0, -9), (ended, machine.story())
        canvas.settle(machine)
        canvas.check_settled(machine)
    canvas.check_history(machine)


def test_a_copied_canvas_is_a_canvas_of_its_own(machine: Machine, canvas: KillCanvas) -> None:
    """`cp -r` copies the canvas's id with it. Both run at once, through one executor."""
    canvas.settle(machine)
    twin = canvas.copy(canvas.folder.with_name("twin"))
    canvas.edit()
    twin.edit()
    ran = canvas.ledger.count()
    commands = [machine.start("run", "--json", one.folder) for one in (canvas, twin)]
    ended = [machine.end(command) for command in commands]
    assert [e.code for e in ended] == [0, 0], (ended, machine.story())
    assert canvas.ledger.count() - ran == 2 * len(BLOCKS)
    for one in (canvas, twin):
        one.check_settled(machine)
