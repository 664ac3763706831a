"""Projects and their policies, v1 and v3. Source: Cloud Resource Manager API."""

from __future__ import annotations

from typing import Any

from . import errors
from .policy_calls import requested_version, rpc_set, tested
from .routing import Call, Service
from .world import Project

resource_manager = Service("cloudresourcemanager", errors.rpc_body)


def find(call: Call, project: str, permission: str) -> Project:
    """Errors: 403 for a project that is not there or not the caller's to see."""
    place = call.world.project(project)
    call.world.check_service(place, "cloudresourcemanager")
    call.require(permission, place.full_name, place)
    return place


@resource_manager.on("GET", "/v1/projects/{project}", "cloudresourcemanager.projects.get")
def get_v1(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "resourcemanager.projects.get")
    return {
        "projectNumber": place.number,
        "projectId": place.id,
        "lifecycleState": "ACTIVE",
        "name": place.id,
    }


@resource_manager.on("GET", "/v3/projects/{project}", "cloudresourcemanager.projects.get")
def get_v3(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "resourcemanager.projects.get")
    return {
        "name": f"projects/{place.number}",
        "projectId": place.id,
        "state": "ACTIVE",
        "displayName": place.id,
    }


def get_policy(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "resourcemanager.projects.getIamPolicy")
    options = call.json("options").get("options", {})
    return place.policy.resource(requested_version(options.get("requestedPolicyVersion")))


def set_policy(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "resourcemanager.projects.setIamPolicy")
    return rpc_set(call, place.policy, place)


def test_permissions(call: Call, project: str) -> dict[str, Any]:
    place = call.world.project(project)
    call.world.check_service(place, "cloudresourcemanager")
    return tested(call, call.json("permissions").get("permissions", []), [place.full_name, place])


for version in ("v1", "v3"):
    path = f"/{version}/projects/{{project}}"
    resource_manager.on(
        "POST", f"{path}:getIamPolicy", "cloudresourcemanager.projects.getIamPolicy", writes=False
    )(get_policy)
    resource_manager.on("POST", f"{path}:setIamPolicy", "cloudresourcemanager.projects.setIamPolicy")(
        set_policy
    )
    rpc = "cloudresourcemanager.projects.testIamPermissions"
    resource_manager.on("POST", f"{path}:testIamPermissions", rpc, writes=False)(test_permissions)
