"""Becoming somebody else."""

from __future__ import annotations

import os
from typing import Any

from attempts.proofs import attempt, proof, read


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
