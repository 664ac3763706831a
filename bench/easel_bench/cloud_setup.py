"""G1, G2: `easel gcp apply` from nothing and again, on a double of Google Cloud that answers in 60 ms."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample

TESTS = Path(__file__).resolve().parents[2] / "tests"
RECORDED = TESTS / "fakes/google/data/gcloud_requests.jsonl"
LATENCY_S = 0.06


def _gcloud(place: Any, client: Any) -> int:
    """Send what gcloud sent for the guide, one by one; etags and operations are the server's own. Returns how many policies it wrote."""
    etags: dict[str, str] = {}
    operation, written = "", 0
    for line in RECORDED.read_text().splitlines():
        recorded = json.loads(line)
        if not recorded["step"].startswith("fresh-"):
            continue
        path, body = recorded["path"], recorded["body"]
        if "/operations/" in path:
            path = path.rpartition("/")[0] + "/" + operation.rpartition("/")[2]
        resource = path.removesuffix(":getIamPolicy").removesuffix(":setIamPolicy")
        policy = body.get("policy", body) if body else {}
        if "etag" in policy:
            policy["etag"] = etags[resource]
            written += 1
        query = urllib.parse.urlencode(recorded["query"], doseq=True)
        base = place.google.endpoints[recorded["service"]]
        answer = client(base, "operator").send(recorded["method"], f"{path}?{query}", body)
        if answer.status != 200:
            raise RuntimeError(f"{recorded['step']}: {answer.status} {answer.body[:200]!r}")
        got = answer.json()
        etags[resource] = got.get("etag", "")
        operation = got["name"] if "/operations/" in got.get("name", "") else operation
    return written


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    os.environ["EASEL_BINARY"] = easel.binary
    sys.path[:0] = [str(TESTS / "functional")]
    from google_place import EXPECTED, Place
    from plain_http import Client

    first = Sample("`easel gcp apply`, from nothing", "s")
    requests = Sample("its requests", "requests")
    second = Sample("`easel gcp apply` again", "s")
    writes = Sample("its writes", "writes")
    gcloud = Sample("gcloud's recorded requests, one by one (its own start of 27 commands left out)", "s")
    policies = Sample("policies that gcloud writes again", "writes")
    made = Row("G1", "set up from nothing, answers in 60 ms", "3 s, 90 requests", [first, requests], [gcloud])
    again = Row("G2", "set up again", "0 writes, 1 s", [second, writes], [policies])
    for _ in range(2 if quick else 5):
        with tempfile.TemporaryDirectory() as folder, Place(Path(folder), backoff_ms=1000) as place:
            place.google.latency(LATENCY_S)
            for sample, count in ((first, requests), (second, writes)):
                place.google.forget_requests()
                began = time.perf_counter()
                result = place.gcp("apply", "--yes")
                sample.values.append(time.perf_counter() - began)
                if result.returncode != 0 or place.made() != EXPECTED:
                    raise RuntimeError(f"apply: {result.returncode} {result.stderr}")
                count.values.append(
                    len(place.google.requests()) if count is requests else len(place.writes())
                )
        with tempfile.TemporaryDirectory() as folder, Place(Path(folder)) as place:
            place.google.latency(LATENCY_S)
            began = time.perf_counter()
            written = _gcloud(place, Client)
            gcloud.values.append(time.perf_counter() - began)
            policies.values.append(written)
    made.met = first.median <= 3 and max(requests.values) <= 90
    again.met = second.median <= 1 and max(writes.values) == 0
    return [made, again]
