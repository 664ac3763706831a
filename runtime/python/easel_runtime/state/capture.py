"""What a block leaves: the new state, written as objects into the attempt's staging folder.

Sequence: name the roots (variables, and members of loaded slots that other components may refer to) -> group those
that share objects -> dump each group -> keep the old slot where the content is the same -> write the rest.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..time_limit import TimeLimitReached, time_limit
from . import links
from .groups import Group, Root, merge_circles
from .load import LoadedState, source_of
from .objects import OWN_OBJECT_BYTES, Component, ObjectWriter, content_digest
from .pickling import Dump, dump
from .refusals import NotCarriedError, type_name
from .trust import is_trusted
from .walk import ATOMS, Sharing

Json = dict[str, Any]
HIDDEN = {
    "__name__", "__doc__", "__package__", "__loader__", "__spec__", "__builtins__", "__file__", "__annotations__",
    "__annotate__", "__conditional_annotations__",
}  # fmt: skip
VERIFY_MAX_BYTES = 64 << 20


class Captured:
    """The result: the whole new state, the staged objects, and notices for the person who ran the block."""

    def __init__(self, state: Json, objects: list[str], notices: list[tuple[str, str]]) -> None:
        self.state = state
        self.objects = objects
        self.notices = notices


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
        self.namespace = loaded.namespace
        self.attempt = attempt
        self.block = block
        self.staging = staging
        self.describe = describe
        self.preview = preview
        self.seconds = seconds_per_component
        self.view_bases: set[int] = set()
        self.ordinal = 0
        self.roots: list[Root] = []
        self._pack: ObjectWriter | None = None
        self._packed: list[Json] = []
        self._aliases: list[tuple[str, str]] = []

    def run(self) -> Captured:
        self.roots = self._roots()
        groups = self._groups(self.roots)
        self._dump_all(groups)
        return self._write(groups)

    # -- roots and groups ---------------------------------------------------------------------------------------

    def _roots(self) -> list[Root]:
        roots: list[Root] = []
        by_id: dict[int, Root] = {}
        seen_places: set[int] = set()
        for slot, members in self.loaded.members.items():
            if id(members) in seen_places:
                continue
            seen_places.add(id(members))
            for member, value in members.items():
                root = Root(value, slot, member)
                roots.append(root)
                if type(value) not in ATOMS:
                    by_id.setdefault(id(value), root)
        atoms = {(r.slot, r.member): r for r in roots if type(r.value) in ATOMS}
        for name, value in self.namespace.items():
            if name in HIDDEN or not isinstance(name, str):
                continue
            known: Root | None
            if type(value) in ATOMS:
                variable = self.loaded.variables.get(name, {})
                known = atoms.get((variable.get("slot"), variable.get("member", name)))
                if known is not None and known.value is not value:
                    known = None
            else:
                known = by_id.get(id(value))
            if known is None:
                known = Root(value, None, None)
                roots.append(known)
                if type(value) not in ATOMS:
                    by_id[id(value)] = known
            known.names.append(name)
        return roots

    def _groups(self, roots: list[Root]) -> list[Group]:
        """Roots of one loaded slot stay together; others are joined where they share something."""
        definitions = {id(r.value) for r in roots if r.definition}
        sharing = Sharing(definitions)
        sharing_roots: list[Root] = []
        for root in roots:
            if type(root.value) in ATOMS:
                continue
            sharing._stop_at = definitions - {id(root.value)}
            sharing.add(root.value)
            sharing_roots.append(root)
        self.view_bases = sharing.view_bases()
        parent = {id(r): r for r in roots}

        def find(r: Root) -> Root:
            while parent[id(r)] is not r:
                r = parent[id(r)]
            return r

        for numbers in sharing.groups():
            first = find(sharing_roots[numbers[0]])
            for n in numbers[1:]:
                parent[id(find(sharing_roots[n]))] = first
        by_slot: dict[str, Root] = {}
        for root in roots:
            if root.slot is not None:
                other = by_slot.setdefault(root.slot, root)
                parent[id(find(root))] = find(other)
        grouped: dict[int, list[Root]] = {}
        for root in roots:
            grouped.setdefault(id(find(root)), []).append(root)
        return [Group(g) for g in grouped.values()]

    # -- dumping ------------------------------------------------------------------------------------------------

    def _assign(self, groups: Iterable[Group]) -> dict[int, tuple[str, str]]:
        """Give every group its slot and its members their names; returns the links to definitions."""
        linked: dict[int, tuple[str, str]] = {}
        for group in groups:
            group.name_members()
            if not group.slot:
                kept = [r.slot for r in group.roots if r.definition and r.slot is not None]
                slots = {r.slot for r in group.roots}
                if kept and not self._new_roots_only(group):
                    group.slot = kept[0]
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

    @staticmethod
    def _new_roots_only(group: Group) -> bool:
        return all(r.slot is None for r in group.roots)

    def _new_slot(self) -> str:
        slot = f"{self.attempt}#{self.ordinal}"
        self.ordinal += 1
        return slot

    def _dump_all(self, groups: list[Group]) -> None:
        linked = self._assign(groups)
        for group in list(groups):
            self._dump_group(group, groups, linked)
        while merge_circles(groups):
            linked = self._assign(groups)
            for group in list(
                groups
            ):  # all of them: what referred to a merged definition refers to another slot now
                self._dump_group(group, groups, linked)
        self._refuse_dependents(groups)

    def _dump_group(self, group: Group, groups: list[Group], linked: dict[int, tuple[str, str]]) -> None:
        if group.roots[0].refused is not None:
            return
        entry = self._single_slot_entry(group)
        if entry is not None and all(type(r.value) in ATOMS for r in group.roots):
            group.unchanged = entry
            return
        try:
            group.dump = self._dump({m: r.value for m, r in group.members.items()}, linked, group)
            group.digest = content_digest(list(group.members), group.dump.stream, group.dump.buffers)
            if entry is not None and self._same(entry, group, linked):
                group.unchanged = entry
            elif group.dump.foreign_types:
                self._verify(group, linked)
        except NotCarriedError as error:
            group.dump = None
            if len(group.roots) == 1:
                group.roots[0].refused = error
                return
            self._split(group, groups, linked, error)

    def _dump(self, members: dict[str, Any], linked: dict[int, tuple[str, str]], group: Group) -> Dump:
        own = {id(r.value) for r in group.roots if r.definition}
        with _deadline(self.seconds):
            return dump(members, self.namespace, linked, own, self.view_bases, source_of)

    def _split(
        self, group: Group, groups: list[Group], linked: dict[int, tuple[str, str]], error: NotCarriedError
    ) -> None:
        """A group cannot be kept as a whole: refuse the members at fault, keep the others together."""
        good: list[Root] = []
        for root in group.roots:
            try:
                self._dump({"_": root.value}, linked, Group([root]))
                good.append(root)
            except NotCarriedError as own_error:
                root.refused = own_error
        if len(good) == len(group.roots):
            for root in good:
                root.refused = error
            good = []
        for root in group.roots:
            if root.refused is not None:
                alone = Group([root])
                alone.name_members()
                alone.slot = self._new_slot()
                groups.append(alone)
        group.roots = good
        group.name_members()
        if good:
            group.slot = self._new_slot() if not any(r.definition and r.slot for r in good) else group.slot
            for member, root in group.members.items():
                if root.definition:
                    linked[id(root.value)] = (group.slot, member)
            self._dump_group(group, groups, linked)
        else:
            groups.remove(group)

    def _single_slot_entry(self, group: Group) -> Json | None:
        """The inherited entry if this group is exactly one loaded slot."""
        slots = {r.slot for r in group.roots}
        if len(slots) != 1:
            return None
        slot = next(iter(slots))
        return None if slot is None else self.loaded.slots[slot]

    def _same(self, entry: Json, group: Group, linked: dict[int, tuple[str, str]]) -> bool:
        assert group.dump is not None
        if group.dump.refs != entry.get("refs", []):
            return False
        if group.digest == entry["digest"] or group.digest == entry.get("settled"):
            return True
        # Some values change in form, not in meaning, by being stored once: compare with a fresh copy of the original.
        # It needs a mapping of its own: the block may have written into the one that it was given.
        try:
            original = self.loaded.open(entry)
            if original.component(entry["offset"], entry["length"])[0] == group.dump.stream:
                return False  # the buffers differ
            fresh = self.loaded.read(entry, original)
            own = dict(fresh)
            relinked = dict(linked)
            for name, root in group.members.items():
                if root.definition and name in fresh:
                    relinked[id(fresh[name])] = linked[id(root.value)]
            probe = Group([Root(v, None, m) for m, v in own.items()])
            again = self._dump({m: own[m] for m in group.members if m in own}, relinked, probe)
        except Exception:
            return False
        return content_digest(list(group.members), again.stream, again.buffers) == group.digest

    def _verify(self, group: Group, linked: dict[int, tuple[str, str]]) -> None:
        """Load what was dumped and compare: what comes back as something else is not kept."""
        assert group.dump is not None
        doubtful = [t for t in group.dump.foreign_types if not is_trusted(t)]
        size = len(group.dump.stream) + sum(b.nbytes for b in group.dump.buffers)
        if not doubtful or size > VERIFY_MAX_BYTES:
            return
        advice = "keep plain data (numbers, strings, lists, frames) from it instead"
        buffers = [bytearray(b) if not b.readonly else bytes(b) for b in group.dump.buffers]
        try:
            with _deadline(self.seconds):
                copy = self._reload(group, buffers, linked)
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
        probe = Group([Root(v, None, m) for m, v in copy.items()])
        relinked = dict(linked)
        for member, root in group.members.items():
            if root.definition:
                relinked[id(copy[member])] = linked[id(root.value)]
        again = self._dump(copy, relinked, probe)
        lost = {t for t in group.dump.foreign_types if t.__module__ != "__main__"} - again.foreign_types
        if lost:
            raise NotCarriedError(
                f"a `{type_name(lost.pop())}` in it would come back as something else", advice
            )

    def _reload(self, group: Group, buffers: list[Any], linked: dict[int, tuple[str, str]]) -> dict[str, Any]:
        assert group.dump is not None
        by_place = {place: key for key, place in linked.items()}
        alive = {id(r.value): r.value for r in self.roots}
        refs = group.dump.refs

        def member(index: int, name: str) -> Any:
            return alive[by_place[(refs[index], name)]]

        with links.loading(links.Context(self.namespace, member, group.dump.debug)):
            made: dict[str, Any] = pickle.loads(group.dump.stream, buffers=buffers)
        return made

    def _refuse_dependents(self, groups: list[Group]) -> None:
        """What refers to a definition that could not be kept cannot be kept either."""
        again = True
        while again:
            again = False
            lost = {
                g.slot.lstrip("="): g
                for g in groups
                if g.dump is None and g.unchanged is None and g.roots[0].refused
            }
            for group in groups:
                if group.dump is None or group.unchanged is not None:
                    continue
                for ref in group.dump.refs:
                    if ref in lost:
                        culprit = lost[ref].roots[0]
                        assert culprit.refused is not None
                        name = culprit.names[0] if culprit.names else (culprit.member or "?")
                        for root in group.roots:
                            root.refused = NotCarriedError(
                                f"it uses `{name}`, which could not be kept: {culprit.refused.reason}",
                                culprit.refused.advice,
                            )
                        group.dump = None
                        again = True
                        break

    # -- writing ------------------------------------------------------------------------------------------------

    def _write(self, groups: list[Group]) -> Captured:
        inherited = self.loaded.variables
        variables: dict[str, Json] = {}
        for name, variable in inherited.items():
            if name not in self.loaded.given and name not in self.namespace:
                variables[name] = variable
        slots: dict[str, Json] = dict(self.loaded.slots)
        objects: list[str] = []
        notices: list[tuple[str, str]] = []
        for group in groups:
            named = [(member, root) for member, root in group.members.items() if root.names]
            refused = group.roots[0].refused
            if refused is not None:
                for root in group.roots:
                    self._refuse(root, variables, notices)
                continue
            slot = group.slot.lstrip("=")
            if group.unchanged is not None:
                self._point(named, slot, variables, changed=False)
                continue
            keeps_slot = any(r.definition and r.slot is not None for r in group.roots)
            if not named and not keeps_slot:
                continue
            if group.slot.startswith("="):
                slot = self._new_slot()
            table, rows, complete = None, 0, False
            if len(named) == 1 and len(group.roots) == 1:
                made = self.preview(named[0][1].value)
                if made is not None:
                    table, rows, complete = made
            assert group.dump is not None
            component = Component(
                list(group.members),
                group.dump.stream,
                group.dump.buffers,
                group.dump.debug,
                table,
                group.digest,
            )
            slots[slot] = {
                "codec": "pickle5",
                "digest": group.digest,
                "names": list(group.members),
                "refs": group.dump.refs,
                "reads": sorted(group.dump.reads),
                "unstable": False,
            }
            aliases = [r.slot for r in group.roots if r.definition and r.slot is not None and r.slot != slot]
            if table is not None:
                slots[slot]["table"] = {"rows": rows, "complete": complete}
            self._point(named, slot, variables, changed=True)
            self._place(component, slots[slot], objects, pack_it=component.buffer_bytes < OWN_OBJECT_BYTES)
            for other in aliases:
                self._aliases.append((other, slot))
        if self._pack is not None:
            self._finish_pack(objects)
        for other, slot in self._aliases:
            slots[other] = {**slots[slot], "same_as": slot}
        return Captured(
            {"variables": variables, "slots": _reachable(variables, slots)}, sorted(set(objects)), notices
        )

    def _place(self, component: Component, entry: Json, objects: list[str], pack_it: bool) -> None:
        if pack_it:
            if self._pack is None:
                self._pack = ObjectWriter(self.staging)
            writer = self._pack
        else:
            writer = ObjectWriter(self.staging)
        placed = writer.add(component)
        entry["offset"], entry["length"] = placed.offset, placed.length
        if placed.debug is not None:
            entry["debug"] = {"offset": placed.debug[0], "length": placed.debug[1]}
        if placed.table is not None:
            entry["table"] = {"offset": placed.table[0], "length": placed.table[1], **entry["table"]}
        if pack_it:
            self._packed.append(entry)
        else:
            entry["object"] = writer.finish()
            objects.append(entry["object"])

    def _finish_pack(self, objects: list[str]) -> None:
        assert self._pack is not None
        digest = self._pack.finish()
        for entry in self._packed:
            entry["object"] = digest
        objects.append(digest)

    def _point(
        self, named: list[tuple[str, Root]], slot: str, variables: dict[str, Json], changed: bool
    ) -> None:
        for member, root in named:
            for name in root.names:
                old = self.loaded.variables.get(name)
                if (
                    not changed
                    and old is not None
                    and old.get("slot") == slot
                    and old.get("member", name) == member
                ):
                    variables[name] = old
                    continue
                variable = {"slot": slot, "origin": self.block, **self.describe(root.value)}
                if member != name:
                    variable["member"] = member
                variables[name] = variable

    def _refuse(self, root: Root, variables: dict[str, Json], notices: list[tuple[str, str]]) -> None:
        assert root.refused is not None
        for name in root.names:
            kind = type_name(type(root.value))
            variables[name] = {
                "origin": self.block,
                "type": kind,
                "not_carried": {"reason": root.refused.reason, "advice": root.refused.advice},
            }
            notices.append(
                (
                    name,
                    f"`{name}` ({kind}) is not kept: {root.refused.reason}. {_sentence(root.refused.advice)}",
                )
            )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _reachable(variables: dict[str, Json], slots: dict[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    stack = [v["slot"] for v in variables.values() if "slot" in v]
    while stack:
        slot = stack.pop()
        if slot not in found:
            found[slot] = slots[slot]
            stack.extend(slots[slot].get("refs", []))
    return found


@contextlib.contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Stop user code that hangs while a value is stored; only Python code can be stopped this way."""
    try:
        with time_limit(seconds):
            yield
    except TimeLimitReached:
        raise NotCarriedError(
            f"storing it took longer than {seconds:.0f} s", "keep plain data from it instead"
        ) from None
