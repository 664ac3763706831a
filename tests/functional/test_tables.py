"""A frame that a block left is paged, sorted, filtered, summed and exported over HTTP: what pandas says is what comes out."""

from __future__ import annotations

import io
import json
import math
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet
import pytest
from canvas_folder import BINARY
from conftest import MakeCanvas

LOAD = """
import pandas as pd
df = pd.DataFrame({
    "n": range(1000),
    "x": [None if i % 100 == 0 else i % 7 / 2 for i in range(1000)],
    "big": [2**60 + i for i in range(1000)],
    "s": [f"name {i % 13}" for i in range(1000)],
    "when": pd.date_range("2024-01-01", periods=1000, freq="h", tz="Europe/Berlin"),
})
one = 1
"""


class Server:
    """`easel serve`, signed in."""

    def __init__(self, binary: str, workspace: str, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [binary, "serve", workspace, "--port", "0", "--no-open", "--json"],
            env=environ,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout
        ready = json.loads(self.process.stdout.readline())
        self.url = ready["url"].split("#")[0].rstrip("/")
        self.cookie = ""
        self.send("POST", "/session", {"token": ready["token"]})

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.url + "/api/v1" + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Origin": self.url, "Cookie": self.cookie},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                if "Set-Cookie" in answer.headers:
                    self.cookie = answer.headers["Set-Cookie"].split(";")[0]
                content, kind = answer.read(), answer.headers.get_content_type()
                if kind == "application/json" and content:
                    return answer.status, json.loads(content)
                return answer.status, content.decode() if kind.startswith("text/") else content
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def ask(self, path: str, body: Any) -> Any:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            status, said = self.send("POST", path, body)
            if status != 202:
                assert status == 200, said
                return said
        raise TimeoutError(path)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture
def served(canvas: MakeCanvas, environ: dict[str, str]) -> Iterator[tuple[Server, str]]:
    made = canvas({"load": LOAD})
    made.run()
    server = Server(BINARY, str(made.root), environ)
    try:
        name = server.send("GET", "/canvases")[1]["items"][0]["id"]
        yield server, f"/canvases/{name}/blocks/load/tables"
    finally:
        server.close()


def test_pages_filters_sorts_and_sums_are_those_of_pandas(served: tuple[Server, str]) -> None:
    server, tables = served
    status, about = server.send("GET", f"{tables}/df")
    assert status == 200, about
    assert about["rows"] == 1000
    assert [c["name"] for c in about["columns"]] == ["n", "x", "big", "s", "when"]
    base = {"attempt": about["attempt"], "columns": [0, 1, 2, 4], "limit": 3}
    page = server.ask(f"{tables}/df/rows", {**base, "offset": 99})
    assert page["attempt"] == about["attempt"]
    assert page["result"]["rows"] == [99, 100, 101]
    n, x, big, when = page["result"]["columns"]
    assert n == [99, 100, 101]
    assert x == [0.5, {"is": "NaN"}, 1.5]
    assert big == [str(2**60 + i) for i in (99, 100, 101)]
    assert when[0] == "2024-01-05T02:00:00Z"
    where = [
        {"column": 1, "is": ">=", "values": ["2.5"]},
        {"column": 3, "is": "contains", "values": ["NAME 1"]},
    ]
    asked = {
        **base,
        "where": where,
        "sort": [{"column": 1, "descending": True}, {"column": 0, "descending": True}],
    }
    rows = [i for i in range(1000) if i % 100 and i % 7 / 2 >= 2.5 and f"name {i % 13}".startswith("name 1")]
    expected = sorted(rows, key=lambda i: (-(i % 7), -i))
    found = server.ask(f"{tables}/df/rows", asked)
    assert found["count"] == len(rows)
    assert found["result"]["rows"] == expected[:3]
    last = server.ask(f"{tables}/df/rows", {**base, "sort": [{"column": 1}], "offset": 990})["result"]
    assert last["rows"] == [0, 100, 200]  # missing ones come last, in their order
    summary = server.ask(f"{tables}/df/summary", {"attempt": about["attempt"], "column": 1})["result"]
    assert (summary["missing"], summary["min"], summary["max"], summary["distinct"]) == (10, "0", "3", 7)
    cells = server.ask(f"{tables}/df/cells", {**base, "columns": [0], "offset": 0, "limit": 1000})["result"]
    assert (cells["count"], cells["sum"], cells["mean"]) == (1000, 499500, 499.5)


def test_export_is_a_csv_of_the_rows_that_are_selected(served: tuple[Server, str]) -> None:
    server, tables = served
    query = {"where": [{"column": 0, "is": "<", "values": ["2"]}], "columns": [0, 1, 3]}
    quoted = urllib.parse.quote(json.dumps(query))
    status, text = server.send("GET", f"{tables}/df/export?query={quoted}")
    assert (status, text) == (200, "n,x,s\r\n0,,name 0\r\n1,0.5,name 1\r\n")
    status, problem = server.send("GET", f"{tables}/df/export?format=xlsx")
    assert (status, problem["reason"]) == (400, "EXPORT_FORMAT")


def test_export_is_a_parquet_file_that_others_read(served: tuple[Server, str]) -> None:
    server, tables = served
    query = {"where": [{"column": 0, "is": "<", "values": ["2"]}], "columns": [0, 1, 3]}
    quoted = urllib.parse.quote(json.dumps(query))
    status, content = server.send("GET", f"{tables}/df/export?format=parquet&query={quoted}")
    assert status == 200
    rows = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    assert math.isnan(rows[0].pop("x")), "as the frame has it: a number that is none, not a missing one"
    assert rows == [{"n": 0, "s": "name 0"}, {"n": 1, "x": 0.5, "s": "name 1"}]


@pytest.mark.parametrize(
    ("variable", "body", "status", "reason"),
    [
        ("dg", {}, 404, "VARIABLE_UNKNOWN"),
        ("one", {}, 404, "NO_TABLE"),
        ("df", {"attempt": "r0/load.9"}, 404, "ATTEMPT_UNKNOWN"),
        ("df", {"where": [{"column": 0, "is": "=", "values": ["many"]}]}, 400, "TABLE_QUERY"),
        ("df", {"where": [{"column": 0, "is": "like", "values": ["1"]}]}, 400, "TABLE_QUERY"),
        ("df", {"sort": [{"column": 99}]}, 400, "TABLE_QUERY"),
        ("df", {"columns": [-1]}, 400, "TABLE_QUERY"),
        ("df", {"limit": 5000}, 400, "TABLE_QUERY"),
        ("df", {"colums": [1]}, 400, "UNKNOWN_FIELD"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(
    served: tuple[Server, str], variable: str, body: Any, status: int, reason: str
) -> None:
    server, tables = served
    got, problem = server.send("POST", f"{tables}/{variable}/rows", body)
    assert (got, problem["reason"]) == (status, reason)


def test_nobody_looks_at_a_table_without_signing_in(served: tuple[Server, str]) -> None:
    server, tables = served
    server.cookie = ""
    assert server.send("GET", f"{tables}/df")[0] == 401
    assert server.send("POST", f"{tables}/df/rows", {})[0] == 401
    assert server.send("GET", f"{tables}/df/export")[0] == 401
