"""The double as a program of its own: how tests of the real binary start, push and question it."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from launch import FakeGoogle
from plain_http import Client

ACCOUNTS = "/v1/projects/acme-zerve-infra/serviceAccounts"
# What issue and settings name; DOCKER is a real registry's.
SERVICES = {"STORAGE", "IAM", "IAMCREDENTIALS", "CLOUDRESOURCEMANAGER", "ARTIFACTREGISTRY", "CONTAINER", "LOGGING", "SERVICEUSAGE", "STS", "OAUTH2", "METADATA"}  # fmt: skip


def test_it_is_started_pushed_and_questioned() -> None:
    with FakeGoogle(
        "acme", {"unknown_people": ["ghost@example.com"]}, clock=1_700_000_000, speed=0
    ) as google:
        assert {name.removeprefix("EASEL_GCP_ENDPOINT_") for name in google.environment()} == SERVICES
        iam = Client(google.endpoints["iam"], "operator")
        google.windows(account_s=30)
        google.faults([{"kind": "503", "at": 1}])
        statuses = [iam.post(ACCOUNTS, {"accountId": "worker"}).status for _ in range(2)]
        assert (statuses, google.acted()) == ([200, 503], [1])
        assert iam.get(f"{ACCOUNTS}/worker@acme-zerve-infra.iam.gserviceaccount.com").status == 404
        assert google.clock(advance_s=31) == 1_700_000_031
        assert iam.get(f"{ACCOUNTS}/worker@acme-zerve-infra.iam.gserviceaccount.com").status == 200
        assert "worker@acme-zerve-infra.iam.gserviceaccount.com" in google.state()["service_accounts"]
        assert [each["written"] for each in google.requests()] == [True, False, False, False]
        google.forget_requests()
        assert google.requests() == []
        token = google.token("user:stranger@example.com", lifetime_s=5)
        assert Client(google.endpoints["iam"], token).get(ACCOUNTS).status == 403
        with pytest.raises(ValueError, match="no fault `explode`"):
            google.faults([{"kind": "explode"}])
        with pytest.raises(ValueError, match="a seed has no"):
            google.seed({"projekts": {}})


def test_time_may_pass_by_requests() -> None:
    with FakeGoogle("acme", {"windows": {"account_s": 3}}, speed=0) as google:
        google.clock(step_s=1)
        iam = Client(google.endpoints["iam"], "operator")
        assert iam.post(ACCOUNTS, {"accountId": "worker"}).status == 200
        path = f"{ACCOUNTS}/worker@acme-zerve-infra.iam.gserviceaccount.com"
        assert [iam.get(path).status for _ in range(4)] == [404, 404, 200, 200]


def test_a_cluster_is_reached_by_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    with FakeGoogle("acme", tls=("kubernetes",), tls_folder=tmp_path) as google:
        base = google.endpoints["kubernetes"]
        assert base.startswith("https://127.0.0.1:")
        request = urllib.request.Request(f"{base}/version", headers={"Authorization": "Bearer operator"})
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        with urllib.request.urlopen(request, context=trusting, timeout=10) as answer:
            assert json.load(answer)["major"] == "1"
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(request, timeout=10)


def test_a_project_that_others_live_in() -> None:
    with FakeGoogle("lived_in", clock=1_700_000_000, speed=0) as google:
        body = {"options": {"requestedPolicyVersion": 3}}
        manager = Client(google.endpoints["cloudresourcemanager"], "operator")
        policy = manager.post("/v1/projects/acme-zerve-infra:getIamPolicy", body).json()
        assert policy["version"] == 3 and policy["auditConfigs"]
        assert [each.get("condition", {}).get("title") for each in policy["bindings"]][
            -1
        ] == "until the end of the contract"
        assert Client(google.endpoints["iam"], "operator").get(ACCOUNTS).status == 403  # the API is off
