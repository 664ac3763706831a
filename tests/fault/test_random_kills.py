"""SIGKILL at random moments: of workers, zygotes, the executor, the command line that owns the canvas, and its guests.

EASEL_FAULT_KILLS is the number of kills (default 150); EASEL_FAULT_SEED replays the choices. The moments themselves
depend on the machine, so that a replay draws the same victims and delays, not exactly the same races.
"""

from __future__ import annotations

import os
import random
import subprocess
import time

from kill_canvas import KillCanvas
from machine import Machine, Process, process

KILLS = int(os.environ.get("EASEL_FAULT_KILLS", "150"))
VICTIMS = ("worker", "worker", "zygote", "executor", "owner", "guest")


class Round:
    """One edit of the canvas, a few kills while it runs, and what must hold afterwards."""

    def __init__(self, machine: Machine, canvas: KillCanvas, dice: random.Random) -> None:
        self.machine, self.canvas, self.dice = machine, canvas, dice
        self.commands: list[subprocess.Popen[str]] = []
        self.said: list[str] = []

    def play(self) -> int:
        kills = 0
        self.canvas.edit()
        before = self.canvas.check_published()
        self.commands = [self._run() for _ in range(self.dice.choice((1, 1, 2, 3)))]
        for _ in range(self.dice.randint(2, 6)):
            if self.dice.random() < 0.6:  # while a block is at work, or just has been
                self.canvas.ledger.await_next(0.4)
                time.sleep(self.dice.random() * 0.04)
            else:
                time.sleep(self.dice.random() ** 2 * 0.4)
            kills += self._kill(self.dice.choice(VICTIMS))
        for command in self.commands:
            ended = self.machine.end(command)
            assert ended.code in (0, 1, 3, -9), (ended, self.said, self.machine.story(command))
        after = self.canvas.check_published()
        assert set(before) <= set(after), (
            f"what was published is gone: {set(before) - set(after)} {self.said}"
        )
        self.canvas.settle(self.machine)
        self.canvas.check_settled(self.machine)
        return kills

    def _run(self) -> subprocess.Popen[str]:
        return self.machine.start("run", "--json", self.canvas.folder)

    def _kill(self, kind: str) -> int:
        if kind in ("owner", "guest"):
            living = [c for c in self.commands if c.poll() is None]
            if not living:
                return 0
            # Who came first is mostly the owner; either way somebody's command line dies.
            command = living[0] if kind == "owner" else living[-1]
            command.kill()
            self.said.append(f"{kind} {command.pid}")
            self.commands.append(self._run())  # a person who sees that starts another
            return 1
        tree = self.machine.beneath()
        victim = self._victim(kind)
        if victim is None:
            return 0
        self.said.append(f"{kind} {victim.pid}")
        victim.kill()
        if kind == "executor":
            self.machine.expect_gone([*tree, victim])
        return 1

    def _victim(self, kind: str) -> Process | None:
        if kind == "executor":
            return self.machine.executor()
        found = self.machine.workers() if kind == "worker" else self.machine.zygotes()
        if kind == "worker" and self.dice.random() < 0.7:
            # The oldest has a block, the others are parked.
            found = sorted(found, key=lambda p: int(p.born))[:1]
        return self.dice.choice(found) if found else None


def test_nothing_is_lost_or_half_there_after_hundreds_of_random_kills(
    machine: Machine, canvas: KillCanvas, dice: random.Random
) -> None:
    kills = rounds = 0
    machine.environment["EASEL_KEEP_ATTEMPTS"] = "100000"  # so that every execution can be found on record
    canvas.settle(machine)
    pauses = random.Random(dice.random())
    canvas.ledger.pause = lambda: pauses.random() ** 3 * 0.2
    while kills < KILLS:
        turn = Round(machine, canvas, dice)
        try:
            kills += turn.play()
        except AssertionError as error:
            raise AssertionError(f"round {rounds}, kills {turn.said}: {error}") from error
        rounds += 1
    canvas.check_history(machine)
    print(f"{kills} kills in {rounds} rounds; {canvas.ledger.count()} executions")
    executor = machine.executor()
    assert executor is None or process(executor.pid) is not None
