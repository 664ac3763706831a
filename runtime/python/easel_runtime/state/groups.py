"""What is stored together: the objects that must be kept, in groups that become components."""

from __future__ import annotations

from typing import Any

from .pickling import Dump, is_definition
from .refusals import NotCarriedError

Json = dict[str, Any]


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
        self.dump: Dump | None = None
        self.digest = ""
        self.unchanged: Json | None = None

    def name_members(self) -> None:
        self.members = {}
        for root in sorted(self.roots, key=lambda r: r.member is None):
            wanted = root.member or root.names[0]
            name, n = wanted, 1
            while name in self.members:
                n += 1
                name = f"{wanted}~{n}"
            self.members[name] = root


def merge_circles(groups: list[Group]) -> bool:
    """Make one group of definitions that refer to each other in a circle; return whether there were any."""
    by_slot = {g.slot.lstrip("="): g for g in groups if g.dump is not None}
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[Group] = []
    circles: list[list[Group]] = []

    def visit(group: Group) -> None:
        order[id(group)] = low[id(group)] = len(order)
        stack.append(group)
        assert group.dump is not None
        for ref in group.dump.refs:
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
