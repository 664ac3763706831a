"""Who may do what in a cluster: by IAM (container.* on the project) or by RBAC (bindings in the namespace)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .tokens import Token

if TYPE_CHECKING:
    from .cluster_objects import Cluster
    from .world import World

IAM_VERBS = {
    "get": "get",
    "list": "list",
    "watch": "list",
    "create": "create",
    "update": "update",
    "patch": "update",
    "delete": "delete",
}
IAM_RESOURCES = {
    "namespaces": "namespaces",
    "serviceaccounts": "serviceAccounts",
    "roles": "roles",
    "rolebindings": "roleBindings",
    "jobs": "jobs",
    "pods": "pods",
    "secrets": "secrets",
}
# What the ClusterRole admin allows, in a namespace. Source: reference section 7.
ADMIN = {
    "pods", "pods/log", "pods/exec", "pods/attach", "pods/eviction", "secrets", "configmaps", "persistentvolumeclaims", "serviceaccounts",
    "serviceaccounts/token", "services", "events", "roles", "rolebindings", "jobs", "cronjobs", "deployments",
}  # fmt: skip
READ_ONLY = {"resourcequotas", "limitranges", "namespaces"}
READ_VERBS = {"get", "list", "watch"}


@dataclass(frozen=True)
class Identity:
    """`name` is the account's e-mail, or its number when the token lacks the scope userinfo.email."""

    name: str
    token: Token


def may(
    world: World, cluster: Cluster, who: Identity, verb: str, group: str, resource: str, namespace: str
) -> bool:
    place = world.projects[cluster.project]
    kind = IAM_RESOURCES.get(resource)
    if kind and verb in IAM_VERBS:
        permission = f"container.{kind}.{IAM_VERBS[verb]}"
        if world.access.allowed(who.token, permission, [place.full_name, place]):
            return True
    elif kind is None and world.access.allowed(
        who.token, "container.roles.escalate", [place.full_name, place]
    ):
        return (
            True  # an administrator of the cluster; quotas and policies have no IAM permission in roles.json
        )
    return any(
        binds(binding, who.name) and allows(cluster, binding, verb, group, resource, namespace)
        for (plural, where, _), binding in cluster.objects.items()
        if plural == "rolebindings" and where == namespace
    )


def binds(binding: dict[str, Any], name: str) -> bool:
    return any(
        each.get("kind") == "User" and each.get("name") == name for each in binding.get("subjects") or []
    )


def allows(
    cluster: Cluster, binding: dict[str, Any], verb: str, group: str, resource: str, namespace: str
) -> bool:
    ref = binding["roleRef"]
    if ref["kind"] == "ClusterRole":
        if ref["name"] != "admin":
            return False
        return resource in ADMIN or (resource in READ_ONLY and verb in READ_VERBS)
    role = cluster.objects.get(("roles", namespace, ref["name"]), {})
    return any(
        (group in rule.get("apiGroups", []) or "*" in rule.get("apiGroups", []))
        and (resource in rule.get("resources", []) or "*" in rule.get("resources", []))
        and (verb in rule.get("verbs", []) or "*" in rule.get("verbs", []))
        for rule in role.get("rules") or []
    )
