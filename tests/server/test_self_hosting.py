"""The organization's self-hosting settings: what `easel gcp apply` prints is taken, secrets never come back, the test says what is
broken and how to mend it."""

from __future__ import annotations

import base64
import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from serving import Server
from team import found, join, team_server

FUNCTIONAL = Path(__file__).resolve().parents[1] / "functional"
sys.path.insert(0, str(FUNCTIONAL))

from google_place import APP, BUCKET, PROJECT, Place  # noqa: E402
from launch import PYTHON  # noqa: E402
from plain_http import Client  # noqa: E402

PATH = "/api/v1/self-hosting"
SECRET = "eyJhbGciOiJub25lIn0.{}.c2lnbmVk"
GOOD: dict[str, Any] = {
    "project": "acme-data",
    "region": "europe-west2",
    "bucket": "easel-0f1e",
    "repository": "europe-west2-docker.pkg.dev/acme-data/easel",
    "service_accounts": {
        role: f"easel-{role}-sa@acme-data.iam.gserviceaccount.com" for role in ("app", "execution", "build")
    },
    "kubernetes": {"namespace": "easel", "endpoint": "https://203.0.113.7", "cluster": ""},
}
AUTHORITY = "-----BEGIN CERTIFICATE-----\nTm90IG9uZQ==\n-----END CERTIFICATE-----\n"


def save(server: Server, settings: dict[str, Any], **secrets: str | None) -> Any:
    return server.ask("PUT", PATH, {"settings": settings, **secrets})


def cluster_token(account: str = "zerve:scheduler") -> str:
    claims = json.dumps({"sub": f"system:serviceaccount:{account}"}).encode()
    return SECRET.format(base64.urlsafe_b64encode(claims).decode().rstrip("="))


def outcome(server: Server, deadline_s: int = 0) -> dict[str, Any]:
    begun = server.ask("POST", f"{PATH}/test", {"deadline_s": deadline_s})
    assert begun.status == 202, begun
    end = time.monotonic() + 60
    while (test := server.ask("GET", f"{PATH}/test").json)["state"] == "running":
        assert time.monotonic() < end, test
        time.sleep(0.05)
    return dict(test)


