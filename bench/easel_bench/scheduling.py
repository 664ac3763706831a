"""D2 and D3: the engine alone, by `engine_bench`, which the release build makes on request."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from .easel import Easel
from .sample import Row, Sample

_SHOWN = frozenset(("id", "measure", "unit", "target", "value", "min", "max", "peers"))


def measure(row: str, easel: Easel, python: str, quick: bool) -> list[Row]:
    """Run `engine_bench ROW` (a tenth of the blocks with `quick`); it prints one JSON object a row."""
    folder = os.path.dirname(easel.binary)
    program = os.path.join(folder, "engine_bench")
    if os.path.exists(os.path.join(folder, "../CMakeCache.txt")):
        subprocess.run(
            ["cmake", "--build", os.path.dirname(folder), "--target", "engine_bench"], capture_output=True
        )
    if not os.path.exists(program):
        missing = Row(row, "the engine alone", "see README", [Sample("engine_bench", "")])
        missing.easel[0].note = f"not built: {program}"
        return [missing]
    command = [program, "--folder", str(easel.folder), *(["--blocks", "10000"] if quick else []), row]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [_row(json.loads(line)) for line in done.stdout.splitlines()]


def _row(told: dict[str, Any]) -> Row:
    unit, value, target = told["unit"], told["value"], told["target"]
    seen = sorted({told.get("min", value), value, told.get("max", value)})
    ours = Sample(told["measure"], unit, seen if len(seen) == 3 else [value])
    peers = [
        Sample(name, unit, [number])
        for name, number in told.get("peers", {}).items()
        if isinstance(number, int | float)
    ]
    rate = unit.endswith("/s")
    rest = {key: item for key, item in told.items() if key not in _SHOWN}
    return Row(
        told["id"],
        "the engine alone",
        f"{target} {unit}",
        [ours],
        peers,
        met=value >= target if rate else value <= target,
        larger_is_better=rate,
        notes=[json.dumps(rest)] if rest else [],
    )
