"""Whether a loaded slot still holds what it held, so that nothing has to be written for it."""

from __future__ import annotations

from typing import Any

from .encoder import Encoder, Links
from .groups import Group
from .load import LoadedState
from .sharing import ATOMS

Json = dict[str, Any]


def entry_of(loaded: LoadedState, group: Group) -> Json | None:
    """The inherited entry if this group is exactly one loaded slot."""
    slots = {root.slot for root in group.roots}
    if len(slots) != 1:
        return None
    slot = next(iter(slots))
    return None if slot is None else loaded.slots[slot]


def unchanged_unseen(loaded: LoadedState, group: Group, linked: Links) -> bool:
    """Whether a group that is one loaded slot is unchanged for sure, without encoding it."""
    slot = group.roots[0].slot
    if all(type(root.value) in ATOMS for root in group.roots):
        return True
    return slot is not None and loaded.watch.same(loaded.members[slot], linked)


def same(loaded: LoadedState, encoder: Encoder, entry: Json, group: Group, linked: Links) -> bool:
    """Whether the encoded group is what the inherited `entry` holds."""
    assert group.encoded is not None
    if group.encoded.refs != [loaded.ones[ref] for ref in entry.get("refs", [])]:
        return False
    if group.digest == entry["digest"] or group.digest == entry.get("settled"):
        return True
    # Some values change in form, not in meaning, by being stored once: compare with a fresh copy of the original.
    try:
        if loaded.component(entry).stream == group.encoded.stream:
            return False  # the buffers differ
        fresh = loaded.read(entry)
        members = {name: fresh[name] for name in group.members if name in fresh}
        own = set()
        relinked = dict(linked)
        for name, root in group.members.items():
            if root.definition and name in fresh:
                relinked[id(fresh[name])] = linked[id(root.value)]
                own.add(id(fresh[name]))
        again = encoder.encode(members, relinked, own)
    except Exception:
        return False
    return encoder.measure(list(group.members), again)[1] == group.digest
