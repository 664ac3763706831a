"""A cluster's API: its front end, who one is there, and server-side apply."""

from __future__ import annotations

from typing import Any

from conftest import ACME, Place, Start
from plain_http import Answer, Client

APP = "zerve-app-sa@acme-zerve-infra.iam.gserviceaccount.com"
PROJECT = "acme-zerve-infra"
APPLY = {"Content-Type": "application/apply-patch+yaml"}
RBAC = "rbac.authorization.k8s.io"
NAMESPACE = "/api/v1/namespaces/zerve"


def namespace(**labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "zerve", "labels": labels}}


def account(**annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "builder", "annotations": annotations},
    }


def binding(role: str = "admin", kind: str = "ClusterRole", user: str = APP) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "scheduler"},
        "subjects": [{"kind": "User", "apiGroup": RBAC, "name": user}],
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": role},
    }


def apply(client: Client, path: str, body: dict[str, Any], query: str = "fieldManager=easel-setup") -> Answer:
    return client.patch(f"{path}?{query}", body, headers=APPLY)


def with_app(start: Start) -> tuple[Place, Client]:
    """The app account may connect; nothing in the cluster knows it yet."""
    role = "roles/container.clusterViewer"
    projects = {**ACME["projects"]}
    projects["acme-gke-prod"] = {
        **projects["acme-gke-prod"],
        "bindings": {"roles/owner": ["user:admin@example.com"], role: [f"serviceAccount:{APP}"]},
    }
    place = start({**ACME, "projects": projects}, accounts={APP: {"project": PROJECT}})
    return place, place.to("kubernetes")


def may(client: Client, verb: str, resource: str, where: str = "zerve", group: str = "") -> bool:
    asked = {"namespace": where, "verb": verb, "resource": resource, "group": group}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    assert answer.status == 201, answer
    return bool(answer.json()["status"]["allowed"])


def test_applying_twice_changes_once(acme: Place) -> None:
    client = acme.to("kubernetes")
    first = apply(client, NAMESPACE, namespace(a="1"))
    again = apply(client, NAMESPACE, namespace(a="1"))
    assert (first.status, again.status) == (201, 200)
    assert first.json()["metadata"]["resourceVersion"] == again.json()["metadata"]["resourceVersion"]
    changed = apply(client, NAMESPACE, namespace(b="2"))
    assert changed.json()["metadata"]["labels"] == {"b": "2", "kubernetes.io/metadata.name": "zerve"}
    assert changed.json()["metadata"]["resourceVersion"] != first.json()["metadata"]["resourceVersion"]


def test_what_another_manager_set_is_its_own(acme: Place) -> None:
    client = acme.to("kubernetes")
    apply(client, NAMESPACE, namespace())
    path = f"{NAMESPACE}/serviceaccounts/builder"
    apply(client, path, account(shared="theirs", theirs="1"), "fieldManager=helm")
    answer = apply(client, path, account(shared="ours", ours="1"))
    assert answer.status == 409
    assert answer.json()["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "helm"',
            "field": ".metadata.annotations.shared",
        }
    ]
    assert client.get(path).json()["metadata"]["annotations"] == {"shared": "theirs", "theirs": "1"}
    answer = apply(client, path, account(shared="ours", ours="1"), "fieldManager=easel-setup&force=true")
    assert answer.json()["metadata"]["annotations"] == {"shared": "ours", "theirs": "1", "ours": "1"}
    answer = apply(client, path, account())
    assert answer.json()["metadata"]["annotations"] == {"theirs": "1"}


def test_the_role_of_a_binding_cannot_change(acme: Place) -> None:
    client = acme.to("kubernetes")
    apply(client, NAMESPACE, namespace())
    path = f"/apis/{RBAC}/v1/namespaces/zerve/rolebindings/scheduler"
    assert apply(client, path, binding()).status == 201
    assert apply(client, path, binding("narrow", "Role")).status == 422
    assert client.delete(path).status == 200
    assert apply(client, path, binding("narrow", "Role")).status == 201


