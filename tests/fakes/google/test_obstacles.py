"""What stands in the way on the first day: each refusal as the real ones word it, and that it goes away."""

from __future__ import annotations

from typing import Any

from conftest import ACME, Place, Start
from plain_http import Answer

PROJECT = "acme-zerve-infra"
REPOSITORIES = f"/v1/projects/{PROJECT}/locations/europe-west2/repositories"


def bucket(place: Place, name: str = "my-bucket", **more: Any) -> Answer:
    return place.to("storage").post(
        f"/storage/v1/b?project={PROJECT}", {"name": name, "location": "europe-west2", **more}
    )


def repository(place: Place) -> Answer:
    return place.to("artifactregistry").post(f"{REPOSITORIES}?repositoryId=zerve", {"format": "DOCKER"})


def reasons(answer: Answer) -> list[str]:
    return [each["reason"] for each in answer.error.get("details", []) if "reason" in each]


def test_billing_is_off(acme: Place) -> None:
    project = acme.world.projects[PROJECT]
    project.billing = False
    answer = bucket(acme)
    assert (answer.status, answer.error["errors"][0]["reason"]) == (403, "accountDisabled")
    assert (repository(acme).status, reasons(repository(acme))) == (403, ["BILLING_DISABLED"])
    body = {"serviceIds": ["container.googleapis.com"]}
    answer = acme.to("serviceusage").post(f"/v1/projects/{PROJECT}/services:batchEnable", body)
    assert (answer.status, answer.error["status"]) == (400, "FAILED_PRECONDITION")
    project.billing = True
    assert bucket(acme).status == repository(acme).status == 200


def test_an_api_is_off_and_still_is_for_a_while_after_it_was_enabled(start: Start) -> None:
    place = start(windows={"service_s": 60, "operation_s": 5})
    del place.world.projects[PROJECT].services["artifactregistry.googleapis.com"]
    assert (repository(place).status, reasons(repository(place))) == (403, ["SERVICE_DISABLED"])
    usage = place.to("serviceusage")
    body = {"serviceIds": ["artifactregistry.googleapis.com"]}
    operation = usage.post(f"/v1/projects/{PROJECT}/services:batchEnable", body).json()
    assert "done" not in usage.get(f"/v1/{operation['name']}").json()
    place.wait(6)
    assert usage.get(f"/v1/{operation['name']}").json()["done"] is True
    assert reasons(repository(place)) == ["SERVICE_DISABLED"]
    place.wait(61)
    assert repository(place).status == 200


