"""A server whose canvases keep their state in a bucket, too: another server goes on with it, whatever becomes of the first."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Serve
from live_page import PATIENCE_S, LivePage
from serving import BINARY, Server, make_canvas

GOOGLE = Path(__file__).resolve().parents[1] / "fakes/google"
sys.path.insert(0, str(GOOGLE))

from launch import PYTHON, FakeGoogle  # noqa: E402
from plain_http import Client  # noqa: E402

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="scripts/setup google makes what the double runs with"
)
BLOCKS = {"load": "x = list(range(1000))\nprint('loaded')\n"}


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle("acme") as started:
        body = {"name": "acme-easel", "location": "europe-west2", "hierarchicalNamespace": {"enabled": True}}
        body["iamConfiguration"] = {"uniformBucketLevelAccess": {"enabled": True}}
        made = Client(started.endpoints["storage"], "operator").send(
            "POST", "/storage/v1/b?project=acme-zerve-infra", body
        )
        assert made.status == 200, made.body
        yield started


def variables(google: FakeGoogle) -> dict[str, str]:
    return {**google.environment(), "EASEL_GCP_ACCESS_TOKEN": "operator", "EASEL_GCP_BACKOFF_MS": "5"}


def soon(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def published(google: FakeGoogle, root: Path) -> dict[str, str]:
    """Block -> attempt, as the bucket has it."""
    identity = (root / ".easel/canvas_id").read_text().strip()
    path = f"/storage/v1/b/acme-easel/o/canvases%2F{identity}%2Fstate.json?alt=media"
    answer = Client(google.endpoints["storage"], "operator").send("GET", path)
    if answer.status != 200:
        return {}
    return {block["block"]: block["published_attempt"] for block in answer.json()["blocks"]}


def run_all(server: Server, canvas: str) -> LivePage:
    page = LivePage(server, canvas)
    assert server.ask("POST", f"/api/v1/canvases/{canvas}/runs", {"mode": "all"}).status == 202
    page.until(lambda page: any(e["event"] == "run.finished" for e in page.events))
    return page


def test_what_runs_on_one_server_is_up_to_date_on_another(
    serve: Serve, tmp_path: Path, google: FakeGoogle
) -> None:
    first = make_canvas(tmp_path / "a", "alpha", BLOCKS)
    server = serve(tmp_path / "a", "--port", "0", "--store", "gs://acme-easel", **variables(google))
    run_all(server, "alpha")
    attempt = soon(lambda: published(google, first).get("load"))
    assert server.stop(signal.SIGKILL) != 0
    second = make_canvas(tmp_path / "b", "alpha", BLOCKS)
    (second / ".easel").mkdir(exist_ok=True)
    (second / ".easel/canvas_id").write_text((first / ".easel/canvas_id").read_text())
    other = serve(tmp_path / "b", "--port", "0", "--store", "gs://acme-easel", **variables(google))
    page = run_all(other, "alpha")
    [finished] = [e for e in page.events if e["event"] == "run.finished"]
    assert len(finished["up_to_date"]) == 1 and finished["ran"] == []
    soon(lambda: list((second / ".easel/objects").glob("*/*")))
    assert published(google, second) == {"load": attempt}


def test_a_bucket_that_is_away_is_told_and_made_up_for(
    serve: Serve, tmp_path: Path, google: FakeGoogle
) -> None:
    root = make_canvas(tmp_path, "alpha", BLOCKS)
    server = serve(tmp_path, "--port", "0", "--store", "gs://acme-easel", **variables(google))
    google.faults([{"rpc": "storage.objects.insert", "kind": "403", "times": 0}])
    run_all(server, "alpha")
    soon(lambda: "not in gs://acme-easel yet" in server.stderr())
    assert not published(google, root)
    google.faults([])
    assert server.ask("POST", "/api/v1/canvases/alpha/runs", {"mode": "all"}).status == 202
    soon(lambda: published(google, root).get("load"))


def test_the_server_acts_as_the_account_of_its_settings(
    serve: Serve, tmp_path: Path, google: FakeGoogle
) -> None:
    app = "app@acme-zerve-infra.iam.gserviceaccount.com"
    caller = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
    bindings = {"roles/iam.serviceAccountTokenCreator": [caller]}
    admins = {"roles/storage.objectAdmin": [f"serviceAccount:{app}"]}
    place = {"project": "acme-zerve-infra", "location": "EUROPE-WEST2", "bindings": admins}
    google.seed(
        {
            "accounts": {app: {"project": "acme-zerve-infra", "bindings": bindings}},
            "buckets": {"acme-app": place},
        }
    )
    make_canvas(tmp_path, "alpha", BLOCKS)
    (tmp_path / ".easel").mkdir()
    (tmp_path / ".easel/settings.yaml").write_text(
        f"store: gs://acme-app\ngcp:\n  impersonate: {app}\n  endpoints:\n"
        f"    storage: {google.endpoints['storage']}\n    iamcredentials: {google.endpoints['iamcredentials']}\n"
    )
    google.forget_requests()
    server = serve(tmp_path, "--port", "0", EASEL_GCP_ACCESS_TOKEN="caller", EASEL_GCP_BACKOFF_MS="5")
    run_all(server, "alpha")
    soon(lambda: any(each["written"] for each in google.requests()))
    members = {(each["service"], each["member"]) for each in google.requests()}
    assert members == {("iamcredentials", caller), ("storage", f"serviceAccount:{app}")}


def test_a_store_that_cannot_be_used_is_said_at_the_start(tmp_path: Path, google: FakeGoogle) -> None:
    make_canvas(tmp_path, "alpha")
    done = subprocess.run(
        [BINARY, "serve", str(tmp_path), "--no-open", "--port", "0", "--store", "gs://no-such-bucket"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables(google)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2 and "there is no such bucket" in done.stderr, done.stderr
