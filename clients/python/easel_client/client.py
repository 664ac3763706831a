"""The API with what a program usually wants on top: pages put together, and waiting for what takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import types
from .api import Api
from .http import Http, Problem

PIECE_BYTES = 8 << 20
UNDER_WAY = ("preparing", "running")


class Client(Api):
    """An Easel server, for whoever has an API token of it (Settings, API tokens).

    client = Client("http://127.0.0.1:8765", token)
    run = client.run("churn")
    table = client.table("churn", "load", "df")
    """

    def __init__(self, url: str, token: str, timeout_s: float = 60) -> None:
        super().__init__(Http(url, token, timeout_s))

    def every(self, page: Callable[..., Any], *arguments: Any, **options: Any) -> Iterator[Any]:
        """The items of all pages of a list: `client.every(client.list_canvases)`."""
        cursor = None
        while True:
            answer = page(*arguments, **options, cursor=cursor)
            yield from answer["items"]
            cursor = answer["next"]
            if cursor is None:
                return

    def block(self, canvas: str, name: str) -> types.LiveBlock:
        """The block of this name. Raises KeyError."""
        for block in self.get_canvas(canvas)["blocks"]:
            if block["name"] == name:
                return block
        raise KeyError(f"the canvas {canvas} has no block {name}")

    def run(
        self,
        canvas: str,
        request: types.RunRequest | None = None,
        *,
        timeout_s: float | None = None,
        poll_s: float = 0.2,
    ) -> types.Run:
        """Run blocks (default: all that are not up to date) and wait for the end. Raises TimeoutError; the run goes on then."""
        run = self.start_run(canvas, request or {"mode": "all"})
        return self.wait_for_run(canvas, run["run"], timeout_s=timeout_s, poll_s=poll_s)

    def wait_for_run(
        self, canvas: str, run: str, *, timeout_s: float | None = None, poll_s: float = 0.2
    ) -> types.Run:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            # What is under way is asked for first: what has left it is in the history.
            if not any(one["run"] == run for one in self.get_canvas(canvas)["runs"]):
                newest = self.list_runs(canvas, limit=1000)["items"]
                ended = next((one for one in newest if one["run"] == run), None)
                if ended is None:
                    raise Problem(
                        404, "RUN_UNKNOWN", f"the canvas {canvas} knows no run {run}: it did not begin"
                    )
                if ended["status"] not in UNDER_WAY:
                    return ended
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"the run {run} is not over after {timeout_s} s")
            time.sleep(poll_s)

    def table(
        self,
        canvas: str,
        block: str,
        variable: str,
        query: types.TableQuery | None = None,
        *,
        poll_s: float = 0.1,
    ) -> types.TablePage:
        """A page of a table's rows, waiting while the server works on it. `block` is a name or an id."""
        while True:
            answer = self.get_table_rows(canvas, block, variable, query or {})
            if "result" in answer:  # not TableWork
                return answer  # type: ignore[return-value]
            time.sleep(poll_s)

    def import_canvas(self, path: str | Path) -> types.Import:
        """Make a canvas of a .zip or a notebook."""
        path = Path(path)
        state = self.begin_import({"file": path.name, "bytes": path.stat().st_size})
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                state = self.send_import_piece(state["import"], piece, offset=state["offset"])
        return state
