"""State objects on the disk: found damaged before use, out of reach of blocks, kept as long as they are needed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from canvas_folder import easel

LARGE = "import numpy as np\nlarge = np.arange(600_000, dtype='i8')\nsmall = [1, 2, 3]\n"


def objects(folder: Any) -> list[Path]:
    return sorted((folder.root / ".easel/objects").glob("*/*"), key=lambda path: path.stat().st_size)


def debug(folder: Any, path: Path, *words: str, code: int = 0) -> Any:
    return easel(["debug", "object", str(path), *words], folder.environ, code)


def flip(path: Path, at: int) -> None:
    """Change one bit as a bad disk would: same size, another inode or time."""
    os.chmod(path, 0o644)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 4]))
    os.chmod(path, 0o444)


def test_every_part_of_an_object_is_checked_before_a_block_gets_it(canvas):
    folder = canvas({"make": LARGE, "use": "print(large.sum(), small)"}, ["make -> use"])
    folder.good()
    path = objects(folder)[-1]
    whole = path.read_bytes()
    seen = debug(folder, path, "--json").document
    meta = seen["meta_offset"]
    [run] = [e["runs"][0] for c in seen["components"] for e in c["extents"] if e["length"] > 1 << 20]
    places = {
        "header": 9,
        "room": 1000 if run["offset"] > 1000 else run["offset"] + run["length"] + 1,
        "first chunk": run["offset"] + 5,
        "last chunk": run["offset"] + run["length"] - 1,
        "head": meta + 40,
        "description": (meta + len(whole)) // 2,
        "trailer": len(whole) - 30,
    }
    for name, at in places.items():
        flip(path, at)
        assert path.name in debug(folder, path, "--verify", code=3).stderr, name
        run_again = folder.run("--only", "use", "--force")
        assert run_again.failed == ["use"], name
        failure = run_again.result("use")["failure"]
        assert failure["kind"] == "damaged" and path.name in failure["message"], (name, failure)
        assert "`make`" in failure["message"]
        assert {"make", "use"} <= set(folder.good().ran), "made anew"
        assert path.read_bytes() == whole


def test_a_changed_byte_is_found_without_restarting_the_executor(canvas):
    folder = canvas({"make": LARGE, "use": "total = large.sum()"}, ["make -> use"])
    folder.good()
    folder.good("--only", "use", "--force")
    path = objects(folder)[-1]
    flip(path, path.stat().st_size // 2)
    assert folder.run("--only", "use", "--force").result("use")["failure"]["kind"] == "damaged"


def test_an_object_is_read_once_and_stamps_outlive_the_executor(canvas):
    folder = canvas({"make": LARGE, "use": "total = large.sum()"}, ["make -> use"])
    folder.good()
    stamps = folder.root / ".easel/stamps"
    before = stamps.read_bytes()
    assert before.startswith(b"EASELSTM")
    assert (len(before) - 16) // 72 >= len(objects(folder)), "stamped when stored"
    folder.easel_alone("executor", "stop", "--force")
    folder.good("--only", "use", "--force")
    names = {before[at : at + 32] for at in range(16, len(before), 72)}
    after = stamps.read_bytes()
    assert after.startswith(before), "nothing that was known is verified again"
    for damage in (b"", before[:40], b"PAR1" + before[4:]):
        stamps.write_bytes(damage)
        folder.easel_alone("executor", "stop", "--force")
        folder.good("--only", "use", "--force")
        again = stamps.read_bytes()
        assert names & {again[at : at + 32] for at in range(16, len(again), 72)}, (
            "verified, and stamped again"
        )


ATTACK = """
    import glob, os
    done = []
    root = os.path.join(os.path.dirname(os.getcwd()), ".easel")
    paths = glob.glob(root + "/objects/*/*")
    assert paths, root
    def attempt(what, action):
        try:
            action()
        except OSError:
            return
        done.append(what)
    path = max(paths, key=os.path.getsize)
    attempt("write", lambda: open(path, "r+b").write(b"x"))
    attempt("truncate", lambda: os.truncate(path, 10))
    attempt("append", lambda: open(path, "ab").write(b"x"))
    attempt("unlink", lambda: os.unlink(path))
    attempt("rename", lambda: os.rename(path, path + "x"))
    attempt("replace", lambda: open(path + ".new", "wb").write(b"x"))
    attempt("stamps", lambda: open(root + "/stamps", "r+b").write(b"x"))
    def loosen():
        os.chmod(path, 0o666)
        open(path, "r+b").write(b"x")
    attempt("chmod and write", loosen)
    large[0] = 77
    print(done)
