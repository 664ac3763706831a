"""Rules of Cloud Storage that the 84 checks do not reach: sessions, hierarchical buckets, rights in folders, browsers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from conftest import ACME, Place, Start
from plain_http import Answer, Client

PROJECT = "acme-zerve-infra"
APP = f"app@{PROJECT}.iam.gserviceaccount.com"
EXECUTION = f"execution@{PROJECT}.iam.gserviceaccount.com"
UNIT = 256 * 1024
ORIGIN = "https://app.example"


class Store:
    """A hierarchical bucket as the guide makes it, with a managed folder, an app and an execution account."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.owner = place.to("storage")
        cors = [
            {
                "origin": [ORIGIN],
                "method": ["GET", "PUT", "POST"],
                "responseHeader": ["*"],
                "maxAgeSeconds": 60,
            }
        ]
        body = {
            "name": "hns-b",
            "hierarchicalNamespace": {"enabled": True},
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
            "cors": cors,
        }
        assert self.owner.post(f"/storage/v1/b?project={PROJECT}", body).status == 200
        self.grant("", "roles/storage.objectAdmin", APP)
        assert self.owner.post("/storage/v1/b/hns-b/managedFolders", {"name": "canvases"}).status == 200
        self.grant("/managedFolders/canvases%2F", "roles/storage.objectAdmin", EXECUTION)
        self.app = place.to("storage", place.token(f"serviceAccount:{APP}"))
        self.execution = place.to("storage", place.token(f"serviceAccount:{EXECUTION}"))

    def grant(self, where: str, role: str, email: str) -> None:
        path = f"/storage/v1/b/hns-b{where}/iam"
        policy = self.owner.get(f"{path}?optionsRequestedPolicyVersion=3").json()
        policy.setdefault("bindings", []).append({"role": role, "members": [f"serviceAccount:{email}"]})
        assert self.owner.put(path, {**policy, "version": 3}).status == 200

    def put(self, name: str, data: bytes = b"x", client: Client | None = None) -> Answer:
        path = f"/upload/storage/v1/b/hns-b/o?uploadType=media&name={quote(name, safe='')}"
        return (client or self.app).post(path, data)

    def names(self, kind: str = "o", query: str = "") -> list[str]:
        answer = self.app.get(f"/storage/v1/b/hns-b/{kind}?{query}")
        return [each["name"] for each in answer.json().get("items", [])]

    def session(self, name: str = "up", **headers: str) -> str:
        path = f"/upload/storage/v1/b/hns-b/o?uploadType=resumable&name={name}"
        answer = self.app.post(
            path, {}, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )
        assert answer.status == 200, answer
        return answer.headers["location"]


@pytest.fixture
def store(start: Start) -> Store:
    return Store(start(ACME, accounts={APP: {"project": PROJECT}, EXECUTION: {"project": PROJECT}}))


def test_rights_in_a_managed_folder_end_at_its_border(store: Store) -> None:
    assert store.put("canvases/one/state", client=store.execution).status == 200
    assert store.put("build/x", client=store.execution).status == 403
    assert store.execution.get("/storage/v1/b/hns-b/o?prefix=canvases/").status == 200
    assert store.execution.get("/storage/v1/b/hns-b/o").status == 403
    assert store.app.get("/storage/v1/b/hns-b").status == 403
    assert store.app.get("/storage/v1/b/hns-b/storageLayout").json()["hierarchicalNamespace"] == {
        "enabled": True
    }
    assert store.app.get("/storage/v1/b/hns-b/managedFolders/canvases/iam").status == 403


