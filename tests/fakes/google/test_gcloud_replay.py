"""What the real gcloud sent for each command of the guide, sent again, ends in what the guide says."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import Any

from conftest import Place
from fake_google.snapshot import changed, snapshot

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "expected_state.json").read_text())
RECORDED = [json.loads(line) for line in (HERE / "data/gcloud_requests.jsonl").read_text().splitlines()]
CLUSTER = "projects/acme-gke-prod/locations/europe-west2/clusters/prod"
APPLY = {"Content-Type": "application/apply-patch+yaml"}


class Replay:
    """Sends recorded requests. Etags and the names of operations are the server's own: those it gave take their places."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.etags: dict[str, str] = {}
        self.operation = ""

    def send(self, recorded: dict[str, Any]) -> dict[str, Any]:
        path, body = recorded["path"], recorded["body"]
        if "/operations/" in path:
            path = path.rpartition("/")[0] + "/" + self.operation.rpartition("/")[2]
        resource = (recorded["service"], path.removesuffix(":getIamPolicy").removesuffix(":setIamPolicy"))
        policy = body.get("policy", body) if body else {}
        if "etag" in policy:
            policy["etag"] = self.etags[str(resource)]
        query = urllib.parse.urlencode(recorded["query"], doseq=True)
        answer = self.place.to(recorded["service"]).send(recorded["method"], f"{path}?{query}", body)
        assert answer.status == 200, (recorded["step"], answer.status, answer.body)
        got: dict[str, Any] = answer.json()
        if "etag" in got:
            self.etags[str(resource)] = got["etag"]
        if "/operations/" in got.get("name", "") or got.get("name", "").startswith("operations/"):
            self.operation = got["name"]
        return got


def gcloud_state(place: Place) -> dict[str, Any]:
    before = snapshot(place.world)
    replay = Replay(place)
    for recorded in RECORDED:
        if recorded["step"].startswith("fresh-"):
            replay.send(recorded)
    return changed(before, snapshot(place.world))


def install_chart(place: Place) -> None:
    """What the guide's last step makes, by server-side apply."""
    kubernetes = place.to("kubernetes")

    def apply(path: str, body: dict[str, Any]) -> None:
        answer = kubernetes.patch(f"{path}?fieldManager=helm&fieldValidation=Strict", body, headers=APPLY)
        assert answer.status == 201, answer.body

    apply(
        "/api/v1/namespaces/zerve", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "zerve"}}
    )
    for name, account in (("builder", "zerve-build-sa"), ("executor", "zerve-execution-sa")):
        email = f"{account}@acme-zerve-infra.iam.gserviceaccount.com"
        metadata = {"name": name, "annotations": {"iam.gke.io/gcp-service-account": email}}
        path = f"/api/v1/namespaces/zerve/serviceaccounts/{name}"
        apply(path, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "scheduler"},
        "subjects": [
            {
                "kind": "User",
                "apiGroup": group,
                "name": "zerve-app-sa@acme-zerve-infra.iam.gserviceaccount.com",
            }
        ],
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "admin"},
    }
    apply(f"/apis/{group}/v1/namespaces/zerve/rolebindings/scheduler", binding)


def test_gcloud_ends_in_the_expected_state(acme: Place) -> None:
    state = gcloud_state(acme)
    assert state.pop("clusters") == {}
    assert state == {key: value for key, value in EXPECTED.items() if key != "clusters"}


def test_gcloud_and_helm_end_in_the_expected_state(acme: Place) -> None:
    before = snapshot(acme.world)
    gcloud_state(acme)
    install_chart(acme)
    assert changed(before, snapshot(acme.world)) == EXPECTED


def test_a_guide_with_a_step_left_out_is_told_apart(acme: Place) -> None:
    before, replay = snapshot(acme.world), Replay(acme)
    for recorded in RECORDED:
        if recorded["step"].startswith("fresh-") and recorded["step"] != "fresh-08-bucket-cors":
            replay.send(recorded)
    state = changed(before, snapshot(acme.world))
    assert state["buckets"]["zerve-0f1e2d3c"]["cors"] == []
    assert state["buckets"] != EXPECTED["buckets"]


def test_gcloud_reads_all_of_it_afterwards(acme: Place) -> None:
    gcloud_state(acme)
    replay = Replay(acme)
    answers = {each["step"]: replay.send(each) for each in RECORDED if each["step"].startswith("verify-")}
    assert answers["verify-08-mf-describe"]["name"] == "build/"
    assert (
        answers["verify-15-gke-describe"]["workloadIdentityConfig"]["workloadPool"]
        == "acme-gke-prod.svc.id.goog"
    )
    assert answers["verify-17-services-enable"]["done"] is True


def test_the_guide_again_is_refused_where_the_guide_is_not_re_runnable(acme: Place) -> None:
    gcloud_state(acme)
    refused = []
    for recorded in RECORDED:
        creates = recorded["method"] == "POST" and not recorded["path"].endswith(("IamPolicy", "Permissions"))
        if creates and recorded["step"].startswith("fresh-"):
            query = urllib.parse.urlencode(recorded["query"], doseq=True)
            answer = acme.to(recorded["service"]).post(f"{recorded['path']}?{query}", recorded["body"])
            refused.append((recorded["step"], answer.status))
    assert [status for _, status in refused] == [409] * 8, refused


def test_a_stale_etag_is_refused_as_recorded(acme: Place) -> None:
    gcloud_state(acme)
    stale = {"bindings": [], "etag": "CAE="}
    answer = acme.to("storage").put("/storage/v1/b/zerve-0f1e2d3c/iam", {**stale, "etag": "CAk="})
    assert (answer.status, answer.error["errors"][0]["reason"]) == (412, "conditionNotMet")
    answer = acme.to("cloudresourcemanager").post(
        "/v1/projects/acme-gke-prod:setIamPolicy", {"policy": stale}
    )
    assert (answer.status, answer.error["status"]) == (409, "ABORTED")
