"""A canvas whose blocks leave every kind of thing that a state's files can hold, and values that say whether it is right.

    make ─> change ─> read

`change` gives patches to what `make` left: one chunk of a large extent, a definition, a list; `read` checks all of it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from object_file import ObjectFile

MAKE = """\
large = bytearray(3_500_000)
other = bytearray(70_000)
small = [1, [2], bytes(5_000)]
alias = small[1]
class Thing:
    kept = []
    def __init__(self, n): self.n = n
def double(x):
    "Doubles."
    return x * 2
things = [Thing(1), Thing(2)]
"""
CHANGE = """\
large[2_000_000] = 7
other[5] = 1
alias.append(3)
Thing.kept.append(things[0])
things[1].n = double(21)
fresh = {'more': bytearray(100_000), 'of': small}
"""
READ = """\
assert sum(large) == 7 and large[2_000_000] == 7 and sum(other) == 1
assert small[1] is alias and alias == [2, 3] and fresh['of'] is small
assert Thing.kept[0] is things[0] and things[1].n == 42 and type(things[1]) is Thing
assert double.__doc__ == 'Doubles.' and len(fresh['more']) == 100_000
result = 'all is right'
"""
FRAMES = """\
import pandas as pd
frame = pd.DataFrame({'n': range(300_000), 's': [f'row {i % 9}' for i in range(300_000)]})
odd = pd.DataFrame({'o': [[1], {2}, None]})
"""
READ_FRAMES = (
    "assert frame['n'].sum() == 299_999 * 150_000 and frame['s'][8] == 'row 8' and odd['o'][0] == [1]\n"
)


class CaptureCanvas:
    def __init__(self, folder: Path, frames: bool = False) -> None:
        self.folder = folder
        (folder / "blocks").mkdir(parents=True)
        lines = ["easel: 1", "name: Captured"]
        if not frames:  # without any package an interpreter is up in a quarter of a second
            bare = folder / "environments/bare"
            bare.mkdir(parents=True)
            (bare / "requirements.txt").write_text("")
            (bare / "preload.txt").write_text("")
            lines.append("environment: bare")
        sources = {"make": MAKE + FRAMES * frames, "change": CHANGE, "read": READ + READ_FRAMES * frames}
        lines.append("blocks:")
        for block, source in sources.items():
            (folder / f"blocks/{block}.py").write_text(source)
            lines.append(f"  {block}: {{kind: python, file: blocks/{block}.py}}")
        (folder / "canvas.yaml").write_text(
            "\n".join([*lines, "edges:", "  - make -> change", "  - change -> read", ""])
        )

    @property
    def state(self) -> Path:
        return self.folder / ".easel"

    def object(self, name: str) -> Path:
        return self.state / "objects" / name[:2] / name

    def published(self) -> dict[str, tuple[str, str]]:
        """block -> (attempt, digest of its manifest)."""
        with sqlite3.connect(f"file:{self.state / 'metadata.db'}?mode=ro", uri=True) as connection:
            rows = connection.execute(
                "SELECT block, published_attempt, published_manifest FROM blocks WHERE published_attempt != ''"
            ).fetchall()
        connection.close()
        return {block: (attempt, manifest) for block, attempt, manifest in rows}

    def manifest(self, block: str) -> dict[str, Any]:
        """The published manifest, which must be the one that the database names."""
        attempt, digest = self.published()[block]
        text = (self.state / "attempts" / attempt / "manifest.json").read_bytes()
        assert hashlib.sha256(text).hexdigest() == digest, (
            f"the manifest of {attempt} is not the published one"
        )
        found: dict[str, Any] = json.loads(text)
        return found

    def objects(self, block: str) -> set[str]:
        """All objects that a block's state needs."""
        slots = self.manifest(block)["state"]["slots"].values()
        return {slot["object"] for slot in slots} | {o for slot in slots for o in slot.get("objects", [])}

    def check_published(self) -> dict[str, str]:
        """What is published is whole, to the last byte. Returns the attempts."""
        found = self.published()
        for block in found:
            for name in self.objects(block):
                assert ObjectFile(self.object(name)).is_whole(), f"object {name} of {block} is not whole"
        return {block: attempt for block, (attempt, _) in found.items()}
