"""Google's own client works on the double through all that it does with a bucket, and its libraries sign in by it."""

from __future__ import annotations

import base64
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import google.auth.transport.requests
import pytest
from conftest import ACME, Place, Start
from google.api_core.exceptions import Conflict, Forbidden, NotFound, PreconditionFailed
from google.auth import iam, identity_pool, impersonated_credentials
from google.auth.compute_engine import credentials as machine
from google.auth.exceptions import RefreshError
from google.cloud import storage
from google.cloud.storage import transfer_manager
from google.oauth2 import credentials as user
from google.oauth2 import service_account
from plain_http import Client
from test_storage_probe import SIGNER, make_key

MIB = 1 << 20
UNIT = 256 * 1024
PROJECT = "acme-zerve-infra"
APP = f"app-sa@{PROJECT}.iam.gserviceaccount.com"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def client_of(place: Place, credentials: Any = None) -> storage.Client:
    credentials = credentials or user.Credentials("operator")
    options = {"api_endpoint": place.double.endpoints["storage"]}
    return storage.Client(project=PROJECT, credentials=credentials, client_options=options)


@pytest.fixture
def client(acme: Place) -> storage.Client:
    return client_of(acme)


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    return client.create_bucket("e2e", location="europe-west2")


def test_a_bucket_is_made_once(client: storage.Client) -> None:
    client.create_bucket("e2e")
    with pytest.raises(Conflict):
        client.create_bucket("e2e")
    assert [each.name for each in client.list_buckets()] == ["e2e"]


def test_an_object_is_made_only_when_it_is_not_there(bucket: storage.Bucket) -> None:
    bucket.blob("a/1").upload_from_string(b"x", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("a/1").upload_from_string(b"y", if_generation_match=0)
    assert bucket.blob("a/1").download_as_bytes() == b"x"


def test_twenty_megabytes_go_up_in_pieces_and_come_down_checked(bucket: storage.Bucket) -> None:
    data = os.urandom(20 * MIB)
    bucket.blob("big", chunk_size=UNIT * 8).upload_from_file(
        io.BytesIO(data), size=len(data), checksum="crc32c"
    )
    assert bucket.blob("big").download_as_bytes(checksum="crc32c") == data
    assert bucket.blob("big").download_as_bytes(start=5, end=9) == data[5:10]
    assert bucket.blob("big", chunk_size=UNIT * 16).download_as_bytes() == data


def test_an_upload_of_unknown_size_ends_when_its_writer_is_closed(bucket: storage.Bucket) -> None:
    with bucket.blob("w").open("wb", chunk_size=UNIT) as writer:
        for _ in range(5):
            writer.write(b"z" * 200_000)
    assert bucket.get_blob("w").size == 1_000_000


def test_metadata_is_patched_and_read_again(bucket: storage.Bucket) -> None:
    blob = bucket.blob("m")
    blob.upload_from_string("text", content_type="text/plain")
    blob.metadata = {"k": "v"}
    blob.patch()
    blob.reload()
    assert (blob.metadata, blob.metageneration, blob.content_type) == ({"k": "v"}, 2, "text/plain")


def test_objects_are_made_of_objects(bucket: storage.Bucket) -> None:
    bucket.blob("one").upload_from_string(b"1")
    made = bucket.blob("two")
    made.compose([bucket.blob("one"), bucket.blob("one")])
    assert made.download_as_bytes() == b"11"
    assert bucket.blob("copy").rewrite(made) == (None, 2, 2)
    assert bucket.copy_blob(made, bucket, "again").size == 2


def test_lists_come_in_pages(client: storage.Client, bucket: storage.Bucket) -> None:
    for number in range(5):
        bucket.blob(f"l/{number}").upload_from_string("x")
    bucket.blob("l/deep/x").upload_from_string("x")
    listed = client.list_blobs("e2e", prefix="l/", delimiter="/", page_size=2)
    pages = [[blob.name for blob in page] for page in listed.pages]
    assert pages == [["l/0", "l/1"], ["l/2", "l/3"], ["l/4"]]
    assert listed.prefixes == {"l/deep/"}


def test_deletes_are_guarded_single_or_in_a_batch(client: storage.Client, bucket: storage.Bucket) -> None:
    for number in range(4):
        bucket.blob(f"l/{number}").upload_from_string("x")
    with pytest.raises(PreconditionFailed):
        bucket.blob("l/0").delete(if_generation_match=1)
    with client.batch():
        bucket.blob("l/1").delete()
        bucket.blob("l/2").delete()
    bucket.delete_blobs([bucket.blob("l/3")])
    with pytest.raises(NotFound):
        bucket.blob("l/3").delete()
    assert [blob.name for blob in client.list_blobs("e2e")] == ["l/0"]


def test_a_bucket_is_configured(bucket: storage.Bucket) -> None:
    bucket.labels = {"a": "b"}
    bucket.cors = [{"origin": ["*"]}]
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.patch()
    bucket.reload()
    assert (bucket.labels, bucket.cors) == ({"a": "b"}, [{"origin": ["*"]}])
    assert bucket.iam_configuration.uniform_bucket_level_access_enabled
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"user:admin@example.com"}})
    bucket.set_iam_policy(policy)
    assert bucket.test_iam_permissions(["storage.objects.get", "storage.objects.move"]) == [
        "storage.objects.get"
    ]


