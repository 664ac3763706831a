"""SIGKILL at named points: EASEL_FAULT makes a process end itself exactly there (src/base/fault.h).

After each: what was published before is still there and whole, nothing ran without being on record, the next run brings
the canvas up to date, and the one after that has nothing to do.
"""

from __future__ import annotations

import os
import random

import pytest
from kill_canvas import BLOCKS, KillCanvas
from machine import Machine, Result

SIGKILLED = -9
ENGINE = (
    "before_open",
    "after_open",
    "before_start",
    "after_start",
    "on_finished",
    "before_publish",
    "after_publish",
)
EXECUTOR = (
    "accepted",
    "handed_over",
    "before_objects",
    "object_stored",
    "before_manifest",
    "after_manifest",
    "before_finished",
)
WORKER = ("before_capture", "writing_objects", "before_result")


@pytest.fixture
def settled(machine: Machine, canvas: KillCanvas) -> KillCanvas:
    """A canvas whose every block has a good state, all of it stale by now."""
    canvas.settle(machine)
    canvas.edit()
    return canvas


def check_after(machine: Machine, canvas: KillCanvas, before: dict[str, str]) -> Result:
    published = canvas.check_published()
    assert set(before) == set(published)
    ran = canvas.ledger.count()
    done = canvas.settle(machine)
    again = canvas.ledger.count() - ran
    assert again >= len(done.names("ran")), "a block is said to have run and did not"
    canvas.check_settled(machine)
    canvas.check_history(machine)
    return done


@pytest.mark.parametrize("nth", (1, 3))
@pytest.mark.parametrize("point", ENGINE)
def test_the_command_line_dies(machine: Machine, settled: KillCanvas, point: str, nth: int) -> None:
    before = settled.check_published()
    killed = machine.run(settled.folder, EASEL_FAULT=f"engine.{point}:{nth}")
    assert killed.code == SIGKILLED, (killed, machine.story())
    done = check_after(machine, settled, before)
    if point in ("before_open", "after_publish"):  # between two blocks: each ran exactly once
        assert [len(settled.ledger.ran(b)) for b in BLOCKS] == [2] * len(BLOCKS), done


@pytest.mark.parametrize("nth", (1, 4))
@pytest.mark.parametrize("point", EXECUTOR)
def test_the_executor_dies_and_the_run_goes_on(
    machine: Machine, settled: KillCanvas, point: str, nth: int
) -> None:
    before = settled.check_published()
    machine.easel("executor", "stop", "--force")
    done = machine.run(
        settled.folder, EASEL_FAULT=f"executor.{point}:{nth}", EASEL_FAULT_ONCE=str(machine.folder / "once")
    )
    assert (machine.folder / "once").exists(), "the executor never came to this point"
    assert (done.code, done.names("ran")) == (0, sorted(BLOCKS)), (done, machine.story())
    check_after(machine, settled, before)


@pytest.mark.parametrize("point", EXECUTOR)
def test_an_executor_that_dies_again_and_again_is_given_up(
    machine: Machine, settled: KillCanvas, point: str
) -> None:
    before = settled.check_published()
    machine.easel("executor", "stop", "--force")
    failed = machine.run(settled.folder, EASEL_FAULT=f"executor.{point}")
    if failed.code != 0:  # after the manifest nothing is lost: every block gets through
        assert (failed.code, failed.names("failed")) == (3, ["start"]), (failed, machine.story())
        assert "lost" in failed.reason("start")
        assert len(settled.ledger.ran("start")) <= 4
    check_after(machine, settled, before)


@pytest.mark.parametrize("point", WORKER)
def test_a_worker_dies_and_its_block_fails(machine: Machine, settled: KillCanvas, point: str) -> None:
    before = settled.check_published()
    machine.easel("executor", "stop", "--force")
    failed = machine.run(settled.folder, EASEL_FAULT=f"worker.{point}")
    assert (failed.code, failed.names("failed")) == (1, ["start"]), (failed, machine.story())
    assert failed.names("skipped") == sorted(set(BLOCKS) - {"start"})
    assert "SIGKILL" in failed.reason("start")
    assert settled.check_published() == before
    machine.easel("executor", "stop", "--force")
    check_after(machine, settled, before)


def test_a_zygote_that_dies_when_it_forks_fails_no_block_of_the_next_run(
    machine: Machine, settled: KillCanvas
) -> None:
    before = settled.check_published()
    machine.easel("executor", "stop", "--force")
    failed = machine.run(settled.folder, EASEL_FAULT="zygote.forked:2")
    assert failed.code in (0, 1), (failed, machine.story())
    machine.easel("executor", "stop", "--force")
    check_after(machine, settled, before)


