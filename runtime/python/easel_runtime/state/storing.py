"""Groups go into object files: large ones into files of their own, small ones together into one, the pack."""

from __future__ import annotations

from typing import Any

from .encoded import SMALL
from .extents import Extents
from .groups import Group
from .object_writer import ObjectWriter, Placed

Json = dict[str, Any]


class Storing:
    """Writes into a staging folder. Entries of slots are complete once `finish` has returned."""

    def __init__(self, staging: str, extents: Extents) -> None:
        self.objects: list[str] = []  # names of the staged files
        self._staging = staging
        self._extents = extents
        self._pack: ObjectWriter | None = None
        self._packed: list[tuple[Json, Placed]] = []

    def store(self, group: Group, table: tuple[bytes, int, bool] | None) -> Json:
        """Write a group's component; returns its slot's entry. `table`: preview, rows, whether it is all of them."""
        assert group.encoded is not None
        entry: Json = {
            "codec": group.encoded.codec,
            "digest": group.digest,
            "names": list(group.members),
            "refs": group.encoded.refs,
            "reads": sorted(group.encoded.reads),
            "unstable": group.verdict.unstable,
        }
        if group.verdict.settled is not None:
            entry["settled"] = group.verdict.settled
        if group.verdict.unverified:
            entry["unverified"] = True
        if group.encoded.rows is not None:
            entry["table"] = {"extent": 0, "rows": group.encoded.rows, "complete": True}
        elif table is not None:
            entry["table"] = {"rows": table[1], "complete": table[2]}
        alone = group.encoded.buffer_bytes >= SMALL
        if alone:
            writer = ObjectWriter(self._staging, self._extents)
        else:
            if self._pack is None:
                self._pack = ObjectWriter(self._staging, self._extents)
            writer = self._pack
        placed = writer.add(
            list(group.members), group.encoded, group.plans, None if table is None else table[0]
        )
        if alone:
            self.objects.append(writer.finish())
            _complete(entry, placed)
        else:
            self._packed.append((entry, placed))
        return entry

    def finish(self) -> None:
        if self._pack is not None:
            self.objects.append(self._pack.finish())
        for entry, placed in self._packed:
            _complete(entry, placed)


def _complete(entry: Json, placed: Placed) -> None:
    entry["object"] = placed.object
    entry["offset"], entry["length"] = placed.offset, placed.length
    if placed.objects:
        entry["objects"] = placed.objects
    if placed.debug is not None:
        entry["debug"] = {"offset": placed.debug[0], "length": placed.debug[1]}
    if placed.table is not None:
        entry["table"] = {"offset": placed.table[0], "length": placed.table[1], **entry["table"]}
