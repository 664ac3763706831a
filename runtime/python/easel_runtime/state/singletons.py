"""Objects of which a process has one, kept by a module: they come back as the process's own, never as a copy.

A copy of the global generator would draw other numbers than `random.seed` promises, and what is written into a copy of
`os.environ` reaches nobody. What they hold travels as settings of the process, where it does.
"""

from __future__ import annotations

import os
import random
import sys
import warnings
from typing import Any

Place = tuple[str, str]  # module and the name there

_PLACES: tuple[Place, ...] = (
    ("os", "environb"), ("numpy.random.mtrand", "_rand"), ("matplotlib", "rcParams"),
    ("pandas._config.config", "options"), ("sys", "path"), ("warnings", "filters"),
)  # fmt: skip
# As they were before any block could put something else there.
_FIRST: dict[int, Place] = {id(random._inst): ("random", "_inst"), id(os.environ): ("os", "environ")}
_KEPT = (random._inst, os.environ)


def found() -> dict[int, tuple[Place, Any]]:
    """Those of the modules that are imported by now, by their id."""
    made: dict[int, tuple[Place, Any]] = {
        id(value): (_FIRST[id(value)], value) for value in _KEPT if _is_there(value)
    }
    for module, name in _PLACES:
        value = getattr(sys.modules.get(module), "__dict__", {}).get(name)
        if value is not None:
            made[id(value)] = (module, name), value
    return made


class StandIn:
    """Stands for such an object that is a plain list, about which a pickler is not asked."""

    def __init__(self, place: Place) -> None:
        self.place = place


def is_list(value: Any) -> bool:
    """Whether it is one of those that are lists."""
    return type(value) is list and any(value is other for _, other in _lists())


def stand_in(value: Any) -> Any:
    """`value`, or what stands for it."""
    if type(value) is list:
        for place, other in _lists():
            if value is other:
                return StandIn(place)
    return value


def _lists() -> tuple[tuple[Place, Any], ...]:
    return (("sys", "path"), sys.path), (("warnings", "filters"), warnings.filters)


def _is_there(value: Any) -> bool:
    module, name = _FIRST[id(value)]
    return sys.modules[module].__dict__.get(name) is value
