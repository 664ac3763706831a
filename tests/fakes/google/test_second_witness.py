"""Where fake-gcs-server does what is documented, the double does the same; where it does not, the list says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import second_witness
from conftest import Start
from plain_http import Client
from probe import Probe
from test_storage_probe import OPEN, TOPICS, make_key

FOUND = second_witness.program()
DECLARED = (Path(__file__).parent / "data/fake_gcs_deviations.txt").read_text().splitlines()[1:]
# What both must say of an object. Times, links and generations are each server's own.
COMPARED = ("name", "bucket", "size", "md5Hash", "crc32c", "contentType", "metadata", "kind")
pytestmark = pytest.mark.skipif(
    FOUND is None, reason=f"no fake-gcs-server {second_witness.VERSION}: set EASEL_PREBUILT"
)


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert FOUND is not None
    with second_witness.running(FOUND, tmp_path_factory.mktemp("fake")) as base:
        yield base


def test_it_deviates_from_the_documents_exactly_as_declared(witness: str) -> None:
    file, _ = make_key()
    checks = Probe(Client(witness), file, host=witness.partition("//")[2]).run(TOPICS)
    assert sorted(check.name for check in checks if not check.ok) == sorted(DECLARED)


def journey(client: Client) -> list[Any]:
    """What a store does all day, and what a server said to it."""
    said: list[Any] = []

    def note(answer: Any) -> Any:
        body = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
        items = [{key: item.get(key) for key in COMPARED} for item in body.get("items", [])]
        one = {key: body.get(key) for key in COMPARED if key in body}
        said.append((answer.status, one, items, body.get("prefixes")))
        return answer

    note(client.post("/storage/v1/b?project=p", {"name": "both"}))
    note(client.post("/storage/v1/b?project=p", {"name": "both"}))
    for name, data in (("state/1", b"one"), ("state/2", b""), ("state/deep/é", bytes(range(256)) * 1024)):
        path = f"/upload/storage/v1/b/both/o?uploadType=media&name={quote(name, safe='')}"
        note(client.post(path, data, headers={"Content-Type": "application/octet-stream"}))
        read = client.get(f"/storage/v1/b/both/o/{quote(name, safe='')}?alt=media")
        said.append((read.status, read.body, read.headers.get("x-goog-hash")))
    note(client.get("/storage/v1/b/both/o?prefix=state/&delimiter=/"))
    note(client.get("/storage/v1/b/both/o"))
    for wanted in ("bytes=0-9", "bytes=1000-", "bytes=-7"):
        read = client.get("/storage/v1/b/both/o/state%2Fdeep%2F%C3%A9?alt=media", headers={"Range": wanted})
        said.append((read.status, read.body, read.headers.get("content-range")))
    note(client.get("/storage/v1/b/both/o/none"))
    return said


def test_both_say_the_same_of_everyday_use(witness: str, start: Start) -> None:
    ours = journey(Client(start(OPEN).double.endpoints["storage"]))
    theirs = journey(Client(witness))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == other
