"""One server for the tests that only look, and servers of their own for the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from serving import Server, make_canvas


class Serve(Protocol):
    def __call__(
        self, workspace: Path, *arguments: str, signed_in: bool = True, **environ: str
    ) -> Server: ...


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Signed in, on a workspace of two canvases and a broken one. For tests that change nothing."""
    workspace = tmp_path_factory.mktemp("shared")
    make_canvas(workspace, "alpha")
    make_canvas(workspace, "beta", {"one": "1", "two": "2"})
    (workspace / "broken").mkdir()
    (workspace / "broken/canvas.yaml").write_text("easel: 1\nblocks: {a: 3}\n")
    server = Server(workspace).start().sign_in()
    yield server
    assert server.stop() == 0


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server on a workspace, and sign in if `signed_in`: `serve(tmp_path)`."""
    started: list[Server] = []

    def start(workspace: Path, *arguments: str, signed_in: bool = True, **environ: str) -> Server:
        started.append(Server(workspace, arguments, environ).start())
        return started[-1].sign_in() if signed_in else started[-1]

    yield start
    for server in started:
        server.stop()
