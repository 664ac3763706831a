"""Service accounts, custom roles and short-lived credentials."""

from __future__ import annotations

import base64

import pytest
from conftest import ACME, Place, Start
from plain_http import Answer

PROJECT = "acme-zerve-infra"
APP = f"worker@{PROJECT}.iam.gserviceaccount.com"
ACCOUNTS = f"/v1/projects/{PROJECT}/serviceAccounts"
CALLER = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def make(place: Place, name: str = "worker") -> Answer:
    return place.to("iam").post(ACCOUNTS, {"accountId": name, "serviceAccount": {"displayName": "Worker"}})


def test_a_new_account_is_not_seen_at_first(start: Start) -> None:
    place = start(windows={"account_s": 10})
    assert make(place).status == 200
    iam = place.to("iam")
    assert iam.get(f"{ACCOUNTS}/{APP}").status == 404
    assert iam.post(f"{ACCOUNTS}/{APP}:getIamPolicy").status == 403
    assert make(place).status == 409
    grant = {
        "policy": {
            "bindings": [
                {"role": "roles/owner", "members": ["user:admin@example.com", f"serviceAccount:{APP}"]}
            ]
        }
    }
    answer = place.to("cloudresourcemanager").post(f"/v1/projects/{PROJECT}:setIamPolicy", grant)
    assert (answer.status, answer.error["message"]) == (400, f"Service account {APP} does not exist.")
    place.wait(11)
    assert iam.get(f"{ACCOUNTS}/{APP}").status == 200
    assert place.to("cloudresourcemanager").post(f"/v1/projects/{PROJECT}:setIamPolicy", grant).status == 200


def test_a_missing_account_is_404_by_its_project_and_403_by_the_wildcard(acme: Place) -> None:
    assert acme.to("iam").get(f"{ACCOUNTS}/{APP}").status == 404
    assert acme.to("iam").get(f"/v1/projects/-/serviceAccounts/{APP}").status == 403
    assert acme.to("iam", "stranger").get(f"{ACCOUNTS}/{APP}").status == 403
    assert acme.to("iam", None).get(f"{ACCOUNTS}/{APP}").status == 401


@pytest.mark.parametrize("name", ["short", "Upper-case", "1-digit-first", "ends-with-", "x" * 31])
def test_an_account_has_a_proper_id(acme: Place, name: str) -> None:
    assert make(acme, name).status == 400


def test_an_unknown_field_is_refused(acme: Place) -> None:
    answer = acme.to("iam").post(ACCOUNTS, {"accountId": "worker", "displayName": "in the wrong place"})
    assert answer.status == 400 and "displayName" in answer.error["message"]
    assert acme.to("iam").get(f"{ACCOUNTS}?pagesize=3").status == 400


def test_a_project_has_only_so_many_accounts(start: Start) -> None:
    place = start(limits={"accounts_per_project": 1})
    assert make(place).status == 200
    assert make(place, "another").status == 429


def test_a_deleted_account_comes_back_with_its_grants_only_when_undeleted(acme: Place) -> None:
    number = make(acme).json()["uniqueId"]
    iam = acme.to("iam")
    assert iam.delete(f"{ACCOUNTS}/{APP}").status == 200
    assert iam.get(f"{ACCOUNTS}/{APP}").status == 404
    assert iam.post(f"{ACCOUNTS}/{number}:undelete", {}).json()["restoredAccount"]["uniqueId"] == number
    assert iam.get(f"{ACCOUNTS}/{APP}").status == 200


def test_a_custom_role_is_deleted_softly(start: Start) -> None:
    place = start(windows={"role_s": 5})
    iam, roles = place.to("iam"), "/v1/projects/acme-gke-prod/roles"
    body = {
        "roleId": "ClustersConnect",
        "role": {"title": "t", "includedPermissions": ["container.clusters.connect"]},
    }
    assert iam.post(roles, body).status == 200
    assert iam.get(f"{roles}/ClustersConnect").status == 404
    place.wait(6)
    etag = iam.get(f"{roles}/ClustersConnect").json()["etag"]
    assert iam.post(roles, body).status == 409
    assert (
        iam.patch(f"{roles}/ClustersConnect?updateMask=title", {"title": "u", "etag": "stale"}).status == 409
    )
    assert iam.patch(f"{roles}/ClustersConnect?updateMask=title", {"title": "u", "etag": etag}).status == 200
    assert iam.delete(f"{roles}/ClustersConnect").json()["deleted"] is True
    answer = iam.post(roles, body)
    assert (answer.status, answer.error["status"]) == (400, "FAILED_PRECONDITION")
    assert iam.get(f"{roles}/ClustersConnect").json()["deleted"] is True
    assert iam.post(f"{roles}/ClustersConnect:undelete", {}).status == 200
    assert "deleted" not in iam.get(f"{roles}/ClustersConnect").json()


