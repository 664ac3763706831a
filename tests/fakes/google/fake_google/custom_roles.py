"""Custom roles, predefined ones to read, and permissions. Source: IAM API v1."""

from __future__ import annotations

import copy
import re
from typing import Any

from .errors import ApiError, bad_request
from .iam import etag_of, iam
from .routing import Call
from .world import CustomRole, Project

ROLE = "/v1/projects/{project}/roles/{role}"


def role_resource(role: CustomRole, full: bool = True) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "name": role.name,
        "title": role.title,
        "description": role.description,
        "stage": role.stage,
    }
    if full:
        answer["includedPermissions"] = list(role.permissions)
    if role.deleted:
        answer["deleted"] = True
    return {**{key: value for key, value in answer.items() if value != ""}, "etag": etag_of(role.changes)}


def role_project(call: Call, project: str, permission: str) -> Project:
    place = call.world.project(project)
    call.world.check_service(place, "iam")
    call.require(permission, place.full_name, place)
    return place


def find_role(call: Call, project: str, role: str, permission: str) -> CustomRole:
    place = role_project(call, project, permission)
    found = call.world.custom_roles.get(f"projects/{place.id}/roles/{role}")
    if found is None or found.visible_from > call.world.clock.now():
        raise ApiError(404, f"The role named projects/{project}/roles/{role} was not found.")
    return found


def check_permissions(call: Call, permissions: list[str]) -> list[str]:
    known = frozenset().union(*call.world.role_permissions.values())
    for permission in permissions:
        if permission not in known:
            raise bad_request(f"Permission {permission} is not valid.")
    return list(permissions)


@iam.on("POST", "/v1/projects/{project}/roles", "iam.projects.roles.create")
def create_role(call: Call, project: str) -> dict[str, Any]:
    place = role_project(call, project, "iam.roles.create")
    world = call.world
    body = call.json("roleId", "role", required=("roleId",))
    if not re.fullmatch(r"[A-Za-z0-9_.]{3,64}", body["roleId"]):
        raise bad_request(f"The role id `{body['roleId']}` has 3 to 64 of [A-Za-z0-9_.].")
    name = f"projects/{place.id}/roles/{body['roleId']}"
    old = world.custom_roles.get(name)
    if old is not None and old.deleted:
        message = f"You can't create a role_id ({body['roleId']}) which has been marked for deletion."
        raise ApiError(400, message, status="FAILED_PRECONDITION")
    if old is not None:
        raise ApiError(409, f"A role named {body['roleId']} in projects/{place.id} already exists.")
    if (
        sum(r.startswith(f"projects/{place.id}/") for r in world.custom_roles)
        >= world.limits.roles_per_project
    ):
        raise ApiError(429, f"The maximum number of roles on project {place.id} has been reached.")
    given = body.get("role", {})
    permissions = check_permissions(call, given.get("includedPermissions", []))
    world.custom_roles[name] = CustomRole(
        name, given.get("title", ""), given.get("description", ""), permissions, given.get("stage", "ALPHA"),
        visible_from=world.clock.now() + world.windows.role_s,
    )  # fmt: skip
    return role_resource(world.custom_roles[name])


@iam.on(
    "GET", "/v1/projects/{project}/roles", "iam.projects.roles.list", "pageSize pageToken view showDeleted"
)
def list_roles(call: Call, project: str) -> dict[str, Any]:
    place = role_project(call, project, "iam.roles.list")
    deleted = call.param("showDeleted") == "true"
    roles = [
        r
        for r in call.world.custom_roles.values()
        if r.name.startswith(f"projects/{place.id}/") and (deleted or not r.deleted)
    ]
    return {"roles": [role_resource(role, call.param("view") == "FULL") for role in roles]}


@iam.on("GET", ROLE, "iam.projects.roles.get")
def get_role(call: Call, project: str, role: str) -> dict[str, Any]:
    return role_resource(find_role(call, project, role, "iam.roles.get"))


def check_role_etag(role: CustomRole, etag: str | None) -> None:
    if etag not in (None, etag_of(role.changes)):
        raise ApiError(409, "There were concurrent changes of the role.", status="ABORTED")


@iam.on("PATCH", ROLE, "iam.projects.roles.patch", "updateMask")
def patch_role(call: Call, project: str, role: str) -> dict[str, Any]:
    found = find_role(call, project, role, "iam.roles.update")
    body = call.json("title", "description", "includedPermissions", "stage", "etag", "name")
    check_role_etag(found, body.get("etag"))
    if found.deleted:
        raise ApiError(400, f"The role {found.name} is deleted.", status="FAILED_PRECONDITION")
    for name in (call.param("updateMask") or "title,description,includedPermissions,stage").split(","):
        if name not in ("title", "description", "includedPermissions", "stage"):
            raise bad_request(f"The field {name} cannot be updated.")
        if name == "includedPermissions":
            found.permissions = check_permissions(call, body.get(name, []))
        elif name in body or call.param("updateMask"):
            setattr(found, name, body.get(name, ""))
    found.changes += 1
    return role_resource(found)


@iam.on("DELETE", ROLE, "iam.projects.roles.delete", "etag")
def delete_role(call: Call, project: str, role: str) -> dict[str, Any]:
    found = find_role(call, project, role, "iam.roles.delete")
    check_role_etag(found, call.param("etag"))
    if found.deleted:
        raise ApiError(400, f"The role {found.name} is deleted already.", status="FAILED_PRECONDITION")
    found.deleted, found.changes, found.deleted_at = True, found.changes + 1, call.world.clock.now()
    return role_resource(found)


@iam.on("POST", ROLE + ":undelete", "iam.projects.roles.undelete")
def undelete_role(call: Call, project: str, role: str) -> dict[str, Any]:
    found = find_role(call, project, role, "iam.roles.undelete")
    check_role_etag(found, call.json("etag").get("etag"))
    if not found.deleted:
        raise ApiError(400, f"The role {found.name} is not deleted.", status="FAILED_PRECONDITION")
    found.deleted, found.changes = False, found.changes + 1
    return role_resource(found)


@iam.on("GET", "/v1/roles/{role}", "iam.roles.get", writes=False)
def get_predefined(call: Call, role: str) -> dict[str, Any]:
    permissions = call.world.role_permissions.get(f"roles/{role}")
    if permissions is None:
        raise ApiError(404, f"The role named roles/{role} was not found.")
    return {
        "name": f"roles/{role}",
        "includedPermissions": sorted(permissions),
        "stage": "GA",
        "etag": "AA==",
    }


@iam.on(
    "POST",
    "/v1/permissions:queryTestablePermissions",
    "iam.permissions.queryTestablePermissions",
    writes=False,
)
def testable(call: Call) -> dict[str, Any]:
    body = copy.deepcopy(call.json("fullResourceName", "pageSize", "pageToken"))
    known = sorted(frozenset().union(*call.world.role_permissions.values()))
    size = min(int(body.get("pageSize", 100)), 1000)
    start = int(body.get("pageToken") or 0)
    answer: dict[str, Any] = {
        "permissions": [{"name": name, "stage": "GA"} for name in known[start : start + size]]
    }
    if start + size < len(known):
        answer["nextPageToken"] = str(start + size)
    return answer
