"""Torn, truncated, foreign and bit-flipped files in `.easel/`.

Whatever is damaged: no command crashes, no value is wrong, and either the run succeeds (blocks whose results are damaged
run again, and say why) or its error names the file. Deleting `.easel/` is always a clean start.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kill_canvas import BLOCKS, KillCanvas
from ledger import Ledger
from machine import Machine


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Machine, KillCanvas]]:
    """One machine and one settled canvas for the whole file; each test damages a copy."""
    folder = tmp_path_factory.mktemp("damaged")
    machine, ledger = Machine(folder / "machine"), Ledger()
    canvas = KillCanvas(folder / "original", ledger)
    canvas.settle(machine)
    machine.easel("executor", "stop", "--force")
    yield machine, canvas
    ledger.close()
    machine.stop()


@pytest.fixture
def copy(shared: tuple[Machine, KillCanvas], tmp_path: Path) -> KillCanvas:
    return shared[1].copy(tmp_path / "canvas")


@pytest.fixture
def machine(shared: tuple[Machine, KillCanvas]) -> Machine:
    return shared[0]


def _manifest(canvas: KillCanvas) -> Path:
    return canvas.state / "attempts" / canvas.check_published()["right"] / "manifest.json"


def _journal(canvas: KillCanvas) -> Path:
    found = sorted((canvas.state / "attempts" / canvas.check_published()["last"]).iterdir())
    return next(path for path in found if path.name != "manifest.json")


def _object(canvas: KillCanvas, large: bool) -> Path:
    """An object that `start` made and `right` reads."""
    slots = canvas.manifest("start")["state"]["slots"].values()
    names = {str(slot["object"]) for slot in slots}
    by_size = sorted((canvas.state / "objects" / n[:2] / n for n in names), key=lambda p: p.stat().st_size)
    return by_size[-1 if large else 0]


TARGETS: dict[str, Callable[[KillCanvas], Path]] = {
    "manifest": _manifest,
    "large object": lambda canvas: _object(canvas, large=True),
    "small object": lambda canvas: _object(canvas, large=False),
    "journal": _journal,
    "database": lambda canvas: canvas.state / "metadata.db",
    "canvas_id": lambda canvas: canvas.state / "canvas_id",
    "format": lambda canvas: canvas.state / "format",
    "engine.lock": lambda canvas: canvas.state / "engine.lock",
    "engine.sock": lambda canvas: canvas.state / "engine.sock",
}


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _half(path: Path) -> None:
    data = path.read_bytes() if path.exists() else b""
    path.write_bytes(data[: len(data) // 2])


def _foreign(path: Path) -> None:
    path.write_bytes(b"\x7fELF this is somebody else's file \xff\xfe\n" * 200)


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in {len(data) // 3, len(data) // 2, len(data) * 9 // 10} if data else ():
        data[at] ^= 0x10
    path.write_bytes(data)


def _missing(path: Path) -> None:
    path.unlink(missing_ok=True)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    (path / "something").mkdir(parents=True)


def _endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    """Whoever opens it without care waits for ever."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


DAMAGES = {d.__name__[1:]: d for d in (_empty, _half, _foreign, _flipped, _missing, _folder, _endless, _pipe)}


def damage(path: Path, how: str) -> None:
    if path.exists() and not path.is_socket():
        os.chmod(path, 0o644)
    DAMAGES[how](path)


# What holds no content to speak of is only replaced.
CASES = [
    (target, how)
    for target in TARGETS
    for how in DAMAGES
    if target in ("manifest", "large object", "small object", "journal", "database")
    or how in ("empty", "foreign", "folder", "pipe")
]


@pytest.mark.parametrize(("target", "how"), CASES)
def test_a_damaged_file_is_named_and_nothing_is_wrong(
    machine: Machine, copy: KillCanvas, target: str, how: str
) -> None:
    path = TARGETS[target](copy)
    damage(path, how)
    for command in (("status",), ("state",), ("history",), ("logs",), ("outputs",)):
        told = machine.easel(*command, copy.folder, seconds=20)
        assert told.code in (0, 1, 2, 3), (command, told)
        if told.code >= 2:
            assert path.name in told.err, f"`easel {command[0]}` does not name the file: {told.err}"
    ran = machine.run(copy.folder, seconds=40)
    if ran.code == 0 and "object" in target and not ran.names("ran"):
        # Nothing had to be read. Who reads it is told, and the run after that makes it anew.
        ran = machine.run(copy.folder, "--only", "right", "--force")
        assert (ran.code, ran.names("failed")) == (1, ["right"]), ran
        assert path.name in ran.reason("right")
        assert "`start`" in ran.reason("right"), "it says whose result is damaged"
        ran = machine.run(copy.folder)
        assert {"start", "right"} <= set(ran.names("ran")), (ran, machine.story())
    if ran.code == 0:
        check_values(machine, copy)
        if ran.names("ran"):
            reasons = [ran.reason(block) for block in BLOCKS]
            assert target in ("database", "canvas_id", "format") or any(path.name in r for r in reasons), (
                reasons
            )
    else:
        assert ran.code in (1, 2, 3), (ran, machine.story())
        said = ran.err + "".join(str(event) for event in ran.events)
        assert path.name in said, (ran, machine.story())
    shutil.rmtree(copy.state)
    copy.settle(machine)
    check_values(machine, copy)


