"""What of a capture has to be verified, and what a component's loading looks like there (see `verify`)."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from typing import Any

from . import links
from .encoded import Encoded
from .encoder import Encoder, Links
from .groups import HIDDEN, Group, Root
from .load import LoadedState
from .models import holds_addresses
from .refusals import NotCarriedError
from .sharing import ATOMS, shared
from .trust import is_trusted
from .verify import Check, verify


class Checking:
    """Checks of one capture. `groups` are all of it, encoded; `linked` says where their definitions are."""

    def __init__(
        self, loaded: LoadedState, encoder: Encoder, groups: list[Group], linked: Links, roots: list[Root]
    ) -> None:
        self.loaded = loaded
        self.encoder = encoder
        self.linked = linked
        self.by_slot = {g.slot.lstrip("="): g for g in groups}
        self.by_name = {name: g for g in groups for root in g.roots for name in root.names}
        self.roots = roots

    def run(self, groups: Iterable[Group]) -> list[tuple[Group, NotCarriedError]]:
        """Set the `verdict` of doubtful groups; returns those that would not come back as they are."""
        doubtful = [g for g in groups if g.checked != g.digest and self._is_doubtful(g)]
        failed = []
        for group, verdict in zip(doubtful, verify([self._check(g) for g in doubtful]), strict=True):
            if group.encoded is not None and holds_addresses(group.encoded.foreign_types):
                verdict = verdict._replace(unstable=True)
            group.verdict, group.checked = verdict, group.digest
            if verdict.reason is not None:
                failed.append((group, NotCarriedError(verdict.reason, verdict.advice)))
        return failed

    def find_culprits(self, group: Group, error: NotCarriedError) -> None:
        """Refuse the members of a failed group that fail alone, too; all of them if none does."""
        alone = []
        for root in group.roots:
            one = Group([root])
            one.name_members()
            one.slot = group.slot
            try:
                self.encoder.encode_group(one, self.linked, None)
            except NotCarriedError as own_error:
                root.refused = own_error
                continue
            alone.append(one)
        for one, why in self.run(alone):
            one.roots[0].refused = why
        if not any(root.refused for root in group.roots):
            for root in group.roots:
                root.refused = error

    @staticmethod
    def _is_doubtful(group: Group) -> bool:
        encoded = group.encoded
        return (
            encoded is not None
            and encoded.codec == "pickle5"
            and not all(is_trusted(kind) for kind in encoded.foreign_types)
        )

    def _check(self, group: Group) -> Check:
        encoded = group.encoded
        assert encoded is not None
        return Check(
            {name: root.value for name, root in group.members.items()},
            len(encoded.stream) + encoded.buffer_bytes,
            group.digest,
            lambda: self._load(encoded),
            lambda copies: self._again(group, copies),
            lambda: self._enter(group),
        )

    # -- in the child -------------------------------------------------------------------------------------------

    def _enter(self, group: Group) -> None:
        """Leave in the namespace what a later block has there while this component is loaded: what the classes that it
        refers to use, but none of its own variables."""
        own = {name for root in group.roots for name in root.names}
        namespace = self.loaded.namespace
        kept = {name: namespace[name] for name in self._reach(group) if name in namespace and name not in own}
        hidden = {name: namespace[name] for name in HIDDEN if name in namespace}
        namespace.clear()
        namespace.update(hidden)
        namespace.update(kept)

    def _reach(self, group: Group) -> Iterator[str]:
        """Names that code which this component refers to may use."""
        seen: set[int] = set()
        stack = [group]
        while stack:
            one = stack.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            entry = one.unchanged or {}
            reads = entry.get("reads", ()) if one.encoded is None else one.encoded.reads
            refs = entry.get("refs", ()) if one.encoded is None else one.encoded.refs
            stack.extend(self.by_slot[ref] for ref in refs if ref in self.by_slot)
            for name in reads:
                yield name
                if name in self.by_name:
                    stack.append(self.by_name[name])

    def _load(self, encoded: Encoded) -> dict[str, Any]:
        extents = [bytearray().join(pieces) for pieces in encoded.extents]
        buffers = [memoryview(extents[e])[o : o + n] for e, o, n in encoded.buffers]
        by_place = {place: key for key, place in self.linked.items()}
        alive = {id(root.value): root.value for root in self.roots}

        def member(index: int, name: str) -> Any:
            return alive[by_place[(encoded.refs[index], name)]]

        with links.loading(links.Context(self.loaded.namespace, member, encoded.debug)):
            made: dict[str, Any] = pickle.loads(encoded.stream, buffers=buffers)
        return made

    def _again(self, group: Group, copies: dict[str, Any]) -> str:
        """Store a copy as the next block would, which has nothing else to share it with; returns its digest."""
        assert group.encoded is not None
        own: set[int] = set()
        relinked = dict(self.linked)
        for name, root in group.members.items():
            if root.definition:
                relinked[id(copies[name])] = self.linked[id(root.value)]
                own.add(id(copies[name]))
        definitions = [root.value for root in self.roots if root.definition]
        definitions.extend(copies[name] for name, root in group.members.items() if root.definition)
        self.encoder.view_bases = shared([c for c in copies.values() if type(c) not in ATOMS], definitions)[1]
        encoded = self.encoder.encode(copies, relinked, own)
        digest = self.encoder.measure(list(group.members), encoded)[1]
        return digest if encoded.refs == group.encoded.refs else f"{digest} {encoded.refs}"