def test_folders_appear_with_what_lies_in_them_and_stay(store: Store) -> None:
    assert store.put("canvases/one/deep/state").status == 200
    assert store.names("folders") == ["canvases/", "canvases/one/", "canvases/one/deep/"]
    listed = store.app.get(
        "/storage/v1/b/hns-b/o?delimiter=/&includeFoldersAsPrefixes=true&prefix=canvases/"
    ).json()
    assert listed["prefixes"] == ["canvases/one/"]
    assert store.app.delete("/storage/v1/b/hns-b/o/canvases%2Fone%2Fdeep%2Fstate").status == 204
    assert store.names() == []
    assert store.owner.delete("/storage/v1/b/hns-b").status == 409
    assert store.app.delete("/storage/v1/b/hns-b/folders/canvases%2F").status == 409
    for name in ("canvases/one/deep/", "canvases/one/", "canvases/"):
        assert store.app.delete(f"/storage/v1/b/hns-b/folders/{quote(name, safe='')}").status == 204
    assert store.names("managedFolders") == []  # it went with its folder
    assert store.owner.delete("/storage/v1/b/hns-b").status == 204


def test_a_folder_is_renamed_whole_and_nothing_is_written_meanwhile(store: Store) -> None:
    store.place.world.windows.operation_s = 5
    store.put("canvases/one/state", b"1")
    path = f"/storage/v1/b/hns-b/folders/{quote('canvases/one/', safe='')}"
    to = quote("canvases/two/", safe="")
    assert store.app.post(f"{path}/renameTo/folders/{to}").status == 200
    assert "pendingRenameInfo" in store.app.get(path).json()
    assert store.put("canvases/one/other").status == 409
    assert store.app.get("/storage/v1/b/hns-b/o/canvases%2Fone%2Fstate?alt=media").body == b"1"
    store.place.wait(6)
    assert store.app.get(path).status == 404
    assert store.names() == ["canvases/two/state"]
    assert store.put("canvases/two/other").status == 200


def test_metadata_of_what_is_moving_cannot_be_changed(store: Store) -> None:
    store.place.world.windows.operation_s = 5
    store.put("a/x")
    assert store.app.post("/storage/v1/b/hns-b/folders/a%2F/renameTo/folders/b%2F").status == 200
    assert store.app.patch("/storage/v1/b/hns-b/o/a%2Fx", {"metadata": {"k": "v"}}).status == 409
    store.place.wait(6)
    assert store.app.patch("/storage/v1/b/hns-b/o/b%2Fx", {"metadata": {"k": "v"}}).status == 200


def test_the_promise_of_an_upload_is_kept_at_its_end(store: Store) -> None:
    path = "/upload/storage/v1/b/hns-b/o?uploadType=resumable&name=up&ifGenerationMatch=0"
    session = store.app.post(path, {}).headers["location"]
    assert store.put("up", b"first").status == 200
    assert store.app.put(session, b"x", headers={"Content-Range": "bytes 0-0/1"}).status == 412
    assert store.app.get("/storage/v1/b/hns-b/o/up?alt=media").body == b"first"


def test_who_may_only_make_objects_replaces_none_and_who_may_only_read_learns_nothing(store: Store) -> None:
    store.grant("", "roles/storage.objectCreator", "zerve-caller@zerve-saas.iam.gserviceaccount.com")
    store.grant("", "roles/storage.legacyObjectReader", "gke-nodes@acme-gke-prod.iam.gserviceaccount.com")
    maker = store.place.to("storage", "caller")
    assert [store.put("x", client=maker).status for _ in range(2)] == [200, 403]
    reader = store.place.to(
        "storage", store.place.token("serviceAccount:gke-nodes@acme-gke-prod.iam.gserviceaccount.com")
    )
    item = "/storage/v1/b/hns-b/o/"
    assert (reader.get(f"{item}x").status, reader.get(f"{item}none").status) == (200, 403)
    assert store.app.get(f"{item}none").status == 404


def test_only_an_operator_may_look_at_the_operation_of_a_rename(store: Store) -> None:
    store.put("a/x")
    operation = (
        store.app.post("/storage/v1/b/hns-b/folders/a%2F/renameTo/folders/b%2F")
        .json()["name"]
        .rpartition("/")[2]
    )
    assert store.app.get(f"/storage/v1/b/hns-b/operations/{operation}").status == 403
    assert store.owner.get(f"/storage/v1/b/hns-b/operations/{operation}").json()["done"] is True


