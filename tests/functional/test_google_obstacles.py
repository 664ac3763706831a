"""What stands in the way of setting an organization up on Google Cloud: faults at any request, rules of the organization, missing rights."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from google_place import BUCKET, COMPUTE, EXPECTED, OPTIONS, PROJECT, Place, assert_gone

FAULTS: list[dict[str, Any]] = [
    {"kind": kind, "effect": effect}
    for kind in ("409", "412", "429", "500", "503", "403", "reset", "timeout", "html", "truncated")
    for effect in ("none", "done")
] + [{"kind": "missing_account"}, {"kind": "hidden"}]
REQUESTS = 51  # of a quiet apply
EVERY = os.environ.get("EASEL_EVERY_FAULT") == "1"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(fault.values()))
def test_one_fault_changes_nothing_in_the_end(fault: dict[str, Any], tmp_path: Path) -> None:
    """At one request of each kind of fault; at every one with EASEL_EVERY_FAULT=1."""
    number = FAULTS.index(fault)
    for index in range(REQUESTS) if EVERY else [(20 + 7 * number) % REQUESTS]:
        folder = tmp_path / str(index)
        folder.mkdir()
        with Place(folder) as place:
            place.google.faults([{**fault, "at": index, "hold_s": 0.1}])
            result = place.gcp("apply", "--yes")
            assert place.google.acted() == [1], index
            if result.returncode != 0:
                assert result.returncode == 3, (index, result.stdout, result.stderr)
                said = result.stderr + result.stdout.partition("This stands in the way:")[2]
                assert said.strip() and "internal" not in said.lower(), index
                again = place.gcp("apply", "--yes")
                assert again.returncode == 0, (
                    index,
                    result.stdout,
                    result.stderr,
                    again.stdout,
                    again.stderr,
                )
            assert place.made() == EXPECTED, (index, result.stdout)
            if EVERY or number % 4 == 0:
                removed = place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET)
                assert removed.returncode == 0, (index, removed.stdout, removed.stderr)
                taken = re.search(r"taken +(.*): was there after all", result.stdout)
                if taken:
                    assert fault == {"kind": "409", "effect": "done"}, index
                if taken and "managed folder" not in taken.group(
                    1
                ):  # those go with the bucket, which is ours
                    assert_one_is_left(place, removed.stdout)
                else:
                    assert_gone(place)


def assert_one_is_left(place: Place, said: str) -> None:
    """Google said that it was there when it was to be made: then it is not ours to destroy, and that is said."""
    [line] = [each for each in said.partition("What stays:\n")[2].splitlines() if "was there before" in each]
    made = place.made()
    made["roles"] = {name: role for name, role in made["roles"].items() if not role["deleted"]}
    [left] = [name for kind in made.values() for name in kind]
    assert left in line, (line, made)


def test_ctrl_c_leaves_what_the_next_apply_goes_on_from(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        # The Docker repository is never done: everything else of its stage is made meanwhile.
        place.google.windows(operation_s=3600)
        process = subprocess.Popen(
            place.command("apply", "--yes"),
            env=place.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not any(each["rpc"] == "artifactregistry.operations.get" for each in place.google.requests()):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130 and "goes on from here" in said
        place.google.windows()
        place.google.clock(advance_s=4000)
        again = place.gcp("apply", "--yes")
        assert again.returncode == 0, again.stdout + again.stderr
        assert place.made() == EXPECTED
        assert place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET).returncode == 0
        assert_gone(place)


OBSTACLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "sharing with the own domain only": (
        {"org_policies": {"iam.allowedPolicyMemberDomains": ["example.com"]}},
        "domain-restricted sharing",
        "--caller",
    ),
    "no new accounts": (
        {"org_policies": {"iam.disableServiceAccountCreation": []}},
        "forbids new service accounts",
        "exempt the project",
    ),
    "other places only": (
        {"org_policies": {"gcp.resourceLocations": ["us-"]}},
        "does not allow this place",
        "--bucket-location",
    ),
    "keys of its own": (
        {"org_policies": {"gcp.restrictNonCmekServices": ["storage.googleapis.com"]}},
        "keys of its own",
        "--kms-key",
    ),
    "service controls": ({"perimeter": ["artifactregistry"]}, "VPC service controls", "ingress rule"),
    "billing is off": ({"billing": False}, "Billing is off", "linkedaccount?project=acme-zerve-infra"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_an_obstacle_of_the_first_day_is_explained(name: str, tmp_path: Path) -> None:
    change, sign, remedy = OBSTACLES[name]
    with Place(tmp_path) as place:
        owner = {"number": "111111111111", "bindings": {"roles/owner": ["user:admin@example.com"]}}
        place.google.seed({"projects": {PROJECT: {**owner, **change}}})
        result = place.gcp("apply", "--yes")
        said = result.stdout + result.stderr
        assert result.returncode == 3, said
        assert sign in said and remedy in said, said
        place.google.seed({"projects": {PROJECT: owner}})
        again = place.gcp("apply", "--yes")
        assert again.returncode == 0, again.stdout + again.stderr
        assert place.made() == EXPECTED


def test_a_quota_of_accounts_and_a_taken_name_are_explained(tmp_path: Path) -> None:
    with Place(tmp_path, "acme", {"limits": {"accounts_per_project": 2}}) as place:
        result = place.gcp("apply", "--yes")
        assert result.returncode == 3 and "as many service accounts as it may have" in result.stderr
    with Place(tmp_path, "acme", {"buckets": {BUCKET: {"project": "zerve-saas"}}}) as place:
        result = place.gcp("apply", "--yes", "--record", str(tmp_path / "other.json"))
        assert result.returncode == 3 and "Choose another by --bucket NAME" in result.stdout
        assert place.writes() == []


def test_a_cluster_that_cannot_do_it_is_refused_with_commands(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        pools = [{"name": "old", "metadata": "GCE_METADATA", "service_account": "default"}]
        place.cluster(workload_pool="", external_traffic=False, pools=pools)
        result = place.gcp("apply", "--yes")
        assert result.returncode == 3 and place.writes() == []
        for word in (
            "--workload-pool=acme-gke-prod.svc.id.goog",
            "--enable-dns-access",
            "node-pools update old",
            "222222222222-compute@developer.gserviceaccount.com",
        ):
            assert word in result.stdout, result.stdout
        gone = place.gcp("plan", options={**OPTIONS, "cluster": "nope"})
        assert gone.returncode == 3 and "There is no cluster nope" in gone.stdout


def test_an_authority_that_is_not_known_can_be_named(tmp_path: Path) -> None:
    """As behind a proxy that opens TLS: the double's storage and its cluster show certificates of an authority of their own."""
    with Place(tmp_path, "acme", tls=("storage", "kubernetes"), tls_folder=tmp_path) as place:
        refused = place.gcp("plan")
        assert refused.returncode == 3 and "--ca-bundle FILE" in refused.stderr, refused.stderr
        authority = f"--ca-bundle={tmp_path / 'ca.pem'}"
        made = place.gcp("apply", "--yes", authority)
        assert made.returncode == 0, made.stdout + made.stderr
        assert place.made() == EXPECTED