def test_a_misspelt_field_is_refused_when_asked_and_warned_of_otherwise(acme: Place) -> None:
    client = acme.to("kubernetes")
    body = {**namespace(), "speck": {}}
    strict = apply(client, NAMESPACE, body, "fieldManager=e&fieldValidation=Strict")
    assert (strict.status, strict.json()["reason"]) == (400, "BadRequest")
    lax = apply(client, NAMESPACE, body, "fieldManager=e")
    assert lax.status == 201 and 'unknown field \\"speck\\"' in lax.headers["warning"]
    assert "speck" not in client.get(NAMESPACE).json()
    assert apply(client, NAMESPACE, namespace(), "").status == 422


def test_nothing_lies_in_a_namespace_that_is_not_there(acme: Place) -> None:
    client = acme.to("kubernetes")
    assert apply(client, f"{NAMESPACE}/serviceaccounts/builder", account()).status == 404
    apply(client, NAMESPACE, namespace())
    assert apply(client, f"{NAMESPACE}/serviceaccounts/builder", account()).status == 201
    assert client.post(f"{NAMESPACE}/serviceaccounts", account()).status == 409
    assert client.delete(NAMESPACE).status == 200
    assert client.get(f"{NAMESPACE}/serviceaccounts/builder").status == 404


def test_the_front_end_turns_away_before_the_cluster_does(start: Start) -> None:
    place, client = with_app(start)
    assert place.to("kubernetes", None).get("/version").status == 401
    assert place.to("kubernetes", "wrong").get("/version").json()["reason"] == "Unauthorized"
    refused = place.to("kubernetes", "stranger").get("/version")
    assert (refused.status, refused.json()) == (403, {}) and b"container.clusters.connect" in refused.body
    assert client.get("/version").status == client.get("/readyz").status == 200
    next(iter(place.world.clusters.values())).external_traffic = False
    assert client.get("/version").status == 403


def test_a_binding_names_an_e_mail_and_a_token_without_that_scope_has_a_number(start: Start) -> None:
    place, owner = with_app(start)
    apply(owner, NAMESPACE, namespace())
    app = place.to("kubernetes", place.token(f"serviceAccount:{APP}"))
    assert not may(app, "create", "jobs", group="batch")
    assert apply(app, f"{NAMESPACE}/serviceaccounts/builder", account()).status == 403
    apply(owner, f"/apis/{RBAC}/v1/namespaces/zerve/rolebindings/scheduler", binding())
    assert may(app, "create", "jobs", group="batch") and may(app, "get", "secrets")
    assert not may(app, "create", "jobs", where="default", group="batch")
    assert not may(app, "create", "resourcequotas")
    narrow = place.world.tokens.issue(
        f"serviceAccount:{APP}", {"https://www.googleapis.com/auth/cloud-platform"}
    ).value
    number = place.world.accounts[APP].unique_id
    numbered = place.to("kubernetes", narrow)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = numbered.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert answer.json()["status"]["userInfo"]["username"] == number
    assert not may(numbered, "create", "jobs", group="batch")
    refused = numbered.get(f"{NAMESPACE}/serviceaccounts")
    assert (refused.status, number in refused.json()["message"]) == (403, True)


def test_a_role_allows_what_its_rules_say(start: Start) -> None:
    place, owner = with_app(start)
    apply(owner, NAMESPACE, namespace())
    rules = [
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "narrow"}, "rules": rules}
    assert apply(owner, f"/apis/{RBAC}/v1/namespaces/zerve/roles/narrow", role).status == 201
    apply(owner, f"/apis/{RBAC}/v1/namespaces/zerve/rolebindings/scheduler", binding("narrow", "Role"))
    app = place.to("kubernetes", place.token(f"serviceAccount:{APP}"))
    assert may(app, "create", "jobs", group="batch") and may(app, "get", "pods/log")
    assert not may(app, "delete", "jobs", group="batch") and not may(app, "get", "secrets")
