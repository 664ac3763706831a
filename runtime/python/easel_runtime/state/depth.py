"""How deep a structure may be nested while it is stored: pickle calls itself for what lies inside."""

from __future__ import annotations

import contextlib
import resource
import sys
from collections.abc import Iterator

# Enough for a chain of a thousand objects. A call takes up to 1 KiB of the C stack where code of a class runs between.
_CALLS = 5000
_STACK_BYTES = 8 << 20


@contextlib.contextmanager
def deeper() -> Iterator[None]:
    """Let calls nest deeper in the body, if the stack has room for it."""
    limit = sys.getrecursionlimit()
    if limit >= _CALLS:
        yield
        return
    stack, _ = resource.getrlimit(resource.RLIMIT_STACK)
    if stack != resource.RLIM_INFINITY and stack < _STACK_BYTES:
        yield
        return
    sys.setrecursionlimit(_CALLS)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
