"""One executor of their own for all journeys, and a `canvas` to make each of them with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from canvas_folder import CanvasFolder, Gate
from private_executor import private_executor


class MakeCanvas(Protocol):
    def __call__(
        self, blocks: dict[str, str], edges: list[str] | None = None, **more: Any
    ) -> CanvasFolder: ...


@pytest.fixture(scope="session")
def environ() -> Iterator[dict[str, str]]:
    with private_executor() as values:
        yield values


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
