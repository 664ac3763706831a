"""How a server keeps blocks: isolation, network and limits from its settings, and what it does not start with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_page import LivePage
from serving import BINARY, Server, make_canvas

LAYERS = "cgroup_memory,cgroup_pids,cgroup_cpu"
WHO = """
import os, socket
print(os.getuid() > 0)
try:
    socket.create_connection(("127.0.0.1", {open}), timeout=5).close()
    print("reached")
except OSError as error:
    print("blocked")
try:
    socket.create_connection(("127.0.0.1", {closed}), timeout=5).close()
    print("reached")
except OSError as error:
    print("blocked")
"""


def refused(workspace: Path, *flags: str) -> str:
    done = subprocess.run(
        [BINARY, "serve", str(workspace), "--port", "0", "--no-open", *flags],
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (2, 3), done
    return done.stderr


def test_hosts_can_be_listed_with_isolation_strict_only(tmp_path: Path) -> None:
    assert "isolation: strict" in refused(tmp_path, "--network", "pypi.org")
    assert "`on`, `off` or a list" in refused(
        tmp_path, "--network", "pypi.org,*.org", "--isolation", "strict"
    )
    assert "`on`, `off` or a list" in refused(tmp_path, "--network", "on,pypi.org", "--isolation", "strict")
    assert "local, strict, pod or none" in refused(tmp_path, "--isolation", "some")


@pytest.mark.skipif(os.geteuid() != 0, reason="isolation `strict` needs root")
def test_a_layer_that_is_missing_is_accepted_by_name_or_not_at_all(tmp_path: Path) -> None:
    hidden = ["unshare", "--mount", "--propagation", "private", "bash", "-c"]
    command = 'mount -t tmpfs -o ro none /sys/fs/cgroup && exec "$0" serve "$1" --port 0 --no-open --isolation strict'
    done = subprocess.run(
        [*hidden, command, BINARY, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3, done
    assert f"--accept-missing {LAYERS}" in done.stderr


@pytest.fixture
def runtime() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="easel-")
    yield folder
    environ = {**os.environ, "EASEL_RUNTIME_DIR": folder}
    subprocess.run([BINARY, "executor", "stop", "--force"], env=environ, capture_output=True, timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="isolation `strict` needs root")
def test_blocks_of_a_strict_server_are_nobody_and_reach_what_is_listed(tmp_path: Path, runtime: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listed, socket.create_server(("127.0.0.1", 0)) as other:
        ports = listed.getsockname()[1], other.getsockname()[1]
        make_canvas(tmp_path, "one", {"who": WHO.format(open=ports[0], closed=ports[1])})
        (tmp_path / ".easel").mkdir()
        (tmp_path / ".easel/settings.yaml").write_text(
            f"isolation: strict\nnetwork: ['127.0.0.1:{ports[0]}']\nblock_memory_mib: 2048\nblock_disk_mib: 1024\n"
            f"accept_missing: [{LAYERS}]\n"
        )
        server = Server(tmp_path, (), {"EASEL_RUNTIME_DIR": runtime}).start().sign_in()
        page = LivePage(server, "one")
        assert server.ask("POST", "/api/v1/canvases/one/runs", {"mode": "all"}).status == 202
        page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
        printed = "".join(e["text"] for e in page.events if e["event"] == "block.output")
        assert printed.split() == ["True", "reached", "blocked"], page.events
        assert server.stop() == 0
