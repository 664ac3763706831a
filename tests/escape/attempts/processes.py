"""Other processes, and what a worker was not given."""

from __future__ import annotations

import errno
import os
import resource
import signal
from typing import Any

from attempts.proofs import attempt, call, each, of_each, proof, read

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
