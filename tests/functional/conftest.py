"""One executor of their own for all journeys, and a `canvas` to make each of them with."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from canvas_folder import BINARY, CanvasFolder, Gate, easel, is_alive, wait_until


class MakeCanvas(Protocol):
    def __call__(
        self, blocks: dict[str, str], edges: list[str] | None = None, **more: Any
    ) -> CanvasFolder: ...


@pytest.fixture(scope="session")
def environ() -> Iterator[dict[str, str]]:
    """The environment of every command: a private executor, the shared cache of environments."""
    assert os.access(BINARY, os.X_OK), f"{BINARY} is not there: `./dev build`, or set EASEL_BINARY"
    # Not below pytest's folder: a socket's path has room for 107 bytes only, and people's folders are short, too.
    folder = tempfile.mkdtemp(prefix="easel-")
    values = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    values |= {"EASEL_RUNTIME_DIR": folder, "NO_COLOR": "1", "LANG": "C.UTF-8"}
    yield values
    status = easel(["executor", "status", "--json"], values).document
    easel(["executor", "stop", "--force"], values)
    if status["running"]:
        wait_until(lambda: not is_alive(status["pid"]), "the executor has ended")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def canvas_at(environ: dict[str, str]) -> Any:
    def make(root: Path, blocks: dict[str, str], edges: list[str] | None = None, **more: Any) -> CanvasFolder:
        return CanvasFolder(root, environ, blocks, edges or [], **more)

    return make


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()


@pytest.fixture
def canvas(tmp_path: Path, canvas_at: Any) -> MakeCanvas:
    """Make a canvas of blocks: `canvas({"load": "x = 1", "use": "print(x)"}, ["load -> use"])`."""

    def make(blocks: dict[str, str], edges: list[str] | None = None, **more: Any) -> CanvasFolder:
        made: CanvasFolder = canvas_at(tmp_path / "canvas", blocks, edges, **more)
        return made

    return make
