"""Buckets over the JSON API. Source: "Buckets" of the JSON API, and what gcloud 528 sends."""

from __future__ import annotations

import re
from typing import Any

from ..clock import rfc3339
from ..errors import ApiError, bad_request
from ..policy_calls import requested_version, tested, written_policy
from ..routing import Call
from ..server import Response
from ..world import Project
from .bucket import Bucket
from .conditions import check_metageneration
from .service import COMMON, find_bucket, refuse_what_is_not_modelled, require_bucket, storage

BUCKET = "/storage/v1/b/{bucket}"
META = "ifMetagenerationMatch ifMetagenerationNotMatch"
MULTI_REGIONS = {"US", "EU", "ASIA"}
# Kept as they are written. Source: "Buckets" resource.
KEPT = ("cors", "labels", "lifecycle", "versioning", "website", "logging", "encryption", "billing", "autoclass", "defaultEventBasedHold", "rpo", "ipFilter", "customPlacementConfig")  # fmt: skip
WRITABLE = (*KEPT, "iamConfiguration", "softDeletePolicy", "storageClass", "name", "location", "hierarchicalNamespace", "kind", "id", "etag", "metageneration", "timeCreated", "updated", "selfLink", "projectNumber", "locationType", "satisfiesPZS", "satisfiesPZI", "generation", "owner", "objectRetention")  # fmt: skip


def bucket_resource(call: Call, bucket: Bucket) -> dict[str, Any]:
    uniform = {"enabled": bucket.uniform}
    if bucket.uniform:
        uniform["lockedTime"] = rfc3339(bucket.created + 90 * 86400)  # type: ignore[assignment]
    answer: dict[str, Any] = {
        "kind": "storage#bucket",
        "id": bucket.name,
        "selfLink": f"{call.request.base}/storage/v1/b/{bucket.name}",
        "name": bucket.name,
        "projectNumber": call.world.projects[bucket.project].number,
        "metageneration": str(bucket.metageneration),
        "location": bucket.location,
        "locationType": "multi-region" if bucket.location in MULTI_REGIONS else "region",
        "storageClass": bucket.storage_class,
        "etag": f"CA{bucket.metageneration}=",
        "timeCreated": rfc3339(bucket.created),
        "updated": rfc3339(bucket.updated),
        "iamConfiguration": {
            "publicAccessPrevention": bucket.public_access_prevention,
            "uniformBucketLevelAccess": uniform,
            "bucketPolicyOnly": uniform,
        },
        "softDeletePolicy": {"retentionDurationSeconds": str(bucket.soft_delete_s)},
        **bucket.config,
    }
    if bucket.soft_delete_s:
        answer["softDeletePolicy"]["effectiveTime"] = rfc3339(bucket.created)
    if bucket.hierarchical:
        answer["hierarchicalNamespace"] = {"enabled": True}
    return answer


def check_cors(entries: Any) -> None:
    if not isinstance(entries, list):
        raise bad_request("cors is a list.")
    for entry in entries:
        if unknown := set(entry) - {"origin", "method", "responseHeader", "maxAgeSeconds"}:
            raise bad_request(f'Unknown name "{sorted(unknown)[0]}" at cors: Cannot find field.')


def configure(bucket: Bucket, body: dict[str, Any], *, new: bool = False) -> None:
    """Take what `body` says. Errors: 400 for an immutable field that differs, or a contradiction."""
    if not new:
        immutable = {"name": bucket.name, "location": bucket.location}
        for key, value in immutable.items():
            if key in body and str(body[key]).upper() != value.upper():
                raise bad_request(f"The value for the {key} of an existing bucket cannot be changed.")
        if (
            "hierarchicalNamespace" in body
            and bool(body["hierarchicalNamespace"].get("enabled")) != bucket.hierarchical
        ):
            raise bad_request("Hierarchical namespace cannot be changed after the bucket was made.")
    iam = body.get("iamConfiguration", {})
    prevention = iam.get("publicAccessPrevention", bucket.public_access_prevention)
    if prevention not in ("enforced", "inherited", "unspecified"):
        raise bad_request(f"Invalid publicAccessPrevention {prevention}.")
    bucket.public_access_prevention = "inherited" if prevention == "unspecified" else prevention
    wanted = iam.get("uniformBucketLevelAccess", iam.get("bucketPolicyOnly"))
    if wanted is not None:
        bucket.uniform = bool(wanted.get("enabled"))
    if "cors" in body and body["cors"] is not None:
        check_cors(body["cors"])
    if bucket.hierarchical and body.get("versioning", {}) and body["versioning"].get("enabled"):
        raise bad_request("Object versioning is not supported for buckets with hierarchical namespace.")
    if bucket.hierarchical and not bucket.uniform:
        raise bad_request("Hierarchical namespace needs uniform bucket-level access.")
    for key in KEPT:
        if key not in body:
            continue
        if body[key] is None or body[key] == []:
            bucket.config.pop(key, None)
        elif key == "labels":
            merged = {**bucket.config.get("labels", {}), **body["labels"]}
            bucket.config["labels"] = {name: value for name, value in merged.items() if value is not None}
        else:
            bucket.config[key] = body[key]
    if "softDeletePolicy" in body:
        bucket.soft_delete_s = int((body["softDeletePolicy"] or {}).get("retentionDurationSeconds", 0))
        if bucket.soft_delete_s and not 7 * 86400 <= bucket.soft_delete_s <= 90 * 86400:
            raise bad_request("The soft delete retention is 0, or 7 to 90 days.")
    bucket.storage_class = body.get("storageClass", bucket.storage_class)


