"""What code that runs later (a function's body, a lambda) does to the block's namespace when it is called."""

from __future__ import annotations

from .scopes import Key


class Summary:
    """Names by what happens to them. `loads` are keys that the code loads, whose definitions it may call."""

    __slots__ = ("deletes", "dynamic", "loads", "possible", "reads", "writes")

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.possible: set[str] = set()
        self.loads: set[Key] = set()
        self.writes: set[str] = set()
        self.deletes: set[str] = set()
        self.dynamic: set[str] = set()

    def add_effects(self, other: Summary) -> None:
        """Take over what `other` does whatever is assigned when it runs: loads, writes, deletes, dynamic
        access."""
        self.loads |= other.loads
        self.writes |= other.writes
        self.deletes |= other.deletes
        self.dynamic |= other.dynamic