def test_a_role_of_unknown_permissions_is_refused(acme: Place) -> None:
    body = {"roleId": "Some", "role": {"includedPermissions": ["container.clusters.fly"]}}
    assert acme.to("iam").post("/v1/projects/acme-gke-prod/roles", body).status == 400


def test_an_owner_cannot_act_as_an_account_and_who_was_granted_it_can(start: Start) -> None:
    bindings = {"roles/iam.serviceAccountTokenCreator": [CALLER]}
    place = start(ACME, accounts={APP: {"project": PROJECT, "bindings": bindings}})
    path = f"/v1/projects/-/serviceAccounts/{APP}:generateAccessToken"
    assert place.to("iamcredentials", "operator").post(path, {"scope": SCOPES}).status == 403
    credentials = place.to("iamcredentials", "caller")
    assert credentials.post(path, {"scope": []}).status == 400
    assert credentials.post(path, {"scope": SCOPES, "lifetime": "7200s"}).status == 400
    assert credentials.post(path.replace("/-/", f"/{PROJECT}/"), {"scope": SCOPES}).status == 400
    token = credentials.post(path, {"scope": SCOPES, "lifetime": "60s"}).json()["accessToken"]
    own = f"/v1/projects/-/serviceAccounts/{APP}:signBlob"
    payload = {"payload": base64.b64encode(b"x").decode()}
    assert (
        place.to("iamcredentials", token).post(own, payload).status == 403
    )  # it is not its own token creator
    assert credentials.post(own, payload).status == 200
    place.wait(61)
    assert place.to("iamcredentials", token).post(own, payload).status == 401


def test_a_disabled_account_ends_its_tokens_at_once(start: Start) -> None:
    bindings = {"roles/iam.serviceAccountTokenCreator": [CALLER]}
    place = start(ACME, accounts={APP: {"project": PROJECT, "bindings": bindings}})
    token = place.token(f"serviceAccount:{APP}")
    storage = place.to("storage", token)
    assert storage.get("/storage/v1/b/none/o").status == 404
    assert place.to("iam").post(f"{ACCOUNTS}/{APP}:disable").status == 200
    assert storage.get("/storage/v1/b/none/o").status == 401


def test_a_token_opens_what_its_scopes_say(acme: Place) -> None:
    narrow = acme.world.tokens.issue("user:admin@example.com", {"https://www.googleapis.com/auth/iam"}).value
    assert acme.to("iam", narrow).get(ACCOUNTS).status == 200
    answer = acme.to("cloudresourcemanager", narrow).get(f"/v1/projects/{PROJECT}")
    assert (answer.status, answer.error["details"][0]["reason"]) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")


def test_a_machine_answers_only_who_asks_properly(start: Start) -> None:
    machine = {"project": PROJECT, "number": "1", "account": APP, "ready_at": 1_700_000_030}
    place = start(ACME, accounts={APP: {"project": PROJECT}}, machine=machine)
    path = "/computeMetadata/v1/instance/service-accounts/default/token"
    asked = {"Metadata-Flavor": "Google"}
    metadata = place.to("metadata", None)
    assert metadata.get(path).status == 403
    assert metadata.get(path, headers=asked).status == 503
    place.wait(31)
    answer = metadata.get(path, headers=asked)
    assert (answer.status, answer.headers["metadata-flavor"]) == (200, "Google")
    assert metadata.get("/computeMetadata/v1/project/project-id", headers=asked).body == PROJECT.encode()
    assert start().to("metadata", None).get(path, headers=asked).status == 404
