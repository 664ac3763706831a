"""The mounts that a zygote and its workers see in mode `local`: the whole machine at its usual paths, read-only.

The zygote's view is made once: everything read-only, a `/dev` with harmless devices only, credentials covered, the
workspace's home writable. Each worker copies it, covers `/tmp`, `/dev/shm` and `/proc` by its own, and at hand-over
binds the block's folders where they belong. A canvas may lie below a covered folder (`/tmp/x`): a descriptor of what
is underneath is kept for each cover, and the bind starts from there.
"""

from __future__ import annotations

import glob
import os
import stat

from easel_runtime import _easel

_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_REC, _MS_PRIVATE = 2, 4, 8, 32, 0x4000, 1 << 18
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_OPEN_TREE_CLONE, _CLOEXEC = 1, os.O_CLOEXEC

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_ACCELERATORS = ("/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/accel*")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}
_PROC_MASKS = ("kcore", "keys", "kmsg", "kallsyms", "timer_list", "sched_debug", "sysrq-trigger", "key-users")


def _clone(path: str, dir_fd: int = _AT_FDCWD) -> int:
    """Return a detached copy of the mounts at `path` (of `dir_fd` itself when the path is empty)."""
    flags = _OPEN_TREE_CLONE | _CLOEXEC | _AT_RECURSIVE | (0 if path else _AT_EMPTY_PATH)
    fd: int = _easel.open_tree(dir_fd, path, flags)
    return fd


def _set(fd: int, add: int, clear: int = 0) -> None:
    _easel.mount_setattr(fd, "", _AT_EMPTY_PATH | _AT_RECURSIVE, add, clear)


def _tmpfs(path: str, options: str, flags: int = _MS_NOSUID | _MS_NODEV) -> None:
    _easel.mount("tmpfs", path, "tmpfs", flags, options)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def mount_proc() -> None:
    """Make the mounts private to this namespace and put a fresh /proc over the old one.

    Errors: OSError when the kernel refuses; it does so where the old /proc is partly covered, as in containers.
    """
    _easel.mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)
    _easel.mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, None)


def make_base(home: str, hidden: list[str]) -> None:
    """Turn the mounts of a fresh mount namespace into the zygote's view, after mount_proc().

    `home` stays writable; it must exist, or be empty.

    Errors: OSError of the first mount that the kernel refuses.
    """
    devices = {}
    names = [f"/dev/{name}" for name in _DEVICES]
    for path in names + [match for pattern in _ACCELERATORS for match in glob.glob(pattern)]:
        if os.path.exists(path):
            devices[path] = _clone(path)
    _easel.mount_setattr(_AT_FDCWD, "/", _AT_RECURSIVE, _RDONLY | _NOSUID | _NODEV, 0)
    _make_dev(devices)
    # Of the zygote's own, so that imports can make locks; each worker covers both again.
    _tmpfs("/dev/shm", "mode=1777,size=64m")
    if home:
        fd = _clone(home)
        _set(fd, _NOSUID | _NODEV, _RDONLY)
        _easel.move_mount(fd, _AT_FDCWD, home)
        os.close(fd)
    _hide(hidden, home)


def _make_dev(devices: dict[str, int]) -> None:
    _tmpfs("/dev", "mode=755,size=64k", _MS_NOSUID | _MS_NOEXEC)
    for path, fd in devices.items():
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.mkdir(path)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        _set(fd, _NOSUID | _NOEXEC)
        _easel.move_mount(fd, _AT_FDCWD, path)
        os.close(fd)
    for folder in ("pts", "shm"):
        os.mkdir(f"/dev/{folder}")
    for name, target in _DEVICE_LINKS.items():
        os.symlink(target, f"/dev/{name}")
    _easel.mount(
        "devpts", "/dev/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620"
    )
    _easel.mount_setattr(_AT_FDCWD, "/dev", 0, _RDONLY, 0)


def _hide(hidden: list[str], home: str) -> None:
    for path in hidden:
        path = os.path.realpath(path)
        if path == "/" or _below(home, path):
            continue
        try:
            folder = stat.S_ISDIR(os.stat(path).st_mode)
        except OSError:
            continue
        if folder:
            _tmpfs(path, "mode=555,size=4k,nr_inodes=2", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _RDONLY)
        else:
            _easel.mount("/dev/null", path, None, 0x1000, None)


