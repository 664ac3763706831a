"""Namespaces, mounts and roots."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import Any

from attempts.proofs import attempt, call, each, libc, of_each

each("kernel", "a new namespace of", {"users": 0x10000000, "mounts": 0x00020000, "networks": 0x40000000})(
    lambda T, flag: call(272, flag)
)


def cloned(number: int, *arguments: Any) -> str:
    pid = libc.syscall(number, *arguments)
    if pid == 0:
        os._exit(0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone")
    os.waitpid(pid, 0)
    return "cloned"


each("kernel", "a user namespace by", {
    "clone": (56, 0x10000000 | 17, 0, 0, 0, 0), "clone3": (435, struct.pack("=8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0), 64),
})(lambda T, how: cloned(*how))  # fmt: skip


@attempt("kernel")
def mount_a_tmpfs(T: Any) -> str:
    said = call(165, b"none", b"/tmp", b"tmpfs", 0, 0)
    call(166, b"/tmp", 2)
    return said


@attempt("kernel")
def mount_by_the_new_calls(T: Any) -> str:
    return call(430, b"tmpfs", 0)


@attempt("kernel")
def copy_a_mount(T: Any) -> str:
    return call(428, -100, b"/", 1)


@attempt("kernel")
def remount_writable(T: Any) -> str:
    call(165, b"none", b"/usr", 0, 0x20 | 0x1000, 0, allowed=(errno.EINVAL,))
    return "let through"


@attempt("kernel")
def unmount(T: Any) -> str:
    return call(166, b"/nowhere", 2, allowed=(errno.ENOENT,))


@attempt("kernel")
def change_a_mount(T: Any) -> str:
    return call(442, -100, b"/tmp", 0, struct.pack("=4Q", 0, 0, 0, 0), 32, allowed=(errno.EINVAL,))


@attempt("kernel")
def enter_the_mounts_of_a_stranger(T: Any) -> str:
    def look(pid: int) -> str:
        return call(308, os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY), 0)

    return of_each(T["victim"], look)


@attempt("kernel")
def enter_its_own_namespace_again(T: Any) -> str:
    return call(308, os.open("/proc/self/ns/net", os.O_RDONLY), 0)


@attempt("kernel")
def change_the_root(T: Any) -> str:
    os.chroot("/tmp")
    return "changed"


@attempt("kernel")
def pivot_the_root(T: Any) -> str:
    return call(155, b"/tmp", b"/tmp", allowed=(errno.EINVAL, errno.EBUSY))


each("kernel", "make a device node of", {"memory": (1, 1), "a disk": (8, 0), "null": (1, 3)})(
    lambda T, numbers: made_node(numbers)
)


def made_node(numbers: tuple[int, int]) -> str:
    path = "/tmp/escape-node"
    os.mknod(path, 0o20600, os.makedev(*numbers))
    os.unlink(path)
    return "made"