def check_organization(project: Project, location: str, body: dict[str, Any]) -> None:
    """Errors: 403 (billing), 412 (locations, keys)."""
    if not project.billing:
        message = "The billing account for the owning project is disabled in state absent"
        raise ApiError(403, message, reason="accountDisabled")
    allowed = project.org_policies.get("gcp.resourceLocations")
    if allowed is not None and not any(location.lower().startswith(each) for each in allowed):
        raise ApiError(
            412,
            f"'{location.lower()}' violates constraint 'constraints/gcp.resourceLocations'",
            reason="conditionNotMet",
        )
    kms = project.org_policies.get("gcp.restrictNonCmekServices", [])
    if "storage.googleapis.com" in kms and not body.get("encryption", {}).get("defaultKmsKeyName"):
        message = "A CMEK is required: 'constraints/gcp.restrictNonCmekServices' is set."
        raise ApiError(412, message, reason="conditionNotMet")


@storage.on(
    "POST",
    "/storage/v1/b",
    "storage.buckets.insert",
    f"{COMMON} project predefinedAcl predefinedDefaultObjectAcl enableObjectRetention",
)
def insert(call: Call) -> dict[str, Any]:
    world = call.world
    refuse_what_is_not_modelled(call)
    name_of_project = call.param("project")
    if not name_of_project:
        raise ApiError(400, "Required parameter: project", reason="required")
    project = world.project(name_of_project)
    world.check_service(project, "storage")
    call.require("storage.buckets.create", project.full_name, project)
    body = call.json(*WRITABLE, required=("name",))
    name = body["name"]
    if (
        not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{1,61}[a-z0-9]", name)
        or name.startswith("goog")
        or "google" in name
    ):
        raise bad_request(f"Invalid bucket name: '{name}'")
    location = body.get("location", "US").upper()
    check_organization(project, location, body)
    if (taken := world.buckets.get(name)) is not None:
        if taken.project == project.id:
            message = "Your previous request to create the named bucket succeeded and you already own it."
        else:
            message = (
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
                "Please select a different name and try again."
            )
        raise ApiError(409, message, reason="conflict")
    if not re.fullmatch(r"US|EU|ASIA|[A-Z]+-[A-Z]+\d+|NAM4|EUR4|ASIA1", location):
        raise bad_request(f"The specified location constraint is not valid: {location}")
    if world.limits.rates:
        world.check_rate(
            f"buckets {project.id}",
            2,
            1,
            "The project exceeded the rate limit for creating and deleting buckets.",
        )
    now = world.clock.now()
    bucket = Bucket(name, project.id, location, now, now)
    bucket.hierarchical = bool(body.get("hierarchicalNamespace", {}).get("enabled"))
    configure(bucket, body, new=True)
    owners = [f"projectEditor:{project.id}", f"projectOwner:{project.id}"]
    viewers = [f"projectViewer:{project.id}"]
    bindings: list[dict[str, Any]] = [
        {"role": "roles/storage.legacyBucketOwner", "members": owners},
        {"role": "roles/storage.legacyBucketReader", "members": viewers},
    ]
    if bucket.uniform:
        bindings.append({"role": "roles/storage.legacyObjectOwner", "members": owners})
        bindings.append({"role": "roles/storage.legacyObjectReader", "members": viewers})
    bucket.policy.replace(bindings, now, 0)
    bucket.policy.changes = 0
    world.buckets[name] = bucket
    return bucket_resource(call, bucket)