class View:
    """A worker's own view. Made while the worker parks, after it left the zygote's mount namespace."""

    def __init__(self, tmp_bytes: int) -> None:
        """Cover /tmp, /dev/shm and /proc by the worker's own, the first two limited to `tmp_bytes` each.

        Errors: OSError of the first mount that the kernel refuses.
        """
        self._covers: dict[str, int] = {}
        self._tmp_bytes = tmp_bytes
        for path, options in (("/tmp", "mode=1777,nr_inodes=1m"), ("/dev/shm", "mode=1777,nr_inodes=64k")):
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            _tmpfs(path, f"{options},size={tmp_bytes}")
            self._covers[path] = beneath
        _easel.mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, None)

    def limit(self, memory_bytes: int) -> None:
        """Let /tmp and /dev/shm hold no more than the block may have of memory, which they are (0: no limit).

        Errors: OSError when the kernel refuses.
        """
        if 0 < memory_bytes < self._tmp_bytes:
            for path in self._covers:
                flags = _MS_REMOUNT | _MS_NOSUID | _MS_NODEV
                _easel.mount("tmpfs", path, "tmpfs", flags, f"size={memory_bytes}")

    def bind(self, path: str, writable: bool) -> None:
        """Make `path` of the machine visible at `path`, read-only or writable.

        Errors: OSError when it does not exist, or the kernel refuses.
        """
        beneath = self._open(path)
        try:
            folder = stat.S_ISDIR(os.fstat(beneath).st_mode)
            tree = _clone("", beneath)
        finally:
            os.close(beneath)
        try:
            _set(tree, _NOSUID | _NODEV | (0 if writable else _RDONLY), _RDONLY if writable else 0)
            if self.covers(path):
                self._make_target(path, folder)
            _easel.move_mount(tree, _AT_FDCWD, path)
        finally:
            os.close(tree)

    def bind_visible(self, folders: list[str], home: str) -> None:
        """Bind those of `folders` that a cover hides, read-only, and `home` if it is hidden, writable.

        A folder that does not exist, or lies in one already bound, is passed over.
        """
        done: list[str] = []
        for folder in sorted(set(folders)):
            if self.covers(folder) and not any(_below(folder, other) for other in done):
                try:
                    self.bind(folder, False)
                except FileNotFoundError:
                    continue
                done.append(folder)
        if home and self.covers(home):
            self.bind(home, True)

    def covers(self, path: str) -> bool:
        """Tell whether `path` lies below a cover, so that it is not visible unless bound."""
        return any(_below(path, cover) for cover in self._covers)

    def _open(self, path: str) -> int:
        for cover, fd in self._covers.items():
            if _below(path, cover):
                return os.open(path[len(cover) + 1 :] or ".", os.O_PATH | os.O_CLOEXEC, dir_fd=fd)
        return os.open(path, os.O_PATH | os.O_CLOEXEC)

    @staticmethod
    def _make_target(path: str, folder: bool) -> None:
        if os.path.exists(path):
            return
        if folder:
            os.makedirs(path, exist_ok=True)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))

    def close(self) -> None:
        """Give up what is underneath the covers: from now on nothing there can be reached."""
        for fd in self._covers.values():
            os.close(fd)
        self._covers.clear()


def mask_proc(per_namespace_pid_limit: int) -> None:
    """Make /proc/sys read-only, cover what tells about the kernel, and limit the number of processes (0: no limit).

    The limit holds for this pid namespace only on Linux 6.14 and later; the caller passes 0 on an older one, where the
    same file is the machine's.
    """
    if per_namespace_pid_limit:
        try:
            with open("/proc/sys/kernel/pid_max", "w") as file:
                file.write(str(per_namespace_pid_limit))
        except OSError:
            pass
    fd = _clone("/proc/sys")
    _set(fd, _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    _easel.move_mount(fd, _AT_FDCWD, "/proc/sys")
    os.close(fd)
    if os.geteuid() != 0:
        return  # their modes already keep everybody but root out
    for name in _PROC_MASKS:
        try:
            _easel.mount("/dev/null", f"/proc/{name}", None, 0x1000, None)
        except OSError:
            pass