def checks(test: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {f"{each['who']} {each['what']}": each for each in test["checks"]}


def test_nothing_is_said_until_an_admin_says_it(shared: Server) -> None:
    before = shared.ask("GET", PATH).json
    assert before["settings"] is None and before["store"] is None
    assert shared.ask("GET", f"{PATH}/test").json["state"] == "none"
    refused = shared.ask("POST", f"{PATH}/test", {})
    assert refused.status == 409 and refused.reason == "NOT_SET_UP"


def test_wrong_fields_are_named_with_how_to_find_their_values_and_nothing_is_saved(shared: Server) -> None:
    wrong = {**GOOD, "bucket": "gs://easel-0f1e", "region": ""}
    wrong["kubernetes"] = {**GOOD["kubernetes"], "endpoint": "203.0.113.7"}
    refused = save(shared, wrong, kubernetes_token="Bearer a-secret-word")
    assert refused.status == 422 and refused.reason == "SELF_HOSTING_FIELDS"
    problems = {each["field"]: each["problem"] for each in refused.json["fields"]}
    assert set(problems) == {"region", "bucket", "kubernetes.endpoint", "kubernetes.token"}
    assert "gcloud storage buckets list --project acme-data" in problems["bucket"]
    assert b"a-secret-word" not in refused.body
    assert shared.ask("GET", PATH).json["settings"] is None
    assert save(shared, {**GOOD, "regoin": "x"}).reason == "UNKNOWN_FIELD"


def test_pasted_yaml_that_is_something_else_says_what_to_paste(shared: Server) -> None:
    options = shared.ask("POST", f"{PATH}/yaml", {"yaml": "project: acme-data\norganization: 0f1e\n"})
    assert options.status == 422 and "line 2" in options.json["detail"]
    assert "what `easel gcp apply` prints" in options.json["detail"]
    half = shared.ask("POST", f"{PATH}/yaml", {"yaml": "project: acme-data\nregion: europe-west2\n"})
    assert half.status == 200 and half.json["settings"]["project"] == "acme-data"
    assert "bucket" in {each["field"] for each in half.json["fields"]}


def test_secrets_are_kept_encrypted_never_come_back_and_stay_until_they_are_removed(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(tmp_path)
    saved = save(server, GOOD, kubernetes_token=cluster_token(), kubernetes_certificate_authority=AUTHORITY)
    assert saved.status == 200 and saved.json["settings"] == GOOD
    since = saved.json["kubernetes_token"]["set_ms"]
    assert abs(since / 1000 - time.time()) < 60
    key = tmp_path / ".easel/secrets.key"
    assert key.stat().st_mode & 0o777 == 0o600
    again = save(server, {**GOOD, "region": "europe-west1"})
    assert again.json["kubernetes_token"]["set_ms"] == since
    assert server.stop() == 0
    kept = b"".join(file.read_bytes() for file in (tmp_path / ".easel").glob("server.db*"))
    for secret in (cluster_token(), cluster_token().split(".")[1], AUTHORITY, "Tm90IG9uZQ"):
        assert secret.encode() not in kept and secret.encode() not in saved.body + again.body
        assert secret not in server.stderr()
    server = serve(tmp_path)
    shown = server.ask("GET", PATH).json
    assert shown["kubernetes_token"] == {"set_ms": since} and shown["settings"]["region"] == "europe-west1"
    removed = save(server, GOOD, kubernetes_token=None)
    assert removed.json["kubernetes_token"] is None and removed.json["kubernetes_certificate_authority"]
    without = save(server, {**GOOD, "kubernetes": None})
    assert without.json["kubernetes_certificate_authority"] is None


def test_a_lost_key_file_is_said_with_what_to_do(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path)
    assert save(server, GOOD, kubernetes_token=cluster_token()).status == 200
    (tmp_path / ".easel/secrets.key").unlink()
    refused = server.ask("POST", f"{PATH}/test", {})
    assert refused.reason == "SEAL_BROKEN" and "set the token anew" in refused.json["detail"]
    (tmp_path / ".easel/secrets.key").chmod(0o644)
    exposed = server.ask("POST", f"{PATH}/test", {})
    assert exposed.reason == "KEY_EXPOSED" and "chmod 600" in exposed.json["detail"]


def test_a_database_from_before_gets_its_tables(serve: Serve, tmp_path: Path) -> None:
    assert serve(tmp_path).stop() == 0
    with sqlite3.connect(tmp_path / ".easel/server.db") as database:
        database.executescript(
            "DROP TABLE self_hosting; DROP TABLE self_hosting_secrets; PRAGMA user_version=2"
        )
    assert save(serve(tmp_path), GOOD).status == 200


def test_only_admins_and_owners_read_and_change_them_and_the_audit_log_has_it(tmp_path: Path) -> None:
    server = team_server(tmp_path)
    try:
        ada = found(server)
        editor = join(ada, "editor", "Eve")
        admin = join(ada, "admin", "Adam")
        body = {"settings": GOOD, "kubernetes_token": cluster_token()}
        for method, path, sent in [
            ("GET", "", None),
            ("PUT", "", body),
            ("GET", "/test", None),
            ("POST", "/test", {}),
            ("DELETE", "/test", None),
            ("POST", "/yaml", {"yaml": "project: acme-data"}),
        ]:
            assert editor.ask(method, f"/self-hosting{path}", sent).status == 403
        assert admin.ask("PUT", "/self-hosting", body).status == 200
        assert ada.ask("GET", "/self-hosting").json["changed_by"] == "Adam"
        [entry] = [
            each for each in ada.ask("GET", "/audit").json["items"] if each["action"] == "self_hosting.change"
        ]
        assert entry["person"]["name"] == "Adam"
        assert entry["detail"]["kubernetes_token"] == "set" and "bucket" in entry["detail"]["changed"]
        assert cluster_token() not in json.dumps(entry)
    finally:
        assert server.stop() == 0


on_google = pytest.mark.skipif(
    not PYTHON.exists(), reason="scripts/setup google makes what the double runs with"
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path / "operator") as made:
        made.folder.mkdir()
        applied = made.gcp("apply", "--yes", "--json")
        assert applied.returncode == 0, applied.stdout + applied.stderr
        made.settings = json.loads(applied.stdout)["settings"]  # type: ignore[attr-defined]
        yield made


def taken(server: Server, place: Place) -> dict[str, Any]:
    """The settings that `apply` printed, saved."""
    read = server.ask("POST", f"{PATH}/yaml", {"yaml": place.settings})  # type: ignore[attr-defined]
    assert read.status == 200 and read.json["fields"] == [], read
    saved = save(server, read.json["settings"])
    assert saved.status == 200, saved
    return dict(saved.json["settings"])


def served(serve: Serve, place: Place, tmp_path: Path, token: str = "caller") -> Server:
    variables = {k: v for k, v in place.environment(token).items() if k.startswith("EASEL_GCP_")}
    return serve(tmp_path / "workspace", **variables)


@on_google
def test_what_apply_printed_is_taken_and_tests_well(serve: Serve, tmp_path: Path, place: Place) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path)
    settings = taken(server, place)
    assert settings["bucket"] == BUCKET and settings["service_accounts"]["app"] == APP
    test = outcome(server)
    assert test["state"] == "ended" and test["problem"] is None and test["by"]
    by_name = checks(test)
    assert not [each for each in by_name.values() if each["result"] in ("failed", "waiting")], by_name
    assert by_name["server may act as the app account"]["result"] == "good"
    assert by_name["app account uploads and downloads by signed URL"]["result"] == "good"
    assert by_name["app account may run jobs in the namespace zerve"]["result"] == "good"
    for each in by_name.values():
        assert each["result"] == "good" or "needs no such right" in each["detail"], each


@on_google
def test_three_things_broken_are_three_failures_with_their_roles_and_commands(
    serve: Serve, tmp_path: Path, place: Place
) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path)
    taken(server, place)
    take_grants_away(place)
    test = outcome(server)
    failed = {name: each for name, each in checks(test).items() if each["result"] == "failed"}
    assert set(failed) == {
        "app account may do with objects and folders of the bucket what it needs",
        "app account writes, reads and removes an object",
        "app account uploads and downloads by signed URL",
        "app account may read logs of the project",
        "app account lists log entries",
        "app account may run jobs in the namespace zerve",
    }
    for name, words in {
        "app account writes, reads and removes an object": [
            f"gcloud storage buckets add-iam-policy-binding gs://{BUCKET}",
            "--role roles/storage.objectAdmin",
            APP,
        ],
        "app account may read logs of the project": ["--role roles/logging.viewer", PROJECT],
        "app account may run jobs in the namespace zerve": ["kubectl -n zerve create rolebinding", APP],
        "app account uploads and downloads by signed URL": ["roles/storage.objectAdmin"],
    }.items():
        for word in words:
            assert word in failed[name]["remedy"], failed[name]
        assert failed[name]["detail"]


