"""getIamPolicy, setIamPolicy and testIamPermissions as every service has them, in storage's dialect and in the others'."""

from __future__ import annotations

import copy
from typing import Any

from .errors import ApiError, bad_request
from .members import check_binding
from .policy import Policy
from .routing import Call
from .world import Project

POLICY_KEYS = {"bindings", "etag", "version", "auditConfigs", "kind", "resourceId"}


def written_policy(
    call: Call, policy: Policy, project: Project, wanted: Any, mask: str | None = None
) -> None:
    """Take `wanted` as the policy's new content. Errors: 400, 409 or 412 as Policy.check_etag and check_binding say."""
    if not isinstance(wanted, dict):
        raise bad_request("The request has no policy.")
    if unknown := set(wanted) - POLICY_KEYS:
        raise bad_request(
            f'Invalid JSON payload received. Unknown name "{sorted(unknown)[0]}" at policy: Cannot find field.'
        )
    policy.check_etag(wanted)
    bindings = [
        check_binding(call.world, project, copy.deepcopy(binding), storage=policy.storage)
        for binding in wanted.get("bindings", [])
    ]
    members = {member for binding in bindings for member in binding["members"]}
    if len(members) > 1500:
        raise bad_request("A policy has at most 1500 members.")
    fields = (mask or "bindings,etag").replace(" ", "").split(",")
    if "auditConfigs" in fields:
        policy.audit_configs = list(wanted.get("auditConfigs", []))
    if "bindings" in fields:
        policy.replace(bindings, call.world.clock.now(), call.world.windows.grant_s)


def requested_version(text: Any) -> int:
    if text is None:
        return 0
    if str(text) not in ("0", "1", "3"):
        raise bad_request(f"Invalid requested policy version {text}.")
    return int(text)


def rpc_set(call: Call, policy: Policy, project: Project) -> dict[str, Any]:
    body = call.json("policy", "updateMask", required=("policy",))
    written_policy(call, policy, project, body["policy"], body.get("updateMask"))
    return policy.resource(int(body["policy"].get("version", 0)))


def rpc_test(call: Call, *places: Any) -> dict[str, Any]:
    body = call.json("permissions")
    return tested(call, body.get("permissions", []), places)


def tested(call: Call, permissions: list[str], places: Any) -> dict[str, Any]:
    """Which of `permissions` the caller has. Errors: 400 for a permission that does not exist; 401 without a token."""
    known = frozenset().union(*call.world.role_permissions.values()) | EXTRA
    if call.token is None:
        raise ApiError(401, "Request is missing required authentication credential.", reason="required")
    for permission in permissions:
        if permission not in known:
            raise bad_request(f"Permission {permission} is not valid for this resource.")
    held = [
        permission for permission in permissions if call.world.access.allowed(call.token, permission, places)
    ]
    return {"permissions": held} if held else {}


# Permissions that exist in no role that the double knows.
EXTRA = frozenset({"iam.roles.create", "container.clusters.connect", "storage.objects.setRetention"})
