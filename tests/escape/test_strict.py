"""What a person notices of isolation `strict`: results as ever, files of the right owner, and a refusal with a reason."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from canvas_folder import BINARY, CanvasFolder, Run, easel

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="isolation `strict` needs root")
WHO = "import os\nprint(os.getuid(), os.getcwd(), os.environ['HOME'])\n"
STRICT = ("--isolation", "strict")


def made(root: Path, environ: dict[str, str], blocks: dict[str, str], edges: list[str]) -> CanvasFolder:
    return CanvasFolder(root, environ, blocks, edges)


def test_state_goes_from_block_to_block_and_the_second_run_has_nothing_to_do(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    canvas = made(
        tmp_path / "c",
        environ,
        {
            "make": WHO
            + "import pandas as pd\nframe = pd.DataFrame({'a': range(100_000)})\nhalf = frame.a[:10]",
            "use": "frame.loc[0, 'a'] = 7\nprint(int(frame.a.sum()), int(half[1]))",
        },
        ["make -> use"],
    )
    first = canvas.run(*STRICT)
    assert first.ran == ["make", "use"], first.events
    user, folder, home = first.text("make").split()
    assert (folder, home) == ("/canvas/files", "/home")
    assert int(user) > 0
    assert first.text("use").split() == ["4999950007", "1"]
    assert canvas.run(*STRICT).up_to_date == ["make", "use"]


def test_files_belong_to_whom_the_canvas_belongs_to(tmp_path: Path, environ: dict[str, str]) -> None:
    canvas = made(tmp_path / "c", environ, {"write": "open('out.txt', 'w').write('x')\nkept = 1"}, [])
    for path in (canvas.root, *canvas.root.rglob("*")):
        os.chown(path, 1234, 1235)
    (canvas.root / "files").mkdir(exist_ok=True)
    os.chown(canvas.root / "files", 1234, 1235)
    run = canvas.run(*STRICT)
    assert run.ran == ["write"], run.events
    status = (canvas.root / "files" / "out.txt").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1235)


def test_the_home_folder_is_the_canvass_and_stays(tmp_path: Path, environ: dict[str, str]) -> None:
    note = "import os, pathlib\nnote = pathlib.Path.home() / 'note'\n"
    canvas = made(
        tmp_path / "c",
        environ,
        {"keep": note + "note.write_text('kept')\ndone = 1", "look": note + "print(done, note.read_text())"},
        ["keep -> look"],
    )
    assert canvas.run(*STRICT).text("look") == "1 kept\n"
    other = made(tmp_path / "d", environ, {"look": note + "print(note.exists())"}, [])
    assert other.run(*STRICT).text("look") == "False\n"


def test_two_blocks_at_once_are_two_users(tmp_path: Path, environ: dict[str, str]) -> None:
    # Each stays until it has seen the other, so that they are there together however slow the machine is.
    meet = (
        WHO + "import time\nopen({0!r}, 'w').close()\nwhile not os.path.exists({1!r}):\n    time.sleep(0.01)"
    )
    blocks = {"one": meet.format("one", "two"), "two": meet.format("two", "one")}
    canvas = made(tmp_path / "c", environ, blocks, [])
    run = canvas.run(*STRICT, "--jobs", "2")
    assert run.text("one").split()[0] != run.text("two").split()[0]


def test_what_cannot_be_made_is_refused_and_nothing_runs_without_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    canvas = made(tmp_path / "c", environ, {"block": "print('must not run')"}, [])
    private = ["unshare", "--mount", "--propagation", "private", "bash", "-c"]
    # A file system that cannot map owners: proc lies where the block's files are.
    command = (
        f'mount -t proc proc "{canvas.root}/files" && exec "$0" run "{canvas.root}" --isolation strict --json'
    )
    own = {**environ, "EASEL_RUNTIME_DIR": str(tmp_path / "rt")}
    done = subprocess.run(
        [*private, command, BINARY], env=own, capture_output=True, text=True, timeout=120, check=False
    )
    easel(["executor", "stop", "--force"], own, code=None)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    run = Run(done.returncode, events, done.stderr)
    assert run.failed == ["block"], run.events
    assert run.text("block") == ""
    assert "cannot be given to a block of its own user" in run.result("block")["reason"]
