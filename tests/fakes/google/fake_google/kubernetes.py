"""The Kubernetes API of the seeded clusters, behind GKE's DNS endpoint: what provisioning needs of it.

Namespaces, service accounts, roles, bindings, quotas and policies with server-side apply; who am I, what may I. No
controllers, no pods: tests of those run on a real node. Source: reference sections 6, 7 and 10; Kubernetes API 1.34,
"Server-Side Apply".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import errors
from .clock import rfc3339
from .cluster_access import Identity, may
from .cluster_objects import Cluster
from .errors import ApiError
from .routing import Call, Service, json_response
from .server import Response
from .server_side_apply import leaves, merge
from .tokens import USERINFO_EMAIL

kubernetes = Service("kubernetes", errors.kubernetes_body, colons=False)
APPLY = "application/apply-patch+yaml"
COMMON = "fieldManager force fieldValidation dryRun pretty propagationPolicy limit continue labelSelector resourceVersion"
RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Kind:
    """`fields` besides apiVersion, kind and metadata; None: anything (its schema is not modelled)."""

    kind: str
    group: str
    plural: str
    namespaced: bool
    fields: frozenset[str] | None

    @property
    def api_version(self) -> str:
        return f"{self.group}/v1" if self.group else "v1"


KINDS = {
    kind.plural: kind
    for kind in (
        Kind("Namespace", "", "namespaces", False, frozenset({"spec", "status"})),
        Kind(
            "ServiceAccount",
            "",
            "serviceaccounts",
            True,
            frozenset({"automountServiceAccountToken", "imagePullSecrets", "secrets"}),
        ),
        Kind("ResourceQuota", "", "resourcequotas", True, frozenset({"spec", "status"})),
        Kind("LimitRange", "", "limitranges", True, frozenset({"spec"})),
        Kind("Role", RBAC, "roles", True, frozenset({"rules"})),
        Kind("RoleBinding", RBAC, "rolebindings", True, frozenset({"subjects", "roleRef"})),
        Kind("NetworkPolicy", "networking.k8s.io", "networkpolicies", True, frozenset({"spec"})),
    )
}
METADATA = {
    "name",
    "namespace",
    "labels",
    "annotations",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "finalizers",
    "generation",
}


def fail(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> ApiError:
    return ApiError(code, message, reason=reason, details=[details] if details else [])


def front(call: Call) -> tuple[Cluster, Identity]:
    """GKE's front end, then the API server's look at the token.

    Errors: 401; 403 that is not a Status object: no external traffic, or no container.clusters.connect.
    """
    world = call.world
    host = call.request.headers.get("host", "").partition(":")[0]
    clusters = list(world.clusters.values())
    cluster = next(
        (c for c in clusters if c.endpoint.partition(":")[0] == host),
        clusters[0] if len(clusters) == 1 else None,
    )
    if cluster is None:
        raise fail(404, "NotFound", f"there is no cluster behind {host}")
    if call.token is None:
        raise fail(401, "Unauthorized", "Unauthorized")
    place = world.projects[cluster.project]
    if not cluster.external_traffic:
        raise Refused("External traffic to this endpoint is not allowed.")
    if not world.access.allowed(call.token, "container.clusters.connect", [place.full_name, place]):
        raise Refused(f"Permission 'container.clusters.connect' denied on {cluster.name}.")
    name = call.token.member.partition(":")[2]
    account = world.accounts.get(name)
    if account is not None and USERINFO_EMAIL not in call.token.scopes:
        name = account.unique_id
    return cluster, Identity(name, call.token)


class Refused(ApiError):
    """A 403 of the front end: HTML, and no Status object."""

    def __init__(self, message: str) -> None:
        super().__init__(403, message, headers={"x-double-html": "1"})


def require(
    call: Call, cluster: Cluster, who: Identity, verb: str, kind: Kind, namespace: str, name: str = ""
) -> None:
    if not may(call.world, cluster, who, verb, kind.group, kind.plural, namespace):
        where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
        group = f'"{kind.group}"'
        message = f'{kind.plural}.{kind.group} "{name}" is forbidden: User "{who.name}" cannot {verb} resource "{kind.plural}" in API group {group}{where}'
        raise fail(403, "Forbidden", message, {"name": name, "group": kind.group, "kind": kind.plural})


def find_kind(group: str, plural: str) -> Kind:
    kind = KINDS.get(plural)
    if kind is None or kind.group != group:
        raise fail(404, "NotFound", "the server could not find the requested resource")
    return kind


def checked(call: Call, kind: Kind, namespace: str, name: str | None) -> tuple[dict[str, Any], list[str]]:
    """The body, and warnings. Errors: 400 (kind, name, unknown fields when asked to be strict)."""
    body = call.json()
    if body.get("kind") != kind.kind or body.get("apiVersion") != kind.api_version:
        raise fail(
            400,
            "BadRequest",
            f"the object is {body.get('apiVersion')} {body.get('kind')}, and not {kind.api_version} {kind.kind}",
        )
    metadata = body.get("metadata", {})
    if name is not None and metadata.get("name") not in (None, name):
        raise fail(
            400,
            "BadRequest",
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})",
        )
    if metadata.get("namespace", namespace) != namespace:
        raise fail(
            400,
            "BadRequest",
            f"the namespace of the object ({metadata['namespace']}) does not match the namespace on the request ({namespace})",
        )
    unknown = [f"metadata.{key}" for key in sorted(set(metadata) - METADATA)]
    known = {"kind", "apiVersion", "metadata", *(kind.fields or set(body))}
    unknown += sorted(set(body) - known)
    if unknown and call.param("fieldValidation") == "Strict":
        listed = ", ".join(f'unknown field "{each}"' for each in unknown)
        raise fail(
            400,
            "BadRequest",
            f'{kind.kind} in version "v1" cannot be handled as a {kind.kind}: strict decoding error: {listed}',
        )
    for each in unknown:
        head, _, tail = each.partition(".")
        body["metadata"].pop(tail, None) if tail else body.pop(head)
    if metadata.get("name") is None and name is not None:
        body.setdefault("metadata", {})["name"] = name
    if kind.namespaced:
        body["metadata"]["namespace"] = namespace
    return body, unknown


def check_binding(call: Call, cluster: Cluster, who: Identity, body: dict[str, Any]) -> None:
    """Who makes a binding must be allowed to bind that role."""
    ref = body.get("roleRef") or {}
    if ref.get("apiGroup") != RBAC or ref.get("kind") not in ("Role", "ClusterRole") or not ref.get("name"):
        raise fail(
            422,
            "Invalid",
            f'RoleBinding "{body["metadata"].get("name")}" is invalid: roleRef: unsupported or missing',
        )
    permission = "container.clusterRoles.bind" if ref["kind"] == "ClusterRole" else "container.roles.bind"
    place = call.world.projects[cluster.project]
    if not call.world.access.allowed(who.token, permission, [place.full_name, place]):
        raise fail(
            403,
            "Forbidden",
            f'user "{who.name}" is attempting to grant RBAC permissions not currently held: {ref["name"]}',
        )


def stored(
    call: Call, cluster: Cluster, kind: Kind, namespace: str, name: str, body: dict[str, Any]
) -> dict[str, Any]:
    metadata = body.setdefault("metadata", {})
    metadata.setdefault("uid", f"00000000-0000-4000-8000-{cluster.resource_version:012d}")
    metadata.setdefault("creationTimestamp", rfc3339(call.world.clock.now())[:19] + "Z")
    metadata["resourceVersion"] = cluster.next_version()
    if kind.kind == "Namespace":
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = name
        body.setdefault("status", {"phase": "Active"})
    cluster.objects[(kind.plural, namespace, name)] = body
    owners = cluster.owners.setdefault((kind.plural, namespace, name), {})
    metadata["managedFields"] = [
        {"manager": each, "operation": "Apply", "apiVersion": kind.api_version, "fieldsType": "FieldsV1"}
        for each in owners
    ]
    return body


def apply(call: Call, cluster: Cluster, who: Identity, kind: Kind, namespace: str, name: str) -> Response:
    """Errors: 409 with a cause for each field of another manager, without force; 422 for a changed roleRef."""
    manager = call.param("fieldManager")
    if not manager:
        message = (
            "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
        )
        raise fail(422, "Invalid", message)
    body, unknown = checked(call, kind, namespace, name)
    if (body.get("metadata") or {}).get("managedFields"):
        raise fail(400, "BadRequest", "metadata.managedFields must be nil")
    key = (kind.plural, namespace, name)
    old, owners = cluster.objects.get(key), cluster.owners.get(key, {})
    require(call, cluster, who, "patch", kind, namespace, name)
    if old is None:
        require(call, cluster, who, "create", kind, namespace, name)
    if kind.kind == "RoleBinding":
        check_binding(call, cluster, who, body)
        if old is not None and old.get("roleRef") != body.get("roleRef"):
            message = f'RoleBinding.{RBAC} "{name}" is invalid: roleRef: Invalid value: cannot change roleRef'
            raise fail(422, "Invalid", message)
    merged = merge(old, body, manager, owners, force=call.param("force") == "true")
    if merged.conflicts:
        causes = [
            {
                "reason": "FieldManagerConflict",
                "message": f'conflict with "{other}"',
                "field": "." + ".".join(path),
            }
            for other, path in merged.conflicts
        ]
        message = f"Apply failed with {len(causes)} conflict(s)"
        raise fail(409, "Conflict", message, {"name": name, "kind": kind.plural, "causes": causes})
    if old is not None and merged.body == old and merged.owners == owners:
        return json_response(old, headers=warnings(unknown))
    cluster.owners[key] = merged.owners
    made = stored(call, cluster, kind, namespace, name, merged.body)
    return json_response(made, 200 if old else 201, warnings(unknown))


def warnings(unknown: list[str]) -> dict[str, str]:
    if not unknown:
        return {}
    return {"Warning": ", ".join(f'299 - "unknown field \\"{each}\\""' for each in unknown)}


def one(call: Call, group: str, namespace: str, plural: str, name: str) -> Response | dict[str, Any]:
    cluster, who = front(call)
    kind = find_kind(group, plural)
    if (
        kind.namespaced
        and ("namespaces", "", namespace) not in cluster.objects
        and call.request.method == "PATCH"
    ):
        raise fail(
            404, "NotFound", f'namespaces "{namespace}" not found', {"name": namespace, "kind": "namespaces"}
        )
    method = call.request.method
    if method == "PATCH":
        if call.request.headers.get("content-type") != APPLY:
            raise fail(415, "UnsupportedMediaType", f"the double knows {APPLY} only")
        return apply(call, cluster, who, kind, namespace, name)
    require(call, cluster, who, "get" if method == "GET" else "delete", kind, namespace, name)
    key = (kind.plural, namespace, name)
    found = cluster.objects.get(key)
    if found is None:
        raise fail(
            404,
            "NotFound",
            f'{kind.plural} "{name}" not found',
            {"name": name, "group": kind.group, "kind": kind.plural},
        )
    if method == "DELETE":
        del cluster.objects[key]
        cluster.owners.pop(key, None)
        if kind.kind == "Namespace":
            for inside in [each for each in cluster.objects if each[1] == name]:
                del cluster.objects[inside]
                cluster.owners.pop(inside, None)
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": name, "kind": kind.plural},
        }
    return found


def every(call: Call, group: str, namespace: str, plural: str) -> Response | dict[str, Any]:
    cluster, who = front(call)
    kind = find_kind(group, plural)
    if call.request.method == "POST":
        require(call, cluster, who, "create", kind, namespace)
        body, unknown = checked(call, kind, namespace, None)
        name = body.get("metadata", {}).get("name", "")
        if kind.namespaced and ("namespaces", "", namespace) not in cluster.objects:
            raise fail(404, "NotFound", f'namespaces "{namespace}" not found')
        if (kind.plural, namespace, name) in cluster.objects:
            raise fail(
                409,
                "AlreadyExists",
                f'{kind.plural} "{name}" already exists',
                {"name": name, "kind": kind.plural},
            )
        if kind.kind == "RoleBinding":
            check_binding(call, cluster, who, body)
        manager = call.param("fieldManager") or "unknown"
        cluster.owners[(kind.plural, namespace, name)] = {manager: set(leaves(body))}
        return json_response(stored(call, cluster, kind, namespace, name, body), 201, warnings(unknown))
    require(call, cluster, who, "list", kind, namespace)
    items = [
        each for key, each in sorted(cluster.objects.items()) if key[0] == kind.plural and key[1] == namespace
    ]
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.api_version,
        "metadata": {"resourceVersion": str(cluster.resource_version)},
        "items": items,
    }


for method, rpc in (("GET", "get"), ("PATCH", "apply"), ("DELETE", "delete")):
    name = f"kubernetes.{rpc}"
    kubernetes.on(method, "/api/v1/namespaces/{name}", name, COMMON)(
        lambda call, name: one(call, "", "", "namespaces", name)
    )
    kubernetes.on(method, "/api/v1/namespaces/{namespace}/{plural}/{name}", name, COMMON)(
        lambda call, namespace, plural, name: one(call, "", namespace, plural, name)
    )
    kubernetes.on(method, "/apis/{group}/v1/namespaces/{namespace}/{plural}/{name}", name, COMMON)(one)
for method, rpc in (("GET", "list"), ("POST", "create")):
    name = f"kubernetes.{rpc}"
    kubernetes.on(method, "/api/v1/namespaces", name, COMMON)(lambda call: every(call, "", "", "namespaces"))
    kubernetes.on(method, "/api/v1/namespaces/{namespace}/{plural}", name, COMMON)(
        lambda call, namespace, plural: every(call, "", namespace, plural)
    )
    kubernetes.on(method, "/apis/{group}/v1/namespaces/{namespace}/{plural}", name, COMMON)(every)


@kubernetes.on("GET", "/version", "kubernetes.version")
def version(call: Call) -> dict[str, Any]:
    front(call)
    return {"major": "1", "minor": "34", "gitVersion": "v1.34.4-gke.1000", "platform": "linux/amd64"}


@kubernetes.on("GET", "/readyz", "kubernetes.readyz")
def readyz(call: Call) -> Response:
    front(call)
    return Response(200, b"ok", {"Content-Type": "text/plain; charset=utf-8"})


@kubernetes.on(
    "POST",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    "kubernetes.selfSubjectReview",
    COMMON,
    writes=False,
)
def who_am_i(call: Call) -> Response:
    _, who = front(call)
    status = {"userInfo": {"username": who.name, "groups": ["system:authenticated"]}}
    return json_response(
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "SelfSubjectReview",
            "metadata": {},
            "status": status,
        },
        201,
    )


@kubernetes.on(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "kubernetes.selfSubjectAccessReview",
    COMMON,
    writes=False,
)
def may_i(call: Call) -> Response:
    cluster, who = front(call)
    body = call.json("apiVersion", "kind", "metadata", "spec")
    asked = body.get("spec", {}).get("resourceAttributes", {})
    resource = asked.get("resource", "") + (f"/{asked['subresource']}" if asked.get("subresource") else "")
    allowed = may(
        call.world,
        cluster,
        who,
        asked.get("verb", ""),
        asked.get("group", ""),
        resource,
        asked.get("namespace", ""),
    )
    return json_response({**body, "status": {"allowed": allowed}}, 201)