def test_an_upload_that_was_started_is_nobody_s_after_a_week_or_a_cancel(store: Store) -> None:
    session = store.session()
    store.place.wait(7 * 86400 + 1)
    assert store.app.put(session, b"x", headers={"Content-Range": "bytes 0-0/1"}).status in (401, 410)
    anyone = store.place.to("storage", None)
    assert anyone.put(session, b"x", headers={"Content-Range": "bytes 0-0/1"}).status == 410


def test_who_knows_the_address_of_a_session_may_send(store: Store) -> None:
    session = store.session()
    anyone = store.place.to("storage", None)
    assert anyone.put(session, b"x", headers={"Content-Range": "bytes 0-0/1"}).status == 200
    assert anyone.delete(store.session()).status == 499


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({"Content-Range": "bytes 0-9/10"}, b"x", 400),
        ({"Content-Range": "bytes=0-0/1"}, b"x", 400),
        ({"Content-Range": "bytes 0-1/1"}, b"xy", 400),
        ({"Content-Range": "bytes */*"}, b"x", 400),
        ({"Content-Range": f"bytes {UNIT}-{UNIT}/*"}, b"x", 503),
        ({"Content-Range": "bytes 0-0/1", "x-goog-hash": "crc32c=AAAAAA=="}, b"x", 400),
        ({"Content-Range": "bytes 0-0/1"}, b"x", 200),
        ({}, b"x", 200),
    ],
)
def test_a_piece_is_what_its_header_says(
    store: Store, headers: dict[str, str], data: bytes, status: int
) -> None:
    assert store.app.put(store.session(), data, headers=headers).status == status


def test_a_total_is_said_once(store: Store) -> None:
    session = store.session(X_Upload_Content_Length=str(2 * UNIT))
    assert (
        store.app.put(session, bytes(UNIT), headers={"Content-Range": f"bytes 0-{UNIT - 1}/{UNIT}"}).status
        == 400
    )
    assert (
        store.app.put(
            session, bytes(UNIT), headers={"Content-Range": f"bytes 0-{UNIT - 1}/{2 * UNIT}"}
        ).status
        == 308
    )
    answer = store.app.put(
        session, bytes(UNIT), headers={"Content-Range": f"bytes {UNIT}-{2 * UNIT - 1}/{2 * UNIT}"}
    )
    assert (answer.status, answer.json()["size"]) == (200, str(2 * UNIT))


def test_a_browser_may_go_on_only_where_its_upload_was_started_for_its_origin(store: Store) -> None:
    headers = {"Content-Range": "bytes */*", "Origin": ORIGIN}
    for session, allowed in (
        (store.session(Origin=ORIGIN), ORIGIN),
        (store.session(), None),
        (store.session(Origin="https://other.example"), None),
    ):
        answer = store.app.put(session, b"", headers=headers)
        assert (answer.status, answer.headers.get("access-control-allow-origin")) == (308, allowed)


def test_a_preflight_follows_the_bucket_for_objects_and_not_for_the_json_api(store: Store) -> None:
    def allowed(path: str, method: str, wanted: str = "content-type") -> tuple[str | None, str | None]:
        headers = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": wanted,
        }
        answer = store.place.to("storage", None).send("OPTIONS", path, headers=headers)
        assert answer.status == 200
        return answer.headers.get("access-control-allow-origin"), answer.headers.get(
            "access-control-allow-headers"
        )

    assert allowed("/hns-b/object", "PUT") == (ORIGIN, "content-type")
    assert allowed("/hns-b/object", "DELETE") == (None, None)
    assert allowed("/storage/v1/b/hns-b/o/object", "DELETE") == (ORIGIN, "content-type")


def test_a_deleted_object_comes_back_within_a_week(store: Store) -> None:
    generation = store.put("x", b"old").json()["generation"]
    assert store.put("x", b"new").status == 200
    assert store.names(query="softDeleted=true") == ["x"]
    assert store.app.get(f"/storage/v1/b/hns-b/o/x?generation={generation}").status == 404
    assert store.app.post(f"/storage/v1/b/hns-b/o/x/restore?generation={generation}").status == 200
    assert store.app.get("/storage/v1/b/hns-b/o/x?alt=media").body == b"old"
    store.place.wait(8 * 86400)
    store.place.world.tokens.issue(f"serviceAccount:{APP}", value=store.app.token)
    assert store.names(query="softDeleted=true") == []


