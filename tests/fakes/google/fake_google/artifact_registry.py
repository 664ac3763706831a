"""Repositories. Source: Artifact Registry API v1. What lies in them is not modelled: a real registry is better at it."""

from __future__ import annotations

import re
from typing import Any

from . import errors
from .clock import rfc3339
from .errors import ApiError, bad_request, error_info
from .iam import violated
from .policy_calls import requested_version, rpc_set, rpc_test
from .routing import Call, Service
from .world import Project, Repository

artifact_registry = Service("artifactregistry", errors.rpc_body)
LOCATION = "/v1/projects/{project}/locations/{location}"
REPOSITORY = LOCATION + "/repositories/{repository}"
FIELDS = (
    "name",
    "format",
    "mode",
    "description",
    "labels",
    "kmsKeyName",
    "cleanupPolicies",
    "dockerConfig",
    "cleanupPolicyDryRun",
)


def resource(repository: Repository) -> dict[str, Any]:
    _, project, _, location, _, name = repository.name.split("/")
    return {
        "name": repository.name,
        "format": repository.format,
        "mode": repository.mode,
        "createTime": rfc3339(repository.created),
        "updateTime": rfc3339(repository.created),
        "registryUri": f"{location}-docker.pkg.dev/{project}/{name}",
        "sizeBytes": "0",
        **repository.more,
    }


def full_name(name: str) -> str:
    return f"//artifactregistry.googleapis.com/{name}"


def find_project(call: Call, project: str) -> Project:
    place = call.world.project(project)
    call.world.check_service(place, "artifactregistry")
    return place


def find(call: Call, project: str, location: str, repository: str, permission: str) -> Repository:
    place = find_project(call, project)
    name = f"projects/{place.id}/locations/{location}/repositories/{repository}"
    found = call.world.repositories.get(name)
    if found is None:
        call.require(permission, full_name(name), place)
        raise ApiError(404, f"Requested entity was not found: repository {name}.")
    call.require(permission, full_name(name), found, place)
    return found


def check_location(place: Project, location: str) -> None:
    """Errors: 400 for an unknown place, or one that the organization does not allow."""
    if not re.fullmatch(r"[a-z]+(-[a-z]+\d+)?", location):
        raise bad_request(f"Location {location} is not found or access is unauthorized.")
    allowed = place.org_policies.get("gcp.resourceLocations")
    if allowed is not None and not any(location.startswith(each) for each in allowed):
        message = f"Location {location} violates constraint constraints/gcp.resourceLocations on the resource projects/{place.id}."
        raise violated("constraints/gcp.resourceLocations", message)


@artifact_registry.on(
    "POST", LOCATION + "/repositories", "artifactregistry.repositories.create", "repositoryId"
)
def create(call: Call, project: str, location: str) -> dict[str, Any]:
    place = find_project(call, project)
    call.require("artifactregistry.repositories.create", place.full_name, place)
    world = call.world
    identity = call.param("repositoryId") or ""
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", identity):
        raise bad_request(
            f"Invalid repository ID `{identity}`: [a-z][a-z0-9-]*, at most 63, not ending in a hyphen."
        )
    check_location(place, location)
    body = call.json(*FIELDS, required=("format",))
    name = f"projects/{place.id}/locations/{location}/repositories/{identity}"
    if body.get("name") not in (None, name):
        raise bad_request(f"The name {body['name']} differs from the request's {name}.")
    if not place.billing:
        message = f"This API method requires billing to be enabled. Please enable billing on project #{place.number}."
        raise ApiError(
            403,
            message,
            details=[error_info("BILLING_DISABLED", "googleapis.com", consumer=f"projects/{place.number}")],
        )
    kms = place.org_policies.get("gcp.restrictNonCmekServices") or []
    if "artifactregistry.googleapis.com" in kms and "kmsKeyName" not in body:
        raise violated(
            "constraints/gcp.restrictNonCmekServices",
            "The organization requires a customer-managed encryption key (CMEK).",
        )
    if body["format"] not in ("DOCKER", "PYTHON", "NPM", "MAVEN", "GENERIC"):
        raise bad_request(f"Unknown format {body['format']}.")

    def finish() -> dict[str, Any]:
        if name in world.repositories:
            raise ApiError(409, "the repository already exists")
        more = {key: body[key] for key in FIELDS[3:] if key in body}
        made = Repository(
            name,
            place.id,
            body["format"],
            body.get("mode", "STANDARD_REPOSITORY"),
            world.clock.now(),
            more=more,
        )
        world.repositories[name] = made
        return {
            "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.Repository",
            **resource(made),
        }

    if name in world.repositories:
        raise ApiError(409, "the repository already exists")
    return world.start(
        f"projects/{place.id}/locations/{location}/operations/op-{world.next_id()}", finish
    ).resource()