@storage.on(
    "GET",
    "/storage/v1/b",
    "storage.buckets.list",
    f"{COMMON} project prefix maxResults pageToken softDeleted returnPartialSuccess",
)
def list_buckets(call: Call) -> dict[str, Any]:
    project = call.world.project(call.param("project") or "")
    call.require("storage.buckets.list", project.full_name, project)
    names = sorted(
        b.name
        for b in call.world.buckets.values()
        if b.project == project.id and b.name.startswith(call.param("prefix") or "")
    )
    return {
        "kind": "storage#buckets",
        "items": [bucket_resource(call, call.world.buckets[name]) for name in names],
    }


@storage.on("GET", BUCKET, "storage.buckets.get", f"{COMMON} {META} generation softDeleted")
def get(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    require_bucket(call, found, "storage.buckets.get")
    check_metageneration(call, found.metageneration)
    return bucket_resource(call, found)


@storage.on("GET", BUCKET + "/storageLayout", "storage.buckets.getStorageLayout", "prefix userProject")
def storage_layout(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    prefix = call.param("prefix") or ""
    place = call.world.projects[found.project]
    call.require("storage.objects.list", found.object_name(prefix), *found.covering(prefix), found, place)
    return {
        "kind": "storage#storageLayout",
        "bucket": found.name,
        "location": found.location,
        "locationType": "multi-region" if found.location in MULTI_REGIONS else "region",
        "hierarchicalNamespace": {"enabled": found.hierarchical},
    }


def change(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    require_bucket(call, found, "storage.buckets.update")
    check_metageneration(call, found.metageneration)
    if call.world.limits.rates:
        message = "The bucket exceeded the rate limit for updating its metadata."
        call.world.check_rate(f"bucket {found.name}", 1, 1, message)
    configure(found, call.json(*WRITABLE))
    found.metageneration += 1
    found.updated = call.world.clock.now()
    return bucket_resource(call, found)


CHANGE_QUERY = f"{COMMON} {META} predefinedAcl predefinedDefaultObjectAcl"
storage.on("PATCH", BUCKET, "storage.buckets.patch", CHANGE_QUERY)(change)
storage.on("PUT", BUCKET, "storage.buckets.update", CHANGE_QUERY)(change)


@storage.on("DELETE", BUCKET, "storage.buckets.delete", f"{COMMON} {META}")
def delete(call: Call, bucket: str) -> Response:
    found = find_bucket(call, bucket)
    require_bucket(call, found, "storage.buckets.delete")
    check_metageneration(call, found.metageneration)
    if found.live or found.noncurrent or found.folders or found.managed_folders:
        raise ApiError(409, "The bucket you tried to delete is not empty.", reason="conflict")
    del call.world.buckets[found.name]
    return Response(204)


def storage_policy(call: Call, resource_id: str, policy: Any) -> dict[str, Any]:
    answer = policy.resource(requested_version(call.param("optionsRequestedPolicyVersion")))
    return {"kind": "storage#policy", "resourceId": resource_id, **answer}


@storage.on("GET", BUCKET + "/iam", "storage.buckets.getIamPolicy", f"{COMMON} optionsRequestedPolicyVersion")
def get_policy(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    require_bucket(call, found, "storage.buckets.getIamPolicy")
    return storage_policy(call, found.full_name, found.policy)


@storage.on("PUT", BUCKET + "/iam", "storage.buckets.setIamPolicy", COMMON)
def set_policy(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    require_bucket(call, found, "storage.buckets.setIamPolicy")
    body = call.json()
    check_public(call, found, body)
    written_policy(call, found.policy, call.world.projects[found.project], body)
    found.metageneration += 1
    return {
        "kind": "storage#policy",
        "resourceId": found.full_name,
        **found.policy.resource(int(body.get("version", 0))),
    }


def check_public(call: Call, bucket: Bucket, body: dict[str, Any]) -> None:
    """Errors: 412 when public access prevention forbids a member."""
    members = {member for binding in body.get("bindings", []) for member in binding.get("members", [])}
    if bucket.public_access_prevention == "enforced" and members & {"allUsers", "allAuthenticatedUsers"}:
        message = "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced."
        raise ApiError(412, message, reason="conditionNotMet")


@storage.on(
    "GET", BUCKET + "/iam/testPermissions", "storage.buckets.testIamPermissions", f"{COMMON} permissions"
)
def test_permissions(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    place = call.world.projects[found.project]
    answer = tested(call, call.request.query.get("permissions", []), [found.object_name(""), found, place])
    return {"kind": "storage#testIamPermissionsResponse", **answer}