def test_an_object_moves_without_a_copy(store: Store) -> None:
    store.put("a/x", b"1")
    assert store.app.post("/storage/v1/b/hns-b/o/a%2Fx/moveTo/o/b%2Fy").status == 200
    assert store.names() == ["b/y"]


def test_a_token_for_a_job_sees_only_its_folder(store: Store) -> None:
    store.put("canvases/one/state")
    store.put("canvases/two/state")
    condition = {"expression": "resource.name.startsWith('projects/_/buckets/hns-b/objects/canvases/one/')"}
    rule = {
        "availableResource": "//storage.googleapis.com/projects/_/buckets/hns-b",
        "availablePermissions": ["inRole:roles/storage.objectViewer"],
        "availabilityCondition": condition,
    }
    body: dict[str, Any] = {
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "subjectTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "subjectToken": store.app.token,
        "options": json.dumps({"accessBoundary": {"accessBoundaryRules": [rule]}}),
    }
    token = store.place.to("sts", None).post("/v1/token", body).json()["access_token"]
    job = store.place.to("storage", token)
    assert job.get("/storage/v1/b/hns-b/o/canvases%2Fone%2Fstate?alt=media").status == 200
    assert job.get("/storage/v1/b/hns-b/o/canvases%2Ftwo%2Fstate?alt=media").status == 403
    assert store.put("canvases/one/state", client=job).status == 403


def test_an_unknown_parameter_or_field_is_refused(store: Store) -> None:
    assert store.app.get("/storage/v1/b/hns-b/o?maxResult=1").status == 400
    assert store.owner.patch("/storage/v1/b/hns-b", {"corss": []}).status == 400
    assert store.owner.post("/storage/v1/b/hns-b/managedFolders", {"nam": "x"}).status == 400
    assert store.owner.patch("/storage/v1/b/hns-b", {"versioning": {"enabled": True}}).status == 400


def test_nobody_becomes_public_where_that_is_prevented(store: Store) -> None:
    assert (
        store.owner.patch(
            "/storage/v1/b/hns-b", {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
        ).status
        == 200
    )
    policy = store.owner.get("/storage/v1/b/hns-b/iam").json()
    policy["bindings"].append({"role": "roles/storage.objectViewer", "members": ["allUsers"]})
    assert store.owner.put("/storage/v1/b/hns-b/iam", policy).status == 412


def test_what_is_not_modelled_is_refused_and_not_ignored(store: Store) -> None:
    assert (
        store.app.get("/storage/v1/b/hns-b/o/x", headers={"x-goog-encryption-algorithm": "AES256"}).status
        == 501
    )
    upload = "/upload/storage/v1/b/hns-b/o?uploadType=media&name=x&predefinedAcl=publicRead"
    assert store.app.post(upload, b"x").status == 501
    assert store.put("x").status == 200
    assert store.app.patch("/storage/v1/b/hns-b/o/x", {"temporaryHold": True}).status == 400
    assert (
        store.owner.patch("/storage/v1/b/hns-b", {"retentionPolicy": {"retentionPeriod": "60"}}).status == 400
    )


def test_a_page_may_read_by_the_json_api_whatever_the_bucket_says(store: Store) -> None:
    store.put("x", b"1")
    answer = store.app.get("/storage/v1/b/hns-b/o/x?alt=media", headers={"Origin": "https://any.example"})
    assert (answer.body, answer.headers["access-control-allow-origin"]) == (b"1", "https://any.example")
    path = "/hns-b/x"
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://any.example", None)):
        answer = store.app.get(path, headers={"Origin": origin})
        assert (answer.status, answer.headers.get("access-control-allow-origin")) == (200, allowed)
