"""Policies: what a careless writer would lose, and what a writer must not name."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ACME, Place, Start
from plain_http import Answer

PROJECT = "acme-zerve-infra"
WRITER = "roles/logging.logWriter"
SOON = {"title": "soon over", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}


def read(place: Place, version: int = 3, project: str = PROJECT) -> dict[str, Any]:
    body = {"options": {"requestedPolicyVersion": version}}
    answer = place.to("cloudresourcemanager").post(f"/v1/projects/{project}:getIamPolicy", body)
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json()
    return found


def write(place: Place, policy: dict[str, Any], project: str = PROJECT, **more: Any) -> Answer:
    return place.to("cloudresourcemanager").post(
        f"/v1/projects/{project}:setIamPolicy", {"policy": policy, **more}
    )


def add(place: Place, *members: str, role: str = WRITER, condition: dict[str, str] | None = None) -> Answer:
    policy = read(place)
    binding: dict[str, Any] = {"role": role, "members": list(members)}
    if condition:
        binding["condition"] = condition
    policy["bindings"].append(binding)
    return write(place, {**policy, "version": 3})


def test_of_two_writers_the_second_must_read_again(acme: Place) -> None:
    first, second = read(acme), read(acme)
    first["bindings"].append({"role": WRITER, "members": ["user:a@example.com"]})
    assert write(acme, first).status == 200
    answer = write(acme, second)
    assert (answer.status, answer.error["status"]) == (409, "ABORTED")
    assert WRITER in [each["role"] for each in read(acme)["bindings"]]


def test_a_writer_without_an_etag_wins_and_loses_what_it_did_not_send(acme: Place) -> None:
    assert add(acme, "user:a@example.com", condition=SOON).status == 200
    blind = {"bindings": [{"role": "roles/owner", "members": ["user:admin@example.com"]}]}
    assert write(acme, blind).status == 200
    assert [each["role"] for each in read(acme)["bindings"]] == ["roles/owner"]


def test_a_condition_is_hidden_below_version_3_and_cannot_be_written_back(acme: Place) -> None:
    assert add(acme, "user:a@example.com", condition=SOON).status == 200
    assert read(acme)["bindings"][-1]["condition"] == SOON
    old = read(acme, version=1)
    assert "condition" not in old["bindings"][-1]
    assert old["bindings"][-1]["role"].startswith(f"{WRITER}_withcond_")
    assert write(acme, old).status == 400


def test_a_conditional_binding_needs_version_3(acme: Place) -> None:
    policy = read(acme)
    policy["bindings"].append({"role": WRITER, "members": ["user:a@example.com"], "condition": SOON})
    assert write(acme, {**policy, "version": 1}).status == 400
    assert write(acme, {**policy, "version": 3}).status == 200


def test_bindings_of_one_role_are_joined(acme: Place) -> None:
    assert add(acme, "user:a@example.com").status == 200
    assert add(acme, "user:b@example.com").status == 200
    last = read(acme)["bindings"][-1]
    assert last == {"role": WRITER, "members": ["user:a@example.com", "user:b@example.com"]}


@pytest.mark.parametrize(
    "member",
    [
        "a@example.com",
        "user:nobody",
        "serviceAccount:none@acme-zerve-infra.iam.gserviceaccount.com",
        "serviceAccount:no-such-project.svc.id.goog[zerve/executor]",
        "projectOwner:acme-zerve-infra",
        "robot:a@example.com",
    ],
)
def test_an_unknown_member_is_refused(acme: Place, member: str) -> None:
    answer = add(acme, member)
    assert (answer.status, answer.error["status"]) == (400, "INVALID_ARGUMENT")
    assert add(acme, "user:a@example.com").status == 200


def test_a_pool_exists_with_the_first_cluster_that_uses_it(start: Start) -> None:
    cluster = {"endpoint": "e.goog", "workload_pool": ""}
    seed = {**ACME, "clusters": {"projects/acme-gke-prod/locations/europe-west2/clusters/prod": cluster}}
    without = start(seed)
    answer = add(without, "serviceAccount:acme-gke-prod.svc.id.goog[zerve/executor]")
    assert answer.status == 400
    assert "Identity Pool does not exist (acme-gke-prod.svc.id.goog)" in answer.error["message"]
    assert add(start(), "serviceAccount:acme-gke-prod.svc.id.goog[zerve/executor]").status == 200


def test_a_role_must_exist(acme: Place) -> None:
    assert add(acme, "user:a@example.com", role="roles/none").status == 400
    assert add(acme, "user:a@example.com", role="projects/acme-gke-prod/roles/ClustersConnect").status == 400


def test_only_the_organization_s_own_may_be_named_when_sharing_is_restricted(start: Start) -> None:
    place = start()
    place.world.projects[PROJECT].org_policies["iam.allowedPolicyMemberDomains"] = ["example.com"]
    stranger = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
    answer = add(place, stranger)
    assert (answer.status, answer.error["status"]) == (400, "FAILED_PRECONDITION")
    assert "permitted customer" in answer.error["message"]
    assert add(place, "serviceAccount:gke-nodes@acme-gke-prod.iam.gserviceaccount.com").status == 200


def test_audit_configs_stay_unless_the_mask_names_them(acme: Place) -> None:
    audit = [{"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}]
    policy = {**read(acme), "auditConfigs": audit}
    assert write(acme, policy, updateMask="bindings,etag,auditConfigs").json()["auditConfigs"] == audit
    policy = read(acme)
    del policy["auditConfigs"]
    assert write(acme, policy).status == 200
    assert read(acme)["auditConfigs"] == audit


def test_a_deleted_account_leaves_its_grants_dead(acme: Place) -> None:
    email = f"worker@{PROJECT}.iam.gserviceaccount.com"
    accounts = acme.to("iam")
    made = accounts.post(f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "worker"}).json()
    assert add(acme, f"serviceAccount:{email}").status == 200
    assert accounts.delete(f"/v1/projects/{PROJECT}/serviceAccounts/{email}").status == 200
    dead = f"deleted:serviceAccount:{email}?uid={made['uniqueId']}"
    assert read(acme)["bindings"][-1]["members"] == [dead]
    again = accounts.post(f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "worker"}).json()
    assert again["uniqueId"] != made["uniqueId"]
    assert read(acme)["bindings"][-1]["members"] == [dead]
    assert write(acme, read(acme)).status == 200
    assert add(acme, f"serviceAccount:{email}").status == 200


def test_a_bucket_without_its_legacy_roles_locks_its_owner_out(acme: Place) -> None:
    storage = acme.to("storage")
    uniform = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    assert storage.post(f"/storage/v1/b?project={PROJECT}", {"name": "mine-1", **uniform}).status == 200
    policy = storage.get("/storage/v1/b/mine-1/iam?optionsRequestedPolicyVersion=3").json()
    assert len(policy["bindings"]) == 4
    assert storage.put("/storage/v1/b/mine-1/iam", {**policy, "bindings": []}).status == 200
    assert storage.get("/storage/v1/b/mine-1/iam").status == 403


def test_a_grant_acts_after_a_while_and_so_does_its_end(start: Start) -> None:
    place = start(windows={"grant_s": 120})

    def allowed() -> bool:
        body = {"permissions": ["logging.logEntries.create"]}
        answer = place.to("cloudresourcemanager", "stranger").post(
            f"/v1/projects/{PROJECT}:testIamPermissions", body
        )
        return answer.json() == body

    before = read(place)
    assert add(place, "user:stranger@example.com").status == 200
    assert not allowed()
    place.wait(121)
    assert allowed()
    assert write(place, {**before, "etag": read(place)["etag"]}).status == 200
    assert allowed()
    place.wait(121)
    assert not allowed()


def test_a_permission_that_does_not_exist_spoils_the_whole_question(acme: Place) -> None:
    body = {"permissions": ["resourcemanager.projects.get", "resourcemanager.projects.fly"]}
    assert (
        acme.to("cloudresourcemanager").post(f"/v1/projects/{PROJECT}:testIamPermissions", body).status == 400
    )
