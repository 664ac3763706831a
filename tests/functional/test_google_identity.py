"""Every way to be somebody at Google, on the double of Google Cloud: tokens, impersonation, refusals, signed URLs, logs, TLS."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canvas_folder import BINARY, REPOSITORY

GOOGLE = REPOSITORY / "tests/fakes/google"
sys.path.insert(0, str(GOOGLE))

from launch import PYTHON, FakeGoogle  # noqa: E402
from plain_http import Client  # noqa: E402

PROBE = Path(BINARY).parent / "gcp_probe"
KEY_FILE = GOOGLE / "data/test_service_account.not-a-test.json"
KEY_ACCOUNT = "test-iam-credentials@dummy-project-id.iam.gserviceaccount.com"
PROJECT = "acme-zerve-infra"
APP = f"zerve-app-sa@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/own"
SUBJECT = (
    "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/subject/easel"
)
USER = {
    "type": "authorized_user",
    "client_id": "id",
    "client_secret": "secret",
    "refresh_token": "refresh",
}
WHO = "/v1/projects/acme-zerve-infra"

pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="scripts/setup google makes what the double runs with"),
    pytest.mark.skipif(not PROBE.exists(), reason="this build has no programs for tests"),
]


def public_half() -> str:
    program = (
        "import json, sys\n"
        "from cryptography.hazmat.primitives.serialization import *\n"
        "key = load_pem_private_key(json.load(open(sys.argv[1]))['private_key'].encode(), None).public_key()\n"
        "print(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())"
    )
    return subprocess.run(
        [PYTHON, "-c", program, KEY_FILE], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="module")
def google() -> Iterator[FakeGoogle]:
    creators = [f"serviceAccount:{KEY_ACCOUNT}", "user:admin@example.com", SUBJECT]
    members = ["user:admin@example.com", f"serviceAccount:{KEY_ACCOUNT}", f"serviceAccount:{APP}"]
    seed = {
        "projects": {
            PROJECT: {
                "number": "111111111111",
                "bindings": {"roles/owner": members, "roles/storage.admin": members},
            },
            "dummy-project-id": {},
        },
        "accounts": {
            KEY_ACCOUNT: {"project": "dummy-project-id", "keys": {"1": public_half()}},
            APP: {"project": PROJECT, "bindings": {"roles/iam.serviceAccountTokenCreator": creators}},
        },
        "tokens": {"operator": "user:admin@example.com", "stranger": "user:stranger@example.com"},
        "refresh_tokens": {
            "refresh": {"client_id": "id", "client_secret": "secret", "member": "user:admin@example.com"}
        },
        "subject_tokens": {"theirs": {"audience": AUDIENCE, "subject": "easel"}},
    }
    with FakeGoogle(seed) as started:
        bucket = {
            "name": "acme-easel",
            "location": "europe-west2",
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        }
        made = Client(started.endpoints["storage"], "operator").post(
            f"/storage/v1/b?project={PROJECT}", bucket
        )
        assert made.status == 200, made.body
        yield started


class Asked:
    """The probe with one credential."""

    def __init__(self, google: FakeGoogle, home: Path, **variables: str) -> None:
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "EASEL_GCP_BACKOFF_MS": "5",
            **google.environment(),
            **variables,
        }

    def __call__(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [PROBE, *arguments], env=self.environ, capture_output=True, text=True, timeout=60
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        assert (done.returncode == 0) == ("reason" not in answer), done.stderr
        return answer


def with_file(google: FakeGoogle, folder: Path, content: dict[str, Any] | Path) -> Asked:
    path = content if isinstance(content, Path) else folder / "adc.json"
    if not isinstance(content, Path):
        path.write_text(json.dumps(content))
    return Asked(google, folder, GOOGLE_APPLICATION_CREDENTIALS=str(path))


def impersonated(source: dict[str, Any], account: str = APP) -> dict[str, Any]:
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
    return {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": url,
        "source_credentials": source,
    }


def external(source: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": impersonated({})["service_account_impersonation_url"],
        "credential_source": source,
    }


def member_of_last(google: FakeGoogle) -> str:
    return str(google.requests()[-1]["member"])


def test_a_key_signs_in_as_its_account_and_becomes_the_app(google: FakeGoogle, tmp_path: Path) -> None:
    ask = with_file(google, tmp_path, KEY_FILE)
    assert ask("get", "cloudresourcemanager", WHO)["answer"]["projectId"] == PROJECT
    assert member_of_last(google) == f"serviceAccount:{KEY_ACCOUNT}"
    app = ask("token", APP)
    assert app["who"] == f"service account {APP}" and 3500 < app["seconds"] <= 3600
    as_app = Asked(google, tmp_path, EASEL_GCP_ACCESS_TOKEN=app["token"])
    assert as_app("get", "cloudresourcemanager", WHO)["answer"]["projectId"] == PROJECT
    assert member_of_last(google) == f"serviceAccount:{APP}"


def test_a_person_signs_in_and_a_sign_in_that_ended_is_named(google: FakeGoogle, tmp_path: Path) -> None:
    assert "answer" in with_file(google, tmp_path, USER)("get", "cloudresourcemanager", WHO)
    assert member_of_last(google) == "user:admin@example.com"
    ended = with_file(google, tmp_path, {**USER, "refresh_token": "old"})("token")
    assert ended["reason"] == "GCP_SIGN_IN_AGAIN"
    assert "gcloud auth application-default login" in ended["message"]


def test_another_account_by_a_persons_sign_in(google: FakeGoogle, tmp_path: Path) -> None:
    assert "answer" in with_file(google, tmp_path, impersonated(USER))("get", "cloudresourcemanager", WHO)
    assert member_of_last(google) == f"serviceAccount:{APP}"
    denied = with_file(google, tmp_path, impersonated(USER, KEY_ACCOUNT))("token")
    assert denied["reason"] == "GCP_IMPERSONATION_DENIED" and denied["code"] == "PERMISSION_DENIED"
    assert "roles/iam.serviceAccountTokenCreator" in denied["message"]


def test_somebody_elses_token_from_a_file_or_a_url(google: FakeGoogle, tmp_path: Path) -> None:
    subject = tmp_path / "subject"
    subject.write_text("theirs\n")
    by_file = with_file(google, tmp_path, external({"file": str(subject)}))
    assert "answer" in by_file("get", "cloudresourcemanager", WHO)
    assert member_of_last(google) == f"serviceAccount:{APP}"

    class Issuer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"id": "theirs" if self.headers["Wanted"] == "yes" else "no"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Issuer) as issuer:
        threading.Thread(target=issuer.serve_forever, args=(0.01,)).start()
        try:
            url = f"http://127.0.0.1:{issuer.server_port}/token"
            form = {"type": "json", "subject_token_field_name": "id"}
            source = {"url": url, "headers": {"Wanted": "yes"}, "format": form}
            assert "answer" in with_file(google, tmp_path, external(source))(
                "get", "cloudresourcemanager", WHO
            )
            refused = with_file(google, tmp_path, external({**source, "headers": {}}))("token")
            assert refused["reason"] == "GCP_EXCHANGE_REFUSED" and AUDIENCE in refused["message"]
        finally:
            issuer.shutdown()


def test_a_machine_is_asked_last(google: FakeGoogle, tmp_path: Path) -> None:
    google.seed({"machine": {"project": PROJECT, "number": "1", "account": APP}})
    ask = Asked(google, tmp_path)
    assert ask("token")["origin"] == "the metadata server"
    assert "answer" in ask("get", "cloudresourcemanager", WHO)
    assert member_of_last(google) == f"serviceAccount:{APP}"
    google.seed({"machine": {}})
    nobody = ask("token")
    assert (
        nobody["reason"] == "GCP_NO_MACHINE_ACCOUNT" and "GOOGLE_APPLICATION_CREDENTIALS" in nobody["message"]
    )


def test_a_token_that_is_refused_is_replaced_once(google: FakeGoogle, tmp_path: Path) -> None:
    ask = with_file(google, tmp_path, USER)
    google.forget_requests()
    google.faults([{"kind": "401", "service": "cloudresourcemanager"}])
    assert "answer" in ask("get", "cloudresourcemanager", WHO, "3")
    rpcs = [(each["service"], each["status"]) for each in google.requests()]
    crm = "cloudresourcemanager"
    assert rpcs == [("oauth2", 200), (crm, 401), ("oauth2", 200), (crm, 200), (crm, 200), (crm, 200)]
    google.faults([{"kind": "401", "service": "cloudresourcemanager", "times": 0}])
    google.forget_requests()
    assert ask("get", "cloudresourcemanager", WHO)["code"] == "UNAUTHENTICATED"
    assert len(google.requests()) == 4
    google.faults([])


@pytest.mark.parametrize("kind", ["408", "429", "500", "502", "503", "504", "reset", "html", "truncated"])
@pytest.mark.parametrize("service", ["cloudresourcemanager", "oauth2", "iamcredentials"])
def test_what_passes_is_waited_for(google: FakeGoogle, tmp_path: Path, kind: str, service: str) -> None:
    ask = with_file(google, tmp_path, impersonated(USER))
    google.faults([{"kind": kind, "service": service}])
    assert "answer" in ask("get", "cloudresourcemanager", WHO)
    assert google.acted() == [1]
    google.faults([])


def test_what_does_not_pass_is_said_with_googles_reason(google: FakeGoogle, tmp_path: Path) -> None:
    ask = Asked(google, tmp_path, EASEL_GCP_ACCESS_TOKEN="stranger")
    google.forget_requests()
    answer = ask("get", "cloudresourcemanager", WHO)
    assert (answer["code"], len(google.requests())) == ("PERMISSION_DENIED", 1)
    assert answer["message"].startswith(f"GET {WHO}: 403 ")
    unknown = Asked(google, tmp_path, EASEL_GCP_ENDPOINT_STORAGE="storage.example")("token")
    assert unknown["reason"] == "GCP_ENDPOINT_INVALID"


@pytest.mark.parametrize("by", ["signBlob", "key"])
def test_a_signed_url_puts_and_gets(google: FakeGoogle, tmp_path: Path, by: str) -> None:
    ask = with_file(google, tmp_path, KEY_FILE)
    account = APP if by == "signBlob" else KEY_ACCOUNT
    name = f"canvases/ü & {by}/x.csv"
    storage = Client(google.endpoints["storage"])
    signed = ["content-type", "text/csv", "x-goog-if-generation-match", "0"]
    put = ask("sign", "PUT", "acme-easel", name, account, "60", *signed)["url"]
    headers = {"content-type": "text/csv", "x-goog-if-generation-match": "0"}
    assert storage.put(put, b"a,b\n", headers={**headers, "content-type": "text/html"}).status == 403
    assert storage.put(put, b"a,b\n", headers=headers).status == 200
    assert storage.put(put, b"again", headers=headers).status == 412
    get = ask("sign", "GET", "acme-easel", name, account, "60")["url"]
    assert storage.get(get).body == b"a,b\n"
    assert storage.get(get.replace("x.csv", "y.csv")).status == 403
    assert storage.put(get, b"x").status == 403


def test_a_signed_start_lets_a_browser_upload_in_pieces(google: FakeGoogle, tmp_path: Path) -> None:
    ask, storage = with_file(google, tmp_path, KEY_FILE), Client(google.endpoints["storage"])
    more = {"content-type": "text/csv", "x-goog-resumable": "start", "x-goog-if-generation-match": "0"}
    words = [word for pair in more.items() for word in pair]
    start = ask("sign", "POST", "acme-easel", "canvases/large.csv", APP, "60", *words)["url"]
    assert storage.post(start, b"", headers={**more, "content-type": "text/html"}).status == 403
    session = storage.post(start, b"", headers=more)
    assert session.status == 201, session.body
    where, piece, total = session.headers["location"], 256 << 10, (256 << 10) + 10
    half = storage.put(where, b"a" * piece, headers={"Content-Range": f"bytes 0-{piece - 1}/{total}"})
    assert half.status == 308
    status = storage.put(where, b"", headers={"Content-Range": f"bytes */{total}"})
    assert (status.status, status.headers["range"]) == (308, f"bytes=0-{piece - 1}")
    rest = storage.put(where, b"b" * 10, headers={"Content-Range": f"bytes {piece}-{total - 1}/{total}"})
    assert rest.status == 200
    get = ask("sign", "GET", "acme-easel", "canvases/large.csv", APP, "60")["url"]
    assert storage.get(get).body == b"a" * piece + b"b" * 10


def test_a_signed_size_is_a_cap(google: FakeGoogle, tmp_path: Path) -> None:
    ask, storage = with_file(google, tmp_path, KEY_FILE), Client(google.endpoints["storage"])
    cap = {"x-goog-content-length-range": "0,4"}
    put = ask("sign", "PUT", "acme-easel", "canvases/s", APP, "60", "x-goog-content-length-range", "0,4")[
        "url"
    ]
    assert storage.put(put, b"12345", headers=cap).status == 400
    assert storage.put(put, b"1234", headers=cap).status == 200
    assert storage.put(put, b"12345", headers={"x-goog-content-length-range": "0,9"}).status == 403


def test_who_may_not_sign_is_told_what_to_grant(google: FakeGoogle, tmp_path: Path) -> None:
    ask = Asked(google, tmp_path, EASEL_GCP_ACCESS_TOKEN="stranger")
    denied = ask("sign", "GET", "acme-easel", "x", APP, "60")
    assert denied["reason"] == "GCP_SIGN_DENIED"
    assert "roles/iam.serviceAccountTokenCreator" in denied["message"]
    long = ask("sign", "GET", "acme-easel", "x", APP, str(12 * 3600 + 1))
    assert long["reason"] == "SIGNED_URL_INVALID" and "12 hours" in long["message"]


def test_an_authority_of_ones_own_is_trusted_only_when_it_is_named(tmp_path: Path) -> None:
    tokens = {"tokens": {"operator": "user:admin@example.com"}}
    projects = {"projects": {PROJECT: {"bindings": {"roles/owner": ["user:admin@example.com"]}}}}
    with FakeGoogle(tokens | projects, tls=("cloudresourcemanager",), tls_folder=tmp_path) as google:
        assert google.endpoints["cloudresourcemanager"].startswith("https://")
        ask = Asked(google, tmp_path, EASEL_GCP_ACCESS_TOKEN="operator")
        refused = ask("get", "cloudresourcemanager", WHO)
        assert refused["reason"] == "TLS_FAILED" and "ca_bundle" in refused["message"]
        ask.environ["EASEL_PROBE_CA"] = str(tmp_path / "ca.pem")
        assert "answer" in ask("get", "cloudresourcemanager", WHO, "2")


@pytest.mark.parametrize("kind", [None, "503", "reset", "429", "truncated"])
def test_logs_are_written_once_whatever_happens_to_the_answer(
    google: FakeGoogle, tmp_path: Path, kind: str | None
) -> None:
    ask, run = Asked(google, tmp_path, EASEL_GCP_ACCESS_TOKEN="operator"), f"r-{kind}"
    google.faults([{"kind": kind, "service": "logging", "effect": "done"}] if kind else [])
    assert ask("write_logs", PROJECT, run, "250") == {"all": True, "lost": 0}
    google.faults([])
    assert ask("read_logs", PROJECT, run)["texts"] == [f"line {i}" for i in range(250)]
    assert ask("read_logs", PROJECT, 'no"body')["texts"] == []


def test_who_may_not_write_logs_loses_them_and_goes_on(google: FakeGoogle, tmp_path: Path) -> None:
    ask = Asked(google, tmp_path, EASEL_GCP_ACCESS_TOKEN="stranger")
    assert ask("write_logs", PROJECT, "r-stranger", "3") == {"all": False, "lost": 3}
    assert ask("read_logs", PROJECT, "r-stranger")["code"] == "PERMISSION_DENIED"


def test_no_token_and_no_signature_enters_a_log(google: FakeGoogle, tmp_path: Path) -> None:
    ask = with_file(google, tmp_path, USER)
    ask.environ["EASEL_LOG"] = "debug"
    said = ""
    for arguments in (["get", "cloudresourcemanager", WHO], ["sign", "GET", "acme-easel", "x", APP, "60"]):
        done = subprocess.run(
            [PROBE, *arguments], env=ask.environ, capture_output=True, text=True, timeout=60
        )
        said += done.stderr
    assert "POST" in said and "200" in said
    for secret in ("ya29", "refresh", "secret", "Bearer", "Signature"):
        assert secret not in said, said
