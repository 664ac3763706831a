"""The state of the world in the form of expected_state.json: what a person would say exists, without ids and times."""

from __future__ import annotations

from typing import Any

from .cluster_objects import Cluster
from .storage.bucket import Bucket
from .world import World

OWN_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
ACCOUNT_ANNOTATION = "iam.gke.io/gcp-service-account"


def snapshot(world: World) -> dict[str, Any]:
    with world.lock:
        return {
            "projects": {
                project.id: {"bindings": project.policy.by_role()} for project in world.projects.values()
            },
            "service_accounts": {
                account.email: {
                    "display_name": account.display_name,
                    "disabled": account.disabled,
                    "bindings": account.policy.by_role(),
                }
                for account in world.accounts.values()
            },
            "roles": {
                role.name: {
                    "title": role.title,
                    "description": role.description,
                    "permissions": sorted(role.permissions),
                    "deleted": role.deleted,
                }
                for role in world.custom_roles.values()
            },
            "buckets": {bucket.name: bucket_state(bucket) for bucket in world.buckets.values()},
            "repositories": {
                each.name: {"format": each.format, "mode": each.mode, "bindings": each.policy.by_role()}
                for each in world.repositories.values()
            },
            "clusters": {
                cluster.name: {"namespaces": namespaces(cluster)} for cluster in world.clusters.values()
            },
        }


def bucket_state(bucket: Bucket) -> dict[str, Any]:
    return {
        "project": bucket.project,
        "location": bucket.location,
        "public_access_prevention": bucket.public_access_prevention,
        "uniform_bucket_level_access": bucket.uniform,
        "hierarchical_namespace": bucket.hierarchical,
        "cors": bucket.config.get("cors", []),
        "bindings": bucket.policy.by_role(),
        "managed_folders": {
            name: {"bindings": folder.policy.by_role()} for name, folder in bucket.managed_folders.items()
        },
        "objects": sorted(bucket.live),
    }


def namespaces(cluster: Cluster) -> dict[str, Any]:
    names = [
        name for plural, _, name in cluster.objects if plural == "namespaces" and name not in OWN_NAMESPACES
    ]
    return {name: namespace_state(cluster, name) for name in names}


def namespace_state(cluster: Cluster, namespace: str) -> dict[str, Any]:
    inside = {(key[0], key[2]): each for key, each in cluster.objects.items() if key[1] == namespace}
    grants = [
        {
            "subject": f"{subject['kind']} {subject['name']}",
            "role": f"{each['roleRef']['kind']} {each['roleRef']['name']}",
        }
        for (plural, _), each in sorted(inside.items())
        if plural == "rolebindings"
        for subject in each.get("subjects") or []
    ]
    accounts = {
        name: {
            key: value
            for key, value in (each["metadata"].get("annotations") or {}).items()
            if key == ACCOUNT_ANNOTATION
        }
        for (plural, name), each in inside.items()
        if plural == "serviceaccounts"
    }
    return {"service_accounts": accounts, "grants": grants}


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What `after` has and `before` had not, or not so: whole resources. What is gone counts as None."""
    return {
        kind: {
            name: after[kind].get(name)
            for name in {**before[kind], **after[kind]}
            if before[kind].get(name) != after[kind].get(name)
        }
        for kind in after
    }