def check_values(machine: Machine, canvas: KillCanvas) -> None:
    """Readable and right, whatever is up to date by now."""
    canvas.check_settled(machine)


def test_a_bit_that_flips_while_the_executor_is_warm_is_found(machine: Machine, copy: KillCanvas) -> None:
    """It has verified the object before: it must notice that the file is another one now."""
    path = _object(copy, large=True)
    machine.run(copy.folder, "--only", "right", "--force")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    beside = path.with_name("beside")
    beside.write_bytes(data)
    os.replace(beside, path)
    ran = machine.run(copy.folder, "--only", "right", "--force")
    assert (ran.code, ran.names("failed")) == (1, ["right"]), ran
    assert path.name in ran.reason("right")
    copy.settle(machine)
    copy.check_settled(machine)


def test_leftovers_of_an_interrupted_save_do_not_matter(machine: Machine, copy: KillCanvas) -> None:
    staging = copy.state / "staging"
    staging.mkdir(exist_ok=True)
    (staging / "half").mkdir()
    (staging / "half/part.1").write_bytes(b"EASELOBJ\1")
    (staging / "file").write_text("not a folder")
    name = _object(copy, large=True).name
    (copy.state / "objects" / name[:2] / ".part").write_bytes(b"EASEL")
    attempt = copy.state / "attempts" / copy.check_published()["start"]
    (attempt / "manifest.json.tmp").write_text("{")
    (copy.state / "attempts/r0000000000000000").mkdir()
    copy.edit()
    copy.settle(machine)
    copy.check_settled(machine)


@pytest.mark.parametrize("what", ("objects", "attempts", "staging"))
@pytest.mark.parametrize("how", ("a file", "gone", "nowhere"))
def test_a_folder_that_is_no_folder(machine: Machine, copy: KillCanvas, what: str, how: str) -> None:
    path = copy.state / what
    shutil.rmtree(path, ignore_errors=True)
    if how == "a file":
        path.write_text("this was a folder")
    if how == "nowhere":
        path.symlink_to("/nowhere")
    copy.edit()
    ran = machine.run(copy.folder)
    if ran.code == 0:
        check_values(machine, copy)
    else:
        assert f".easel/{what}" in ran.err + "".join(map(str, ran.events)), (ran, machine.story())
    if path.is_symlink() or path.is_file():
        path.unlink()
    shutil.rmtree(copy.state)
    copy.settle(machine)
    check_values(machine, copy)


def test_easel_itself_is_a_file(machine: Machine, copy: KillCanvas) -> None:
    shutil.rmtree(copy.state)
    copy.state.write_text("no folder")
    for command in ("run", "status", "state", "history", "plan"):
        told = machine.easel(command, copy.folder)
        assert told.code in (1, 2, 3), (command, told)
        assert ".easel" in told.err, (command, told)
    copy.state.unlink()
    copy.settle(machine)
    check_values(machine, copy)


def test_deleting_the_state_is_a_clean_start_while_an_attempt_of_the_deleted_one_runs(
    machine: Machine, copy: KillCanvas
) -> None:
    ledger = copy.ledger
    copy.edit()
    before = len(ledger.ran("start"))
    ledger.hold("start")
    owner = machine.start("run", copy.folder)
    ledger.wait_for("start", times=before + 1)
    owner.kill()
    owner.wait()
    shutil.rmtree(copy.state)
    ledger.release()
    machine.wait_for_no_attempts()
    assert not list(copy.folder.glob(".easel/objects/*/*")), "a result of the deleted state came back"
    copy.settle(machine)
    copy.check_settled(machine)


def test_deleting_the_state_under_a_running_command_line(machine: Machine, copy: KillCanvas) -> None:
    """The one that runs may fail, with an error; the next starts clean."""
    copy.edit()
    before = len(copy.ledger.ran("middle"))
    copy.ledger.hold("middle")
    owner = machine.start("run", "--json", copy.folder)
    copy.ledger.wait_for("middle", times=before + 1)
    shutil.rmtree(copy.state)
    copy.ledger.release()
    ended = machine.end(owner)
    assert ended.code in (0, 1, 3), (ended, machine.story())
    shutil.rmtree(copy.state, ignore_errors=True)
    copy.settle(machine)
    copy.check_settled(machine)