def test_parts_go_up_beside_each_other(bucket: storage.Bucket, tmp_path: Path) -> None:
    data = os.urandom(12 * MIB)
    (tmp_path / "file").write_bytes(data)
    blob = bucket.blob("parts")
    transfer_manager.upload_chunks_concurrently(
        str(tmp_path / "file"), blob, chunk_size=6 * MIB, max_workers=2, worker_type="thread"
    )
    assert blob.download_as_bytes() == data


def with_app(start: Start, **more: Any) -> Place:
    """The acme company with an account of ours, which the caller may act as and which may use a bucket."""
    place = start(ACME, accounts={APP: {"project": PROJECT, **more}})
    operator = client_of(place)
    made = operator.create_bucket(operator.bucket("e2e"))
    policy = made.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectAdmin", "members": {f"serviceAccount:{APP}"}})
    made.set_iam_policy(policy)
    return place


def may_be_acted_as() -> dict[str, Any]:
    member = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
    return {"bindings": {"roles/iam.serviceAccountTokenCreator": [member]}}


def acting_as_app(place: Place, source: str) -> impersonated_credentials.Credentials:
    base = place.double.endpoints["iamcredentials"]
    override = f"{base}/v1/projects/-/serviceAccounts/{APP}:generateAccessToken"
    return impersonated_credentials.Credentials(
        user.Credentials(source), APP, SCOPES, iam_endpoint_override=override
    )


def test_an_account_is_acted_as(start: Start) -> None:
    place = with_app(start, **may_be_acted_as())
    as_app = client_of(place, acting_as_app(place, "caller"))
    as_app.bucket("e2e").blob("x").upload_from_string("x")
    with pytest.raises(Forbidden):
        as_app.get_bucket("e2e")
    with pytest.raises(RefreshError):
        acting_as_app(place, "operator").refresh(google.auth.transport.requests.Request())


