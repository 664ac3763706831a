"""Nothing gets out of a worker of isolation `strict`, and each way out that is tried does lead out with isolation off."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attempts import ATTEMPTS

HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("EASEL_BINARY", "build/dev/bin/easel")
# What a kernel may lack: then nobody can show the way out, and there is none.
LACKING = ("Function not implemented", "Address family not supported", "No such file or directory: '/proc/")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="isolation `strict` needs root")


@pytest.fixture(scope="session")
def outcomes() -> Iterator[dict[str, dict[str, Any]]]:
    folder = tempfile.mkdtemp(prefix="esc")
    namespaces = ["--mount", "--pid", "--uts", "--ipc", "--net", "--fork", "--kill-child", "--mount-proc"]
    command = [
        "unshare",
        *namespaces,
        sys.executable,
        str(HERE / "world.py"),
        folder,
        BINARY,
        "strict",
        "listed",
        "none",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    yield json.loads(done.stdout)
    shutil.rmtree(folder, ignore_errors=True)


def test_no_layer_is_missing(outcomes: dict[str, dict[str, Any]]) -> None:
    said = subprocess.run([BINARY, "doctor", "--json"], capture_output=True, text=True, check=False)
    groups = next(one for one in json.loads(said.stdout)["findings"] if one["name"] == "cgroups")
    expected = [] if groups["ok"] else ["cgroup_"]
    notices = outcomes["strict"]["(notices)"]["notices"]
    assert len(notices) == len(expected), notices
    assert all(word in notice for word, notice in zip(expected, notices, strict=True)), notices


def test_listed_hosts_answer(outcomes: dict[str, dict[str, Any]]) -> None:
    assert outcomes["listed"]["(out)"]["out"] == "listed.test True\n10.77.0.4 True\n"
    assert "True" not in outcomes["strict"]["(out)"]["out"]


def test_it_is_said_which_listed_names_lead_where_they_must_not(outcomes: dict[str, dict[str, Any]]) -> None:
    notices = " ".join(outcomes["listed"]["(notices)"]["notices"])
    for name in ("inside.test", "six.test", "own.test", "meta.test", "swings.test", "zero.test"):
        assert f"`{name}` leads to" in notices, notices


def test_all_were_tried(outcomes: dict[str, dict[str, Any]]) -> None:
    network = {name for name in ATTEMPTS if name.split(":")[0] in ("network", "egress")}
    for mode, names in (("strict", set(ATTEMPTS)), ("listed", network), ("none", set(ATTEMPTS))):
        assert {name for name in outcomes[mode] if name[0] != "("} == names


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_it_does_not_get_out(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    for mode in ("strict", "listed"):
        said = outcomes[mode].get(name, {"blocked": "not tried with this"})
        assert "blocked" in said, f"{mode}: {said}"


@pytest.mark.parametrize("name", sorted(ATTEMPTS))
def test_it_gets_out_without_isolation(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    said = outcomes["none"][name]
    if "blocked" in said and any(lack in said["blocked"] for lack in LACKING):
        pytest.skip(f"this kernel does not have it: {said['blocked']}")
    assert "reached" in said, said
