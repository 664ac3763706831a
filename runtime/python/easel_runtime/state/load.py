"""Bring the variables that a block reads into its namespace."""

from __future__ import annotations

import inspect
import linecache
import os
import pickle
from typing import Any

from . import arrow, links
from .extents import Extents
from .objects import DamagedObjectError, ObjectFolder, StoredComponent
from .watch import Links, Watch

Json = dict[str, Any]


class LoadError(Exception):
    """A variable that the block needs cannot be loaded; the text names it."""


class LoadedState:
    """The inherited state and what of it was loaded.

    `members[slot]` are the loaded slots' members by name; slots that are `same_as` another one share one dict.
    """

    def __init__(self, state: Json, state_root: str, namespace: dict[str, Any], python: str) -> None:
        self.variables: dict[str, Json] = state.get("variables", {})
        self.slots: dict[str, Json] = state.get("slots", {})
        self.namespace = namespace
        self.members: dict[str, dict[str, Any]] = {}
        self.given: dict[str, Any] = {}
        self._wanted: set[str] = set()
        self._preparing: set[str] = set()
        self.extents = Extents()
        self.objects = ObjectFolder(os.path.join(state_root, "objects"))
        self._python = python
        self.ones = _ones(self.slots)
        self.watch = Watch(namespace, self.extents)

    def load(self, names: list[str]) -> None:
        """Load the slots of `names`, and give the block every variable that lives in a loaded slot."""
        self._wanted.update(names)
        for name in names:
            variable = self.variables.get(name)
            if variable is not None and "slot" in variable:
                try:
                    self.slot(variable["slot"])
                except DamagedObjectError:
                    raise
                except Exception as error:
                    raise LoadError(
                        f"`{name}` from block `{variable.get('origin', '?')}` cannot be loaded: "
                        f"{type(error).__name__}: {error}"
                    ) from error
        for name, variable in self.variables.items():
            members = self.members.get(variable.get("slot", ""))
            if members is not None:
                self.given[name] = self.namespace[name] = self.member(
                    variable["slot"], variable.get("member", name)
                )

    def place(self, slot: str, name: str) -> tuple[str, str]:
        """Where a member of a slot really is: of slots that are one component, the first, and its name there."""
        one = self.ones.get(slot, slot)
        if one == slot:
            return slot, name
        known, names = self.slots[slot]["names"], self.slots[one]["names"]
        return one, names[known.index(name)] if name in known else name

    def member(self, slot: str, name: str) -> Any:
        """The member that `slot` knows by this name, loaded if need be."""
        members = self.slot(slot)
        entry = self.slots[slot]
        if "same_as" in entry and name in entry["names"]:  # its names are in the members' order
            return list(members.values())[entry["names"].index(name)]
        return members[name]

    def slot(self, slot: str) -> dict[str, Any]:
        """The members of a slot, loading it and what it refers to if that has not happened yet."""
        found = self.members.get(slot)
        if found is None:
            one = self.ones[slot]
            found = self.members.get(one)
            if found is None:
                self._prepare(one, self.slots[one])
                found = self.members.get(one)  # preparing may have come round to it
            if found is None:
                found = self.members[one] = self._read_and_watch(self.slots[one])
            self.members[slot] = found
        return found

    def _read_and_watch(self, entry: Json) -> dict[str, Any]:
        links_of = Links()
        before = len(self.extents.mapped())
        members = self.read(entry, links_of)
        self.watch.take(members, links_of, self.extents.mapped()[before:])
        return members

    def _prepare(self, slot: str, entry: Json) -> None:
        """Load what code of the classes in `entry` may use while its instances are made (`__setstate__`, `__hash__`)."""
        if slot in self._preparing:
            return
        self._preparing.add(slot)
        reads = list(entry.get("reads", ()))
        for ref in entry.get("refs", ()):
            self.slot(ref)
            reads.extend(self.slots[ref].get("reads", ()))
        for name in reads:
            variable = self.variables.get(name)
            if (
                name in self._wanted
                and variable is not None
                and self.ones.get(variable.get("slot", "")) not in (None, *self._preparing)
            ):
                self.namespace[name] = self.member(variable["slot"], variable.get("member", name))
        self._preparing.discard(slot)

    def component(self, entry: Json) -> StoredComponent:
        """The stored component of a slot."""
        return self.objects.component(entry["object"], entry["offset"], entry["length"])

    def read(self, entry: Json, links_of: Links | None = None) -> dict[str, Any]:
        """A copy of a slot's members in memory of its own; links lead to the copies that are already loaded, and are
        noted in `links_of`."""
        component = self.component(entry)
        for item in component.debug:
            remember_source(item.get("filename", ""), item.get("line", 1), item.get("source", ""))
        if component.codec == "arrow":
            return {component.members[0]: self._table(component)}
        buffers = self.objects.buffers(component, self.extents)
        if component.codec == "pickle5":
            return self.unpickle(component.stream, buffers, entry.get("refs", []), component.debug, links_of)
        raise DamagedObjectError(
            f"{component.file.path}: codec `{component.codec}` is unknown to this version of Easel"
        )

    def _table(self, component: StoredComponent) -> Any:
        data = self.objects.extent(component.extents[0], self.extents)
        try:
            return arrow.decode(component.stream, data)
        except arrow.RecipeError as error:
            raise DamagedObjectError(
                f"{component.file.path}: damaged table at byte {component.offset}: {error}"
            ) from None

    def unpickle(
        self,
        stream: Any,
        buffers: list[Any],
        refs: list[str],
        debug: list[Json],
        links_of: Links | None = None,
    ) -> dict[str, Any]:
        def member(index: int, name: str) -> Any:
            found = self.member(refs[index], name)
            if links_of is not None:
                links_of.add(found, self.place(refs[index], name))
            return found

        with links.loading(links.Context(self.namespace, member, debug)):
            made = pickle.loads(stream, buffers=buffers)
        if not isinstance(made, dict):
            raise LoadError("the component does not hold variables")
        return made


