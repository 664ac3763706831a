"""A double of Google Cloud with the customer's project and cluster of expected_state.json, and `easel gcp` on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
GOOGLE = HERE.parent / "fakes/google"
sys.path.insert(0, str(GOOGLE))

from launch import FakeGoogle  # noqa: E402

EXPECTED: dict[str, Any] = json.loads((GOOGLE / "expected_state.json").read_text())
EASEL = os.environ.get("EASEL_BINARY", "build/dev/bin/easel")
PROJECT, COMPUTE = "acme-zerve-infra", "acme-gke-prod"
BUCKET = "zerve-0f1e2d3c"
CLUSTER = f"projects/{COMPUTE}/locations/europe-west2/clusters/prod"
APP = f"zerve-app-sa@{PROJECT}.iam.gserviceaccount.com"
OPTIONS = {
    "project": PROJECT,
    "region": "europe-west2",
    "organization": "0f1e2d3c",
    "prefix": "zerve",
    "caller": "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com",
    "cors-origin": "https://app.zerve.ai",
    "compute-project": COMPUTE,
    "cluster": "prod",
}


class Place:
    """`with Place(tmp_path) as place: place.gcp("apply", "--yes")`. Retries wait milliseconds here, not seconds."""

    def __init__(self, folder: Path, *seeds: Any, backoff_ms: int = 2, **more: Any) -> None:
        self.folder = folder
        self.backoff_ms = backoff_ms
        self.google = FakeGoogle(*(seeds or ("acme",)), **more)
        self.cluster()
        self.before = self.google.state()

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.google.stop()

    def cluster(self, **more: Any) -> None:
        """The seeded cluster, behind the double's own Kubernetes API."""
        base = self.google.endpoints["kubernetes"]
        pools = [{"name": "pool-1", "service_account": f"gke-nodes@{COMPUTE}.iam.gserviceaccount.com"}]
        seed = {"endpoint": base, "workload_pool": f"{COMPUTE}.svc.id.goog", "pools": pools, **more}
        self.google.seed({"clusters": {CLUSTER: seed}})

    def environment(self, token: str = "operator") -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "EASEL_GCP_ACCESS_TOKEN": token,
            "EASEL_GCP_BACKOFF_MS": str(self.backoff_ms),
            **{key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")},
            **self.google.environment(),
        }

    def command(self, action: str, *words: str, options: dict[str, str] | None = None) -> list[str]:
        given = OPTIONS if options is None else options
        return [EASEL, "gcp", action, *(f"--{key}={value}" for key, value in given.items()), *words]

    def gcp(
        self, action: str, *words: str, token: str = "operator", options: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(action, *words, options=options),
            env=self.environment(token),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )

    def made(self) -> dict[str, Any]:
        """What is there now and was not, or not so, in the form of expected_state.json; our own record left out."""
        after = self.google.state()
        for bucket in after["buckets"].values():
            bucket["objects"] = [name for name in bucket["objects"] if name != ".easel/provision.json"]
        return {
            kind: {
                name: after[kind].get(name)
                for name in {**self.before[kind], **after[kind]}
                if self.before[kind].get(name) != after[kind].get(name)
            }
            for kind in after
        }

    def writes(self) -> list[str]:
        return [f"{each['method']} {each['path']}" for each in self.google.requests() if each["written"]]


def assert_gone(place: Place) -> None:
    """Nothing of ours is left; a custom role goes a week after its deletion."""
    made = place.made()
    roles = made.pop("roles")
    assert all(role["deleted"] for role in roles.values())
    assert made == {"projects": {}, "service_accounts": {}, "buckets": {}, "repositories": {}, "clusters": {}}
