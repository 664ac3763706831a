"""Loaded slots as they were when they were loaded, to tell at the end of the block which of them it changed.

    a slot is read -> take (fingerprint, links, mapped extents) -> the block runs -> look (fingerprints again) -> same?

The same are: fingerprint, page map of the mapped extents (no page written), and the places of the definitions that the slot
refers to. Where one of them cannot be known the answer is "no", and the slot is encoded and compared by digest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .extents import Extents, Mapped
from .fingerprints import fingerprints

Place = tuple[str, str]  # slot and member


class Links:
    """Definitions of other slots that one slot refers to, collected while it is read."""

    def __init__(self) -> None:
        self.places: dict[int, Place] = {}
        self.objects: list[Any] = []

    def add(self, definition: Any, place: Place) -> None:
        if id(definition) not in self.places:
            self.places[id(definition)] = place
            self.objects.append(definition)


class _Taken(NamedTuple):
    members: dict[str, Any]
    print: bytes | None
    places: dict[int, Place]
    extents: list[Mapped]


class Watch:
    """The fingerprints of one worker's loaded slots. `namespace` is the block's."""

    def __init__(self, namespace: dict[str, Any], extents: Extents) -> None:
        self._namespace = namespace
        self._extents = extents
        self._taken: dict[int, _Taken] = {}  # by id of the members' dict
        self._now: dict[int, bytes | None] = {}
        self._pins: list[Any] = []

    def take(self, members: dict[str, Any], links: Links, extents: list[Mapped]) -> None:
        """Remember what a slot holds that was just read; `extents` are those that its reading mapped."""
        (found,) = self._prints([members], links.objects)
        self._taken[id(members)] = _Taken(members, found, links.places, extents)

    def look(self, definitions: list[Any]) -> None:
        """Take all fingerprints again, once the block has run; `definitions` are those that have a slot."""
        known = [taken.members for taken in self._taken.values() if taken.print is not None]
        for members, found in zip(known, self._prints(known, definitions), strict=True):
            self._now[id(members)] = found

    def same(self, members: dict[str, Any], linked: dict[int, Place]) -> bool:
        """Whether the slot with these members is as it was, for sure; `linked`: where each definition is stored now."""
        taken = self._taken.get(id(members))
        if taken is None or taken.print is None or self._now.get(id(members)) != taken.print:
            return False
        if any(linked.get(key) != place for key, place in taken.places.items()):
            return False
        return all(self._extents.untouched(mapped) for mapped in taken.extents)

    def _prints(self, slots: list[dict[str, Any]], stops: list[Any]) -> list[bytes | None]:
        return fingerprints(slots, stops, self._namespace, self._extents.ranges(), self._pins)
