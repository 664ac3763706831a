"""What is stored together: the objects that must be kept, in groups that become components."""

from __future__ import annotations

from typing import Any

from .definitions import is_definition
from .encoded import Encoded
from .extents import Plan
from .load import LoadedState
from .refusals import NotCarriedError
from .sharing import ATOMS, shared
from .tensors import share_storage
from .verify import Verdict

Json = dict[str, Any]
HIDDEN = {
    "__name__", "__doc__", "__package__", "__loader__", "__spec__", "__builtins__", "__file__", "__annotations__",
    "__annotate__", "__conditional_annotations__", "__warningregistry__",
}  # fmt: skip


class Root:
    """One object that must be kept, and the names under which it is known."""

    __slots__ = ("definition", "member", "names", "refused", "slot", "value")

    def __init__(self, value: Any, slot: str | None, member: str | None) -> None:
        self.value = value
        self.names: list[str] = []  # variables of the block that are this object
        self.slot = slot  # where it was loaded from
        self.member = member  # its name there
        self.definition = is_definition(value)
        self.refused: NotCarriedError | None = None


class Group:
    """Roots that are stored together."""

    def __init__(self, roots: list[Root]) -> None:
        self.roots = roots
        self.slot = ""
        self.members: dict[str, Root] = {}
        self.encoded: Encoded | None = None
        self.plans: list[Plan] = []  # of the extents of `encoded`
        self.digest = ""
        self.unchanged: Json | None = None
        self.checked = ""  # the digest for which the verdict is
        self.verdict = Verdict()
        self._unchanged_refs: list[str] = []

    @property
    def refs(self) -> list[str]:
        """Slots that this group refers to, encoded or known to be what it was."""
        if self.encoded is not None:
            return self.encoded.refs
        return [] if self.unchanged is None else self._unchanged_refs

    def keep(self, entry: Json, loaded: LoadedState) -> None:
        """It is what `entry` holds."""
        self.unchanged = entry
        self._unchanged_refs = [loaded.ones[ref] for ref in entry.get("refs", [])]

    @property
    def kept_slot(self) -> str | None:
        """The slot of a definition in it, which others may refer to."""
        return next((r.slot for r in self.roots if r.definition and r.slot is not None), None)

    def name_members(self) -> None:
        self.members = {}
        kept = self.kept_slot
        # Definitions first, since other components name them, and of those first the ones whose slot stays.
        for root in sorted(self.roots, key=lambda r: (r.member is None, not r.definition, r.slot != kept)):
            wanted = root.member or root.names[0]
            name, n = wanted, 1
            while name in self.members:
                n += 1
                name = f"{wanted}~{n}"
            self.members[name] = root


def collect_roots(loaded: LoadedState) -> list[Root]:
    """The block's variables, and the members of loaded slots, which other components may refer to."""
    roots: list[Root] = []
    by_id: dict[int, Root] = {}
    seen_places: set[int] = set()
    for slot, members in loaded.members.items():
        if id(members) in seen_places:
            continue
        seen_places.add(id(members))
        one = loaded.ones[slot]
        for member, value in zip(loaded.slots[one]["names"], members.values(), strict=True):
            root = Root(value, one, member)
            roots.append(root)
            if type(value) not in ATOMS:
                by_id.setdefault(id(value), root)
    atoms = {(r.slot, r.member): r for r in roots if type(r.value) in ATOMS}
    for name, value in loaded.namespace.items():
        if name in HIDDEN or not isinstance(name, str):
            continue
        known: Root | None
        if type(value) in ATOMS:
            variable = loaded.variables.get(name, {})
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


def make_groups(roots: list[Root]) -> tuple[list[Group], set[int]]:
    """Roots of one loaded slot stay together; others are joined where they share something.

    Also returns the ids of arrays whose memory other arrays look into.
    """
    walked = [r for r in roots if type(r.value) not in ATOMS]
    firsts, view_bases = shared([r.value for r in walked], [r.value for r in roots if r.definition])
    parent = {id(r): r for r in roots}

    def find(r: Root) -> Root:
        while parent[id(r)] is not r:
            r = parent[id(r)]
        return r

    for root, first in zip(walked, firsts, strict=True):
        parent[id(find(root))] = find(walked[first])
    for together in share_storage([r.value for r in walked]):
        for number in together[1:]:
            parent[id(find(walked[number]))] = find(walked[together[0]])
    by_slot: dict[str, Root] = {}
    for root in roots:
        if root.slot is not None:
            other = by_slot.setdefault(root.slot, root)
            parent[id(find(root))] = find(other)
    grouped: dict[int, list[Root]] = {}
    for root in roots:
        grouped.setdefault(id(find(root)), []).append(root)
    return [Group(g) for g in grouped.values()], view_bases


def merge_circles(groups: list[Group]) -> bool:
    """Make one group of definitions that refer to each other in a circle; return whether there were any."""
    by_slot = {g.slot.lstrip("="): g for g in groups if g.refs}
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[Group] = []
    circles: list[list[Group]] = []

    def visit(group: Group) -> None:
        order[id(group)] = low[id(group)] = len(order)
        stack.append(group)
        for ref in group.refs:
            other = by_slot.get(ref)
            if other is None or other is group:
                continue
            if id(other) not in order:
                visit(other)
                low[id(group)] = min(low[id(group)], low[id(other)])
            elif any(other is s for s in stack):
                low[id(group)] = min(low[id(group)], order[id(other)])
        if low[id(group)] == order[id(group)]:
            circle = []
            while True:
                top = stack.pop()
                circle.append(top)
                if top is group:
                    break
            if len(circle) > 1:
                circles.append(circle)

    for group in list(by_slot.values()):
        if id(group) not in order:
            visit(group)
    merged = False
    for circle in circles:
        if all(g.unchanged is not None for g in circle):
            continue
        whole = Group([r for g in reversed(circle) for r in g.roots])
        for g in circle:
            groups.remove(g)
        groups.append(whole)
        merged = True
    return merged