def test_a_url_is_signed_by_the_account_that_is_acted_as(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_app(start, **may_be_acted_as())
    template = place.double.endpoints["iamcredentials"] + "/v1/projects/-/serviceAccounts/{}:signBlob"
    monkeypatch.setattr(iam, "_IAM_SIGN_ENDPOINT", template)
    place.world.clock.set(time.time())
    place.world.tokens.issue("serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com", value="caller")
    client = client_of(place, acting_as_app(place, "caller"))
    blob = client.bucket("e2e").blob("signed/é")

    def url(method: str, **more: Any) -> str:
        endpoint = "https://storage.googleapis.com"
        made: str = blob.generate_signed_url(
            version="v4", expiration=600, method=method, api_access_endpoint=endpoint, **more
        )
        return made

    put = url("PUT", content_type="text/plain")
    browser = Client(place.double.endpoints["storage"], host="storage.googleapis.com")
    answer = browser.put(put, b"hello", headers={"Content-Type": "text/plain"})
    assert answer.status == 200, answer
    assert browser.put(put, b"other", headers={"Content-Type": "text/html"}).status == 403
    get = url("GET", response_disposition="attachment")
    answer = browser.get(get)
    assert (answer.body, answer.headers["content-disposition"]) == (b"hello", "attachment")
    place.wait(601)
    assert browser.get(get).status == 400


def test_a_key_file_signs_in(start: Start) -> None:
    file, public = make_key()
    place = start(ACME, projects={"p": {}}, accounts={SIGNER: {"project": "p", "keys": {"1": public}}})
    place.world.clock.set(time.time())
    uri = place.double.endpoints["oauth2"] + "/token"
    credentials = service_account.Credentials.from_service_account_info(
        {**file, "token_uri": uri}, scopes=SCOPES
    )
    credentials.refresh(google.auth.transport.requests.Request())
    found = place.world.tokens.find(credentials.token)
    assert found is not None and found.member == f"serviceAccount:{SIGNER}"
    other, _ = make_key()
    forged = service_account.Credentials.from_service_account_info({**other, "token_uri": uri}, scopes=SCOPES)
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        forged.refresh(google.auth.transport.requests.Request())


def test_a_clock_that_is_wrong_cannot_sign_in(start: Start) -> None:
    file, public = make_key()
    place = start(ACME, projects={"p": {}}, accounts={SIGNER: {"project": "p", "keys": {"1": public}}})
    uri = place.double.endpoints["oauth2"] + "/token"
    credentials = service_account.Credentials.from_service_account_info(
        {**file, "token_uri": uri}, scopes=SCOPES
    )
    with pytest.raises(RefreshError, match="reasonable timeframe"):
        credentials.refresh(google.auth.transport.requests.Request())


def test_a_refresh_token_signs_in(start: Start) -> None:
    known = {"client_id": "i", "client_secret": "s", "member": "user:admin@example.com"}
    place = start(ACME, refresh_tokens={"r": known})
    uri = place.double.endpoints["oauth2"] + "/token"
    credentials = user.Credentials(None, refresh_token="r", token_uri=uri, client_id="i", client_secret="s")
    credentials.refresh(google.auth.transport.requests.Request())
    assert place.world.tokens.find(credentials.token)
    wrong = user.Credentials(None, refresh_token="other", token_uri=uri, client_id="i", client_secret="s")
    with pytest.raises(RefreshError, match="invalid_grant"):
        wrong.refresh(google.auth.transport.requests.Request())


def test_another_cloud_signs_in(start: Start, tmp_path: Path) -> None:
    pool = (
        "//iam.googleapis.com/projects/111111111111/locations/global/workloadIdentityPools/pool/providers/ci"
    )
    member = "principal://iam.googleapis.com/projects/111111111111/locations/global/workloadIdentityPools/pool/subject/repo:main"
    bindings = {"bindings": {"roles/iam.workloadIdentityUser": [member]}}
    place = start(
        ACME,
        subject_tokens={"theirs": {"audience": pool, "subject": "repo:main"}},
        accounts={APP: {"project": PROJECT, **bindings}},
    )
    (tmp_path / "token").write_text("theirs")
    endpoints = place.double.endpoints
    info = {
        "type": "external_account",
        "audience": pool,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{endpoints['sts']}/v1/token",
        "credential_source": {"file": str(tmp_path / "token")},
        "service_account_impersonation_url": f"{endpoints['iamcredentials']}/v1/projects/-/serviceAccounts/{APP}:generateAccessToken",
    }
    credentials = identity_pool.Credentials.from_info(info, scopes=SCOPES)
    credentials.refresh(google.auth.transport.requests.Request())
    found = place.world.tokens.find(credentials.token)
    assert found is not None and found.member == f"serviceAccount:{APP}"


def test_a_machine_signs_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    place = start(
        ACME,
        accounts={APP: {"project": PROJECT}},
        machine={"project": PROJECT, "number": "1", "account": APP},
    )
    base = place.double.endpoints["metadata"]
    host = base.partition("//")[2]
    monkeypatch.setattr("google.auth.compute_engine._metadata._GCE_METADATA_HOST", host)
    request = google.auth.transport.requests.Request()
    credentials = machine.Credentials()
    credentials.refresh(request)
    found = place.world.tokens.find(credentials.token)
    assert found is not None and found.member == f"serviceAccount:{APP}"


def test_json_keys_are_those_of_a_key_file(start: Start) -> None:
    place = start(ACME, accounts={APP: {"project": PROJECT}})
    answer = place.to("iam").post(f"/v1/projects/{PROJECT}/serviceAccounts/{APP}/keys", {})
    file = json.loads(base64.b64decode(answer.json()["privateKeyData"]))
    assert service_account.Credentials.from_service_account_info(file).service_account_email == APP