def test_a_clock_that_is_wrong_is_named(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.google.clock(advance_s=3600)
        result = place.gcp("plan", token="wrong")
        assert result.returncode == 3
        assert (
            "clock is 60 minutes behind" in result.stderr or "clock is 59 minutes behind" in result.stderr
        ), result.stderr


def test_an_operator_without_rights_learns_all_that_is_missing(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        stranger = place.gcp("plan", token="stranger")
        assert stranger.returncode == 3 and f"no project {PROJECT}, or you may not see it" in stranger.stdout
        bindings = {"roles/owner": ["user:admin@example.com"], "roles/viewer": ["user:stranger@example.com"]}
        for project, number in ((PROJECT, "111111111111"), (COMPUTE, "222222222222")):
            place.google.seed({"projects": {project: {"number": number, "bindings": bindings}}})
        viewer = place.gcp("plan", token="stranger")
        assert viewer.returncode == 3
        for role in (
            "iam.serviceAccountAdmin",
            "storage.admin",
            "artifactregistry.admin",
            "resourcemanager.projectIamAdmin",
        ):
            assert f"--role roles/{role}" in viewer.stdout, viewer.stdout
        nobody = place.gcp("plan", token="wrong")
        assert nobody.returncode == 3 and nobody.stderr.strip()
        assert place.writes() == []


def test_the_least_roles_of_the_documentation_suffice(tmp_path: Path) -> None:
    """docs/user/google-cloud.md names them: for everything from an empty project to an empty project."""
    page = (Path(__file__).parents[2] / "docs/user/google-cloud.md").read_text()
    tables = (
        page.partition("## The least roles")[2]
        .partition("`verify` as")[0]
        .partition("On the cluster's project")
    )
    with Place(tmp_path) as place:
        for project, number, table in (
            (PROJECT, "111111111111", tables[0]),
            (COMPUTE, "222222222222", tables[2]),
        ):
            roles = re.findall(r"^\| `(roles/[a-zA-Z.]+)`", table, re.MULTILINE)
            assert len(roles) >= 4
            bindings = {
                "roles/owner": ["user:admin@example.com"],
                **{role: ["user:stranger@example.com"] for role in roles},
            }
            place.google.seed({"projects": {project: {"number": number, "bindings": bindings}}})
        place.before = place.google.state()
        result = place.gcp("apply", "--yes", token="stranger")
        assert result.returncode == 0, result.stdout + result.stderr
        assert set(place.made()["buckets"]) == {BUCKET}
        removed = place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET, token="stranger")
        assert removed.returncode == 0, removed.stdout + removed.stderr
        assert_gone(place)