def _ones(slots: dict[str, Json]) -> dict[str, str]:
    """Slot -> the slot that stands for all that are one component with it."""
    found: dict[str, str] = {}
    stands: dict[str, str] = {}
    for slot, entry in slots.items():
        one = entry.get("same_as", slot)
        found[slot] = one if one in slots else stands.setdefault(one, slot)
    attempts = {slot.partition("#")[0] for slot in slots}
    if len({_block(attempt) for attempt in attempts}) < len(attempts):
        while _join_twins(slots, found):
            pass
    return found


def _join_twins(slots: dict[str, Json], ones: dict[str, str]) -> bool:
    """Let what two attempts of one block left as equals be one: where branches meet, one may have it from before the block
    ran again, the other from after, and neither had a reason to run. Returns whether there was such a pair."""
    equals: dict[Any, list[str]] = {}
    for slot, entry in slots.items():
        if ones[slot] == slot:
            refs = tuple(ones.get(ref, ref) for ref in entry.get("refs", ()))
            key = _block(slot.partition("#")[0]), entry["codec"], entry["digest"], tuple(entry["names"]), refs
            equals.setdefault(key, []).append(slot)
    twins = {}
    for first, *others in equals.values():
        if len({slot.partition("#")[0] for slot in (first, *others)}) == len(others) + 1:
            twins.update(dict.fromkeys(others, first))
    for slot, one in ones.items():
        ones[slot] = twins.get(one, one)
    return bool(twins)


def _block(attempt: str) -> str:
    """The block's name in an attempt's id: `run/block.number`."""
    return attempt.partition("/")[2].rpartition(".")[0]


def remember_source(filename: str, first_line: int, source: str) -> None:
    """Make tracebacks and `inspect` show the source of carried code, whatever the file says today."""
    if not filename or not source:
        return
    known = linecache.cache.get(filename)
    lines: list[str] = list(known[2]) if known is not None and len(known) == 4 else []
    new = source.splitlines(keepends=True)
    # What nobody knows must end a block that comes before it, for `inspect`: an empty line would not.
    lines.extend(["...\n"] * (first_line - 1 + len(new) - len(lines)))
    lines[first_line - 1 : first_line - 1 + len(new)] = new
    linecache.cache[filename] = (sum(map(len, lines)), None, lines, filename)


def source_of(code: Any) -> str:
    """The source text of a code object's lines, as far as it is known."""
    lines = linecache.getlines(code.co_filename)
    if not lines:
        return ""
    first = code.co_firstlineno - 1
    last = max((line for _, _, line in code.co_lines() if line is not None), default=first + 1)
    try:
        last = max(last, first + len(inspect.getblock(lines[first:])))  # a docstring's lines have no code
    except Exception:  # the text is not what was compiled
        pass
    return "".join(lines[first:last])
