"""Groups become components: the codec that takes a group's values, and the digest of what it made."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pickle import dumps
from typing import Any

from easel_runtime import _easel

from .. import fault
from ..time_limit import TimeLimitReached, time_limit
from . import arrow, singletons
from .encoded import Encoded, component_digest
from .extents import Plan, Stored
from .fingerprints import fingerprints
from .groups import Group
from .instances import shapes_itself
from .load import LoadedState, source_of
from .paths import located
from .pickling import dump
from .refusals import ChangesWhileStoredError, NotCarriedError

Json = dict[str, Any]
Links = dict[int, tuple[str, str]]  # id of a definition -> the slot that has it, its name there


class Encoder:
    """Encodes the groups of one capture. `view_bases`: ids of arrays whose memory other arrays look into."""

    def __init__(self, loaded: LoadedState, view_bases: set[int], seconds: float) -> None:
        self.loaded = loaded
        self.view_bases = view_bases
        self.seconds = seconds
        self.definitions: list[Any] = []  # that have a slot
        self._pins: list[Any] = []

    def encode(self, members: dict[str, Any], linked: Links, own: set[int]) -> Encoded:
        """Encode values that are stored together; `own` are the ids of definitions among them.

        Raises NotCarriedError.
        """
        values = members.values()
        if all(map(_easel.is_plain, values)) and not any(map(singletons.is_list, values)):
            return Encoded("pickle5", dumps(members, 5), [], [], [], set(), [], set())
        try:
            with self.deadline():
                if len(members) == 1:
                    table = arrow.encode(next(iter(members.values())))
                    if table is not None:
                        return Encoded(
                            "arrow", table.recipe, [table.pieces], [], [], set(), [], set(), table.rows
                        )
                return dump(members, self.loaded.namespace, linked, own, self.view_bases, source_of)
        except NotCarriedError as error:
            raise located(error, members) from None

    def encode_group(self, group: Group, linked: Links, entry: Json | None) -> None:
        """Set what a group becomes: `encoded`, `plans` and `digest`. `entry`: the slot that it was, if it was one."""
        own = {id(root.value) for root in group.roots if root.definition}
        members = {name: root.value for name, root in group.members.items()}
        group.encoded = self.encode(members, linked, own)
        if any(kind.__module__ == "__main__" and shapes_itself(kind) for kind in group.encoded.foreign_types):
            group.encoded = self._encode_watched(members, linked, own)
        fault.point("worker.encoded")
        before = [] if entry is None else self.loaded.component(entry).extents
        group.plans, group.digest = self.measure(list(group.members), group.encoded, before)
        fault.point("worker.planned")

    def _encode_watched(self, members: dict[str, Any], linked: Links, own: set[int]) -> Encoded:
        """Encode once more what has code of the user's say how it is stored; raises ChangesWhileStoredError where that
        code changes the values. (What it did the first time only, such as filling a cache, is in the second result.)"""
        before = self._fingerprint(members)
        encoded = self.encode(members, linked, own)
        if before is not None and self._fingerprint(members) != before:
            raise ChangesWhileStoredError
        return encoded

    def _fingerprint(self, members: dict[str, Any]) -> bytes | None:
        ranges = self.loaded.extents.ranges()
        return fingerprints([members], self.definitions, self.loaded.namespace, ranges, self._pins)[0]

    def measure(
        self, members: list[str], encoded: Encoded, before: Sequence[Stored] = ()
    ) -> tuple[list[Plan], str]:
        """What of the extents is stored already, and the key digest. `before`: the extents of the same slot."""
        if not encoded.extents:
            return [], component_digest(members, encoded, [])
        extents = self.loaded.extents
        plans = [
            extents.plan(pieces, old)
            for pieces, old in itertools.zip_longest(encoded.extents, before[: len(encoded.extents)])
        ]
        return plans, component_digest(members, encoded, [plan.digest for plan in plans])

    @contextlib.contextmanager
    def deadline(self) -> Iterator[None]:
        """Stop user code that hangs while a value is stored; only Python code can be stopped this way."""
        try:
            with time_limit(self.seconds):
                yield
        except TimeLimitReached:
            raise NotCarriedError(
                f"storing it took longer than {self.seconds:.0f} s", "keep plain data from it instead"
            ) from None