@artifact_registry.on(
    "GET", LOCATION + "/repositories", "artifactregistry.repositories.list", "pageSize pageToken"
)
def list_repositories(call: Call, project: str, location: str) -> dict[str, Any]:
    place = find_project(call, project)
    call.require("artifactregistry.repositories.list", place.full_name, place)
    prefix = f"projects/{place.id}/locations/{location}/"
    return {
        "repositories": [
            resource(r) for name, r in sorted(call.world.repositories.items()) if name.startswith(prefix)
        ]
    }


@artifact_registry.on("GET", REPOSITORY, "artifactregistry.repositories.get")
def get(call: Call, project: str, location: str, repository: str) -> dict[str, Any]:
    return resource(find(call, project, location, repository, "artifactregistry.repositories.get"))


@artifact_registry.on("DELETE", REPOSITORY, "artifactregistry.repositories.delete")
def delete(call: Call, project: str, location: str, repository: str) -> dict[str, Any]:
    found = find(call, project, location, repository, "artifactregistry.repositories.delete")

    def finish() -> dict[str, Any]:
        call.world.repositories.pop(found.name, None)
        return {"@type": "type.googleapis.com/google.protobuf.Empty"}

    name = f"projects/{found.project}/locations/{location}/operations/op-{call.world.next_id()}"
    return call.world.start(name, finish).resource()


@artifact_registry.on("GET", LOCATION + "/operations/{operation}", "artifactregistry.operations.get")
def operation(call: Call, project: str, location: str, operation: str) -> dict[str, Any]:
    found = call.world.operations.get(f"projects/{project}/locations/{location}/operations/{operation}")
    if found is None:
        raise ApiError(404, f"Operation {operation} was not found.")
    return found.resource()


@artifact_registry.on(
    "GET",
    REPOSITORY + ":getIamPolicy",
    "artifactregistry.repositories.getIamPolicy",
    "options.requestedPolicyVersion",
)
def get_policy(call: Call, project: str, location: str, repository: str) -> dict[str, Any]:
    found = find(call, project, location, repository, "artifactregistry.repositories.getIamPolicy")
    return found.policy.resource(requested_version(call.param("options.requestedPolicyVersion")))


@artifact_registry.on("POST", REPOSITORY + ":setIamPolicy", "artifactregistry.repositories.setIamPolicy")
def set_policy(call: Call, project: str, location: str, repository: str) -> dict[str, Any]:
    found = find(call, project, location, repository, "artifactregistry.repositories.setIamPolicy")
    return rpc_set(call, found.policy, call.world.projects[found.project])


@artifact_registry.on(
    "POST",
    REPOSITORY + ":testIamPermissions",
    "artifactregistry.repositories.testIamPermissions",
    writes=False,
)
def test_permissions(call: Call, project: str, location: str, repository: str) -> dict[str, Any]:
    place = find_project(call, project)
    name = f"projects/{place.id}/locations/{location}/repositories/{repository}"
    found = call.world.repositories.get(name)
    return rpc_test(call, full_name(name), *([found] if found else []), place)
