"""Cloud Logging: what is written once is listed once, in pages, a minute's worth at a time."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Place, Start
from plain_http import Answer

PROJECT = "acme-zerve-infra"
LOG = f"projects/{PROJECT}/logs/easel-run"


def write(place: Place, *entries: dict[str, Any], **more: Any) -> Answer:
    body = {"logName": LOG, "resource": {"type": "global"}, "entries": list(entries), **more}
    return place.to("logging").post("/v2/entries:write", body)


def entry(identity: str, second: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "insertId": identity,
        "timestamp": f"2023-11-14T22:13:{second:02d}Z",
        "textPayload": identity,
        **more,
    }


def read(place: Place, text: str = "", **more: Any) -> dict[str, Any]:
    answer = place.to("logging").post(
        "/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"], "filter": text, **more}
    )
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json()
    return found


def names(answer: dict[str, Any]) -> list[str]:
    return [each["textPayload"] for each in answer.get("entries", [])]


def test_an_entry_sent_twice_is_listed_once(acme: Place) -> None:
    assert write(acme, entry("a"), entry("b", 1)).status == 200
    assert write(acme, entry("a"), entry("a", 2)).status == 200
    assert names(read(acme)) == ["a", "b", "a"]
    assert names(read(acme, orderBy="timestamp desc")) == ["a", "b", "a"][::-1]


def test_a_filter_chooses(acme: Place) -> None:
    write(
        acme, entry("a", 1, labels={"run_id": 'r"1'}), entry("b", 2, severity="ERROR"), labels={"canvas": "c"}
    )
    assert names(read(acme, f'logName="{LOG}" AND labels.run_id="r\\"1"')) == ["a"]
    assert names(read(acme, 'timestamp>="2023-11-14T22:13:02Z" severity>=WARNING')) == ["b"]
    assert names(read(acme, 'labels.canvas="c" AND NOT textPayload="a"')) == ["b"]
    assert names(read(acme, 'labels."run_id":"R"')) == ["a"]


@pytest.mark.parametrize("text", ["(a=1)", "a=1 OR b=2", "a", 'labels.run_id="open'])
def test_a_filter_that_is_not_understood_is_refused(acme: Place, text: str) -> None:
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": text}
    assert acme.to("logging").post("/v2/entries:list", body).status == 400


def test_a_list_comes_in_pages_and_the_first_may_be_empty(start: Start) -> None:
    place = start(empty_log_pages=True)
    write(place, *(entry(str(number), number) for number in range(5)))
    pages, token = [], None
    while len(pages) < 10:
        answer = read(place, pageSize=2, **({"pageToken": token} if token else {}))
        pages.append(names(answer))
        token = answer.get("nextPageToken")
        if token is None:
            break
    assert pages == [[], ["0", "1"], ["2", "3"], ["4"]]


def test_an_entry_is_listed_a_little_later(start: Start) -> None:
    place = start(windows={"log_s": 5})
    write(place, entry("a"))
    assert names(read(place)) == []
    place.wait(6)
    assert names(read(place)) == ["a"]


def test_there_are_sixty_lists_a_minute(acme: Place) -> None:
    for _ in range(60):
        read(acme)
    body = {"resourceNames": [f"projects/{PROJECT}"]}
    answer = acme.to("logging").post("/v2/entries:list", body)
    assert (answer.status, answer.error["status"], "retry-after" in answer.headers) == (
        429,
        "RESOURCE_EXHAUSTED",
        False,
    )
    acme.wait(61)
    read(acme)


@pytest.mark.parametrize(
    "wrong",
    [
        {"logName": "easel-run"},
        {"labels": {"number": 1}},
        {"labels": {"x" * 513: "1"}},
        {"severity": "BAD"},
        {"timestamp": "yesterday"},
        {"jsonPayload": {"a": 1}},
        {"textPayload": "x" * 300_000},
        {"text": "x"},
    ],
)
def test_a_malformed_entry_is_refused(acme: Place, wrong: dict[str, Any]) -> None:
    assert write(acme, {**entry("a"), **wrong}).status == 400
    assert names(read(acme)) == []


def test_who_writes_may_not_read(acme: Place) -> None:
    policy = acme.world.projects[PROJECT].policy
    policy.replace(
        [*policy.bindings, {"role": "roles/logging.logWriter", "members": ["user:stranger@example.com"]}],
        0,
        0,
    )
    stranger = acme.to("logging", "stranger")
    body = {"logName": LOG, "resource": {"type": "global"}, "entries": [entry("a")]}
    assert stranger.post("/v2/entries:write", body).status == 200
    assert stranger.post("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"]}).status == 403
