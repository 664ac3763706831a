"""The guide's outcome, made by an algorithm that survives: read, compare, write with etag, and after any failure read again.

Not Easel's: a second opinion that what the double does can be lived with, one fault at a time. Without a socket, so that
thousands of runs take seconds. Source: reference section 2a.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fake_google.double import Double
from fake_google.server import Request
from fake_google.services import SERVICES

P, C = "acme-zerve-infra", "acme-gke-prod"
BUCKET, REGION = "zerve-0f1e2d3c", "europe-west2"
NAMES = {"app": "application", "execution": "execution", "build": "build"}
TRIES = 12
APPLY = "application/apply-patch+yaml"


class Failed(Exception):
    """What a client gets that is not an answer it can use."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text[:200]}")
        self.status = status


@dataclass
class Provisioner:
    double: Double

    def send(
        self, service: str, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> dict[str, Any]:
        """One request. Errors: Failed, with status 0 when nothing that can be read came back."""
        path, _, query = path.partition("?")
        headers = {"authorization": "Bearer operator", "host": "cluster"}
        if body is not None:
            headers["content-type"] = kind
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.double.answer(SERVICES[service], Request(service, method, path, query, headers, data))
        if answer.reset_after is not None or answer.hold_s is not None:
            raise Failed(0, "connection lost")
        if answer.status >= 400:
            raise Failed(answer.status, answer.body.decode())
        try:
            found: dict[str, Any] = json.loads(answer.body or b"{}")
        except ValueError:
            raise Failed(0, "not JSON") from None
        return found

    def again(self, act: Callable[[], Any]) -> Any:
        """Until it works; time passes in between. Errors: the last Failed."""
        attempt = 0
        while True:
            try:
                return act()
            except Failed:
                attempt += 1
                if attempt == TRIES:
                    raise
                self.double.world.clock.advance(2**attempt)

    def read(self, service: str, path: str) -> dict[str, Any] | None:
        def act() -> dict[str, Any] | None:
            try:
                return self.send(service, "GET", path)
            except Failed as failed:
                if failed.status == 404:
                    return None
                raise

        found: dict[str, Any] | None = self.again(act)
        return found

    def ensure(
        self,
        service: str,
        path: str,
        create: str,
        body: Any,
        fits: Callable[[dict[str, Any]], bool] | None = None,
    ) -> None:
        """Make it unless it is there, and go on when it can be read; whether a create that failed had an effect, reading tells."""

        def act() -> None:
            found = self.read(service, path)
            if found is None:
                try:
                    self.send(service, "POST", create, body)
                except Failed as failed:
                    if failed.status != 409:
                        raise
                found = self.read(service, path)
            if found is None or (fits is not None and not fits(found)):
                raise Failed(404, f"{path} is not there yet")

        self.again(act)

    def grant(
        self,
        read: Callable[[], dict[str, Any]],
        write: Callable[[dict[str, Any]], Any],
        wanted: dict[str, list[str]],
    ) -> None:
        def act() -> None:
            policy = read()
            bindings = policy.setdefault("bindings", [])
            missing = False
            for role, members in wanted.items():
                have = next(
                    (each for each in bindings if each["role"] == role and "condition" not in each), None
                )
                if have is None:
                    bindings.append(have := {"role": role, "members": []})
                new = [member for member in members if member not in have["members"]]
                have["members"] += new
                missing = missing or bool(new)
            if missing:
                write({**policy, "version": 3})

        self.again(act)

    def grant_rpc(self, service: str, resource: str, wanted: dict[str, list[str]], how: str = "POST") -> None:
        version = {"options": {"requestedPolicyVersion": 3}} if service == "cloudresourcemanager" else None
        query = "" if version else "?options.requestedPolicyVersion=3"
        self.grant(
            lambda: self.send(service, how, f"{resource}:getIamPolicy{query}", version),
            lambda policy: self.send(service, "POST", f"{resource}:setIamPolicy", {"policy": policy}),
            wanted,
        )

    def grant_storage(self, resource: str, wanted: dict[str, list[str]]) -> None:
        self.grant(
            lambda: self.send("storage", "GET", f"{resource}/iam?optionsRequestedPolicyVersion=3"),
            lambda policy: self.send("storage", "PUT", f"{resource}/iam", policy),
            wanted,
        )

    def run(self) -> None:
        """From whatever there is to what the guide makes. Errors: Failed."""
        accounts = f"/v1/projects/{P}/serviceAccounts"
        email = {name: f"zerve-{name}-sa@{P}.iam.gserviceaccount.com" for name in NAMES}
        member = {name: f"serviceAccount:{address}" for name, address in email.items()}
        for name, word in NAMES.items():
            body = {
                "accountId": f"zerve-{name}-sa",
                "serviceAccount": {"displayName": f"Zerve {word} service account"},
            }
            self.ensure("iam", f"{accounts}/{email[name]}", accounts, body)
        bucket = f"/storage/v1/b/{BUCKET}"
        settings = {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}}
        hierarchical = {"hierarchicalNamespace": {"enabled": True}, "iamConfiguration": settings}
        self.ensure(
            "storage",
            bucket,
            f"/storage/v1/b?project={P}",
            {"name": BUCKET, "location": REGION, **hierarchical},
        )
        cors = [
            {
                "origin": ["https://app.zerve.ai"],
                "responseHeader": ["*"],
                "method": ["GET", "PUT", "POST"],
                "maxAgeSeconds": 3600,
            }
        ]

        def configure() -> None:
            found = self.read("storage", bucket) or {}
            if found.get("cors") != cors:
                self.send(
                    "storage",
                    "PATCH",
                    f"{bucket}?ifMetagenerationMatch={found['metageneration']}",
                    {"cors": cors},
                )

        self.again(configure)
        for folder in ("build", "canvases"):
            self.ensure(
                "storage",
                f"{bucket}/managedFolders/{folder}%2F",
                f"{bucket}/managedFolders",
                {"name": folder},
            )
        repositories = f"/v1/projects/{P}/locations/{REGION}/repositories"
        docker = {"format": "DOCKER", "mode": "STANDARD_REPOSITORY"}
        self.ensure("artifactregistry", f"{repositories}/zerve", f"{repositories}?repositoryId=zerve", docker)
        role = {
            "title": "Clusters connect role",
            "description": "Allow connecting to clusters",
            "includedPermissions": ["container.clusters.connect"],
        }
        self.ensure(
            "iam",
            f"/v1/projects/{C}/roles/ClustersConnect",
            f"/v1/projects/{C}/roles",
            {"roleId": "ClustersConnect", "role": role},
        )
        caller = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
        self.grant_rpc(
            "iam", f"{accounts}/{email['app']}", {"roles/iam.serviceAccountTokenCreator": [caller]}
        )
        for name, pod in (("execution", "executor"), ("build", "builder")):
            self.grant_rpc(
                "iam",
                f"{accounts}/{email[name]}",
                {"roles/iam.workloadIdentityUser": [f"serviceAccount:{C}.svc.id.goog[zerve/{pod}]"]},
            )
        self.grant_storage(bucket, {"roles/storage.objectAdmin": [member["app"]]})
        self.grant_storage(
            f"{bucket}/managedFolders/build%2F", {"roles/storage.objectViewer": [member["build"]]}
        )
        self.grant_storage(
            f"{bucket}/managedFolders/canvases%2F", {"roles/storage.objectAdmin": [member["execution"]]}
        )
        nodes = f"serviceAccount:gke-nodes@{C}.iam.gserviceaccount.com"
        wanted = {
            "roles/artifactregistry.repoAdmin": [member["build"]],
            "roles/artifactregistry.reader": [nodes],
        }
        self.grant_rpc("artifactregistry", f"{repositories}/zerve", wanted, how="GET")
        logs = {
            "roles/logging.logWriter": [member["execution"], member["build"]],
            "roles/logging.viewer": [member["app"]],
        }
        self.grant_rpc("cloudresourcemanager", f"/v1/projects/{P}", logs)
        self.grant_rpc(
            "cloudresourcemanager",
            f"/v1/projects/{C}",
            {f"projects/{C}/roles/ClustersConnect": [member["app"]]},
        )
        self.cluster(email)

    def cluster(self, email: dict[str, str]) -> None:
        group = "rbac.authorization.k8s.io"
        objects: list[tuple[str, dict[str, Any]]] = [
            (
                "/api/v1/namespaces/zerve",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "zerve"}},
            )
        ]
        for name, whose in (("builder", "build"), ("executor", "execution")):
            metadata = {"name": name, "annotations": {"iam.gke.io/gcp-service-account": email[whose]}}
            objects.append(
                (
                    f"/api/v1/namespaces/zerve/serviceaccounts/{name}",
                    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
                )
            )
        binding = {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "scheduler"},
            "subjects": [{"kind": "User", "apiGroup": group, "name": email["app"]}],
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "admin"},
        }
        objects.append((f"/apis/{group}/v1/namespaces/zerve/rolebindings/scheduler", binding))
        for path, body in objects:
            self.again(
                lambda path=path, body=body: self.send(
                    "kubernetes", "PATCH", f"{path}?fieldManager=easel-setup", body, APPLY
                )
            )
