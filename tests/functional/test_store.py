"""State in a bucket: runs that keep it there, another machine that goes on with it, and processes that are killed on the way."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canvas_folder import REPOSITORY, CanvasFolder

GOOGLE = REPOSITORY / "tests/fakes/google"
sys.path.insert(0, str(GOOGLE))

from launch import PYTHON, FakeGoogle  # noqa: E402
from plain_http import Client  # noqa: E402

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="scripts/setup google makes what the double runs with"
)
BUCKET = "gs://acme-easel"
BLOCKS = {
    "load": "import numpy\nx = numpy.arange(300_000)\nn = 41\nopen('made.txt', 'w').write('by load')",
    "use": "print(x.sum() + n)",
}


@pytest.fixture(scope="module")
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle("acme") as started:
        made = Client(started.endpoints["storage"], "operator").send(
            "POST",
            "/storage/v1/b?project=acme-zerve-infra",
            {
                "name": "acme-easel",
                "location": "europe-west2",
                "hierarchicalNamespace": {"enabled": True},
                "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
            },
        )
        assert made.status == 200, made.body
        yield started


@pytest.fixture
def bucket(google: FakeGoogle, environ: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of commands that reach the bucket, which is without faults again afterwards."""
    yield {
        **environ,
        **google.environment(),
        "EASEL_GCP_ACCESS_TOKEN": "operator",
        "EASEL_GCP_BACKOFF_MS": "5",
    }
    google.faults([])


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A folder of the bucket for one test."""
    return f"{BUCKET}/{tmp_path.name}"


def copy_of(canvas: CanvasFolder, root: Path) -> CanvasFolder:
    """The canvas as another person has it from Git: without what runs left."""
    shutil.copytree(canvas.root, root, ignore=shutil.ignore_patterns(".easel", "made.txt"))
    return CanvasFolder.open(root, canvas.environ)


def objects(google: FakeGoogle, prefix: str) -> set[str]:
    client = Client(google.endpoints["storage"], "operator")
    found = client.send("GET", f"/storage/v1/b/acme-easel/o?prefix={prefix}&maxResults=1000").json()
    assert "nextPageToken" not in found
    return {item["name"] for item in found.get("items", [])}


def whole(google: FakeGoogle, store: str, canvas: CanvasFolder) -> dict[str, Any]:
    """What the bucket names of this canvas, all of which must be there."""
    identity = (canvas.root / ".easel/canvas_id").read_text().strip()
    base = f"{store.removeprefix(BUCKET + '/')}/canvases/{identity}/"
    there = objects(google, base)
    if base + "state.json" not in there:
        return {"attempts": []}
    client = Client(google.endpoints["storage"], "operator")

    def read(name: str) -> Any:
        quoted = (base + name).replace("/", "%2F")
        return client.send("GET", f"/storage/v1/b/acme-easel/o/{quoted}?alt=media").json()

    state = read("state.json")
    for attempt in state["attempts"]:
        assert f"{base}attempts/{attempt['attempt']}/journal" in there
        if not attempt["manifest"]:
            continue
        manifest = read(f"attempts/{attempt['attempt']}/manifest.json")
        for slot in manifest["state"]["slots"].values():
            for name in [slot["object"], *slot.get("objects", [])]:
                assert f"{base}objects/{name[:2]}/{name}" in there, "a reference to what is not there"
    return dict(state)


def test_the_quickstart_runs_with_its_state_in_a_bucket(
    tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    shutil.copytree(REPOSITORY / "examples/quickstart", tmp_path / "one")
    one = CanvasFolder.open(tmp_path / "one", bucket)
    run = one.good("--store", store)
    assert "train" in run.ran
    [kept] = run.of("run.kept")
    assert kept["store"] == store and kept["attempts"] == len(run.ran) and kept["objects"] > 0
    assert run.events[-2]["event"] == "run.kept", "before the run is said to have ended"
    whole(google, store, one)
    # Another machine: the same canvas, and nothing of its results.
    two = copy_of(one, tmp_path / "two")
    pulled = two.easel("pull", "--store", store)
    assert f"Pulled from {store}" in pulled.stdout
    again = two.good("--store", store)
    assert again.ran == [] and sorted(again.up_to_date) == sorted(run.ran)
    assert two.easel("outputs", "evaluate").stdout == one.easel("outputs", "evaluate").stdout
    assert two.easel("state", "clean").stdout == one.easel("state", "clean").stdout


def test_another_machine_fetches_only_what_its_block_reads(
    canvas: Any, tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    one = canvas({**BLOCKS, "other": "y = bytes(2_000_000)"}, ["load -> use"])
    one.environ = bucket
    one.good("--store", store)
    two = copy_of(one, tmp_path / "two")
    (two.root / ".easel").mkdir()
    shutil.copy(one.root / ".easel/canvas_id", two.root / ".easel/canvas_id")
    two.edit("use", "print(x.sum() + n + 1)")
    google.forget_requests()
    run = two.good("--store", store)
    assert run.ran == ["use"] and run.text("use") == f"{sum(range(300_000)) + 42}\n"
    got = [
        r["path"]
        for r in google.requests()
        if r["rpc"] == "storage.objects.get" and "objects%2F" in r["path"]
    ]
    assert len(got) == len(set(got)) >= 1
    large = [p for p in (two.root / ".easel/objects").glob("*/*") if p.stat().st_size > 1_900_000]
    assert not [p for p in large if p.stat().st_size < 2_200_000], "`y` is read by nobody here"
    assert two.file("made.txt").read_text() == "by load"
    # And back: what ran there stands here.
    one.edit("use", "print(x.sum() + n + 1)")
    back = one.good("--store", store)
    assert back.ran == [] and "use" in back.up_to_date


def test_twenty_blocks_that_read_one_state_fetch_it_once(
    canvas: Any, tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    readers = {f"read{i}": f"print(x[{i}])" for i in range(20)}
    one = canvas({"load": BLOCKS["load"], **readers}, [f"load -> {name}" for name in readers])
    one.environ = bucket
    one.good("--only", "load", "--store", store)
    two = copy_of(one, tmp_path / "two")
    two.easel("pull", "--store", store)
    shutil.rmtree(two.root / ".easel/objects")
    google.forget_requests()
    run = two.good("--store", store)
    assert len(run.ran) == 20
    got = [
        r["path"]
        for r in google.requests()
        if r["rpc"] == "storage.objects.get" and "objects%2F" in r["path"] and r["status"] in (200, 206)
    ]
    assert len(got) == len(set(got)), "each object came over the wire once"


def test_what_ran_without_a_store_goes_there_by_push(
    canvas: Any, tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    one = canvas(BLOCKS, ["load -> use"])
    one.environ = bucket
    assert "nothing has run here yet" in one.easel("push", "--store", store, code=2).stderr
    one.good()
    assert "say where" in one.easel("push", code=2).stderr
    pushed = one.easel("push", "--store", store, "--json").document
    assert pushed["attempts"] == 2 and pushed["objects"] >= 1
    assert "Both had the same already" in one.easel("push").stdout, "the store is remembered"
    whole(google, store, one)
    two = copy_of(one, tmp_path / "two")
    assert "has no canvas of the name" in two.easel("pull", "--store", store + "/elsewhere", code=2).stderr
    two.easel("pull", "--store", store)
    assert two.good().up_to_date == ["load", "use"], "without the store: all that stands was pulled"


@pytest.mark.parametrize(
    "point",
    [
        "store.after_objects",
        "store.before_state",
        "store.after_state",
        "store.before_rows",
        "store.after_rows",
    ],
)
def test_a_kill_at_any_point_loses_nothing(
    canvas: Any, tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str, point: str
) -> None:
    one = canvas(BLOCKS, ["load -> use"])
    one.environ = bucket
    victim = one
    if point.endswith("rows"):
        one.good("--store", store)
        victim = copy_of(one, tmp_path / "two")
        (victim.root / ".easel").mkdir()
        shutil.copy(one.root / ".easel/canvas_id", victim.root / ".easel/canvas_id")
    killed = victim.easel("run", "--store", store, code=None, EASEL_FAULT=point)
    assert killed.code == -signal.SIGKILL, killed
    whole(google, store, one)
    after = victim.good("--store", store)
    assert after.ran == [], "what had run stands"
    state = whole(google, store, one)
    assert {a["block"] for a in state["attempts"]} == {"load", "use"}


def test_a_bucket_that_is_gone_meanwhile_is_said_and_nothing_is_lost(
    canvas: Any, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    one = canvas(BLOCKS, ["load -> use"])
    one.environ = bucket
    google.faults([{"rpc": "storage.objects.insert", "kind": "403", "times": 0}])
    run = one.run("--store", store)
    assert run.code == 3 and run.ran == ["load", "use"]
    assert "in this folder, but not in the store" in run.stderr and "easel push" in run.stderr
    assert not run.of("run.kept")
    google.faults([])
    assert one.easel("push", "--store", store, "--json").document["attempts"] == 2
    whole(google, store, one)


def test_what_is_wrong_with_a_store_is_said_before_anything_runs(canvas: Any, bucket: dict[str, str]) -> None:
    one = canvas({"a": "x = 1"})
    one.environ = bucket
    for wrong, words in (
        ("gs://no-such-bucket", "there is no such bucket"),
        ("s3://bucket", "gs://BUCKET"),
        ("gs://Bad_Name", "no name of a bucket"),
    ):
        ended = one.easel("run", "--store", wrong, code=None)
        assert ended.code in (2, 3) and words in ended.stderr, ended
    denied = one.easel("run", "--store", BUCKET, code=3, EASEL_GCP_ACCESS_TOKEN="stranger")
    assert "roles/storage.objectAdmin" in denied.stderr
    assert not (one.root / ".easel/attempts").exists(), "nothing ran"


def test_what_nothing_needs_any_more_goes_from_the_bucket_when_it_is_old(
    canvas: Any, tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    one = canvas({"load": "x = bytes(1) * 300_000", "use": "print(len(x))"}, ["load -> use"])
    one.environ = bucket
    for size in (300_000, 300_001, 300_002):
        one.edit("load", f"x = bytes(1) * {size}")
        one.good("--store", store)
    prefix = f"{store.removeprefix(BUCKET + '/')}/canvases/"
    before = {name for name in objects(google, prefix) if "/objects/" in name}
    words = ("gc", "--keep", "1", "--store", store)
    young = one.easel(*words)
    assert "freed 0 B in 0 objects that nothing needs" in young.stdout, young
    assert {name for name in objects(google, prefix) if "/objects/" in name} == before
    google.clock(advance_s=8 * 24 * 3600)
    old = one.easel(*words, "--json")
    there = json.loads(old.stdout)["there"]
    after = {name for name in objects(google, prefix) if "/objects/" in name}
    assert there["objects"] == len(before - after) == 2 and there["bytes"] > 0 and after < before
    whole(google, store, one)
    two = copy_of(one, tmp_path / "two")
    two.easel("pull", "--store", store)
    assert two.good("--store", store).ran == []
    assert "leave --store out" in one.easel(*words, "--dry-run", code=2).stderr
    assert "name it by --store" in one.easel("gc", "--unused-days", "3", code=2).stderr


def test_the_bucket_is_asked_as_the_account_that_the_caller_may_act_as(
    canvas: Any, bucket: dict[str, str], google: FakeGoogle
) -> None:
    """Caller and account as `easel gcp apply` leaves them: the one has only the right to tokens of the other."""
    app = "app@acme-zerve-infra.iam.gserviceaccount.com"
    caller = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
    google.seed(
        {
            "accounts": {
                app: {
                    "project": "acme-zerve-infra",
                    "bindings": {"roles/iam.serviceAccountTokenCreator": [caller]},
                }
            },
            "buckets": {
                "acme-app": {
                    "project": "acme-zerve-infra",
                    "location": "EUROPE-WEST2",
                    "bindings": {"roles/storage.objectAdmin": [f"serviceAccount:{app}"]},
                }
            },
        }
    )
    one = canvas(BLOCKS, ["load -> use"])
    # The addresses as a flag has them, not as variables.
    one.environ = {
        key: value for key, value in bucket.items() if not key.startswith("EASEL_GCP_ENDPOINT_")
    } | {"EASEL_GCP_ACCESS_TOKEN": "caller"}
    elsewhere = ",".join(f"{name}={google.endpoints[name]}" for name in ("storage", "iamcredentials"))
    words = ("--store", "gs://acme-app", "--gcp-endpoints", elsewhere)
    own = one.easel("run", *words, code=3)
    assert "roles/storage.objectAdmin" in own.stderr
    google.forget_requests()
    assert "load" in one.good(*words, "--gcp-impersonate", app).ran
    members = {(each["service"], each["member"]) for each in google.requests()}
    assert members == {("iamcredentials", caller), ("storage", f"serviceAccount:{app}")}
    denied = one.easel("pull", *words, "--gcp-impersonate", app.replace("app@", "gone@"), code=None)
    assert denied.code in (2, 3) and "there is no service account gone@" in denied.stderr, denied
    stranger = one.easel("pull", *words, "--gcp-impersonate", app, code=3, EASEL_GCP_ACCESS_TOKEN="stranger")
    assert "may not act as" in stranger.stderr and "serviceAccountTokenCreator" in stranger.stderr
    assert (
        "without `serviceAccount:`" in one.easel("push", *words, code=2, EASEL_GCP_IMPERSONATE="app").stderr
    )
    unused = one.easel("run", "--gcp-impersonate", app, code=2)
    assert "name it by --store" in unused.stderr


def test_transient_faults_at_every_request_change_nothing(
    canvas: Any, tmp_path: Path, bucket: dict[str, str], google: FakeGoogle, store: str
) -> None:
    one = canvas(BLOCKS, ["load -> use"])
    one.environ = bucket
    for number, kind in enumerate(("503", "reset", "429")):
        one.edit("load", BLOCKS["load"] + f"\nn = {number}")
        google.faults(
            [
                {"service": "storage", "kind": kind, "at": at, "effect": effect}
                for at, effect in enumerate(("none", "done") * 20)
            ]
        )
        run = one.good("--store", store)
        google.faults([])
        assert "load" in run.ran
        whole(google, store, one)
    two = copy_of(one, tmp_path / "two")
    google.faults([{"service": "storage", "kind": "503", "at": at} for at in range(0, 60, 2)])
    two.easel("pull", "--store", store)
    google.faults([])
    assert two.good().ran == []


def test_a_directory_is_a_store_as_well(canvas: Any, tmp_path: Path) -> None:
    one = canvas(BLOCKS, ["load -> use"])
    one.good("--store", str(tmp_path / "shared"))
    two = copy_of(one, tmp_path / "two")
    two.easel("pull", "--store", str(tmp_path / "shared"))
    assert two.good().ran == []