"""


@pytest.mark.parametrize("mode", ["local", "pod"])
def test_a_block_cannot_change_objects(canvas, mode):
    folder = canvas({"make": LARGE, "attack": ATTACK}, ["make -> attack"])
    run = folder.good("--isolation", mode)
    assert run.text("attack") == "[]\n"
    for path in objects(folder):
        debug(folder, path, "--verify")
    folder.edit("attack", "print(large[0], small)")
    assert folder.good("--isolation", mode).text("attack") == "0 [1, 2, 3]\n"


def test_the_second_reader_sees_what_the_blocks_left(canvas):
    folder = canvas({"make": LARGE})
    folder.good()
    manifest = next((folder.root / ".easel/attempts").glob("*/make.*/manifest.json"))
    members = set()
    for path in objects(folder):
        document = debug(folder, path, "--verify", "--json").document
        assert document["whole"] and document["bytes"] == path.stat().st_size
        members |= {m for c in document["components"] for m in c["members"]}
        assert path.name[:8] in str(path) and "component 0" in debug(folder, path).stdout
    assert {"large", "small"} <= members
    shown = easel(["debug", "manifest", str(manifest)], folder.environ).stdout
    assert "variable large: numpy.ndarray" in shown
    assert (
        easel(["debug", "manifest", str(manifest), "--json"], folder.environ).document["easel_manifest"] == 1
    )
    assert manifest.name in debug(folder, manifest, code=3).stderr
    easel(["debug", "manifest", str(path)], folder.environ, 3)
    assert debug(folder, folder.root / "canvas.yaml", code=3).stderr
    assert debug(folder, folder.root / "nowhere", code=2).stderr


def test_a_changed_frame_is_shown_to_its_last_row_and_its_damaged_base_is_named(canvas):
    make = "import numpy as np, pandas as pd\nframe = pd.DataFrame({c: np.arange(400_000) * 2.0 for c in 'abc'})\n"
    folder = canvas({"make": make, "change": "frame.loc[3, 'b'] = -1.0\n"}, ["make -> change"])
    folder.good()
    base, patch = objects(folder)[-1], objects(folder)[-2]
    assert patch.stat().st_size < 3 << 20 < base.stat().st_size
    [component] = debug(folder, patch, "--json").document["components"]
    assert component["codec"] == "arrow" and component["objects"] == [base.name]
    shown = folder.easel("state", "change", "frame", "--head", "400000", "--json").document["table"]
    assert shown["total_rows"] == len(shown["rows"]) == 400_000
    assert shown["rows"][3] == ["6", "-1", "6"] and shown["rows"][-1] == ["799998"] * 3
    flip(base, base.stat().st_size // 2)
    assert base.name in folder.easel("state", "change", "frame", code=3).stderr


def test_state_of_an_earlier_build_is_refused_by_name(canvas):
    folder = canvas({"make": "x = 1"})
    folder.good()
    (folder.root / ".easel/format").write_text("1\n")
    ended = folder.easel("run", code=3)
    assert "earlier build" in ended.stderr and ".easel" in ended.stderr and "start again" in ended.stderr
    (folder.root / ".easel/format").write_text("99\n")
    assert "newer" in folder.easel("run", code=3).stderr


def test_two_blocks_that_store_the_same_object_at_once(canvas):
    source = "import numpy as np\nvalue = np.zeros(200_000)\n"
    names = [f"b{i}" for i in range(8)]
    folder = canvas(dict.fromkeys(names, source))
    for _ in range(3):
        assert folder.good("--force", "--jobs", "8").ran == names


class TestCollection:
    def attempts(self, folder: Any, block: str) -> int:
        return len(list((folder.root / ".easel/attempts").glob(f"*/{block}.*")))

    def test_old_attempts_go_and_what_stands_stays(self, canvas):
        folder = canvas({"make": "x = 0", "use": "y = x"}, ["make -> use"])
        for i in range(5):
            folder.edit("make", f"import numpy as np\nx = np.full(300_000, {i})\n")
            folder.good()
        before = len(objects(folder))
        planned = folder.easel("gc", "--keep", "2", "--dry-run", "--json").document
        assert planned["forgotten"] == 6 and len(objects(folder)) == before
        done = folder.easel("gc", "--keep", "2", "--json").document
        assert done["attempts"] == planned["attempts"] and done["bytes"] == planned["bytes"] > 0
        assert self.attempts(folder, "make") == 2
        assert len(objects(folder)) < before
        assert folder.good().ran == []
        folder.edit("make", "import numpy as np\nx = np.full(300_000, 3)\n")
        assert folder.good().restored == ["make", "use"], "the newest two can still be restored"
        for path in objects(folder):
            debug(folder, path, "--verify")

    def test_bytes_are_a_limit_too(self, canvas):
        folder = canvas({"make": "x = 0"})
        for i in range(4):
            folder.edit("make", f"import numpy as np\nx = np.full(500_000, {i})\n")
            folder.good()
        done = folder.easel("gc", "--max-bytes", "9MiB", "--json").document
        assert done["forgotten"] == 2 and not done["over_limit"]
        assert done["kept_bytes"] <= 9 << 20
        done = folder.easel("gc", "--max-bytes", "1MiB", "--json").document
        assert done["over_limit"], "what is published stays"
        assert folder.good().ran == []
        assert "20GiB" in folder.easel("gc", "--max-bytes", "lots", code=2).stderr

    def test_a_run_tidies_up_when_there_is_too_much(self, canvas):
        folder = canvas({"make": "x = 1"})
        for _ in range(4):
            folder.good("--force", EASEL_KEEP_ATTEMPTS="2")
        assert self.attempts(folder, "make") == 4
        folder.good("--force", EASEL_KEEP_ATTEMPTS="2")
        assert self.attempts(folder, "make") == 2
        said = folder.easel("run", "--force", EASEL_KEEP_BYTES="0.1")
        assert "EASEL_KEEP_BYTES" in said.stdout + said.stderr

    def test_what_an_attempt_reads_stays_while_it_is_under_way(self, canvas, gate):
        """Its engine was killed, so that `gc` can have the lock; the executor still runs it."""
        folder = canvas({"make": LARGE, "use": "print(large.sum())"}, ["make -> use"])
        folder.good()
        folder.edit("use", f"{gate.code}print(large.sum() + 1)\n")
        owner = folder.start()
        gate.arrived()
        owner.kill()
        owner.communicate()
        done = folder.easel("gc", "--keep", "1", "--max-bytes", "1MiB", "--json").document
        assert done["under_way"] and done["forgotten"] == 0 and done["objects"] == 0
        gate.open()
        folder.good()
        assert str(sum(range(600_000)) + 1) in folder.easel("logs", "use").stdout
        assert folder.easel("gc", "--keep", "1", "--json").document["forgotten"] == 1

    def test_a_patch_keeps_its_base(self, canvas):
        make = "import numpy as np\nlarge = np.arange(1 << 20)\n"
        folder = canvas(
            {"make": make, "change": "large[5] = 7", "look": "print(large[5], large[-1])"},
            ["make -> change", "change -> look"],
        )
        folder.good()
        folder.edit("make", "unrelated = 1\n")
        folder.edit("change", "pass\n")
        folder.edit("look", "print('nothing')\n")
        folder.good()
        folder.easel("gc", "--keep", "5")
        folder.edit("change", "large[5] = 7\n")
        folder.edit("make", make)
        folder.edit("look", "print(large[5], large[-1])\n")
        run = folder.good()
        assert run.restored == ["change", "look", "make"]
        assert folder.good("--only", "look", "--force").text("look") == f"7 {(1 << 20) - 1}\n"
