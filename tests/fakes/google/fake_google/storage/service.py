"""The table of storage's routes, and how a call finds its bucket and its object, with the right to do so."""

from __future__ import annotations

from .. import errors
from ..errors import ApiError
from ..routing import Call, Service
from .bucket import Bucket, StoredObject
from .conditions import Conditions

storage = Service("storage", errors.xml_body, colons=False)
JSON_PREFIXES = ("/storage/v1", "/upload/storage", "/resumable/upload", "/download/storage", "/batch/storage")
storage.shapes = [(prefix, errors.storage_body) for prefix in JSON_PREFIXES]
# Parameters that every method of the JSON API takes.
COMMON = "userProject projection"


NOT_MODELLED = (
    "predefinedAcl",
    "predefinedDefaultObjectAcl",
    "destinationPredefinedAcl",
    "kmsKeyName",
    "destinationKmsKeyName",
    "restoreToken",
)


def refuse_what_is_not_modelled(call: Call) -> None:
    """Errors: 501 for ACLs and keys: who counts on them must not be told that all is well."""
    for name in NOT_MODELLED:
        if name in call.request.query:
            raise ApiError(501, f"The double has no {name}.")
    for name in call.request.headers:
        if name.startswith("x-goog-encryption-") or name == "x-goog-acl":
            raise ApiError(501, f"The double has no {name}.")


def find_bucket(call: Call, name: str) -> Bucket:
    """Errors: 404; 403 SERVICE_DISABLED and of VPC service controls, as of its project."""
    refuse_what_is_not_modelled(call)
    bucket = call.world.buckets.get(name)
    if bucket is None:
        raise ApiError(
            404, "The specified bucket does not exist.", reason="notFound", xml={"Code": "NoSuchBucket"}
        )
    project = call.world.projects[bucket.project]
    if "storage" in project.perimeter:
        call.world.check_service(project, "storage")
    bucket.expire(call.world.clock.now())
    return bucket


def require_bucket(call: Call, bucket: Bucket, permission: str) -> None:
    call.require(permission, bucket.full_name, bucket, call.world.projects[bucket.project])


def require_object(call: Call, bucket: Bucket, name: str, permission: str) -> None:
    """The right on an object, a folder, or all names with a prefix: of its managed folders, its bucket, its project."""
    call.require(
        permission,
        bucket.object_name(name),
        *bucket.covering(name),
        bucket,
        call.world.projects[bucket.project],
    )


def find_object(
    call: Call,
    bucket: Bucket,
    name: str,
    permission: str,
    generation: int | None = None,
    conditions: Conditions | None = None,
) -> StoredObject:
    """Errors: 403; 404 (403 for who may not list and so must not learn what is there); 412, 304."""
    require_object(call, bucket, name, permission)
    found = bucket.version(name, generation)
    if found is None:
        require_object(call, bucket, name, "storage.objects.list")
        raise ApiError(
            404, f"No such object: {bucket.name}/{name}", reason="notFound", xml={"Code": "NoSuchKey"}
        )
    if conditions is not None:
        conditions.check(found, reading=call.request.method in ("GET", "HEAD"))
    return found


def require_write(call: Call, bucket: Bucket, name: str) -> None:
    """To make an object; to replace one takes the right to delete it, too."""
    require_object(call, bucket, name, "storage.objects.create")
    if name in bucket.live:
        require_object(call, bucket, name, "storage.objects.delete")
