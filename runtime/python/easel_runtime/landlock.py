"""Landlock: which files the processes of a worker may read, and which they may change.

A second wall behind read-only mounts in mode `local`, the only one in mode `pod`. The rules that do not depend on the
block are made while the worker parks; the block's own folders are added at hand-over.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from easel_runtime import _easel

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2

READ = _EXECUTE | _READ_FILE | _READ_DIR
LIST = _READ_DIR
DEVICES = _WRITE_FILE | _TRUNCATE | _IOCTL_DEV
CHANGE = _WRITE_FILE | _TRUNCATE
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


class Rules:
    """One ruleset being made. `everything` is what a folder of the worker's own allows."""

    def __init__(self) -> None:
        """Create the ruleset.

        Errors: OSError when the kernel has no Landlock.
        """
        self.abi = _easel.landlock_abi()
        handled = (1 << 13) - 1
        if self.abi >= 2:
            handled |= _REFER
        if self.abi >= 3:
            handled |= _TRUNCATE
        if self.abi >= 5:
            handled |= _IOCTL_DEV
        self._handled = handled
        self.everything = handled & ~(_MAKE_CHAR | _MAKE_BLOCK)
        scoped = (_SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS) if self.abi >= 6 else 0
        self._fd = _easel.landlock_create(self.abi, handled, scoped)

    def allow(self, path: str, rights: int) -> None:
        """Allow `rights` at and below `path`; a path that does not exist is passed over."""
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return
        try:
            self.allow_fd(fd, rights)
        finally:
            os.close(fd)

    def allow_fd(self, fd: int, rights: int) -> None:
        """Allow `rights` at and below what `fd` names."""
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _FILE_RIGHTS
        rights &= self._handled
        if rights:
            _easel.landlock_allow(self._fd, fd, rights)

    def allow_reading_except(self, hidden: Iterable[str]) -> None:
        """Allow reading everything but `hidden`: their siblings are allowed one by one; names stay listable.

        What appears beside a hidden path later is not readable: Landlock has no rule that takes away.
        """
        hidden = {os.path.realpath(path) for path in hidden}
        above: set[str] = set()
        for path in hidden:
            while path != "/":
                path = os.path.dirname(path)
                above.add(path)
        self.allow("/", READ if not hidden else LIST)
        for folder in above:
            try:
                entries = [os.path.join(folder, name) for name in os.listdir(folder)]
            except OSError:
                continue
            for entry in entries:
                if entry not in hidden and entry not in above and not os.path.islink(entry):
                    self.allow(entry, READ)

    def enforce(self) -> None:
        """Put the rules into force for this process and all it starts. Needs no_new_privs."""
        _easel.landlock_restrict(self._fd)
        os.close(self._fd)
