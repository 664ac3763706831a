"""Objects over the JSON API: read, change, delete, restore, and how a content is sent. Source: "Objects" of the JSON API."""

from __future__ import annotations

import re
from typing import Any

from ..errors import ApiError, bad_request
from ..routing import Call
from ..server import Response
from .bucket import OBJECT_FIELDS, Bucket, StoredObject, object_resource, put_object
from .conditions import QUERY, Conditions
from .service import COMMON, find_bucket, find_object, require_object, require_write, storage

OBJECT = "/storage/v1/b/{bucket}/o/{object}"
READ_ONLY = ("kind", "id", "selfLink", "mediaLink", "name", "bucket", "generation", "metageneration", "size", "md5Hash", "crc32c", "etag", "timeCreated", "updated", "timeStorageClassUpdated", "timeFinalized", "componentCount", "owner", "acl", "timeDeleted", "softDeleteTime", "hardDeleteTime", "projectTeam")  # fmt: skip
WRITABLE = (
    "contentType",
    "metadata",
    *OBJECT_FIELDS,
)


def resource(call: Call, bucket: Bucket, stored: StoredObject) -> dict[str, Any]:
    return object_resource(call.world, bucket, stored, call.request.base)


def content_headers(stored: StoredObject) -> dict[str, str]:
    hashes = f"crc32c={stored.crc32c}" + (f",md5={stored.md5}" if stored.md5 else "")
    headers = {
        "Content-Type": stored.content_type or "application/octet-stream",
        "ETag": stored.etag,
        "x-goog-hash": hashes,
        "x-goog-generation": str(stored.generation),
        "x-goog-metageneration": str(stored.metageneration),
        "x-goog-stored-content-length": str(len(stored.data)),
        "x-goog-stored-content-encoding": stored.fields.get("contentEncoding", "identity"),
        "x-goog-storage-class": "STANDARD",
        "Accept-Ranges": "bytes",
    }
    for field, header in (("cacheControl", "Cache-Control"), ("contentDisposition", "Content-Disposition"), ("contentEncoding", "Content-Encoding")):  # fmt: skip
        if field in stored.fields:
            headers[header] = stored.fields[field]
    return headers


def send(call: Call, stored: StoredObject) -> Response:
    """The content, or the part that Range asks for. Errors: 416."""
    headers, data = content_headers(stored), stored.data
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", call.request.headers.get("range", ""))
    if match is None or match.group(1) == match.group(2) == "":
        return Response(200, data, headers)
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) if last else len(data) - 1, len(data) - 1)
    else:
        start, end = max(len(data) - int(last), 0), len(data) - 1
    if start >= len(data) or start > end:
        message = "The requested range cannot be satisfied."
        raise ApiError(416, message, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
    return Response(206, data[start : end + 1], headers)


def get(call: Call, bucket: str, object: str) -> Response | dict[str, Any]:
    found = find_bucket(call, bucket)
    generation = call.integer("generation")
    if call.param("softDeleted") == "true":
        require_object(call, found, object, "storage.objects.get")
        for each in found.soft_deleted:
            if each.name == object and each.generation == generation:
                return resource(call, found, each)
        raise ApiError(404, f"No such object: {bucket}/{object}")
    stored = find_object(call, found, object, "storage.objects.get", generation, Conditions.of_query(call))
    return send(call, stored) if call.param("alt") == "media" else resource(call, found, stored)


GET_QUERY = f"{COMMON} {QUERY} generation softDeleted restoreToken"
storage.on("GET", OBJECT, "storage.objects.get", GET_QUERY)(get)
storage.on("GET", "/download/storage/v1/b/{bucket}/o/{object}", "storage.objects.get", GET_QUERY)(get)


def take_fields(stored: StoredObject, body: dict[str, Any], *, whole: bool) -> None:
    """`whole` (update) forgets what `body` does not say; else (patch) null forgets."""
    if "contentType" in body or whole:
        stored.content_type = body.get("contentType")
    if whole:
        stored.metadata, stored.fields = {}, {}
    if "metadata" in body:
        merged = {**stored.metadata, **(body["metadata"] or {})} if body["metadata"] is not None else {}
        stored.metadata = {str(key): str(value) for key, value in merged.items() if value is not None}
    for name in OBJECT_FIELDS:
        if name in body:
            if body[name] is None:
                stored.fields.pop(name, None)
            else:
                stored.fields[name] = body[name]


def change(call: Call, bucket: str, object: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    stored = find_object(
        call, found, object, "storage.objects.update", call.integer("generation"), Conditions.of_query(call)
    )
    found.check_writable(object)
    take_fields(stored, call.json(*READ_ONLY, *WRITABLE), whole=call.request.method == "PUT")
    stored.metageneration += 1
    stored.updated = call.world.clock.now()
    return resource(call, found, stored)


CHANGE_QUERY = f"{COMMON} {QUERY} generation predefinedAcl overrideUnlockedRetention"
storage.on("PATCH", OBJECT, "storage.objects.patch", CHANGE_QUERY)(change)
storage.on("PUT", OBJECT, "storage.objects.update", CHANGE_QUERY)(change)


def delete_object(
    call: Call, bucket: Bucket, name: str, generation: int | None, conditions: Conditions
) -> None:
    stored = find_object(call, bucket, name, "storage.objects.delete", generation, conditions)
    bucket.check_writable(name)
    if bucket.live.get(name) is stored and not (generation is not None and bucket.versioned):
        bucket.retire(name, call.world.clock.now(), deleted=True)
    else:
        bucket.noncurrent = [each for each in bucket.noncurrent if each is not stored]
        if bucket.live.get(name) is stored:
            del bucket.live[name]


@storage.on("DELETE", OBJECT, "storage.objects.delete", f"{COMMON} {QUERY} generation")
def delete(call: Call, bucket: str, object: str) -> Response:
    delete_object(
        call, find_bucket(call, bucket), object, call.integer("generation"), Conditions.of_query(call)
    )
    return Response(204)


@storage.on(
    "POST",
    OBJECT + "/restore",
    "storage.objects.restore",
    f"{COMMON} {QUERY} generation copySourceAcl restoreToken",
)
def restore(call: Call, bucket: str, object: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    require_object(call, found, object, "storage.objects.restore")
    require_write(call, found, object)
    generation = call.integer("generation")
    if generation is None:
        raise bad_request("Required parameter: generation")
    old = next(
        (each for each in found.soft_deleted if each.name == object and each.generation == generation), None
    )
    if old is None:
        raise ApiError(404, f"No such object: {bucket}/{object}#{generation}")
    Conditions.of_query(call).check(found.live.get(object))
    found.soft_deleted.remove(old)
    made = put_object(
        call.world, found, object, old.data, content_type=old.content_type, metadata=old.metadata, fields=old.fields, components=old.components
    )  # fmt: skip
    return resource(call, found, made)
