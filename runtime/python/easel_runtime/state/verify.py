"""Load what was encoded and compare: what comes back as something else is not kept."""

from __future__ import annotations

import pickle
from typing import Any

from . import links
from .encoder import Encoder, Links
from .groups import Group, Root
from .load import LoadedState
from .refusals import NotCarriedError, type_name
from .trust import is_trusted

VERIFY_MAX_BYTES = 64 << 20


def verify(loaded: LoadedState, encoder: Encoder, group: Group, linked: Links, roots: list[Root]) -> None:
    """Raise NotCarriedError for a group that does not come back as what it is. `roots` are those of the capture."""
    assert group.encoded is not None
    doubtful = [t for t in group.encoded.foreign_types if not is_trusted(t)]
    size = len(group.encoded.stream) + group.encoded.buffer_bytes
    if not doubtful or size > VERIFY_MAX_BYTES:
        return
    advice = "keep plain data (numbers, strings, lists, frames) from it instead"
    try:
        with encoder.deadline():
            copy = _reload(loaded, group, linked, roots)
    except NotCarriedError:
        raise
    except Exception as error:
        raise NotCarriedError(
            f"it was stored but cannot be loaded again: {type(error).__name__}: {str(error)[:300]}",
            advice,
        ) from None
    for member, root in group.members.items():
        if type(copy[member]) is not type(root.value) and not root.definition:
            raise NotCarriedError(
                f"a `{type_name(type(root.value))}` would come back as a `{type_name(type(copy[member]))}`",
                advice,
            )
    own = set()
    relinked = dict(linked)
    for member, root in group.members.items():
        if root.definition:
            relinked[id(copy[member])] = linked[id(root.value)]
            own.add(id(copy[member]))
    again = encoder.encode(copy, relinked, own)
    lost = {t for t in group.encoded.foreign_types if t.__module__ != "__main__"} - again.foreign_types
    if lost:
        raise NotCarriedError(f"a `{type_name(lost.pop())}` in it would come back as something else", advice)


def _reload(loaded: LoadedState, group: Group, linked: Links, roots: list[Root]) -> dict[str, Any]:
    assert group.encoded is not None
    extents = [bytearray().join(pieces) for pieces in group.encoded.extents]
    buffers = [memoryview(extents[e])[o : o + n] for e, o, n in group.encoded.buffers]
    by_place = {place: key for key, place in linked.items()}
    alive = {id(root.value): root.value for root in roots}
    refs = group.encoded.refs

    def member(index: int, name: str) -> Any:
        return alive[by_place[(refs[index], name)]]

    with links.loading(links.Context(loaded.namespace, member, group.encoded.debug)):
        made: dict[str, Any] = pickle.loads(group.encoded.stream, buffers=buffers)
    return made
