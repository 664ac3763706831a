"""After any series of edits every block shows what it would show in a canvas that was run from nothing."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from canvas_folder import CanvasFolder

NAMES = ["a", "b", "c", "d", "e"]
# More of them, to search: EASEL_EDIT_SEEDS=200.
SEEDS = range(int(os.environ.get("EASEL_EDIT_SEEDS", "4")))


def tried(line: str) -> str:
    """A line that does nothing where a name is missing."""
    return f"try:\n    {line}\nexcept (NameError, AttributeError, TypeError):\n    pass\n"


def statement(rng: random.Random, number: int) -> str:
    one, two = rng.sample(NAMES, 2)
    value = rng.randrange(3)
    return rng.choice(
        [
            f"{one} = {value}\n",
            f"{one} = [{value}]\n",
            tried(f"{one} = ({two}, {value})"),
            tried(f"{one} = {two}"),
            tried(f"{one}.append({value})"),
            tried(f"del {one}"),
            f"class Kind:\n    tag = {value}\n    def __repr__(self):\n        return f'Kind {{self.tag}}'\n",
            tried(f"{one} = Kind()"),
            tried(f"Kind.tag = {number + value}"),
            tried(f"print(isinstance({one}, Kind), {one})"),
            f"def look():\n    return {one}\n",
            tried("print('looks at', look())"),
            tried(f"print({one} is {two})"),
        ]
    )


def source(rng: random.Random, number: int) -> str:
    lines = [statement(rng, number) for _ in range(rng.randrange(1, 4))]
    return "".join(lines) + "".join(tried(f"print('{name}', {name})") for name in rng.sample(NAMES, 2))


def shown(folder: CanvasFolder) -> dict[str, str]:
    return {name: folder.easel("logs", name).stdout for name in folder.blocks}


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_is_as_if_run_anew(seed: int, tmp_path: Path, canvas_at: Any) -> None:
    rng = random.Random(seed)
    count = 6
    blocks = {f"block{i}": source(rng, i) for i in range(count)}
    edges = [
        f"block{parent} -> block{i}"
        for i in range(1, count)
        for parent in sorted(rng.sample(range(i), min(i, rng.choice([1, 1, 2]))))
    ]
    folder = canvas_at(tmp_path / "edited", blocks, edges)
    folder.good()
    for step in range(4):
        number = rng.randrange(count - 2)
        name = f"block{number}"
        # Often only something is added, as people do: what was there stays as it was.
        blocks[name] = source(rng, number) if rng.random() < 0.4 else blocks[name] + statement(rng, number)
        folder.edit(name, blocks[name])
        run = folder.good()
        anew = canvas_at(tmp_path / f"anew{step}", blocks, edges)
        anew.good()
        assert shown(folder) == shown(anew), (seed, step, name, run.finished, blocks, edges)
        assert folder.good().ran == [], "and it stands"
