"""The store of objects on a bucket: the suite of all stores, and Google's vectors for retries, on doubles of Cloud Storage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canvas_folder import BINARY, REPOSITORY

GOOGLE = REPOSITORY / "tests/fakes/google"
sys.path.insert(0, str(GOOGLE))

from launch import PYTHON, FakeGoogle  # noqa: E402
from second_witness import program, running  # noqa: E402

PROGRAMS = Path(BINARY).parent
MIB = 1 << 20
TESTS: list[dict[str, Any]] = json.loads((GOOGLE / "data/retry_tests.json").read_text())["retryTests"]

needs_double = pytest.mark.skipif(not PYTHON.exists(), reason="scripts/setup google makes what it runs with")
needs_programs = pytest.mark.skipif(
    not (PROGRAMS / "store_probe").exists(), reason="this build has no programs for tests"
)
pytestmark = [needs_double, needs_programs]


def environment(google: FakeGoogle) -> dict[str, str]:
    return {**os.environ, **google.environment(), "EASEL_GCP_ACCESS_TOKEN": "operator"}


@pytest.fixture(scope="module")
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle("acme") as started:
        body = {
            "name": "acme-easel",
            "location": "europe-west2",
            "hierarchicalNamespace": {"enabled": True},
            "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        }
        from plain_http import Client

        made = Client(started.endpoints["storage"], "operator").send(
            "POST", "/storage/v1/b?project=acme-zerve-infra", body
        )
        assert made.status == 200, made.body
        yield started


def suite(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [PROGRAMS / "gcs_conformance_test", "--gtest_brief=1"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert "[  PASSED  ] " in done.stdout


def test_the_suite_of_all_stores_passes_on_the_double(google: FakeGoogle) -> None:
    google.faults([])
    suite({**environment(google), "EASEL_TEST_BUCKET": "acme-easel"})


def test_the_suite_of_all_stores_passes_on_a_second_witness(tmp_path: Path) -> None:
    found = program()
    if found is None:
        pytest.skip("there is no fake-gcs-server on this machine")
    with running(found, tmp_path) as base:
        request = f"{base}/storage/v1/b?project=p"
        import urllib.request

        urllib.request.urlopen(
            urllib.request.Request(request, json.dumps({"name": "acme-easel"}).encode(), method="POST"),
            timeout=10,
        ).close()
        suite(
            {
                **os.environ,
                "EASEL_GCP_ENDPOINT_STORAGE": base,
                "EASEL_GCP_ACCESS_TOKEN": "anybody",
                "EASEL_TEST_BUCKET": "acme-easel",
                # It ignores conditions of deletions and patches, and has no folders.
                "EASEL_TEST_DEVIATIONS": "folders touches delete_conditions",
            }
        )


# -- Google's vectors -------------------------------------------------------------------------------------------------

CALLS = {
    "storage.objects.get": "get",
    "storage.objects.list": "list",
    "storage.objects.delete": "delete",
    "storage.objects.insert": "put",
    "storage.objects.patch": "touch",
}
KINDS = {
    "return-reset-connection": {"kind": "reset"},
    "return-broken-stream": {"kind": "broken_stream"},
    "return-broken-stream-after-256K": {"kind": "broken_stream", "after_bytes": 256 * 1024},
    "return-503-after-256K": {"kind": "partial_upload", "after_bytes": 256 * 1024, "method": "PUT"},
    "return-503-after-8192K": {"kind": "partial_upload", "after_bytes": 8192 * 1024, "method": "PUT"},
}


def vectors() -> list[Any]:
    """Those of methods that the store uses. It never changes an object without a condition, but for uploads and deletions."""
    found = []
    for test in TESTS:
        for method in test["methods"]:
            name = method["name"]
            if name not in CALLS or (name == "storage.objects.patch" and not test["preconditionProvided"]):
                continue
            for case in test["cases"]:
                label = f"{test['id']}-{method.get('group', name)}-{'+'.join(case['instructions'])}"
                found.append(pytest.param(test, method, case["instructions"], id=label))
    return found


def google_times(instruction: str) -> int:
    """A 401 is answered with a fresh token, once: the vectors' own clients have none to fetch."""
    return 2 if instruction == "return-401" else 1


def rule(rpc: str, instruction: str) -> dict[str, Any]:
    kind = KINDS.get(instruction, {"kind": instruction.removeprefix("return-")})
    return {"rpc": rpc, "times": google_times(instruction), **kind}


def probe(google: FakeGoogle, *words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [PROGRAMS / "store_probe", "gs://acme-easel", *words],
        env=environment(google),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(("test", "method", "instructions"), vectors())
def test_google_s_vector_for_retries_holds(
    google: FakeGoogle, tmp_path: Path, test: dict[str, Any], method: dict[str, Any], instructions: list[str]
) -> None:
    name = method["name"]
    call = CALLS[name]
    big = method.get("group") == "storage.resumable.upload"
    data = os.urandom(10 * MIB if big else MIB)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(data)
    google.faults([])
    key = f"vectors/{os.urandom(6).hex()}"
    generation = ""
    if call != "put":
        code, made = probe(google, "put", key, str(source), "0")
        assert code == 0, made
        generation = str(made["generation"])
    elif test["preconditionProvided"]:
        generation = "0"
    if call == "delete" and not test["preconditionProvided"]:
        generation = ""
    google.faults([rule(name, each) for each in instructions])
    file = {"get": str(target), "put": str(source)}.get(call, "")
    code, answer = probe(google, call, key, file, generation)
    acted = google.acted()
    google.faults([])
    if test["expectSuccess"]:
        assert code == 0, answer
        assert acted == [1] * len(instructions)
    else:
        assert code == 1, answer
        assert acted[-1] == google_times(instructions[-1]), "the last fault is what ended it"
        return
    if call == "put":
        assert probe(google, "get", key, str(target))[0] == 0
    if call in ("get", "put"):
        assert target.read_bytes() == data
