"""Server-side apply as a pure function: who owns which field, what conflicts, what remains.

Source: Kubernetes "Server-Side Apply". Simpler than there: a list is one field (there, some are maps by a key).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Owners = dict[str, set[Path]]
FIXED = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


@dataclass(frozen=True)
class Merged:
    """`conflicts`: (manager, field) that stand against it; then nothing else counts."""

    body: dict[str, Any]
    owners: Owners
    conflicts: list[tuple[str, Path]]


def leaves(value: dict[str, Any], path: Path = ()) -> dict[Path, Any]:
    """Every value below an object that somebody may own."""
    found: dict[Path, Any] = {}
    for key, each in value.items():
        if isinstance(each, dict) and each:
            found |= leaves(each, (*path, key))
        elif (*path, key) not in FIXED:
            found[(*path, key)] = each
    return found


def merge(
    old: dict[str, Any] | None, body: dict[str, Any], manager: str, owners: Owners, *, force: bool
) -> Merged:
    """`manager` wants `body`: what it says is set and owned; what it owned and no longer says goes, unless shared."""
    wanted, have = leaves(body), leaves(old or {})
    after = {each: set(paths) for each, paths in owners.items()}
    conflicts = []
    for path, value in wanted.items():
        for each in [each for each, paths in owners.items() if each != manager and path in paths]:
            if have.get(path) == value:
                continue
            if not force:
                conflicts.append((each, path))
            after[each].discard(path)
    made = copy.deepcopy(old) if old else {key: body[key] for key in ("apiVersion", "kind")}
    for path in owners.get(manager, set()) - set(wanted):
        if not any(path in paths for each, paths in owners.items() if each != manager):
            _drop(made, path)
    for path, value in wanted.items():
        place = made
        for part in path[:-1]:
            place = place.setdefault(part, {})
        if value == {}:
            place.setdefault(path[-1], {})  # what others have in there stays
        else:
            place[path[-1]] = value
    made.setdefault("metadata", {}).update(
        {key: value for key, value in body["metadata"].items() if ("metadata", key) in FIXED}
    )
    after[manager] = set(wanted)
    return Merged(made, {each: paths for each, paths in after.items() if paths}, conflicts)


def _drop(body: dict[str, Any], path: Path) -> None:
    places = [body]
    for part in path[:-1]:
        if part not in places[-1]:
            return
        places.append(places[-1][part])
    places[-1].pop(path[-1], None)
    for place, part in zip(reversed(places[:-1]), reversed(path[:-1]), strict=True):
        if place[part] == {} and part != "metadata":
            del place[part]
