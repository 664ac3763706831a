"""Calls that command the kernel, settings and devices."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from typing import Any

from attempts.proofs import attempt, call, each


@attempt("kernel")
def load_a_bpf_program(T: Any) -> str:
    return call(321, 0, bytes(64), 64, allowed=(errno.EINVAL,))


@attempt("kernel")
def io_uring(T: Any) -> str:
    return call(425, 1, ctypes.create_string_buffer(256))


@attempt("kernel")
def userfaultfd(T: Any) -> str:
    return call(323, 0)


@attempt("kernel")
def keys_of_the_session(T: Any) -> str:
    return call(250, 0, -3, 1)


@attempt("kernel")
def add_a_key(T: Any) -> str:
    return call(248, b"user", b"escape", b"1", 1, -2)


@attempt("kernel")
def count_performance_events(T: Any) -> str:
    attributes = struct.pack("=IIQ", 1, 112, 0) + bytes(96)
    return call(298, attributes, 0, -1, -1, 0, allowed=(errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP))


@attempt("kernel")
def load_a_module(T: Any) -> str:
    return call(175, b"", 0, b"", allowed=(errno.ENOEXEC, errno.EINVAL))


@attempt("kernel")
def load_another_kernel(T: Any) -> str:
    return call(246, 0, 0, 0, 0xFFFF, allowed=(errno.EINVAL,))


@attempt("kernel")
def restart_the_machine(T: Any) -> str:
    return call(169, 0xFEE1DEAD, 0x28121969, 0x7FFFFFFF, 0, allowed=(errno.EINVAL,))  # no such command


@attempt("kernel")
def set_the_clock(T: Any) -> str:
    return call(227, 99, struct.pack("=2q", 0, 0), allowed=(errno.EINVAL,))


@attempt("kernel")
def set_the_host_name(T: Any) -> str:
    return call(170, b"escaped", 7)


@attempt("kernel")
def read_the_kernels_log(T: Any) -> str:
    buffer = ctypes.create_string_buffer(4096)
    return call(103, 10, buffer, 0)


@attempt("kernel")
def turn_on_accounting(T: Any) -> str:
    return call(163, b"/nowhere", allowed=(errno.ENOENT,))


@attempt("kernel")
def swap_onto_a_file(T: Any) -> str:
    return call(167, b"/nowhere", 0, allowed=(errno.ENOENT,))


@attempt("kernel")
def another_personality(T: Any) -> str:
    return call(135, 0x0040000)


@attempt("kernel")
def watch_the_whole_file_system(T: Any) -> str:
    return call(300, 0, 0)


@attempt("kernel")
def call_by_another_architecture(T: Any) -> str:
    return call(0x40000000 + 39, allowed=(errno.ENOSYS,))  # x32's getpid


each("kernel", "write the setting", {
    "kernel.hostname": "/proc/sys/kernel/hostname", "kernel.core_pattern": "/proc/sys/kernel/core_pattern",
    "vm.overcommit_memory": "/proc/sys/vm/overcommit_memory", "net.ipv4.ip_forward": "/proc/sys/net/ipv4/ip_forward",
    "kernel.modprobe": "/proc/sys/kernel/modprobe",
})(lambda T, path: f"opened {os.open(path, os.O_WRONLY)}")  # fmt: skip

each("kernel", "open", {
    "/proc/kcore": "/proc/kcore", "/proc/sysrq-trigger": "/proc/sysrq-trigger", "/proc/kmsg": "/proc/kmsg", "/proc/keys": "/proc/keys",
})(lambda T, path: opened_whole(path))  # fmt: skip


def opened_whole(path: str) -> str:
    fd = os.open(path, os.O_WRONLY if path.endswith("trigger") else os.O_RDONLY | os.O_NONBLOCK)
    if os.fstat(fd).st_rdev == os.makedev(1, 3):
        raise PermissionError("masked")
    return "opened"


each("kernel", "change", {
    "the memory of the kernel's pages": "/sys/kernel/mm/ksm/run", "a disk's scheduler": "/sys/block", "a control group": "/sys/fs/cgroup",
})(lambda T, path: changed(path))  # fmt: skip


def changed(path: str) -> str:
    if os.path.isdir(path):
        assert os.listdir(path), "empty"
        if path.endswith("cgroup"):
            for name in ("memory", "pids", "", "unified"):
                try:
                    os.mkdir(f"{path}/{name}/escape")
                    os.rmdir(f"{path}/{name}/escape")
                    return "made a group"
                except OSError:
                    continue
            raise PermissionError("no group could be made")
        return "seen"
    os.close(os.open(path, os.O_WRONLY))
    return "opened for writing"


@attempt("kernel")
def type_into_a_terminal(T: Any) -> str:
    os.setsid()
    _, slave = os.openpty()
    fcntl.ioctl(slave, 0x540E, 1)  # TIOCSCTTY
    fcntl.ioctl(slave, 0x5412, b"x")  # TIOCSTI
    return "typed"


@attempt("kernel")
def the_disk_itself(T: Any) -> str:
    for name in (
        "/dev/vda",
        "/dev/sda",
        "/dev/nvme0n1",
        "/dev/mem",
        "/dev/kmsg",
        "/dev/fuse",
        "/dev/loop-control",
        "/dev/net/tun",
    ):
        try:
            os.close(os.open(name, os.O_RDONLY | os.O_NONBLOCK))
            return f"opened {name}"
        except OSError:
            continue
    raise FileNotFoundError("no device")
