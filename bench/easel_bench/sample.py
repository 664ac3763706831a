"""Repeated measurements of one thing, and the rows that they make."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Sample:
    """Measurements of one contestant, in `unit`; lower is better unless the row says otherwise."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    note: str = ""

    def quantile(self, share: float) -> float:
        """Return the value below which `share` of the measurements lie (nearest rank)."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    def document(self) -> dict[str, Any]:
        if not self.values:
            return {"name": self.name, "unit": self.unit, "note": self.note}
        return {
            "name": self.name,
            "unit": self.unit,
            "runs": len(self.values),
            "min": min(self.values),
            "p50": self.median,
            "p99": self.quantile(0.99),
            "max": max(self.values),
            "note": self.note,
        }


@dataclass
class Row:
    """One line of the issue's table: what Easel did, what was asked, and what others did beside it."""

    id: str
    measure: str
    target: str
    easel: list[Sample]
    peers: list[Sample] = field(default_factory=list)
    met: bool | None = None
    larger_is_better: bool = False
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])
    load_after: float = 0.0
    notes: list[str] = field(default_factory=list)

    def ratio(self, peer: Sample) -> float | None:
        """Return how many times as good as Easel the peer is: above 1 it is worse."""
        if not peer.values or not self.easel[0].values or peer.unit != self.easel[0].unit:
            return None
        ours, theirs = self.easel[0].median, peer.median
        if ours == 0 or theirs == 0:
            return None
        return ours / theirs if self.larger_is_better else theirs / ours

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "measure": self.measure,
            "target": self.target,
            "met": self.met,
            "easel": [sample.document() for sample in self.easel],
            "peers": [{**sample.document(), "times_easel": self.ratio(sample)} for sample in self.peers],
            "load": [self.load_before, self.load_after],
            "notes": self.notes,
        }


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table, which also reads well on a terminal."""
    lines = [["id", "who", "min", "p50", "p99", "max", "unit", "runs", "x Easel", ""]]
    for row in rows:
        verdict = {True: "met", False: "MISSED", None: "report"}[row.met]
        lines.append([row.id, row.measure, "", "", "", "", "", "", "", f"target {row.target}: {verdict}"])
        for sample, peer in [*((s, False) for s in row.easel), *((s, True) for s in row.peers)]:
            who = ("- " if peer else "**Easel** ") + sample.name
            if not sample.values:
                lines.append(["", who, "", "", "", "", "", "", "", sample.note])
                continue
            ratio = row.ratio(sample) if peer else None
            lines.append(
                [
                    "",
                    who,
                    _number(min(sample.values)),
                    _number(sample.median),
                    _number(sample.quantile(0.99)) if len(sample.values) >= 100 else "",
                    _number(max(sample.values)),
                    sample.unit,
                    str(len(sample.values)),
                    f"{ratio:.2f}" if ratio is not None else "",
                    sample.note,
                ]
            )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    out = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    out.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(out)