def test_the_organization_allows_no_accounts_places_or_keys_of_google(acme: Place) -> None:
    policies = acme.world.projects[PROJECT].org_policies
    policies["iam.disableServiceAccountCreation"] = []
    answer = acme.to("iam").post(f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": "worker"})
    assert (answer.status, answer.error["status"]) == (400, "FAILED_PRECONDITION")
    policies["gcp.resourceLocations"] = ["us-"]
    assert (bucket(acme).status, repository(acme).status) == (412, 400)
    assert "constraints/gcp.resourceLocations" in bucket(acme).error["message"]
    policies["gcp.resourceLocations"] = ["europe-"]
    policies["gcp.restrictNonCmekServices"] = ["storage.googleapis.com", "artifactregistry.googleapis.com"]
    assert (bucket(acme).status, repository(acme).status) == (412, 400)
    assert (
        bucket(
            acme, encryption={"defaultKmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}
        ).status
        == 200
    )


def test_service_controls_close_a_service(acme: Place) -> None:
    assert bucket(acme).status == 200
    acme.world.projects[PROJECT].perimeter.append("storage")
    answer = acme.to("storage").get("/storage/v1/b/my-bucket")
    assert answer.status == 403
    assert "vpcServiceControlsUniqueIdentifier" in answer.error["message"]


def test_the_name_of_a_bucket_is_taken_by_others_or_by_oneself(start: Start) -> None:
    place = start(ACME, buckets={"zerve-0f1e2d3c": {"project": "zerve-saas"}})
    answer = bucket(place, "zerve-0f1e2d3c")
    assert answer.status == 409 and "name is not available" in answer.error["message"]
    assert place.to("storage").get("/storage/v1/b/zerve-0f1e2d3c").status == 403
    assert bucket(place).status == 200
    assert "you already own it" in bucket(place).error["message"]


def test_what_cannot_change_later_is_refused(acme: Place) -> None:
    assert bucket(acme).status == 200
    storage = acme.to("storage")
    assert (
        storage.patch("/storage/v1/b/my-bucket", {"hierarchicalNamespace": {"enabled": True}}).status == 400
    )
    assert storage.patch("/storage/v1/b/my-bucket", {"location": "US"}).status == 400
    assert (
        storage.patch("/storage/v1/b/my-bucket?ifMetagenerationMatch=7", {"labels": {"a": "b"}}).status == 412
    )
    assert (
        storage.patch("/storage/v1/b/my-bucket?ifMetagenerationMatch=1", {"labels": {"a": "b"}}).status == 200
    )


def test_an_operator_without_rights_learns_which_one_is_missing(acme: Place) -> None:
    answer = acme.to("artifactregistry", "stranger").post(
        f"{REPOSITORIES}?repositoryId=zerve", {"format": "DOCKER"}
    )
    assert answer.status == 403
    assert answer.error["details"][0]["metadata"]["permission"] == "artifactregistry.repositories.create"
    answer = acme.to("cloudresourcemanager", "stranger").get("/v1/projects/no-such-project")
    assert answer.status == 403


def test_rates_are_kept_when_asked_for(start: Start) -> None:
    place = start(limits={"rates": True})
    assert bucket(place).status == 200
    assert bucket(place, "other-bucket").status == 429
    place.wait(2)
    assert bucket(place, "other-bucket").status == 200
    storage = place.to("storage")
    assert [storage.patch("/storage/v1/b/my-bucket", {"labels": {"a": "b"}}).status for _ in range(2)] == [
        200,
        429,
    ]
    upload = "/upload/storage/v1/b/my-bucket/o?uploadType=media&name=x"
    assert [storage.post(upload, b"x").status for _ in range(2)] == [200, 429]


def test_a_repository_is_there_when_its_operation_is_done(start: Start) -> None:
    place = start(windows={"operation_s": 3})
    operation = repository(place).json()
    registry = place.to("artifactregistry")
    assert "done" not in registry.get(f"/v1/{operation['name']}").json()
    assert registry.get(f"{REPOSITORIES}/zerve").status == 404
    place.wait(4)
    assert registry.get(f"/v1/{operation['name']}").json()["response"]["format"] == "DOCKER"
    assert repository(place).status == 409
    assert (
        registry.get(f"{REPOSITORIES}/zerve").json()["registryUri"]
        == f"europe-west2-docker.pkg.dev/{PROJECT}/zerve"
    )


def test_a_cluster_says_what_is_wrong_with_it(start: Start) -> None:
    name = "projects/acme-gke-prod/locations/europe-west2/clusters/prod"
    broken = {
        "endpoint": "e.goog",
        "external_traffic": False,
        "autoprovisioning_account": "default",
        "pools": [{"metadata": "GCE_METADATA"}, {"metadata": ""}],
    }
    place = start({**ACME, "clusters": {name: broken}})
    found = place.to("container").get(f"/v1/{name}").json()
    assert found["controlPlaneEndpointsConfig"]["dnsEndpointConfig"] == {
        "endpoint": "e.goog",
        "allowExternalTraffic": False,
    }
    assert "workloadIdentityConfig" not in found
    modes = [pool["config"].get("workloadMetadataConfig") for pool in found["nodePools"]]
    assert modes == [{"mode": "GCE_METADATA"}, None]
    assert found["autoscaling"]["autoprovisioningNodePoolDefaults"]["serviceAccount"] == "default"


def test_the_date_of_answers_is_the_double_s(acme: Place) -> None:
    assert acme.to("iam").get("/nothing").headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_who_says_nothing_is_asked_for_a_token_first(acme: Place) -> None:
    for service, path in (
        ("iam", "/v1/projects/no-such-project/serviceAccounts"),
        ("artifactregistry", REPOSITORIES),
        ("container", "/v1/projects/acme-gke-prod/locations/-/clusters"),
    ):
        assert acme.to(service, None).get(path).status == 401
    assert acme.to("storage", None).get(f"/storage/v1/b?project={PROJECT}").status == 401


def test_a_project_is_charged_only_by_who_may_use_it(acme: Place) -> None:
    headers = {"X-Goog-User-Project": "zerve-saas"}
    answer = acme.to("cloudresourcemanager").get(f"/v1/projects/{PROJECT}", headers=headers)
    assert (answer.status, reasons(answer)) == (403, ["USER_PROJECT_DENIED"])
    headers = {"X-Goog-User-Project": "acme-gke-prod"}
    assert acme.to("cloudresourcemanager").get(f"/v1/projects/{PROJECT}", headers=headers).status == 200
