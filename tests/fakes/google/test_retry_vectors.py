"""Google's conformance vectors for retries: Google's own client, on faults of the double.

They judge the faults: each must look to the client as the one of that name does on Google's own test bench.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Start
from fake_google.faults import Rule, parse_rule
from google.cloud import storage
from test_google_client import client_of

DATA = Path(__file__).parent / "data"
TESTS: list[dict[str, Any]] = json.loads((DATA / "retry_tests.json").read_text())["retryTests"]
MIB = 1 << 20
BIG = 10 * MIB
Act = Callable[[storage.Client, storage.Bucket, bool], Any]


def blob_of(bucket: storage.Bucket) -> storage.Blob:
    return bucket.get_blob("there")


def set_policy(bucket: storage.Bucket, guarded: bool) -> None:
    policy = bucket.get_iam_policy(requested_policy_version=3)
    if not guarded:
        policy.etag = None
    bucket.set_iam_policy(policy)


def patch_bucket(bucket: storage.Bucket, guarded: bool) -> None:
    bucket.labels = {"a": "b"}
    bucket.patch(**({"if_metageneration_match": bucket.metageneration} if guarded else {}))


def patch_blob(blob: storage.Blob, guarded: bool) -> None:
    blob.metadata = {"a": "b"}
    blob.patch(**({"if_metageneration_match": blob.metageneration} if guarded else {}))


def fresh(guarded: bool) -> dict[str, int]:
    return {"if_generation_match": 0} if guarded else {}


ACTS: dict[str, Act] = {
    "storage.buckets.delete": lambda c, b, g: c.bucket("empty").delete(),
    "storage.buckets.get": lambda c, b, g: c.get_bucket("e2e"),
    "storage.buckets.getIamPolicy": lambda c, b, g: b.get_iam_policy(),
    "storage.buckets.insert": lambda c, b, g: c.create_bucket("another"),
    "storage.buckets.list": lambda c, b, g: list(c.list_buckets()),
    "storage.buckets.testIamPermissions": lambda c, b, g: b.test_iam_permissions(["storage.objects.get"]),
    "storage.buckets.patch": lambda c, b, g: patch_bucket(b, g),
    "storage.buckets.setIamPolicy": lambda c, b, g: set_policy(b, g),
    "storage.buckets.update": lambda c, b, g: b.update(**({"if_metageneration_match": b.metageneration} if g else {})),
    "storage.objects.get": lambda c, b, g: b.blob("there").download_as_bytes(),
    "storage.objects.list": lambda c, b, g: list(c.list_blobs("e2e")),
    "storage.objects.delete": lambda c, b, g: b.blob("there").delete(
        **({"if_generation_match": blob_of(b).generation} if g else {})
    ),
    "storage.objects.insert": lambda c, b, g: b.blob("new").upload_from_string(b"x", **fresh(g)),
    "storage.objects.patch": lambda c, b, g: patch_blob(blob_of(b), g),
    "storage.objects.update": lambda c, b, g: blob_of(b).update(**({"if_metageneration_match": 1} if g else {})),
    "storage.objects.compose": lambda c, b, g: b.blob("sum").compose([b.blob("there")], **fresh(g)),
    "storage.objects.copy": lambda c, b, g: b.copy_blob(b.blob("there"), b, "copy", **fresh(g)),
    "storage.objects.rewrite": lambda c, b, g: b.blob("re").rewrite(b.blob("there"), **fresh(g)),
    "storage.serviceaccount.get": lambda c, b, g: c.get_service_account_email(),
}  # fmt: skip
RPC = {"storage.serviceaccount.get": "storage.projects.serviceAccount.get"}
# The double has no ACLs, HMAC keys, notifications and locked retention:
LEFT_OUT = (
    "storage.bucket_acl",
    "storage.default_object_acl",
    "storage.object_acl",
    "storage.hmacKey",
    "storage.notifications",
)
LEFT_OUT_TOO = ("storage.buckets.lockRetentionPolicy",)

# Google's Python client retries these even without a precondition, since its version 3.
ALWAYS_RETRIED = {(3, "storage.objects.delete"), (3, "storage.objects.insert"), (3, "storage.objects.patch")}


def rules(instructions: list[str], rpc: str) -> list[Rule]:
    kinds = {
        "return-reset-connection": {"kind": "reset"},
        "return-broken-stream": {"kind": "broken_stream"},
        "return-broken-stream-after-256K": {"kind": "broken_stream", "after_bytes": 256 * 1024},
        "return-503-after-256K": {"kind": "partial_upload", "after_bytes": 256 * 1024, "method": "PUT"},
        "return-503-after-8192K": {"kind": "partial_upload", "after_bytes": 8192 * 1024, "method": "PUT"},
    }
    return [
        parse_rule({"rpc": rpc, **kinds.get(each, {"kind": each.removeprefix("return-")})})
        for each in instructions
    ]


def cases() -> list[Any]:
    found = []
    for test in TESTS:
        for method in test["methods"]:
            name = method["name"]
            if name.startswith(LEFT_OUT) or name in LEFT_OUT_TOO:
                continue
            for case in test["cases"]:
                label = f"{test['id']}-{method.get('group', name)}-{'+'.join(case['instructions'])}"
                found.append(pytest.param(test, method, case["instructions"], id=label))
    return found


@pytest.mark.parametrize(("test", "method", "instructions"), cases())
def test_google_s_client_copes(
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    test: dict[str, Any],
    method: dict[str, Any],
    instructions: list[str],
) -> None:
    place = start()
    client = client_of(place)
    client.create_bucket("empty")
    bucket = client.create_bucket("e2e")
    data = os.urandom(MIB)
    bucket.blob("there").upload_from_string(data)
    act = ACTS[method["name"]]
    group = method.get("group")
    if group == "storage.resumable.upload":
        data = os.urandom(BIG)

        def act(c: storage.Client, b: storage.Bucket, g: bool) -> Any:
            blob = b.blob("there", chunk_size=9 * MIB)
            blob.upload_from_string(data, **({"if_generation_match": blob_of(b).generation} if g else {}))

    monkeypatch.setattr(time, "sleep", lambda _: None)
    place.double.rules = rules(instructions, RPC.get(method["name"], method["name"]))
    if test["expectSuccess"] or (test["id"], method["name"]) in ALWAYS_RETRIED:
        got = act(client, bucket, test["preconditionProvided"])
        assert [rule.acted for rule in place.double.rules] == [1] * len(instructions)
        if group:
            place.double.rules = []
            assert bucket.blob("there").download_as_bytes() == data
        if group == "storage.objects.download":
            assert got == data
    else:
        with pytest.raises(Exception) as caught:
            act(client, bucket, test["preconditionProvided"])
        assert not isinstance(caught.value, AssertionError)
