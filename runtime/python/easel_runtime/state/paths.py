"""Where in a value something lies, as a person would write it."""

from __future__ import annotations

import collections
import re
from collections.abc import Callable, Iterable
from typing import Any

from .refusals import NotCarriedError, type_name
from .sharing import ATOMS
from .structure import ATTRIBUTE, KEY, Label, structure

_NOT_PICKLED = re.compile(
    r"cannot pickle '(?:[\w.]+\.)?(\w+)' object|Can't pickle <class '(?:[\w.]+\.)?(\w+)'>"
)


def path_text(name: str, labels: Iterable[Label]) -> str:
    """`model.layers[3]['w']`, as a person would write it."""
    text = name
    for kind, value in labels:
        if kind == ATTRIBUTE:
            text += f".{value}"
        elif kind == KEY:
            text += f" (its key number {value + 1})"
        elif type(value) in (int, str, float, bool, tuple, bytes) and len(repr(value)) <= 60:
            text += f"[{value!r}]"
        else:
            text += "[...]"
    return text


def path_to(
    roots: dict[str, Any], wanted: Callable[[Any], bool], most: int = 200_000
) -> tuple[str, bool] | None:
    """The shortest path from one of `roots` to an object that is `wanted`, and whether it is a root itself.

    Looks at `most` objects at most; None if it is not among them.
    """
    front: collections.deque[tuple[Any, Any]] = collections.deque((v, (None, n)) for n, v in roots.items())
    seen: set[int] = set()
    alive: list[Any] = []  # what accessors made for us must not give its id to another object
    while front and len(seen) < most:
        obj, trail = front.popleft()
        if wanted(obj):
            labels: list[Label] = []
            while trail[0] is not None:
                trail, label = trail
                labels.append(label)
            return path_text(trail[1], reversed(labels)), not labels
        if type(obj) in ATOMS or id(obj) in seen:
            continue
        seen.add(id(obj))
        alive.append(obj)
        try:
            for label, part in structure(obj).parts:
                if type(part) not in ATOMS or wanted(part):
                    front.append((part, (trail, label)))
        except Exception:
            continue
    return None


def located(error: NotCarriedError, members: dict[str, Any]) -> NotCarriedError:
    """The same refusal, with the place of what is at fault in words if it can be found."""
    culprit, sentence = error.culprit, error.sentence
    if culprit is None:
        named = _NOT_PICKLED.search(error.reason)
        if named is None:
            return error
        name = named[1] or named[2]
        found = path_to(members, lambda obj: type(obj).__name__ == name)
        if found is None or found[1]:
            return error
        return NotCarriedError(f"`{found[0]}` {error.reason.removeprefix('it ')}", error.advice)
    found = path_to(members, lambda obj: obj is culprit)
    if found is None:
        return NotCarriedError(error.reason, error.advice)
    if found[1]:
        return NotCarriedError(sentence, error.advice)
    return NotCarriedError(f"`{found[0]}` is a `{type_name(type(culprit))}`: {sentence}", error.advice)
