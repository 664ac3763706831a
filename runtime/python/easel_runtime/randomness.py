"""The process's global random generators: fresh for every worker, carried only once somebody seeded them.

Forks of one process share the state of their generators and would draw the same "random" numbers, so every
worker calls `reseed_all` while it parks. A generator that user code seeded continues in the next block where
it stopped: `watch` wraps the seeding functions, because the state alone cannot tell a seed from a draw.
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable
from typing import Any

from .importing import when_imported

_seeded: set[str] = set()
_watching: set[str] = set()


def reseed_all() -> None:
    """Give every loaded global generator new entropy and forget that any was seeded."""
    _seeded.clear()
    for module in (random, sys.modules.get("numpy.random"), _torch()):
        if module is not None:
            _original(module, "seed")()


def watch() -> None:
    """Notice from now on when a generator is seeded, those of libraries imported later included."""
    _watch_module(random, "python", ("seed", "setstate"))
    when_imported("numpy.random", lambda module: _watch_module(module, "numpy", ("seed", "set_state")))
    when_imported(
        "torch", lambda module: _watch_module(module, "torch", ("manual_seed", "set_rng_state", "seed"))
    )


def states() -> dict[str, Any]:
    """Return the state of every seeded generator: plain Python values, equal for equal states."""
    found: dict[str, Any] = {}
    if "python" in _seeded:
        found["python"] = random.getstate()
    numpy = sys.modules.get("numpy.random")
    if "numpy" in _seeded and numpy is not None:
        kind, key, position, has_gauss, gauss = numpy.get_state()
        found["numpy"] = (str(kind), key.tobytes(), int(position), int(has_gauss), float(gauss))
    torch = _torch()
    if "torch" in _seeded and torch is not None:
        found["torch"] = bytes(torch.get_rng_state().numpy().tobytes())
    return found


def restore(name: str, state: Any) -> None:
    """Continue generator `name` at `state`. Raises ImportError if its library is missing, ValueError for
    nonsense."""
    if name == "python":
        random.setstate(state)
    elif name == "numpy":
        import numpy

        kind, key, position, has_gauss, gauss = state
        numpy.random.set_state((kind, numpy.frombuffer(key, dtype=numpy.uint32), position, has_gauss, gauss))
    elif name == "torch":
        import torch

        torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
    else:
        raise ValueError(f"no random generator is called {name!r}")
    _seeded.add(name)


def _torch() -> Any:
    module = sys.modules.get("torch")
    return module if hasattr(module, "get_rng_state") else None


def _original(module: Any, function: str) -> Callable[..., Any]:
    found = getattr(module, function)
    return getattr(found, "__wrapped__", found)  # type: ignore[no-any-return]


def _watch_module(module: Any, name: str, functions: tuple[str, ...]) -> None:
    if name in _watching:
        return
    _watching.add(name)
    for function in functions:
        setattr(module, function, _noting(getattr(module, function), name, module.__name__, function))


def _noting(original: Callable[..., Any], name: str, module: str, function: str) -> Callable[..., Any]:
    def seeding(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        values = [*args, *kwargs.values()]
        # seed() and seed(None) take the system's entropy: the opposite of seeding.
        if values and values[0] is not None:
            _seeded.add(name)
        else:
            _seeded.discard(name)
        return result

    # Pickled by reference and shown in help() like the function that it stands for.
    functools.update_wrapper(seeding, original, updated=())
    seeding.__module__, seeding.__qualname__, seeding.__name__ = module, function, function
    return seeding
