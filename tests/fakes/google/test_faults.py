"""Faults do what they are called, to the request that they were meant for, and to no other."""

from __future__ import annotations

import http.client
import time
from typing import Any

import pytest
from conftest import Place
from fake_google.faults import parse_rule
from plain_http import Client

PROJECT = "acme-zerve-infra"
ACCOUNTS = f"/v1/projects/{PROJECT}/serviceAccounts"


def fault(place: Place, **rule: Any) -> None:
    place.double.rules = [parse_rule(rule)]


def make(place: Place, name: str = "worker") -> Any:
    return place.to("iam").post(ACCOUNTS, {"accountId": name})


def exists(place: Place, name: str = "worker") -> bool:
    return f"{name}@{PROJECT}.iam.gserviceaccount.com" in place.world.accounts


@pytest.mark.parametrize("code", ["409", "412", "429", "500", "503", "403"])
@pytest.mark.parametrize("effect", ["none", "done"])
def test_an_error_comes_with_or_without_the_effect(acme: Place, code: str, effect: str) -> None:
    fault(acme, kind=code, effect=effect, rpc="iam.serviceAccounts.create")
    answer = make(acme)
    assert (answer.status, answer.error["code"]) == (int(code), int(code))
    assert exists(acme) == (effect == "done")
    assert make(acme).status == (409 if effect == "done" else 200)


@pytest.mark.parametrize("effect", ["none", "done"])
def test_a_reset_connection_says_nothing_of_the_effect(acme: Place, effect: str) -> None:
    fault(acme, kind="reset", effect=effect)
    with pytest.raises(ConnectionResetError):
        make(acme)
    assert exists(acme) == (effect == "done")


@pytest.mark.parametrize("effect", ["none", "done"])
def test_a_timeout_ends_when_the_client_gives_up(acme: Place, effect: str) -> None:
    fault(acme, kind="timeout", effect=effect, hold_s=30)
    base = acme.double.endpoints["iam"].rpartition(":")[2]
    connection = http.client.HTTPConnection("127.0.0.1", int(base), timeout=0.2)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        connection.request(
            "POST",
            ACCOUNTS,
            b'{"accountId": "worker"}',
            {"Authorization": "Bearer operator", "Content-Type": "application/json"},
        )
        connection.getresponse()
    connection.close()
    while not acme.double.requests():  # the client may have given up before it was even heard
        assert time.monotonic() - started < 20
        time.sleep(0.01)
    assert exists(acme) == (effect == "done")
    assert make(acme, "another").status == 200
    assert time.monotonic() - started < 25  # and not the 30 s for which it would have been held


def test_html_and_half_of_a_json_are_no_answers(acme: Place) -> None:
    fault(acme, kind="html", effect="done")
    answer = make(acme)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=UTF-8")
    assert answer.json() == {} and exists(acme)
    fault(acme, kind="html")
    assert acme.to("iam").get(ACCOUNTS).status == 503
    fault(acme, kind="truncated")
    answer = acme.to("iam").get(ACCOUNTS)
    assert (answer.status, answer.json()) == (200, {}) and answer.body.startswith(b"{")


def test_an_account_seems_not_to_exist_or_not_to_be_visible(acme: Place) -> None:
    fault(acme, kind="missing_account")
    answer = make(acme)
    assert answer.status == 400 and "does not exist" in answer.error["message"]
    fault(acme, kind="hidden")
    assert make(acme).status == 403


def test_storage_says_it_in_its_own_words(acme: Place) -> None:
    fault(acme, kind="412", service="storage")
    error = acme.to("storage").get("/storage/v1/b/any").error
    assert error["errors"][0]["reason"] == "conditionNotMet"
    fault(acme, kind="503", service="storage")
    assert b"<Code>ServiceUnavailable</Code>" in acme.to("storage").get("/any/object").body


def test_the_nth_request_is_hit_and_no_other(acme: Place) -> None:
    fault(acme, kind="503", at=3)
    statuses = [
        acme.to(service).get(path).status
        for service, path in 3 * (("iam", ACCOUNTS), ("storage", f"/storage/v1/b?project={PROJECT}"))
    ]
    assert statuses == [200, 200, 200, 503, 200, 200]


def test_a_rule_chooses_by_method_path_and_header(acme: Place) -> None:
    fault(acme, kind="500", times=0, method="GET", path="/b/", header={"X-Test": "1"})
    storage = acme.to("storage")
    assert storage.get("/storage/v1/b/x").status == 404
    assert storage.get("/storage/v1/b/x", headers={"X-Test": "1"}).status == 500
    assert storage.get("/storage/v1/b/y", headers={"X-Test": "1"}).status == 500
    assert storage.delete("/storage/v1/b/x", headers={"X-Test": "1"}).status == 404


def test_a_misspelt_rule_is_refused() -> None:
    for wrong in (
        {"kind": "resett"},
        {"kind": "503", "effekt": "done"},
        {"kind": "503", "effect": "perhaps"},
    ):
        with pytest.raises(ValueError):
            parse_rule(wrong)


def test_what_came_is_kept_in_order(acme: Place) -> None:
    fault(acme, kind="503", effect="done", at=1)
    acme.to("iam").get(ACCOUNTS)
    make(acme)
    make(acme)
    acme.to("iam", "stranger").get(ACCOUNTS)
    seen = [(each["rpc"], each["status"], each["written"], each["fault"]) for each in acme.double.requests()]
    assert seen == [
        ("iam.serviceAccounts.list", 200, False, None),
        ("iam.serviceAccounts.create", 503, True, "503"),
        ("iam.serviceAccounts.create", 409, False, None),
        ("iam.serviceAccounts.list", 403, False, None),
    ]
    assert acme.double.requests()[-1]["member"] == "user:stranger@example.com"


def test_an_answer_may_take_its_time(acme: Place) -> None:
    acme.double.latency_s = 0.06
    started = time.monotonic()
    Client(acme.double.endpoints["iam"], "operator").get(ACCOUNTS)
    assert time.monotonic() - started >= 0.06
