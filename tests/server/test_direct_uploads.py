"""Files that go straight to where they are kept: one way for the app, to the server or, by signed URLs, to a bucket."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from live_page import PATIENCE_S, LivePage
from serving import Server, make_canvas

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fakes/google"))

from launch import PYTHON, FakeGoogle
from plain_http import Answer as Heard
from plain_http import Client

KEY_FILE = Path(__file__).resolve().parents[1] / "fakes/google/data/test_service_account.not-a-test.json"
UPLOADS = "/api/v1/canvases/alpha/uploads"
LINK = "/api/v1/canvases/alpha/files/link"
PROJECT = "acme-zerve-infra"
APP = f"app@{PROJECT}.iam.gserviceaccount.com"
CALLER = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
MIB = 1 << 20
LARGE = bytes(range(256)) * (9 * MIB // 256) + b"the end"
READS = {"load": "text = open('data.txt').read()\nprint(len(text))\n"}


def begin(server: Server, path: str, content: bytes, **more: Any) -> dict[str, Any]:
    begun = server.ask("POST", UPLOADS, {"path": path, "bytes": len(content), "direct": True, **more})
    assert begun.status == 201, begun
    found: dict[str, Any] = begun.json
    return found


def look(server: Server, upload: dict[str, Any]) -> dict[str, Any]:
    answer = server.ask("GET", f"{UPLOADS}/{upload['upload']}")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json
    return found


def finish(server: Server, upload: dict[str, Any], **body: Any) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = server.ask("POST", f"{UPLOADS}/{upload['upload']}/finish", body)
        if answer.status != 202 or time.monotonic() > deadline:
            return answer


def read(server: Server, path: str) -> bytes:
    return (server.workspace / "alpha/files" / path).read_bytes()


# --- Kept by the server itself ---


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> Server:
    make_canvas(tmp_path, "alpha")
    make_canvas(tmp_path, "beta")
    return serve(tmp_path)


def put(server: Server, send: dict[str, Any], body: bytes, content_range: str = "") -> Any:
    headers = {**send["headers"], **({"Content-Range": content_range} if content_range else {})}
    return server.ask(send["method"], send["url"], raw=body, headers=headers)


def test_a_small_file_goes_in_one_request_and_is_there_when_it_is_finished(server: Server) -> None:
    upload = begin(server, "data/a.csv", b"a,b\n", content_type="text/csv")
    send = upload["send"]
    assert (send["mode"], send["url"][0], send["headers"]) == ("single", "/", {"content-type": "text/csv"})
    assert finish(server, upload).reason == "UPLOAD_INCOMPLETE"
    assert put(server, send, b"a,b\n").status == 200
    assert not (server.workspace / "alpha/files/data/a.csv").exists()
    assert "send" not in look(server, upload)
    for _ in range(2):
        done = finish(server, upload)
        assert (done.status, done.json["done"]) == (200, True)
    assert read(server, "data/a.csv") == b"a,b\n"
    link = server.ask("GET", f"{LINK}?path=data/a.csv").json
    assert (link["direct"], link["bytes"]) == (False, 4)
    got = server.ask("GET", link["url"])
    assert (got.body, got.headers["content-disposition"].partition(";")[0]) == (b"a,b\n", "attachment")


def test_a_file_in_pieces_goes_on_where_it_was_cut_also_after_a_kill(server: Server) -> None:
    upload = begin(server, "large.bin", LARGE)
    send, total = upload["send"], len(LARGE)
    assert send["mode"] == "resumable"
    nothing = put(server, send, b"", f"bytes */{total}")
    assert (nothing.status, "range" in nothing.headers) == (308, False)
    first = put(server, send, LARGE[: 4 * MIB], f"bytes 0-{4 * MIB - 1}/{total}")
    assert (first.status, first.headers["range"]) == (308, f"bytes=0-{4 * MIB - 1}")
    # A piece that had come, for its sender never heard so, and one behind a gap.
    again = put(server, send, LARGE[2 * MIB : 5 * MIB], f"bytes {2 * MIB}-{5 * MIB - 1}/{total}")
    assert (again.status, again.headers["range"]) == (308, f"bytes=0-{5 * MIB - 1}")
    assert put(server, send, b"x", f"bytes {6 * MIB}-{6 * MIB}/{total}").reason == "UPLOAD_OFFSET"
    server.stop(signal.SIGKILL)
    server.start().sign_in()
    state = look(server, upload)
    assert state["offset"] == 5 * MIB
    rest = LARGE[5 * MIB :]
    assert put(server, state["send"], rest, f"bytes {5 * MIB}-{total - 1}/{total}").status == 200
    assert put(server, state["send"], b"", f"bytes */{total}").status == 200
    assert finish(server, upload).status == 200
    assert read(server, "large.bin") == LARGE


def test_what_does_not_fit_what_was_announced_is_refused_and_nothing_is_lost(server: Server) -> None:
    upload = begin(server, "a.txt", b"12345")
    send = upload["send"]
    assert put(server, send, b"123456").reason == "UPLOAD_SIZE"
    assert put(server, send, b"123", "bytes 0-2/9").reason == "UPLOAD_SIZE"
    for wrong in ("bytes 0-9/5", "bytes 0-3/5", "items 0-2/5", "bytes */5", "bytes -1-1/5", "bytes 0-2/*"):
        assert put(server, send, b"123", wrong).reason == "BAD_PARAMETER", wrong
    assert look(server, upload)["offset"] == 0
    assert put(server, send, b"123", "bytes 0-2/5").status == 308
    assert put(server, send, b"12345").status == 200  # all of it again
    assert finish(server, upload, crc32c="C0FFEE00").reason == "BAD_FIELD"
    assert finish(server, upload, crc32c="00000000").reason == "UPLOAD_DIFFERS"
    assert server.ask("GET", f"{UPLOADS}/{upload['upload']}").reason == "UPLOAD_UNKNOWN"
    again = begin(server, "a.txt", b"123456789")
    assert put(server, again["send"], b"123456789").status == 200
    assert finish(server, again, crc32c="e3069283").status == 200  # RFC 3720's check value
    assert server.ask("POST", UPLOADS, {"path": "a.txt", "bytes": 1, "direct": True}).reason == "FILE_EXISTS"
    for bad in ("text", "text/csv\r\nx: y", "a/" + 200 * "b"):
        body = {"path": "b", "bytes": 1, "direct": True, "content_type": bad}
        assert server.ask("POST", UPLOADS, body).reason == "CONTENT_TYPE_INVALID"


def test_an_empty_file_and_one_that_another_took_the_name_of(server: Server) -> None:
    empty = begin(server, "empty", b"")
    assert put(server, empty["send"], b"").status == 200
    assert finish(server, empty).status == 200
    assert read(server, "empty") == b""
    late = begin(server, "late.txt", b"mine")
    assert put(server, late["send"], b"mine").status == 200
    (server.workspace / "alpha/files/late.txt").write_text("theirs")
    assert finish(server, late).reason == "FILE_EXISTS"
    assert read(server, "late.txt") == b"theirs"
    (server.workspace / "alpha/files/late.txt").unlink()
    assert finish(server, late).status == 200
    assert read(server, "late.txt") == b"mine"


def test_an_upload_of_another_canvas_is_not_found(server: Server) -> None:
    upload = begin(server, "a.txt", b"1")
    other = UPLOADS.replace("alpha", "beta")
    assert server.ask("GET", f"{other}/{upload['upload']}").reason == "UPLOAD_UNKNOWN"
    assert server.ask("POST", f"{other}/{upload['upload']}/finish", {}).reason == "UPLOAD_UNKNOWN"
    assert server.ask("DELETE", f"{other}/{upload['upload']}").reason == "UPLOAD_UNKNOWN"
    assert server.ask("DELETE", f"{UPLOADS}/{upload['upload']}").status == 204
    assert put(server, upload["send"], b"1").reason == "UPLOAD_UNKNOWN"


# --- In a bucket ---

needs_double = pytest.mark.skipif(
    not PYTHON.exists(), reason="scripts/setup google makes what the double runs with"
)


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    bindings = {"roles/iam.serviceAccountTokenCreator": [CALLER]}
    with FakeGoogle("acme", {"accounts": {APP: {"project": PROJECT, "bindings": bindings}}}) as started:
        storage = Client(started.endpoints["storage"], "operator")
        body = {
            "name": "acme-easel",
            "location": "europe-west2",
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        }
        assert storage.send("POST", f"/storage/v1/b?project={PROJECT}", body).status == 200
        policy = storage.send("GET", "/storage/v1/b/acme-easel/iam").json()
        policy["bindings"].append({"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{APP}"]})
        assert storage.send("PUT", "/storage/v1/b/acme-easel/iam", policy).status == 200
        yield started


@pytest.fixture
def cloud(serve: Serve, tmp_path: Path, google: FakeGoogle) -> Server:
    make_canvas(tmp_path, "alpha", READS)
    variables = {"EASEL_GCP_ACCESS_TOKEN": google.token(CALLER), "EASEL_GCP_BACKOFF_MS": "5"}
    arguments = ("--port", "0", "--store", "gs://acme-easel/kept", "--gcp-impersonate", APP)
    return serve(tmp_path, *arguments, EASEL_LOG_LEVEL="debug", **google.environment(), **variables)


def away(google: FakeGoogle, method: str, url: str, body: bytes | None = None, **headers: str) -> Heard:
    """As a page sends it: without credentials."""
    base = google.endpoints["storage"]
    assert url.startswith(base + "/"), url
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(base, None).send(method, url[len(base) :], body, headers=sent)


def objects(google: FakeGoogle, prefix: str = "kept/uploads/") -> dict[str, int]:
    answer = Client(google.endpoints["storage"], "operator").send(
        "GET", f"/storage/v1/b/acme-easel/o?prefix={prefix}"
    )
    return {item["name"]: int(item["size"]) for item in answer.json().get("items", [])}


def secrets_of(*sends: dict[str, Any]) -> list[str]:
    """What of their URLs nobody may read."""
    found = []
    for send in sends:
        found += re.findall(r"(?:X-Goog-Signature|upload_id)=([^&]+)", send["url"])
    assert len(found) == len(sends)
    return found


def check_secrets(server: Server, *sends: dict[str, Any]) -> None:
    """Neither the log nor any file of the workspace holds them."""
    files = [path for path in server.workspace.rglob("*") if path.is_file()]
    everything = server.stderr().encode() + b"".join(path.read_bytes() for path in files)
    assert b"/uploads" in everything  # the log does say what was asked
    for secret in secrets_of(*sends):
        assert secret.encode() not in everything


@needs_double
def test_a_small_file_goes_to_the_bucket_and_a_block_reads_it(cloud: Server, google: FakeGoogle) -> None:
    content = b"rows of text\n" * 100
    upload = begin(cloud, "data.txt", content, content_type="text/plain")
    send = upload["send"]
    assert send["mode"] == "single" and send["expires_ms"] <= (time.time() + 12 * 3600) * 1000
    assert finish(cloud, upload).reason == "UPLOAD_INCOMPLETE"
    # What was signed is what is taken: this size, this type, and not twice.
    assert away(google, "PUT", send["url"], content + b"x", **send["headers"]).status == 400
    assert (
        away(google, "PUT", send["url"], content, **{**send["headers"], "content-type": "x/y"}).status == 403
    )
    assert away(google, "PUT", send["url"], content, **send["headers"]).status == 200
    assert away(google, "PUT", send["url"], content, **send["headers"]).status == 412
    assert look(cloud, upload)["offset"] == len(content)
    google.forget_requests()
    for _ in range(2):
        done = finish(cloud, upload)
        assert (done.status, done.json["done"]) == (200, True), done
    assert read(cloud, "data.txt") == content
    page = LivePage(cloud, "alpha")
    assert cloud.ask("POST", "/api/v1/canvases/alpha/runs", {"mode": "all"}).status == 202
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    [finished] = [e for e in page.events if e["event"] == "run.finished"]
    assert finished["failed"] == [] and len(finished["ran"]) == 1, finished
    link = cloud.ask("GET", f"{LINK}?path=data.txt").json
    assert link["direct"] and link["bytes"] == len(content)
    got = away(google, "GET", link["url"])
    assert (got.status, got.body) == (200, content)
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''data.txt"
    check_secrets(cloud, send, link)


@needs_double
def test_a_large_file_goes_in_pieces_and_on_after_a_kill_of_the_server(
    cloud: Server, google: FakeGoogle
) -> None:
    upload = begin(cloud, "large.bin", LARGE)
    send, total = upload["send"], len(LARGE)
    assert send["mode"] == "resumable"
    piece = LARGE[: 4 * MIB]
    sent = away(
        google,
        "PUT",
        send["url"],
        piece,
        **send["headers"],
        Content_Range=f"bytes 0-{4 * MIB - 1}/{total}",
        Origin=cloud.url,
    )
    assert (sent.status, sent.headers["range"]) == (308, f"bytes=0-{4 * MIB - 1}")
    assert sent.headers["access-control-allow-origin"] == cloud.url
    assert "range" in sent.headers["access-control-expose-headers"].lower()
    cloud.stop(signal.SIGKILL)
    cloud.start().sign_in()
    state = look(cloud, upload)
    assert (state["offset"], state["send"]["url"]) == (4 * MIB, send["url"])
    rest = f"bytes {4 * MIB}-{total - 1}/{total}"
    assert (
        away(google, "PUT", send["url"], LARGE[4 * MIB :], **send["headers"], Content_Range=rest).status
        == 200
    )
    assert look(cloud, upload)["offset"] == total
    assert finish(cloud, upload).status == 200
    assert read(cloud, "large.bin") == LARGE
    link = cloud.ask("GET", f"{LINK}?path=large.bin").json
    assert away(google, "GET", link["url"]).body == LARGE
    check_secrets(cloud, send, link)


@needs_double
def test_a_dropped_upload_is_ended_at_the_bucket_too(cloud: Server, google: FakeGoogle) -> None:
    large, small = begin(cloud, "large.bin", LARGE), begin(cloud, "small.bin", b"1")
    assert away(google, "PUT", small["send"]["url"], b"1", **small["send"]["headers"]).status == 200
    for upload in (large, small):
        assert cloud.ask("DELETE", f"{UPLOADS}/{upload['upload']}").status == 204
        assert cloud.ask("GET", f"{UPLOADS}/{upload['upload']}").reason == "UPLOAD_UNKNOWN"
    ask = f"bytes */{len(LARGE)}"
    assert away(google, "PUT", large["send"]["url"], b"", Content_Range=ask).status == 499
    assert objects(google) == {}


def set_back(server: Server, hours: float) -> None:
    """All uploads were last used so long ago. Between two starts of the server."""
    with sqlite3.connect(server.workspace / ".easel/server.db") as database:
        database.execute("UPDATE uploads SET used_ms = used_ms - ?", (int(hours * 3600 * 1000),))
    database.close()


def soon(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@needs_double
def test_what_was_abandoned_for_twelve_hours_is_ended_and_what_got_on_is_not(
    cloud: Server, google: FakeGoogle
) -> None:
    left, slow, fresh = (begin(cloud, name, LARGE) for name in ("left", "slow", "fresh"))
    total = len(LARGE)
    cloud.stop()
    set_back(cloud, 13)
    away(google, "PUT", slow["send"]["url"], LARGE[:MIB], Content_Range=f"bytes 0-{MIB - 1}/{total}")
    with sqlite3.connect(cloud.workspace / ".easel/server.db") as database:
        now = int(time.time() * 1000)
        database.execute("UPDATE uploads SET used_ms = ? WHERE id = ?", (now, fresh["upload"]))
    database.close()
    cloud.start().sign_in()

    def status(upload: dict[str, Any]) -> int:
        asked = away(google, "PUT", upload["send"]["url"], b"", Content_Range=f"bytes */{total}")
        return int(asked.status)

    soon(lambda: status(left) == 499)
    assert cloud.ask("GET", f"{UPLOADS}/{left['upload']}").reason == "UPLOAD_UNKNOWN"
    assert (look(cloud, slow)["offset"], look(cloud, fresh)["offset"]) == (MIB, 0)
    assert (status(slow), status(fresh)) == (308, 308)


@needs_double
def test_an_object_whose_file_was_changed_is_no_download_and_goes(cloud: Server, google: FakeGoogle) -> None:
    upload = begin(cloud, "data.txt", b"old")
    assert away(google, "PUT", upload["send"]["url"], b"old", **upload["send"]["headers"]).status == 200
    assert finish(cloud, upload).status == 200
    assert len(objects(google)) == 1
    (cloud.workspace / "alpha/files/data.txt").write_bytes(b"newer")
    link = cloud.ask("GET", f"{LINK}?path=data.txt").json
    assert (link["direct"], cloud.ask("GET", link["url"]).body) == (False, b"newer")
    cloud.stop()
    cloud.start().sign_in()
    soon(lambda: objects(google) == {})


@needs_double
def test_a_session_that_the_bucket_forgot_is_begun_anew(cloud: Server, google: FakeGoogle) -> None:
    upload = begin(cloud, "large.bin", LARGE)
    assert away(google, "DELETE", upload["send"]["url"]).status == 499
    state = look(cloud, upload)
    assert state["offset"] == 0 and state["send"]["url"] != upload["send"]["url"]
    assert away(google, "PUT", state["send"]["url"], LARGE).status == 200
    assert finish(cloud, upload).status == 200
    assert read(cloud, "large.bin") == LARGE


@needs_double
def test_who_may_not_sign_is_told_which_role_is_missing(cloud: Server, google: FakeGoogle) -> None:
    google.faults([{"rpc": "iamcredentials.signBlob", "kind": "403", "times": 0}])
    body = {"path": "a.txt", "bytes": 3, "direct": True}
    refused = cloud.ask("POST", UPLOADS, body)
    assert (refused.status, refused.reason) == (403, "GCP_SIGN_DENIED")
    assert "roles/iam.serviceAccountTokenCreator" in refused.json["detail"]
    del body["direct"]
    assert cloud.ask("POST", UPLOADS, body).status == 201  # through the server it still goes


@needs_double
def test_a_bucket_that_stumbles_is_asked_again(cloud: Server, google: FakeGoogle) -> None:
    google.faults([{"rpc": "storage.xml.objects.insert", "kind": "503", "times": 2}])
    upload = begin(cloud, "large.bin", LARGE)
    google.faults([{"rpc": "storage.xml.objects.insert", "kind": "503", "times": 2}])
    assert look(cloud, upload)["offset"] == 0
    assert away(google, "PUT", upload["send"]["url"], LARGE).status == 200
    google.faults([{"rpc": "storage.objects.get", "kind": "503", "times": 2}])
    assert finish(cloud, upload).status == 200
    assert read(cloud, "large.bin") == LARGE


@needs_double
def test_without_anybody_who_signs_files_go_through_the_server(
    serve: Serve, tmp_path: Path, google: FakeGoogle
) -> None:
    make_canvas(tmp_path, "alpha")
    token = google.token(f"serviceAccount:{APP}")
    server = serve(
        tmp_path, "--port", "0", "--store", "gs://acme-easel", EASEL_GCP_ACCESS_TOKEN=token,
        EASEL_LOG_LEVEL="info", **google.environment(),
    )  # fmt: skip
    assert "gcp.impersonate" in server.stderr()
    upload = begin(server, "a.txt", b"abc")
    assert put(server, upload["send"], b"abc").status == 200
    assert finish(server, upload).status == 200
    assert read(server, "a.txt") == b"abc"


@needs_double
def test_a_slow_bucket_is_waited_for_and_a_result_that_was_not_written_down_is_known_again(
    cloud: Server, google: FakeGoogle
) -> None:
    upload = begin(cloud, "data.txt", b"kept")
    assert away(google, "PUT", upload["send"]["url"], b"kept", **upload["send"]["headers"]).status == 200
    google.latency(1)
    waiting = cloud.ask("POST", f"{UPLOADS}/{upload['upload']}/finish", {})
    assert (waiting.status, waiting.json["done"]) == (202, False)
    assert cloud.ask("DELETE", f"{UPLOADS}/{upload['upload']}").reason == "UPLOAD_BUSY"
    assert finish(cloud, upload).status == 200
    google.latency(0)
    # As after a kill between the file's coming into its place and the note of it.
    cloud.stop()
    with sqlite3.connect(cloud.workspace / ".easel/server.db") as database:
        database.execute("UPDATE uploads SET done = 0")
        database.execute("DELETE FROM files_in_bucket")
    database.close()
    cloud.start().sign_in()
    assert finish(cloud, upload).status == 200
    assert cloud.ask("GET", f"{LINK}?path=data.txt").json["direct"]


@needs_double
def test_a_large_file_that_a_block_wrote_is_downloaded_from_the_bucket(
    serve: Serve, tmp_path: Path, google: FakeGoogle
) -> None:
    make_canvas(tmp_path, "alpha", {"write": "open('out.bin', 'wb').write(bytes(range(256)) * 36865)\n"})
    token = google.token(CALLER)
    server = serve(
        tmp_path, "--port", "0", "--store", "gs://acme-easel", "--gcp-impersonate", APP,
        EASEL_GCP_ACCESS_TOKEN=token, **google.environment(),
    )  # fmt: skip
    page = LivePage(server, "alpha")
    assert server.ask("POST", "/api/v1/canvases/alpha/runs", {"mode": "all"}).status == 202
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    soon(lambda: server.ask("GET", f"{LINK}?path=out.bin").json["direct"])
    link = server.ask("GET", f"{LINK}?path=out.bin").json
    got = away(google, "GET", link["url"])
    assert (got.status, got.body) == (200, read(server, "out.bin"))
    (server.workspace / "alpha/files/out.bin").write_bytes(b"x" * link["bytes"])
    assert not server.ask("GET", f"{LINK}?path=out.bin").json["direct"]


@needs_double
def test_the_key_of_a_service_account_signs_by_itself(
    serve: Serve, tmp_path: Path, google: FakeGoogle
) -> None:
    program = (
        "import json, sys\n"
        "from cryptography.hazmat.primitives.serialization import *\n"
        "key = load_pem_private_key(json.load(open(sys.argv[1]))['private_key'].encode(), None).public_key()\n"
        "print(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())"
    )
    public = subprocess.check_output([PYTHON, "-c", program, KEY_FILE], text=True)
    account = json.loads(KEY_FILE.read_text())["client_email"]
    member = f"serviceAccount:{account}"
    google.seed(
        {
            "projects": {"dummy-project-id": {}},
            "accounts": {account: {"project": "dummy-project-id", "keys": {"1": public}}},
        }
    )
    storage = Client(google.endpoints["storage"], "operator")
    policy = storage.send("GET", "/storage/v1/b/acme-easel/iam").json()
    policy["bindings"].append({"role": "roles/storage.admin", "members": [member]})
    assert storage.send("PUT", "/storage/v1/b/acme-easel/iam", policy).status == 200
    make_canvas(tmp_path, "alpha")
    server = serve(
        tmp_path, "--port", "0", "--store", "gs://acme-easel",
        GOOGLE_APPLICATION_CREDENTIALS=str(KEY_FILE), **google.environment(),
    )  # fmt: skip
    google.forget_requests()
    upload = begin(server, "a.txt", b"abc")
    assert away(google, "PUT", upload["send"]["url"], b"abc", **upload["send"]["headers"]).status == 200
    assert finish(server, upload).status == 200
    assert read(server, "a.txt") == b"abc"
    assert not [one for one in google.requests() if "signBlob" in one["rpc"]]
