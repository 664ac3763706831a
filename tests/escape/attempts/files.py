"""Files of others, and stored state."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from typing import Any

from attempts.proofs import attempt, call, each, libc, proof, read

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
