"""Which APIs a project has on. Source: Service Usage API v1."""

from __future__ import annotations

from typing import Any

from . import errors
from .errors import ApiError, bad_request, error_info
from .routing import Call, Service
from .world import Project

service_usage = Service("serviceusage", errors.rpc_body)
KNOWN = {
    f"{name}.googleapis.com"
    for name in [
        "artifactregistry",
        "cloudresourcemanager",
        "compute",
        "container",
        "containerfilesystem",
        "iam",
        "iamcredentials",
        "logging",
        "policytroubleshooter",
        "serviceusage",
        "storage",
        "storage-api",
        "storage-component",
        "sts",
    ]
}
NEED_BILLING = {"artifactregistry.googleapis.com", "container.googleapis.com", "compute.googleapis.com"}


def find(call: Call, project: str, permission: str) -> Project:
    place = call.world.project(project)
    call.require(permission, place.full_name, place)
    return place


def resource(place: Project, service: str) -> dict[str, Any]:
    return {
        "name": f"projects/{place.number}/services/{service}",
        "parent": f"projects/{place.number}",
        "config": {"name": service},
        "state": "ENABLED" if service in place.services else "DISABLED",
    }


@service_usage.on(
    "GET", "/v1/projects/{project}/services", "serviceusage.services.list", "filter pageSize pageToken"
)
def list_services(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "serviceusage.services.list")
    only = call.param("filter")
    if only not in (None, "state:ENABLED", "state:DISABLED"):
        raise bad_request(f"Invalid filter {only}.")
    every = [resource(place, service) for service in sorted(KNOWN)]
    return {"services": [each for each in every if only is None or only == f"state:{each['state']}"]}


@service_usage.on("GET", "/v1/projects/{project}/services/{service}", "serviceusage.services.get")
def get(call: Call, project: str, service: str) -> dict[str, Any]:
    return resource(find(call, project, "serviceusage.services.get"), service)


@service_usage.on(
    "GET", "/v1/projects/{project}/services:batchGet", "serviceusage.services.batchGet", "names"
)
def batch_get(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "serviceusage.services.get")
    return {
        "services": [resource(place, name.rpartition("/")[2]) for name in call.request.query.get("names", [])]
    }


def start_enabling(call: Call, place: Project, services: list[str]) -> dict[str, Any]:
    world = call.world
    for service in services:
        if service not in KNOWN:
            raise ApiError(
                403, f"Service {service} not found or permission denied.", details=[error_info("SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED", "serviceusage.googleapis.com")]
            )  # fmt: skip
        if service in NEED_BILLING and not place.billing:
            message = f"Billing account for project '{place.number}' is not found. Billing must be enabled for activation of service(s) '{service}' to proceed."
            raise ApiError(
                400,
                message,
                status="FAILED_PRECONDITION",
                details=[error_info("UREQ_PROJECT_BILLING_NOT_FOUND", "serviceusage.googleapis.com")],
            )

    def finish() -> dict[str, Any]:
        for service in services:
            place.services.setdefault(service, world.clock.now() + world.windows.service_s)
        return {"services": [resource(place, service) for service in services]}

    return world.start(f"operations/acf.p2-{place.number}-{world.next_id()}", finish).resource()


@service_usage.on("POST", "/v1/projects/{project}/services:batchEnable", "serviceusage.services.batchEnable")
def batch_enable(call: Call, project: str) -> dict[str, Any]:
    place = find(call, project, "serviceusage.services.enable")
    services = call.json("serviceIds", required=("serviceIds",))["serviceIds"]
    if not 1 <= len(services) <= 20:
        raise bad_request("Between 1 and 20 services can be enabled at once.")
    return start_enabling(call, place, services)


@service_usage.on("POST", "/v1/projects/{project}/services/{service}:enable", "serviceusage.services.enable")
def enable(call: Call, project: str, service: str) -> dict[str, Any]:
    return start_enabling(call, find(call, project, "serviceusage.services.enable"), [service])


@service_usage.on("GET", "/v1/operations/{operation}", "serviceusage.operations.get")
def operation(call: Call, operation: str) -> dict[str, Any]:
    found = call.world.operations.get(f"operations/{operation}")
    if found is None:
        raise ApiError(404, f"Operation {operation} not found.")
    return found.resource()
