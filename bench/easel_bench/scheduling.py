"""D2 and D3: the engine alone, by `engine_bench`, a program that the release build makes beside the binary."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from .easel import Easel
from .sample import Row, Sample


def measure(row: str, easel: Easel, python: str, quick: bool) -> list[Row]:
    """Run `engine_bench --row D2|D3 [--quick]`, which prints rows as JSON in the form of `Row.document`."""
    program = os.path.join(os.path.dirname(easel.binary), "engine_bench")
    if not os.path.exists(program):
        missing = Row(row, "the engine alone", "see README", [Sample("engine_bench", "")])
        missing.easel[0].note = f"not built: {program}"
        return [missing]
    command = [program, "--row", row, *(["--quick"] if quick else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [_row(document) for document in json.loads(done.stdout)]


def _row(document: dict[str, Any]) -> Row:
    def sample(told: dict[str, Any]) -> Sample:
        return Sample(told["name"], told["unit"], told["values"], told.get("note", ""))

    return Row(
        document["id"],
        document["measure"],
        document["target"],
        [sample(one) for one in document["easel"]],
        [sample(one) for one in document.get("peers", [])],
        met=document.get("met"),
        larger_is_better=document.get("larger_is_better", False),
        notes=document.get("notes", []),
    )
