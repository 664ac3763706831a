"""The state that a block leaves: which variable is where, made by which block, and why some are not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .groups import Group, Root
from .load import LoadedState
from .refusals import type_name

Json = dict[str, Any]


class NewState:
    """Collects the new state's variables and slots; begins with what the block inherited and did not load or hide."""

    def __init__(self, loaded: LoadedState, block: str, describe: Callable[[Any], Json]) -> None:
        self.loaded = loaded
        self.block = block
        self.describe = describe
        self.variables: dict[str, Json] = {
            name: variable
            for name, variable in loaded.variables.items()
            if name not in loaded.given and name not in loaded.namespace
        }
        self.slots: dict[str, Json] = dict(loaded.slots)
        self.notices: list[tuple[str, str]] = []
        self.remarks: list[str] = []  # about what is kept

    def point(self, named: list[tuple[str, Root]], slot: str, changed: bool) -> None:
        """Let variables be the members (name in the slot, root) of `slot`; unchanged ones stay what they were."""
        for member, root in named:
            for name in root.names:
                old = self.loaded.variables.get(name)
                if (
                    not changed
                    and old is not None
                    and "slot" in old
                    and self.loaded.place(old["slot"], old.get("member", name)) == (slot, member)
                ):
                    self.variables[name] = old
                    continue
                variable = {"slot": slot, "origin": self.block, **self.describe(root.value)}
                if member != name:
                    variable["member"] = member
                self.variables[name] = variable

    def unite(self, slot: str, group: Group) -> None:
        """Let every slot whose definitions are in `group` now be `slot`, which is stored: others refer to them.

        Each goes on knowing the definitions by the names that they had there, whatever their names in `slot` are.
        """
        now = {(r.slot, r.member): member for member, r in group.members.items() if r.definition}
        olds = {place for place, _ in now if place is not None}
        if not olds:
            return
        ones = self.loaded.ones
        for other in [s for s in self.slots if ones.get(s) in olds and s != slot]:
            known = zip(
                self.loaded.slots[other]["names"], self.loaded.slots[ones[other]]["names"], strict=True
            )
            there = {now[ones[other], name]: old for old, name in known if (ones[other], name) in now}
            names: list[str] = []
            for member in group.members:
                name = there.get(member, member)
                while name in names or (member not in there and name in there.values()):
                    name += "~"
                names.append(name)
            self.slots[other] = {**self.slots[slot], "names": names, "same_as": slot}

    def refuse(self, root: Root) -> None:
        """Name what is not kept, and why."""
        assert root.refused is not None
        for name in root.names:
            kind = type_name(type(root.value))
            self.variables[name] = {
                "origin": self.block,
                "type": kind,
                "not_carried": {"reason": root.refused.reason, "advice": root.refused.advice},
            }
            self.notices.append(
                (
                    name,
                    f"`{name}` ({kind}) is not kept: {root.refused.reason}. {_sentence(root.refused.advice)}",
                )
            )

    def remark(self, group: Group) -> None:
        """Say what the classes in a kept group leave out, and what could not be verified."""
        names = [name for root in group.roots for name in root.names]
        if not names:
            return
        left_out = group.verdict.remarks + (group.encoded.left_out if group.encoded else ())
        if left_out:
            self.remarks.append(f"`{names[0]}` is kept, but {'; '.join(left_out)}")
        if group.verdict.unverified:
            self.remarks.append(
                f"`{names[0]}` is kept unverified: it is too large to be loaded and compared in the time there is for it"
            )

    def document(self) -> Json:
        """The state as the manifest has it: slots that no variable reaches are left out."""
        return {"variables": self.variables, "slots": _reachable(self.variables, self.slots)}


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
            stack.extend(s for s in (slots[slot].get("same_as"),) if s in slots)
    return found
