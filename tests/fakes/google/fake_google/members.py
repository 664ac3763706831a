"""Which members and roles a policy may name: what exists, what is visible yet, and what the organization allows.

Source: IAM "Policy members"; reference traps: an account made a moment ago does not exist for policies; a Workload Identity
pool exists with the first cluster that uses it; domain-restricted sharing refuses strangers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .errors import ApiError, bad_request

if TYPE_CHECKING:
    from .world import Project, World

KINDS = re.compile(
    r"(user|group|domain|serviceAccount|deleted|principal|principalSet|projectOwner|projectEditor|projectViewer):.+"
)
WORKLOAD = re.compile(r"serviceAccount:([a-z0-9.:-]+)\.svc\.id\.goog\[([a-z0-9-]+)/([a-z0-9.-]+)\]")
EMAIL = re.compile(r"[^@\s\[\]]+@[^@\s\[\]]+")


def check_binding(world: World, project: Project, binding: Any, *, storage: bool = False) -> dict[str, Any]:
    """The binding with normalised members. Errors: 400 (form, unknown member or role), 400/412 (organization policy)."""
    if not isinstance(binding, dict) or not isinstance(binding.get("role"), str):
        raise bad_request("A binding has a role.")
    if unknown := set(binding) - {"role", "members", "condition", "bindingId"}:
        raise bad_request(f'Invalid JSON payload received. Unknown name "{sorted(unknown)[0]}" at binding.')
    check_role(world, binding["role"])
    condition = binding.get("condition")
    if condition is not None and not (
        isinstance(condition, dict) and condition.get("expression") and condition.get("title")
    ):
        raise bad_request("A condition has an expression and a title.")
    members = [check_member(world, project, member, storage=storage) for member in binding.get("members", [])]
    return {**binding, "members": members}


def check_role(world: World, role: str) -> None:
    if role.startswith("roles/"):
        if role not in world.role_permissions:
            raise bad_request(f"Role {role} is not supported for this resource.")
        return
    custom = world.custom_roles.get(role)
    if custom is None or custom.visible_from > world.clock.now():
        raise bad_request(f"Role {role} does not exist in the resource's hierarchy.")


def check_member(world: World, project: Project, member: str, *, storage: bool) -> str:
    if member in ("allUsers", "allAuthenticatedUsers"):
        _check_sharing(world, project, str(member), storage)
        return str(member)
    if not isinstance(member, str) or not KINDS.fullmatch(member):
        raise bad_request(f"Invalid member `{member}`: it needs a prefix such as user: or serviceAccount:.")
    kind, _, name = member.partition(":")
    if kind in ("projectOwner", "projectEditor", "projectViewer"):
        if not storage:
            raise bad_request(f"Invalid member `{member}`: only buckets know it.")
        return member
    if kind == "deleted":
        return member
    if workload := WORKLOAD.fullmatch(member):
        if workload.group(1) not in world.identity_pools():
            raise ApiError(
                400,
                f"Identity Pool does not exist ({workload.group(1)}.svc.id.goog). Please check that you specified a valid "
                "resource name as returned in the `name` attribute in the configuration API.",
                reason="invalid",
            )
        return member
    if kind in ("user", "group", "serviceAccount"):
        if not EMAIL.fullmatch(name):
            raise bad_request(f"Invalid member `{member}`: {name} is not an e-mail address.")
        local, _, domain = name.partition("@")
        name = f"{local}@{domain.lower()}"
        member = f"{kind}:{name}"
    if kind == "serviceAccount":
        account = world.accounts.get(name)
        if account is None or account.visible_from > world.clock.now():
            raise ApiError(400, f"Service account {name} does not exist.", reason="invalid")
    elif kind in ("user", "group") and name in world.unknown_people:
        raise ApiError(400, f"User {name} does not exist.", reason="invalid")
    _check_sharing(world, project, member, storage)
    return member


def _check_sharing(world: World, project: Project, member: str, storage: bool) -> None:
    """Domain-restricted sharing: accounts of the organization's own projects and people of the allowed domains."""
    allowed = project.org_policies.get("iam.allowedPolicyMemberDomains")
    if allowed is None or member.startswith(("deleted:", "principal")):
        return
    domain = member.rpartition("@")[2]
    if domain in allowed:
        return
    account = world.accounts.get(member.partition(":")[2])
    if account is not None and world.projects[account.project].organization == project.organization:
        return
    message = "One or more users named in the policy do not belong to a permitted customer, perhaps due to an organization policy."
    detail = {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        "violations": [
            {"type": "constraints/iam.allowedPolicyMemberDomains", "subject": member, "description": message}
        ],
    }
    if storage:
        raise ApiError(412, message, reason="conditionNotMet")
    raise ApiError(400, message, status="FAILED_PRECONDITION", details=[detail])
