"""Mode `strict`: the view and the identities of workers on a server that several people use.

Nothing of the machine is there but the system's programs and the environment's packages, read-only, and one canvas:

    executor (root) -> zygote starts as root -> confine()    a root of its own, then a user namespace of `slots`
                    -> enter as in mode `local`              inside that user namespace: no power over the machine
    worker parked   -> own network namespace
    spec received   -> attach()                              the canvas's folders, which the executor passed as mounts
                    -> become(slot)                          a user that no other worker is

The executor makes the mounts, because only real root may map the canvas's owner to the slot's user (idmapped mounts):
a file that a block writes belongs to whoever the canvas belongs to, and the block's user is nobody anywhere else.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable

from easel_runtime import _easel
from easel_runtime.options import Options

CANVAS, HOME = "/canvas", "/home"
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 0x1000, 0x4000, 1 << 18
_RDONLY, _NOSUID, _NODEV = 1, 2, 4
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MNT_DETACH = 2

# Whole folders of the system. Links among them (/bin -> usr/bin) are made again as links.
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/sys/devices/system/cpu",
)
# Of /etc what programs need and nobody's secret is in.
_ETC = (
    "alternatives", "ca-certificates", "ca-certificates.conf", "debian_version", "fonts", "gai.conf", "host.conf",
    "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic", "mime.types", "networks",
    "nsswitch.conf", "os-release", "pki", "protocols", "python3", "resolv.conf", "services", "ssl/certs",
    "ssl/openssl.cnf", "terminfo", "timezone",
)  # fmt: skip
_PASSWD = "root:x:0:0:root:/home:/usr/sbin/nologin\n{users}nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"


def confine(options: Options) -> None:
    """Give up the machine: a root with little in it, and a user namespace whose users are nobody outside.

    The caller must be root and have one thread; it goes on as root of the new user namespace. /proc is still the
    machine's: the caller mounts its own.

    Errors: OSError of the first step that the kernel refuses.
    """
    base, count = options.slots
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    ready, map_it = os.pipe()
    done, mapped = os.pipe()
    helper = os.fork()
    if helper == 0:  # outside of the namespaces, to say who the users in there are
        try:
            os.close(map_it)
            if os.read(ready, 1):
                for name in ("uid_map", "gid_map"):
                    _write_at(proc, f"{os.getppid()}/{name}", f"0 {base} {count}")
                os.write(mapped, b"+")
        finally:
            os._exit(0)
    os.close(ready)
    os.close(mapped)
    try:
        _easel.unshare(_CLONE_NEWNS)
        _easel.mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)
        _make_root(_needed(options), count)
        _easel.unshare(_CLONE_NEWUSER)
        os.write(map_it, b"+")
        if os.read(done, 1) != b"+":
            raise PermissionError(1, "the users of the slots could not be mapped")
    finally:
        for fd in (map_it, done, proc):
            os.close(fd)
        os.waitpid(helper, 0)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _write_at(folder: int, path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _needed(options: Options) -> list[str]:
    """Return the folders of the environment and the runtime, without those that lie in one another."""
    folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path]
    folders.append(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    folders.append(os.path.dirname(os.path.dirname(os.path.realpath(sys.executable))))
    folders += [os.path.dirname(path) for path in (options.shim, options.seccomp) if path]
    out: list[str] = []
    for folder in sorted({os.path.abspath(folder) for folder in folders if folder}):
        inside = any(folder == other or folder.startswith(other + "/") for other in (*_SYSTEM, *out))
        if not inside and folder != "/" and os.path.isdir(folder):
            out.append(folder)
    return out


def _make_root(needed: Iterable[str], users: int) -> None:
    """Make a new root of a tmpfs and move into it; the old one is gone for good."""
    place = "/tmp"
    _easel.mount("tmpfs", place, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    for path in (*_SYSTEM, *(f"/etc/{name}" for name in _ETC), *needed):
        _show(path, place)
    for path in (
        "/proc",
        "/dev",
    ):  # covered by the caller's own; a new /proc may be mounted where one is whole
        _bind(path, place + path)
    for folder, mode in (
        ("/tmp", 0o1777),
        (CANVAS, 0o755),
        (HOME, 0o755),
        ("/run", 0o755),
        ("/var/tmp", 0o755),
        ("/.old", 0o700),
    ):
        os.makedirs(place + folder, exist_ok=True)
        os.chmod(place + folder, mode)
    if not os.path.lexists(place + "/etc/hosts"):  # a worker whose hosts are listed covers it
        os.close(os.open(place + "/etc/hosts", os.O_CREAT | os.O_WRONLY, 0o644))
    people = "".join(f"block{i}:x:{i}:{i}:block:{HOME}:/usr/sbin/nologin\n" for i in range(1, users))
    for name, text in (
        ("passwd", _PASSWD.format(users=people)),
        (
            "group",
            "root:x:0:\n" + "".join(f"block{i}:x:{i}:\n" for i in range(1, users)) + "nogroup:x:65534:\n",
        ),
    ):
        with open(f"{place}/etc/{name}", "w") as file:
            file.write(text)
    _easel.pivot_root(place, place + "/.old")
    os.chdir("/")
    _easel.umount("/.old", _MNT_DETACH)
    os.rmdir("/.old")
    _easel.mount_setattr(_AT_FDCWD, "/", 0, _RDONLY | _NOSUID | _NODEV, 0)


def _show(path: str, place: str) -> None:
    """Show `path` of the machine read-only below `place`; what does not exist is passed over."""
    try:
        status = os.lstat(path)
    except OSError:
        return
    os.makedirs(os.path.dirname(place + path), exist_ok=True)
    if os.path.lexists(place + path):
        return
    if stat.S_ISLNK(status.st_mode):
        target = os.path.realpath(path)
        if target.startswith("/usr/"):
            os.symlink(os.readlink(path), place + path)
            return
        if not os.path.exists(target):
            return
    _bind(path, place + path)
    _easel.mount_setattr(_AT_FDCWD, place + path, _AT_RECURSIVE, _RDONLY | _NOSUID | _NODEV, 0)


def _bind(path: str, target: str) -> None:
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _easel.mount(path, target, None, _MS_BIND | _MS_REC, None)


def attach(mounts: list[int]) -> None:
    """Put the canvas's folders where a block sees them. `mounts`: the canvas, its files, its staging area, its home.

    Errors: OSError when there are not four, or the kernel refuses.
    """
    if len(mounts) != 4:
        raise OSError(22, f"{len(mounts)} mounts came with the block instead of 4")
    for fd, target in zip(mounts, (CANVAS, CANVAS + "/files", CANVAS + "/.easel/staging", HOME), strict=True):
        _easel.move_mount(fd, _AT_FDCWD, target)
        os.close(fd)


def become(slot: int) -> None:
    """Turn into the user of this worker's slot, for good."""
    os.setgroups([])
    os.setresgid(slot, slot, slot)
    os.setresuid(slot, slot, slot)
