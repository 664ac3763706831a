"""Ways out of a worker, tried from inside a block. Each returns what it got hold of; what raises did not get out.

`T` is what world.py says of its machine: paths, processes, sockets and the secrets that lie there. An attempt has reached
something only if it brings proof: a secret's text, a changed file, a process that was there to be signalled.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)
ATTEMPTS: dict[str, Callable[[Any], Any]] = {}
SECONDS = 40


def attempt(family: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        ATTEMPTS[f"{family}: {function.__name__.replace('_', ' ')}"] = function
        return function

    return add


def each(family: str, name: str, values: dict[str, Any]) -> Callable[[Callable[[Any, Any], Any]], None]:
    """One attempt for each of `values`, named after its key."""

    def add(function: Callable[[Any, Any], Any]) -> None:
        for key, value in values.items():
            ATTEMPTS[f"{family}: {name} {key}"] = lambda T, value=value: function(T, value)

    return add


def read(path: str, size: int = 1 << 16) -> bytes:
    with open(path, "rb") as file:
        return file.read(size)


def proof(T: Any, text: bytes) -> str:
    """The secret that `text` holds; nothing is proof without one."""
    for secret in T["secrets"]:
        if secret.encode() in text:
            return f"read {secret}"
    raise ValueError("no secret in it")


def call(number: int, *arguments: Any, allowed: tuple[int, ...] = ()) -> str:
    """A system call; errors in `allowed` come from beyond the filter: the call itself was let through."""
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments)
    problem = ctypes.get_errno()
    if result >= 0:
        return f"returned {result}"
    if problem in allowed:
        return f"let through ({errno.errorcode[problem]})"
    raise OSError(problem, os.strerror(problem))


# ---- files of others

each("files", "read", {
    "the server's database": "server_db", "a key that only root may read": "root_key",
    "another canvas's data": "other_file", "another canvas's blocks": "other_code",
    "another canvas's state": "other_state", "another canvas's home": "other_home",
    "a person's ssh key": "ssh_key", "a file that everybody may read": "public_note",
    "the executor's log": "executor_log",
})(lambda T, key: proof(T, read(T[key])))  # fmt: skip


@attempt("files")
def list_the_workspace(T: Any) -> str:
    names = os.listdir(T["workspace"])
    assert "other" in names, names
    return "saw the other canvas"


@attempt("files")
def climb_out_by_dots(T: Any) -> str:
    return proof(T, read("../" * 12 + T["other_file"].lstrip("/")))


@attempt("files")
def climb_out_of_the_real_place(T: Any) -> str:
    return proof(
        T, read(os.path.join(os.path.dirname(os.path.dirname(os.getcwd())), "other/files/private.txt"))
    )


@attempt("files")
def follow_a_link_made_in_files(T: Any) -> str:
    link = "link-to-other"
    try:
        os.symlink(T["other_file"], link)
        return proof(T, read(link))
    finally:
        os.unlink(link)


@attempt("files")
def hard_link_what_cannot_be_read(T: Any) -> str:
    link = "hard-link"
    os.link(T["root_key"], link)
    try:
        return proof(T, read(link))
    finally:
        os.unlink(link)


@attempt("files")
def open_by_handle(T: Any) -> str:
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
    mount_id = ctypes.c_int()
    call(303, -100, T["other_file"].encode(), handle, ctypes.byref(mount_id), 0)
    root = os.open("/", os.O_RDONLY)
    ctypes.set_errno(0)
    fd = libc.syscall(304, root, handle, os.O_RDONLY)
    if fd < 0:
        fd = libc.syscall(304, os.open(os.path.dirname(T["other_file"]), os.O_RDONLY), handle, os.O_RDONLY)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "open_by_handle_at")
    return proof(T, os.read(fd, 4096))


each("files", "write into", {
    "/usr": "/usr/escape", "/etc": "/etc/escape", "/": "/escape-root", "/var": "/var/escape", "/opt": "/opt/escape",
    "/home": "/root/escape",
})(lambda T, path: write_proof(path))  # fmt: skip


def write_proof(path: str) -> str:
    with open(path, "w") as file:
        file.write("escaped")
    assert read(path) == b"escaped"
    os.unlink(path)
    return f"wrote {path}"


@attempt("files")
def write_into_the_environment(T: Any) -> str:
    return write_proof(os.path.join(T["environment"], "lib", "escape.pth"))


@attempt("files")
def write_into_the_runtime(T: Any) -> str:
    import easel_runtime

    return write_proof(os.path.join(os.path.dirname(easel_runtime.__file__ or ""), "escape.py"))


@attempt("files")
def change_its_own_canvas_file(T: Any) -> str:
    path = os.path.join(os.path.dirname(os.getcwd()), "canvas.yaml")
    with open(path, "a") as file:
        file.write("# escaped\n")
    return "changed canvas.yaml"


@attempt("files")
def change_its_own_code(T: Any) -> str:
    path = os.path.join(os.path.dirname(os.getcwd()), "blocks", "inert.py")
    with open(path, "a") as file:
        file.write("# escaped\n")
    return "changed a block"


@attempt("files")
def change_the_results_database(T: Any) -> str:
    path = os.path.join(os.path.dirname(os.getcwd()), ".easel", "metadata.db")
    with open(path, "r+b"):
        return "opened it for writing"


def an_object() -> str:
    folder = os.path.join(os.path.dirname(os.getcwd()), ".easel", "objects")
    for name in sorted(os.listdir(folder)):
        for file in os.listdir(os.path.join(folder, name)) if len(name) == 2 else ():
            return os.path.join(folder, name, file)
    raise FileNotFoundError("no object")


@attempt("state")
def write_an_object(T: Any) -> str:
    path = an_object()
    os.chmod(path, 0o644)
    fd = os.open(path, os.O_RDWR)
    os.pwrite(fd, os.pread(fd, 1, 0), 0)
    return "wrote a stored object"


@attempt("state")
def truncate_an_object(T: Any) -> str:
    path = an_object()
    size = os.stat(path).st_size
    os.truncate(path, size)
    return "truncated a stored object"


@attempt("state")
def chmod_an_object(T: Any) -> str:
    fd = os.open(an_object(), os.O_RDONLY)
    os.fchmod(fd, 0o600)
    return "changed its mode"


@attempt("state")
def touch_an_object(T: Any) -> str:
    fd = os.open(an_object(), os.O_RDONLY)
    os.utime(fd, (0, 0))
    return "changed its times"


@attempt("state")
def map_an_object_shared_and_writable(T: Any) -> str:
    fd = os.open(an_object(), os.O_RDONLY)
    fd = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
    mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    return "mapped it"


@attempt("state")
def remove_an_object(T: Any) -> str:
    path = an_object()
    os.rename(path, path + ".gone")
    os.rename(path + ".gone", path)
    return "moved a stored object away"


@attempt("state")
def forge_a_manifest(T: Any) -> str:
    folder = os.path.join(os.path.dirname(os.getcwd()), ".easel", "attempts", "forged")
    os.makedirs(folder)
    os.rmdir(folder)
    return "made an attempt's folder"


@attempt("state")
def put_an_extended_attribute_on_an_object(T: Any) -> str:
    os.setxattr(an_object(), "user.escape", b"1")
    return "put an attribute"


# ---- other processes


def of_each(pids: list[int], look: Callable[[int], str]) -> str:
    problem: Exception = ProcessLookupError("no process")
    for pid in pids:
        try:
            return look(pid)
        except (OSError, ValueError, AssertionError) as error:
            problem = error
    raise problem


each("processes", "read the environment of", {"the executor": "executor", "a stranger": "victim"})(
    lambda T, key: of_each(T[key], lambda pid: proof(T, read(f"/proc/{pid}/environ")))
)


@attempt("processes")
def see_where_a_sibling_keeps_its_memory(T: Any) -> str:
    return of_each(T["siblings"], lambda pid: f"{len(read(f'/proc/{pid}/maps'))} bytes of its map")


@attempt("processes")
def find_the_victim_by_its_command(T: Any) -> str:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if T["victim_word"].encode() in read(f"/proc/{name}/cmdline"):
                    return f"saw process {name}"
            except OSError:
                continue
    raise ProcessLookupError("not to be seen")


@attempt("processes")
def read_the_memory_of_a_stranger(T: Any) -> str:
    def look(pid: int) -> str:
        with open(f"/proc/{pid}/maps") as maps:
            for line in maps:
                if "[heap]" in line or "[stack]" in line:
                    start, end = (int(part, 16) for part in line.split()[0].split("-"))
                    with open(f"/proc/{pid}/mem", "rb") as memory:
                        memory.seek(start)
                        if memory.read(end - start):
                            return "read its memory"
        raise ValueError("nothing read")

    return of_each(T["victim"], look)


@attempt("processes")
def walk_into_the_root_of_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: proof(T, read(f"/proc/{pid}/root{T['server_db']}")))


@attempt("processes")
def walk_into_the_root_of_process_one(T: Any) -> str:
    return proof(T, read("/proc/1/root" + T["server_db"]))


@attempt("processes")
def walk_through_the_working_folder_of_a_sibling(T: Any) -> str:
    return of_each(T["siblings"], lambda pid: proof(T, read(f"/proc/{pid}/cwd/private.txt")))


@attempt("processes")
def take_a_descriptor_of_a_stranger(T: Any) -> str:
    def look(pid: int) -> str:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                return proof(T, read(f"/proc/{pid}/fd/{name}"))
            except (OSError, ValueError):
                continue
        raise ValueError("none of use")

    return of_each(T["victim"], look)


@attempt("processes")
def pidfd_getfd_of_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: call(438, os.pidfd_open(pid), 0, 0))


@attempt("processes")
def ptrace_a_stranger(T: Any) -> str:
    def look(pid: int) -> str:
        said = call(101, 0x4206, pid, 0, 0)  # PTRACE_SEIZE
        call(101, 17, pid, 0, 0, allowed=(errno.ESRCH,))
        return said

    return of_each(T["victim"], look)


@attempt("processes")
def process_vm_readv_of_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: call(310, pid, 0, 0, 0, 0, 0, allowed=(errno.EINVAL,)))


@attempt("processes")
def process_vm_writev_of_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: call(311, pid, 0, 0, 0, 0, 0, allowed=(errno.EINVAL,)))


@attempt("processes")
def process_madvise_of_a_stranger(T: Any) -> str:
    return of_each(
        T["victim"], lambda pid: call(440, os.pidfd_open(pid), 0, 0, 20, 0, allowed=(errno.EINVAL,))
    )


@attempt("processes")
def kcmp_with_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: call(312, os.getpid(), pid, 1, 0, 0))


def signalled(pid: int) -> str:
    os.kill(pid, 0)
    # The number may stand for somebody else in here: only who carries the victim's word counts.
    assert b"escape-victim" in read(f"/proc/{pid}/cmdline") or b"easel" in read(f"/proc/{pid}/cmdline")
    return f"may signal {pid}"


each("processes", "signal", {"the executor": "executor", "a sibling": "siblings", "a stranger": "victim"})(
    lambda T, key: of_each(T[key], signalled)
)


@attempt("processes")
def stop_a_stranger_by_its_group(T: Any) -> str:
    os.killpg(T["victim"][0], signal.SIGCONT)
    assert T["victim_word"].encode() in read(f"/proc/{T['victim'][0]}/cmdline")
    return "signalled its group"


@attempt("processes")
def set_the_limits_of_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: str(resource.prlimit(pid, resource.RLIMIT_NOFILE)))


@attempt("processes")
def change_the_priority_of_a_stranger(T: Any) -> str:
    pid = T["victim"][0]
    os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid))
    assert T["victim_word"].encode() in read(f"/proc/{pid}/cmdline")
    return "changed it"


@attempt("processes")
def raise_its_own_priority(T: Any) -> str:
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    return "runs before all others"


@attempt("processes")
def move_the_pages_of_a_stranger(T: Any) -> str:
    return of_each(T["victim"], lambda pid: call(256, pid, 0, 0, 0, allowed=(errno.EINVAL,)))


# ---- sockets and networks


def connect(family: int, address: Any, kind: int = socket.SOCK_STREAM) -> bytes:
    with socket.socket(family, kind) as peer:
        peer.settimeout(2)
        peer.connect(address)
        peer.sendall(b"GET / HTTP/1.0\r\nHost: metadata\r\n\r\n")
        return peer.recv(4096)


@attempt("network")
def a_unix_socket_by_its_path(T: Any) -> str:
    return proof(T, connect(socket.AF_UNIX, T["unix_socket"]))


@attempt("network")
def an_abstract_unix_socket(T: Any) -> str:
    return proof(T, connect(socket.AF_UNIX, "\0escape-victim"))


@attempt("network")
def the_executors_socket(T: Any) -> str:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(2)
        peer.connect(T["executor_socket"])
        return "connected"


each("network", "localhost as", {
    "127.0.0.1": (socket.AF_INET, "127.0.0.1"), "127.1": (socket.AF_INET, "127.1"), "0.0.0.0": (socket.AF_INET, "0.0.0.0"),
    "::1": (socket.AF_INET6, "::1"), "::ffff:127.0.0.1": (socket.AF_INET6, "::ffff:127.0.0.1"), "localhost": (socket.AF_INET, "localhost"),
})(lambda T, how: proof(T, connect(how[0], (how[1], T["port"]))))  # fmt: skip

each("network", "the metadata server as", {
    "169.254.169.254": (socket.AF_INET, "169.254.169.254"), "a decimal": (socket.AF_INET, "2852039166"),
    "hex": (socket.AF_INET, "0xa9fea9fe"), "octal": (socket.AF_INET, "0251.0376.0251.0376"),
    "a short form": (socket.AF_INET, "169.254.43518"), "an IPv6-mapped one": (socket.AF_INET6, "::ffff:169.254.169.254"),
})(lambda T, how: proof(T, connect(how[0], (how[1], 80))))  # fmt: skip


@attempt("network")
def the_metadata_server_by_http(T: Any) -> str:
    import urllib.request

    request = urllib.request.Request("http://169.254.169.254/", headers={"Metadata-Flavor": "Google"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=2) as answer:
        return proof(T, answer.read())


@attempt("network")
def a_datagram(T: Any) -> str:
    return proof(T, connect(socket.AF_INET, ("127.0.0.1", T["port"]), socket.SOCK_DGRAM))


each("network", "a socket of", {
    "raw packets": (socket.AF_INET, socket.SOCK_RAW, 1), "link packets": (17, socket.SOCK_RAW, 0),
    "netlink": (16, socket.SOCK_RAW, 0), "kernel crypto": (38, socket.SOCK_SEQPACKET, 0), "vsock": (40, socket.SOCK_STREAM, 0),
})(lambda T, how: f"made {socket.socket(*how).fileno()}")  # fmt: skip


# ---- the kernel


@attempt("kernel")
def a_new_user_namespace(T: Any) -> str:
    return call(272, 0x10000000)


@attempt("kernel")
def a_new_mount_namespace(T: Any) -> str:
    return call(272, 0x00020000)


@attempt("kernel")
def a_new_network_namespace(T: Any) -> str:
    return call(272, 0x40000000)


@attempt("kernel")
def clone_into_a_user_namespace(T: Any) -> str:
    pid = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone")
    os.waitpid(pid, 0)
    return "cloned"


@attempt("kernel")
def clone3_into_a_user_namespace(T: Any) -> str:
    arguments = struct.pack("=8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    pid = libc.syscall(435, arguments, len(arguments))
    if pid == 0:
        os._exit(0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone3")
    os.waitpid(pid, 0)
    return "cloned"


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
def set_its_groups(T: Any) -> str:
    os.setgroups([0, 6, 42])
    return "is in the group of disks and shadows"


@attempt("kernel")
def become_root_by_setuid(T: Any) -> str:
    os.setuid(0)
    assert proof(T, read(T["root_key"]))
    return "is root, and reads what only root may"


@attempt("kernel")
def become_root_by_a_setuid_program(T: Any) -> str:
    path = T["setuid_program"]
    said = os.popen(f"{path} -p -c 'cat {T['root_key']}' 2>/dev/null").read()
    return proof(T, said.encode())


@attempt("kernel")
def a_capability(T: Any) -> str:
    for line in open("/proc/self/status"):
        if line.startswith("CapEff") and int(line.split()[1], 16):
            return line.strip()
    raise PermissionError("no capability")


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


# ---- what it was not given


@attempt("inheritance")
def a_secret_in_its_parents_environment(T: Any) -> str:
    pid = os.getppid()
    while pid > 1:
        try:
            return proof(T, read(f"/proc/{pid}/environ"))
        except ValueError:
            pid = int(read(f"/proc/{pid}/stat").rsplit(b")", 1)[1].split()[1])
    return proof(T, read(f"/proc/{max(pid, 1)}/environ"))


@attempt("inheritance")
def where_the_machine_keeps_things(T: Any) -> str:
    text = read("/proc/self/mountinfo").decode()
    assert T["workspace"] + "/other" in text or os.path.exists(T["workspace"] + "/other"), "not to be seen"
    return "saw the other canvas's place"


# ---- using it all up; what is left must not touch others


@attempt("exhaustion")
def processes(T: Any) -> str:
    children: list[int] = []
    try:
        for _ in range(1100):
            children.append(os.posix_spawn("/bin/sleep", ["sleep", "60"], {}))
        return f"{len(children)} at once"
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


@attempt("exhaustion")
def the_disk_by_temporary_files(T: Any) -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 3
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "escape-big")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.posix_fallocate(fd, 0, size)
        return f"{size >> 30} GiB"
    finally:
        os.close(fd)
        os.unlink(path)


@attempt("exhaustion")
def open_files(T: Any) -> str:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(17_000)]
    return f"{len(held)} at once"


@attempt("exhaustion")
def real_time_scheduling(T: Any) -> str:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    return "runs before everything else"


@attempt("exhaustion")
def message_queues_of_everybody(T: Any) -> str:
    libc.shmget.restype = ctypes.c_int
    found = libc.shmget(T["shm_key"], 0, 0)
    if found < 0:
        raise OSError(ctypes.get_errno(), "no such segment in here")
    return "sees the machine's shared memory"


def run(T: Any) -> None:
    """Try all, each in a process of its own, and print a line of JSON for each."""
    for name, function in ATTEMPTS.items():
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reading)
                try:
                    said = {"reached": str(function(T))}
                except BaseException as error:
                    said = {"blocked": f"{type(error).__name__}: {error}"}
                os.write(writing, json.dumps(said).encode()[:60_000])
            finally:
                os._exit(0)
        os.close(writing)
        ready, _, _ = select.select([reading], [], [], SECONDS)
        text = os.read(reading, 1 << 16) if ready else b""
        if not text:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
        print(
            json.dumps({"name": name, **(json.loads(text) if text else {"blocked": "its process was ended"})})
        )
