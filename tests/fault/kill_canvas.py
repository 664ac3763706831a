"""The canvas that is killed: small blocks whose values say which version of the sources and which execution made them.

    start ─> left ─┬─> middle ─> last
          └> right ┘

Every value follows from `version`, which a test raises to make every block stale. The invariants below hold after any
kill, at any moment at which no engine runs; they read the files and the database as they are on the disk.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import struct
from pathlib import Path
from typing import Any

from ledger import Ledger
from machine import Machine, Result

BLOCKS = ("start", "left", "right", "middle", "last")
PARENTS = {"left": ("start",), "right": ("start",), "middle": ("left", "right"), "last": ("middle",)}

_TOLD = """\
import os, socket
token_{block} = os.urandom(8).hex()
with socket.create_connection(("127.0.0.1", {port})) as line:
    line.sendall(f"{block} {{token_{block}}}\\n".encode())
    line.recv(16)
del line
"""
_CODE = {
    # A packed object, an object of its own (100 kB), and a function: the kinds of things that a state consists of.
    "start": "number = {version}\nbulk = number.to_bytes(4, 'big') * 25_000\ndef grow(x):\n    return x * 2 + 1\n",
    "left": "lefts = [grow(number + i) for i in range(5)]\n",
    "right": "rights = {{'n': number, 'bulk': bulk[:4]}}\nbulk_right = bulk[::-1]\n",
    "middle": "total = sum(lefts) + rights['n'] + len(bulk_right) + bulk_right[0]\n",
    "last": "assert total == sum(2 * (number + i) + 1 for i in range(5)) + number + 100_000 + number % 256\n"
    "print('last of', number, total)\nresult = total + 1\n",
}


def expected_result(version: int) -> int:
    return sum(2 * (version + i) + 1 for i in range(5)) + version + 100_000 + version % 256 + 1


def is_whole(content: bytes, name: str) -> bool:
    """Whether an object file is what its name says: a reader of docs/formats/object.md without our code."""
    (meta,) = struct.unpack_from("<Q", content, len(content) - 32)
    if hashlib.sha256(content[:16] + content[meta:]).hexdigest() != name:
        return False
    at = meta
    while at < len(content) - 32:
        if content[at : at + 4] == b"ECMP":
            (length,) = struct.unpack_from("<I", content, at + 4)
            head = json.loads(content[at + 16 : at + 16 + length])
            for extent in head["extents"]:
                table, done = at + extent["chunks"], 0
                for other, offset, size in extent["runs"]:
                    for start in range(0, 0 if other else size, 1 << 20):
                        place = table + (done + start) // (1 << 20) * 32
                        chunk = content[offset + start : offset + min(start + (1 << 20), size)]
                        if hashlib.sha256(chunk).digest() != content[place : place + 32]:
                            return False
                    done += size
        at += 64
    return True


class KillCanvas:
    def __init__(self, folder: Path, ledger: Ledger, version: int = 0) -> None:
        self.folder = folder
        self.ledger = ledger
        self.version = version
        if not folder.exists():
            self._make(folder)
            self.edit()

    def copy(self, folder: Path) -> KillCanvas:
        """The same canvas elsewhere, its state included: a canvas can be copied with any tool."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return KillCanvas(folder, self.ledger, self.version)

    def _make(self, folder: Path) -> None:
        (folder / "blocks").mkdir(parents=True)
        bare = folder / "environments/bare"
        bare.mkdir(parents=True)
        # Without any package an interpreter is up in a quarter of a second.
        (bare / "requirements.txt").write_text("")
        (bare / "preload.txt").write_text("")
        lines = [f"  {block}: {{kind: python, file: blocks/{block}.py}}" for block in BLOCKS]
        edges = [f"  - {parent} -> {block}" for block, above in PARENTS.items() for parent in above]
        (folder / "canvas.yaml").write_text(
            "\n".join(
                ["easel: 1", "name: Killed", "environment: bare", "blocks:", *lines, "edges:", *edges, ""]
            )
        )

    @property
    def state(self) -> Path:
        return self.folder / ".easel"

    def edit(self) -> None:
        """Make every block stale."""
        self.version += 1
        for block in BLOCKS:
            # The comment-free `version` line makes each block's own code change, not only what it reads.
            code = _TOLD.format(block=block, port=self.ledger.port) + _CODE[block].format(
                version=self.version
            )
            (self.folder / f"blocks/{block}.py").write_text(f"version_{block} = {self.version}\n{code}")

    def manifest(self, block: str) -> dict[str, Any]:
        text = (self.state / "attempts" / self.published()[block][0] / "manifest.json").read_text()
        found = json.loads(text)
        assert isinstance(found, dict)
        return found

    # -- invariants ---------------------------------------------------------------------------------------------

    def published(self) -> dict[str, tuple[str, str]]:
        """block -> (attempt, digest of its manifest), read as another program would."""
        database = self.state / "metadata.db"
        if not database.exists():
            return {}
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            rows = connection.execute(
                "SELECT block, published_attempt, published_manifest FROM blocks WHERE published_attempt != ''"
            ).fetchall()
        connection.close()
        return {block: (attempt, manifest) for block, attempt, manifest in rows}

    def check_published(self) -> dict[str, str]:
        """What is published is whole: every manifest, and every object that it names. Returns the attempts."""
        found = self.published()
        for block, (attempt, digest) in found.items():
            text = (self.state / "attempts" / attempt / "manifest.json").read_bytes()
            assert hashlib.sha256(text).hexdigest() == digest, (
                f"the manifest of {attempt} is not the published one"
            )
            manifest = json.loads(text)
            assert (manifest["block"], manifest["attempt"]) == (block, attempt)
            for slot in manifest["state"]["slots"].values():
                for name in (slot["object"], *slot.get("objects", ())):
                    content = (self.state / "objects" / name[:2] / name).read_bytes()
                    assert is_whole(content, name), f"object {name} of {attempt} is not whole"
        return {block: attempt for block, (attempt, _) in found.items()}

    def check_history(self, machine: Machine) -> None:
        """Every execution is on record as an attempt of its own, with an epoch of its own."""
        attempts = machine.document("history", self.folder, "--limit", "100000")["attempts"]
        for block in BLOCKS:
            mine = [a for a in attempts if a["block"] == block]
            epochs = [a["epoch"] for a in mine]
            assert len(set(epochs)) == len(epochs), f"epochs of {block} repeat: {sorted(epochs)}"
            ran = self.ledger.ran(block)
            assert len(set(ran)) == len(ran)
            assert len(ran) <= len(mine), (
                f"{block} ran {len(ran)} times, but only {len(mine)} attempts are on record"
            )
            assert all(
                a["status"] in ("succeeded", "failed", "cancelled", "lost", "superseded") for a in mine
            ), mine[:5]

    def check_settled(self, machine: Machine) -> None:
        """After a run that succeeded: values of this version, whole, and nothing left to do."""
        attempts = self.check_published()
        assert set(attempts) == set(BLOCKS)
        values = self.values(machine)
        for block in BLOCKS:
            assert values[block][f"version_{block}"] == str(self.version)
            token = values[block][f"token_{block}"].strip("'")
            assert token in self.ledger.ran(block), f"the published value of {block} comes from no execution"
        assert values["last"]["result"] == str(expected_result(self.version))
        again = machine.run(self.folder)
        assert (again.code, again.names("up_to_date")) == (0, sorted(BLOCKS)), (again, machine.story())

    def values(self, machine: Machine) -> dict[str, dict[str, str]]:
        """Previews of all variables that are published, by block and name."""
        blocks = machine.document("state", self.folder)["blocks"]
        return {b["block"]: {v["name"]: v["preview"] for v in b["variables"]} for b in blocks}

    def settle(self, machine: Machine, tries: int = 1) -> Result:
        """Run to success without interference; what the last run said."""
        for _ in range(tries):
            done = machine.run(self.folder)
            if done.code == 0:
                break
        assert done.code == 0, (done, machine.story())
        return done
