"""What a block leaves: the new state, written as objects into the attempt's staging folder.

Sequence: collect the roots (variables, and members of loaded slots that other components may refer to) -> group those
that share objects -> encode each group -> keep the old slot where the content is the same -> store the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

from .. import fault
from .checking import Checking
from .depth import deeper
from .encoder import Encoder, Links
from .groups import Group, Root, collect_roots, make_groups, merge_circles
from .load import LoadedState
from .new_state import NewState
from .refusals import ChangesWhileStoredError, NotCarriedError
from .storing import Storing
from .unchanged import entry_of, same, unchanged_unseen

Json = dict[str, Any]


class Captured:
    """The result: the whole new state, the staged objects, and notices for the person who ran the block.

    `notices`: (variable, why it is not kept); `remarks`: about variables that are kept; `slow` says why saving took
    longer than it should, if it did.
    """

    def __init__(
        self, state: Json, objects: list[str], notices: list[tuple[str, str]], remarks: list[str], slow: str
    ) -> None:
        self.state = state
        self.objects = objects
        self.notices = notices
        self.remarks = remarks
        self.slow = slow


class Capture:
    """One capture; use `run` once."""

    def __init__(
        self,
        loaded: LoadedState,
        attempt: str,
        block: str,
        staging: str,
        describe: Callable[[Any], Json],
        preview: Callable[[Any], tuple[bytes, int, bool] | None],
        seconds_per_component: float = 60.0,
    ) -> None:
        self.loaded = loaded
        self.attempt = attempt
        self.block = block
        self.staging = staging
        self.describe = describe
        self.preview = preview
        self.ordinal = 0
        self._moved = False  # whether a definition went to another slot
        self.roots: list[Root] = []
        self.encoder = Encoder(loaded, set(), seconds_per_component)

    def run(self) -> Captured:
        self.roots = collect_roots(self.loaded)
        groups, self.encoder.view_bases = make_groups(self.roots)
        fault.point("worker.grouped")
        self.encoder.definitions = [root.value for root in self.roots if root.definition]
        self.loaded.watch.look(self.encoder.definitions)
        with deeper():  # once for all of them
            self._encode_all(groups)
        return self._store(groups)

    # -- encoding -----------------------------------------------------------------------------------------------

    def _assign(self, groups: Iterable[Group]) -> Links:
        """Give every group its slot and its members their names; returns the links to definitions."""
        linked: Links = {}
        for group in groups:
            group.name_members()
            if not group.slot:
                kept = group.kept_slot
                slots = {r.slot for r in group.roots}
                if kept is not None:
                    group.slot = kept
                elif len(slots) == 1 and None not in slots:
                    group.slot = (
                        f"={next(iter(slots))}"  # settled once it is known whether the content changed
                    )
                else:
                    group.slot = self._new_slot()
            for member, root in group.members.items():
                if root.definition:
                    linked[id(root.value)] = (group.slot.lstrip("="), member)
        return linked

    def _new_slot(self) -> str:
        slot = f"{self.attempt}#{self.ordinal}"
        self.ordinal += 1
        return slot

    def _encode_all(self, groups: list[Group]) -> None:
        """Until nothing changes: circles of definitions merge, and what cannot be kept moves what refers to it."""
        while True:
            linked = self._assign(groups)
            self._moved = False
            for group in list(groups):
                self._encode_group(group, groups, linked)
            if self._moved or merge_circles(groups):
                continue  # all of them: what referred to a definition that moved refers to another slot now
            if self._refuse_dependents(groups, linked):
                continue
            if not self._verify(groups, linked):
                return

    def _encode_group(self, group: Group, groups: list[Group], linked: Links) -> None:
        if group.roots[0].refused is not None:
            return
        entry = entry_of(self.loaded, group)
        if entry is not None and unchanged_unseen(self.loaded, group, linked):
            group.keep(entry, self.loaded)
            return
        try:
            self.encoder.encode_group(group, linked, entry)
            group.unchanged = None
            if entry is not None and same(self.loaded, self.encoder, entry, group, linked):
                group.keep(entry, self.loaded)
        except NotCarriedError as error:
            group.encoded = None
            if len(group.roots) == 1:
                group.roots[0].refused = error
                return
            if isinstance(error, ChangesWhileStoredError):
                for root in group.roots:
                    root.refused = error
            else:
                self._split(group, linked, error)
            self._set_apart(group, groups)
            if group.roots:
                self._encode_group(group, groups, linked)

    def _split(self, group: Group, linked: Links, error: NotCarriedError) -> None:
        """A group cannot be kept as a whole: refuse the members at fault, or all if none is so alone."""
        for member, root in group.members.items():
            try:
                self.encoder.encode(
                    {member: root.value}, linked, {id(root.value)} if root.definition else set()
                )
            except NotCarriedError as own_error:
                root.refused = own_error
        if not any(root.refused for root in group.roots):
            for root in group.roots:
                root.refused = error

    def _set_apart(self, group: Group, groups: list[Group]) -> None:
        """Refused members become groups of their own; the others stay together, where they were."""
        self._moved |= any(root.definition for root in group.roots)
        for root in group.roots:
            if root.refused is not None:
                alone = Group([root])
                alone.name_members()
                alone.slot = self._new_slot()
                groups.append(alone)
        group.roots = [root for root in group.roots if root.refused is None]
        group.name_members()
        if not group.roots:
            groups.remove(group)

    def _verify(self, groups: list[Group], linked: Links) -> bool:
        """Load what is new and doubtful once; returns whether something turned out not to come back as it is."""
        checking = Checking(self.loaded, self.encoder, groups, linked, self.roots)
        failed = checking.run([g for g in groups if g.encoded is not None and g.unchanged is None])
        for group, error in failed:
            if len(group.roots) == 1:
                group.encoded = None
                group.roots[0].refused = error
                self._moved = True
                continue
            checking.find_culprits(group, error)
            self._set_apart(group, groups)
        return bool(failed)

    def _refuse_dependents(self, groups: list[Group], linked: Links) -> bool:
        """What refers to a definition that could not be kept cannot be kept either.

        Returns whether a group lost some of its members only, so that the others have to be encoded again.
        """
        parted = False
        while True:
            lost = {
                g.slot.lstrip("="): g.roots[0]
                for g in groups
                if g.encoded is None and g.unchanged is None and g.roots[0].refused
            }
            found = next(
                (
                    (group, lost[ref])
                    for group in groups
                    if group.roots[0].refused is None
                    for ref in group.refs
                    if ref in lost
                ),
                None,
            )
            if found is None:
                return parted
            group, culprit = found
            assert culprit.refused is not None
            name = culprit.names[0] if culprit.names else (culprit.member or "?")
            why = f"it uses `{name}`, which could not be kept: {culprit.refused.reason}"
            self._refuse_users(group, linked, lost, NotCarriedError(why, culprit.refused.advice))
            group.encoded = group.unchanged = None
            if len(group.roots) > 1:
                self._set_apart(group, groups)
                parted |= bool(group.roots)

    def _refuse_users(
        self, group: Group, linked: Links, lost: Container[str], error: NotCarriedError
    ) -> None:
        """Refuse the members of a group that refer to a lost slot themselves, or all if none does so alone."""
        for member, root in group.members.items():
            own = {id(root.value)} if root.definition else set()
            try:
                if any(ref in lost for ref in self.encoder.encode({member: root.value}, linked, own).refs):
                    root.refused = error
            except NotCarriedError:
                root.refused = error
        if not any(root.refused for root in group.roots):
            for root in group.roots:
                root.refused = error

    def _table(self, group: Group, named: list[tuple[str, Root]]) -> tuple[bytes, int, bool] | None:
        """The preview of a table that is not stored as one."""
        assert group.encoded is not None
        if group.encoded.rows is not None or len(named) != 1 or len(group.roots) != 1:
            return None
        return self.preview(named[0][1].value)

    # -- storing ------------------------------------------------------------------------------------------------

    def _store(self, groups: list[Group]) -> Captured:
        state = NewState(self.loaded, self.block, self.describe)
        storing = Storing(self.staging, self.loaded.extents)
        changed: list[tuple[str, Group]] = []
        for group in groups:
            named = [(member, root) for member, root in group.members.items() if root.names]
            if group.roots[0].refused is not None:
                for root in group.roots:
                    state.refuse(root)
                continue
            slot = group.slot.lstrip("=")
            if group.unchanged is not None:
                state.point(named, slot, changed=False)
                continue
            state.remark(group)
            if not named and not any(r.definition and r.slot is not None for r in group.roots):
                continue
            if group.slot.startswith("="):
                slot = self._new_slot()
            state.slots[slot] = storing.store(group, self._table(group, named))
            state.point(named, slot, changed=True)
            changed.append((slot, group))
        storing.finish()
        for slot, group in changed:
            state.unite(slot, group)
        fault.point("worker.stored")
        return Captured(
            state.document(),
            sorted(set(storing.objects)),
            state.notices,
            state.remarks,
            self.loaded.extents.why_slow(),
        )