@on_google
def test_a_server_that_may_not_act_as_the_app_account_learns_the_grant_that_it_lacks(
    serve: Serve, tmp_path: Path, place: Place
) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path, token="stranger")
    taken(server, place)
    by_name = checks(outcome(server))
    first = by_name["server may act as the app account"]
    assert first["result"] == "failed"
    assert "roles/iam.serviceAccountTokenCreator" in first["remedy"] and APP in first["remedy"]
    assert by_name["app account lists log entries"]["result"] == "not run"


def test_a_server_without_credentials_says_where_they_come_from(serve: Serve, tmp_path: Path) -> None:
    server = serve(tmp_path, HOME=str(tmp_path), EASEL_GCP_ENDPOINT_METADATA="http://127.0.0.1:1")
    assert save(server, GOOD).status == 200
    test = outcome(server)
    assert test["state"] == "ended" and test["checks"] == []
    assert "gcloud auth application-default login" in test["problem"] and "--access" not in test["problem"]


@on_google
def test_a_cluster_token_is_what_the_cluster_is_asked_with(
    serve: Serve, tmp_path: Path, place: Place
) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path)
    settings = taken(server, place)
    assert save(server, settings, kubernetes_token="operator").status == 200
    place.google.forget_requests()
    by_name = checks(outcome(server))
    asked = {each["member"] for each in place.google.requests() if each["service"] == "kubernetes"}
    assert asked == {"user:admin@example.com"}
    assert by_name["cluster token may run jobs in the namespace zerve"]["result"] == "good"
    # The operator may do more than a token for Easel should.
    assert by_name["cluster token may not run jobs in other namespaces"]["result"] == "failed"
    assert save(server, settings, kubernetes_token=cluster_token()).status == 200
    refused = checks(outcome(server))["cluster token may run jobs in the namespace zerve"]
    assert refused["result"] == "failed"
    assert "kubectl -n zerve create token scheduler" in refused["remedy"], refused