def test_workers_that_all_die_while_they_get_ready_end_the_run_with_a_reason(
    machine: Machine, settled: KillCanvas
) -> None:
    before = settled.check_published()
    machine.easel("executor", "stop", "--force")
    failed = machine.run(settled.folder, EASEL_FAULT="parking.ready")
    assert failed.names("failed") == ["start"], (failed, machine.story())
    assert "get ready" in failed.reason("start"), failed
    machine.easel("executor", "stop", "--force")
    check_after(machine, settled, before)


def test_an_attempt_of_a_killed_command_line_is_published_by_the_next(
    machine: Machine, settled: KillCanvas, dice: random.Random
) -> None:
    block = dice.choice(BLOCKS)
    settled.ledger.hold(block)
    owner = machine.start("run", settled.folder)
    settled.ledger.wait_for(block, times=2)
    owner.kill()
    owner.wait()
    settled.ledger.release()
    done = settled.settle(machine)
    assert len(settled.ledger.ran(block)) == 2, "the attempt ran on and was published: it must not run again"
    assert block not in done.names("ran")
    settled.check_settled(machine)
    settled.check_history(machine)


def test_an_attempt_whose_block_was_removed_meanwhile_is_closed(
    machine: Machine, settled: KillCanvas
) -> None:
    settled.ledger.hold("last")
    owner = machine.start("run", settled.folder)
    settled.ledger.wait_for("last", times=2)
    owner.kill()
    owner.wait()
    page = settled.folder / "canvas.yaml"
    page.write_text("".join(line for line in page.read_text().splitlines(True) if "last" not in line))
    done = settled.settle(machine)
    assert done.names("failed") == []
    settled.ledger.release()
    settled.check_history(machine)


def test_an_attempt_that_finished_while_no_engine_lived_is_published_by_the_next(
    machine: Machine, settled: KillCanvas
) -> None:
    settled.ledger.hold("start")
    owner = machine.start("run", settled.folder)
    settled.ledger.wait_for("start", times=2)
    owner.kill()
    owner.wait()
    settled.ledger.release()
    machine.wait_for_no_attempts()
    status = machine.document("status", settled.folder)
    assert {b["name"]: b["state"] for b in status["blocks"]}["start"] != "up_to_date", (
        "nobody has published it yet"
    )
    settled.settle(machine)
    assert len(settled.ledger.ran("start")) == 2
    settled.check_settled(machine)


def test_a_manifest_outlives_the_executor_that_wrote_it(machine: Machine, settled: KillCanvas) -> None:
    """Both die: the executor after the manifest, the command line before it could hear of it."""
    machine.easel("executor", "stop", "--force")
    settled.ledger.hold("start")
    owner = machine.start("run", settled.folder, EASEL_FAULT="executor.after_manifest")
    settled.ledger.wait_for("start", times=2)
    owner.kill()
    owner.wait()
    tree = machine.beneath()
    settled.ledger.release()
    machine.expect_gone(tree)
    settled.settle(machine)
    assert len(settled.ledger.ran("start")) == 2, "its result was whole: it must not run again"
    settled.check_settled(machine)
    settled.check_history(machine)


def test_a_killed_guest_leaves_its_run_going(machine: Machine, settled: KillCanvas) -> None:
    settled.ledger.hold("start")
    owner = machine.start("run", "--json", settled.folder, "--only", "start")
    settled.ledger.wait_for("start", times=2)
    guest = machine.start("run", "--json", settled.folder)
    machine.wait_for_output(guest, "run.started")
    guest.kill()
    guest.wait()
    settled.ledger.release()
    assert machine.end(owner).code == 0
    settled.settle(machine)
    settled.check_settled(machine)
    settled.check_history(machine)


def test_no_process_is_left_five_seconds_after_the_executor_was_killed(
    machine: Machine, settled: KillCanvas
) -> None:
    settled.ledger.hold("left", "right")
    owner = machine.start("run", settled.folder)
    settled.ledger.wait_for("left", times=2)
    executor = machine.executor()
    assert executor is not None
    owner.kill()
    owner.wait()
    tree = machine.beneath()
    assert len(tree) >= 3
    executor.kill()
    machine.expect_gone([*tree, executor])
    assert [p.pid for p in machine.mine() if p.pid != os.getpid()] == []
