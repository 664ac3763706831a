"""Which files a block reads and writes, for the manifest (docs/formats/manifest.md, `files`).

libeasel_trace.so (runtime/native/trace.h) records what the worker and its subprocesses do; `collect()` turns the
records into relative paths and digests. The rules:

* A file that the block created or changed counts as written only, even if it was read as well: restoring asks for
  the written digest, so an edit from outside is seen. Removed: written as "absent". Made and removed again: nothing.
* A file opened for reading and writing that ends as it was counts as read.
* A file that somebody else changed after the block had opened it is "changed": no digest can be given for what was
  read, and none equals this word, so the block is stale.
* A folder counts by its listing: SHA-256 over the sorted names, each followed by a newline, `__pycache__` left out.
  What Python lists to find modules does not count: its finders are paused here, and listings by other Pythons
  (pools, scripts) do not count for folders on the path or with an `__init__.py`.

Not seen: programs without libc (static ones, Go), programs started with an environment of their own that drops
LD_PRELOAD, files mapped or inherited before hand-over, and a successful look at a file that is never opened.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.metadata
import os
import pkgutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from easel_runtime import _easel

_SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/bin",
    "/sbin",
    "/etc",
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/tmp",
    "/var/tmp",
    "/var/cache",
    "/var/lib",
    "/boot",
)
_CACHED_CODE = "__pycache__"
_SETTINGS = ("EASEL_TRACE_FILE", "EASEL_TRACE_ROOT", "EASEL_TRACE_SKIP")

_active: _Places | None = None
_skip = ""
_digests: dict[tuple[str, int, int, int], str] = {}


@dataclass
class _Places:
    root: str
    files: str
    records: str
    last_module: str


@dataclass
class _File:
    """What the records say about one path."""

    before: tuple[int, int, int] | None = None
    changed: bool = False
    removed: bool = False
    absent: bool = False
    opened: list[tuple[int, int, int]] = field(default_factory=list)


def prepare() -> None:
    """Pause the recording while Python looks for modules. Called once, in the zygote."""
    finder: Any = importlib.machinery.FileFinder
    finder._fill_cache = _unrecorded(finder._fill_cache)
    metadata: Any = getattr(importlib.metadata, "FastPath", None)
    if metadata is not None:
        metadata.children = _unrecorded(metadata.children)
    packages: Any = pkgutil
    modules = packages._iter_file_finder_modules
    packages.iter_importer_modules.register(
        finder, _unrecorded(lambda importer, prefix="": iter(list(modules(importer, prefix))))
    )


def _unrecorded(function: Callable[..., Any]) -> Callable[..., Any]:
    def paused(*arguments: Any, **named: Any) -> Any:
        _easel.trace_pause(1)
        try:
            return function(*arguments, **named)
        finally:
            _easel.trace_pause(-1)

    return paused


def park() -> None:
    """Make what does not depend on the block. Called in each worker while it parks."""
    global _skip
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    skipped = {
        *_SYSTEM,
        own,
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        sys.base_exec_prefix,
        os.environ.get("HOME", ""),
        os.environ.get("TMPDIR", ""),
    }
    skipped |= {path for path in sys.path if os.path.isabs(path)}
    _skip = "\n".join(sorted(path for path in skipped if path not in ("", "/") and "\n" not in path))
    for name in _SETTINGS:
        os.environ[name] = ""
    sys.dont_write_bytecode = True


def start(spec: dict[str, Any]) -> bool:
    """Record from now on, in this process and in what it starts; False when the shim is not loaded.

    Errors: OSError when the record file cannot be made in the staging folder.
    """
    global _active
    root, state_root, staging = spec["canvas_root"], spec["state_root"], spec["staging"]
    records = os.path.join(staging, ".file_records")
    os.close(os.open(records, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    skip = _skip
    for folder in (state_root, staging):
        if not _below(folder, root):
            skip += "\n" + folder
    if not _easel.trace_start(records, root, skip):
        for name in _SETTINGS:
            del os.environ[name]
        return False
    # One by one: update() looks through all subclasses of Mapping, which takes 0.4 ms beside pandas.
    os.environ["EASEL_TRACE_FILE"] = records
    os.environ["EASEL_TRACE_ROOT"] = root
    os.environ["EASEL_TRACE_SKIP"] = skip
    _active = _Places(root, spec["files"], records, next(reversed(sys.modules)))
    return True


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _identity(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _key(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_size, status.st_mtime_ns, status.st_ino)


def _digest(path: str, status: os.stat_result) -> str:
    key = (path, *_key(status))
    found = _digests.get(key)
    if found is None:
        with open(path, "rb", buffering=0) as file:
            found = _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def listing_digest(path: str) -> str:
    """Return the digest of a folder's names.

    Errors: OSError when it cannot be listed.
    """
    names = sorted(os.fsencode(name) for name in os.listdir(path) if name != _CACHED_CODE)
    return hashlib.sha256(b"".join(name + b"\n" for name in names)).hexdigest()


class _Records:
    """The record file, sorted by path."""

    def __init__(self, places: _Places) -> None:
        self.files: dict[str, _File] = {}
        self.outside: dict[str, tuple[int, int]] = {}
        self.listed: set[str] = set()
        self.removed_folders: list[str] = []
        self._places = places
        with open(places.records, "rb") as file:
            for record in file.read().split(b"\0"):
                parts = record.split(b" ", 4)
                if len(parts) == 5:
                    self._add(
                        parts[0].decode(), int(parts[1]), int(parts[2]), int(parts[3]), os.fsdecode(parts[4])
                    )

    def _add(self, operation: str, size: int, time_ns: int, inode: int, path: str) -> None:
        if not _below(path, self._places.root):
            if operation == "r":
                self.outside.setdefault(path, (size, time_ns))
            return
        if operation in "lL":
            if operation == "l" or not _holds_modules(path):
                self.listed.add(path)
            return
        if operation == "d":
            self.removed_folders.append(path)
            return
        entry = self.files.setdefault(path, _File())
        if operation == "r":
            entry.opened.append((size, time_ns, inode))
        elif operation == "a":
            entry.absent = True
        else:
            if not (entry.changed or entry.removed):
                entry.before = (size, time_ns, inode) if size >= 0 else None
            entry.changed = True
            entry.removed |= operation == "u"


def _holds_modules(folder: str) -> bool:
    return folder in {os.path.abspath(path) for path in sys.path} or os.path.exists(
        os.path.join(folder, "__init__.py")
    )


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        if _CACHED_CODE in folders:
            folders.remove(_CACHED_CODE)
        for name in names:
            yield os.path.join(parent, name)


def _imported(places: _Places) -> Iterator[str]:
    """Yield the local modules that were imported since the start: the newest are last in sys.modules.

    To look at all of them would touch every module's memory, shared with the zygote until then: 4 ms beside pandas.
    """
    names = []
    for name in reversed(sys.modules):
        if name == places.last_module:
            break
        names.append(name)
    for name in names:
        path = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(path, str) and _below(path, places.files):
            yield path


def collect() -> dict[str, dict[str, str]]:
    """Return `read`, `written` and `outside` of the block so far; empty when nothing was recorded.

    Child processes have to be dead: what they still write would not match its digest.
    Errors: OSError when a file cannot be read that could be opened before.
    """
    if _active is None:
        return {"read": {}, "written": {}, "outside": {}}
    _easel.trace_pause(1)
    try:
        return _collect(_active)
    finally:
        _easel.trace_pause(-1)


def _collect(places: _Places) -> dict[str, dict[str, str]]:
    records = _Records(places)
    for path in _imported(places):
        records.files.setdefault(path, _File())
    read: dict[str, str] = {}
    written: dict[str, str] = {}
    for path, entry in records.files.items():
        name = os.path.relpath(path, places.files)
        status = _identity(path)
        if status is not None and stat.S_ISDIR(status.st_mode):
            if entry.changed:  # a folder that was renamed to here
                for inner in _files_below(path):
                    written[os.path.relpath(inner, places.files)] = _digest(inner, os.stat(inner))
            continue
        if entry.changed and not (status is not None and entry.before == _key(status)):
            if status is not None and stat.S_ISREG(status.st_mode):
                written[name] = _digest(path, status)
            elif status is None and entry.before is not None:
                written[name] = "absent"
        elif status is None and any(_below(path, folder) for folder in records.removed_folders):
            written[name] = "absent"
        elif entry.absent and not entry.opened:
            read[name] = "absent"
        elif status is None or any(opened != _key(status) for opened in entry.opened):
            read[name] = "changed"
        elif stat.S_ISREG(status.st_mode):
            read[name] = _digest(path, status)
    for folder in records.listed:
        try:
            read[os.path.relpath(folder, places.files) + "/"] = listing_digest(folder)
        except OSError:
            continue  # made and removed by the block
    for name in written:
        read.pop(name, None)
    outside = {path: f"{size}:{time_ns}" for path, (size, time_ns) in sorted(records.outside.items())}
    return {"read": dict(sorted(read.items())), "written": dict(sorted(written.items())), "outside": outside}