@on_google
def test_an_api_that_is_off_is_not_answered_with_a_grant(serve: Serve, tmp_path: Path, place: Place) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path)
    taken(server, place)
    project = place.google.state()["projects"][PROJECT]
    on = ("iam", "iamcredentials", "storage", "cloudresourcemanager", "artifactregistry", "serviceusage")
    less = {
        "number": "111111111111",
        "bindings": project["bindings"],
        "services": [f"{each}.googleapis.com" for each in on],
    }
    place.google.seed({"projects": {PROJECT: less}})
    failed = checks(outcome(server))["app account lists log entries"]
    assert failed["result"] == "failed" and "`easel gcp apply` turns on" in failed["remedy"], failed
    assert "--role" not in failed["remedy"]


@on_google
def test_a_bucket_that_is_not_there_is_not_answered_with_a_grant(
    serve: Serve, tmp_path: Path, place: Place
) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path)
    settings = taken(server, place)
    assert save(server, {**settings, "bucket": "zerve-of-nobody"}).status == 200
    written = checks(outcome(server))["app account writes, reads and removes an object"]
    assert written["result"] == "failed" and "Correct the name" in written["remedy"], written


@on_google
def test_a_test_that_waits_for_grants_shows_what_it_knows_and_can_be_stopped(
    serve: Serve, tmp_path: Path, place: Place
) -> None:
    (tmp_path / "workspace").mkdir()
    server = served(serve, place, tmp_path)
    taken(server, place)
    take_grants_away(place)
    assert server.ask("POST", f"{PATH}/test", {"deadline_s": 300}).status == 202
    assert server.ask("POST", f"{PATH}/test", {}).reason == "TEST_RUNNING"
    end = time.monotonic() + 60
    while not any(each["result"] == "failed" for each in server.ask("GET", f"{PATH}/test").json["checks"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert server.ask("GET", f"{PATH}/test").json["state"] == "running"
    server.ask("DELETE", f"{PATH}/test")
    while (state := server.ask("GET", f"{PATH}/test").json["state"]) == "running":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert state == "stopped"


def take_grants_away(place: Place) -> None:
    """The app account's: on the bucket, on logs, in the namespace."""
    operator = {"Authorization": "Bearer operator"}
    storage = Client(place.google.endpoints["storage"])
    path = f"/storage/v1/b/{BUCKET}/iam"
    policy = storage.send("GET", f"{path}?optionsRequestedPolicyVersion=3", headers=operator).json()
    policy["bindings"] = [
        each for each in policy["bindings"] if f"serviceAccount:{APP}" not in each["members"]
    ]
    assert storage.send("PUT", path, policy, headers=operator).status == 200
    manager = Client(place.google.endpoints["cloudresourcemanager"])
    project = f"/v1/projects/{PROJECT}"
    asked = {"options": {"requestedPolicyVersion": 3}}
    policy = manager.send("POST", f"{project}:getIamPolicy", asked, headers=operator).json()
    policy["bindings"] = [each for each in policy["bindings"] if each["role"] != "roles/logging.viewer"]
    assert manager.send("POST", f"{project}:setIamPolicy", {"policy": policy}, headers=operator).status == 200
    kubernetes = Client(place.google.endpoints["kubernetes"])
    binding = "/apis/rbac.authorization.k8s.io/v1/namespaces/zerve/rolebindings/scheduler"
    assert kubernetes.send("DELETE", binding, headers=operator).status == 200
