"""Objects made of others: compose, copy, rewrite, move. Source: "Objects" of the JSON API."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, bad_request
from ..routing import Call
from .bucket import Bucket, StoredObject, put_object
from .conditions import QUERY, SOURCE_QUERY, Conditions
from .objects import READ_ONLY, WRITABLE, resource, take_fields
from .service import COMMON, find_bucket, find_object, require_object, require_write, storage

MOST_COMPONENTS = 32


@storage.on(
    "POST",
    "/storage/v1/b/{bucket}/o/{object}/compose",
    "storage.objects.compose",
    f"{COMMON} {QUERY} destinationPredefinedAcl kmsKeyName",
)
def compose(call: Call, bucket: str, object: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    body = call.json(
        "sourceObjects", "destination", "kind", "deleteSourceObjects", required=("sourceObjects",)
    )
    sources = body["sourceObjects"]
    if not 1 <= len(sources) <= MOST_COMPONENTS:
        raise bad_request(
            f"The number of source components provided ({len(sources)}) must be between 1 and {MOST_COMPONENTS}."
        )
    require_write(call, found, object)
    parts = []
    for source in sources:
        wanted = (source.get("objectPreconditions") or {}).get("ifGenerationMatch")
        conditions = Conditions(int(wanted) if wanted is not None else None)
        generation = int(source["generation"]) if source.get("generation") is not None else None
        require_object(call, found, source["name"], "storage.objects.get")
        stored = found.version(source["name"], generation)
        if stored is None:
            raise ApiError(404, f"Object {source['name']} not found.", reason="notFound")
        conditions.check(stored)
        parts.append(stored)
    Conditions.of_query(call).check(found.live.get(object))
    count = sum(part.components or 1 for part in parts)
    made = put_object(call.world, found, object, b"".join(part.data for part in parts), components=count)
    take_fields(made, body.get("destination") or {}, whole=True)
    return resource(call, found, made)


def duplicate(
    call: Call, from_bucket: str, name: str, to_bucket: str, to_name: str
) -> tuple[Bucket, StoredObject]:
    source_bucket, target = find_bucket(call, from_bucket), find_bucket(call, to_bucket)
    conditions = Conditions.of_query(call, "ifSource")
    source = find_object(
        call, source_bucket, name, "storage.objects.get", call.integer("sourceGeneration"), conditions
    )
    require_write(call, target, to_name)
    Conditions.of_query(call).check(target.live.get(to_name))
    body = call.json(*READ_ONLY, *WRITABLE)
    made = put_object(
        call.world, target, to_name, source.data, content_type=source.content_type, metadata=source.metadata, fields=source.fields, components=source.components
    )  # fmt: skip
    if body:
        take_fields(made, body, whole="metadata" in body or "contentType" in body)
    return target, made


PAIR = "/storage/v1/b/{bucket}/o/{object}/{verb}/b/{to_bucket}/o/{to_object}"
PAIR_QUERY = (
    f"{COMMON} {QUERY} {SOURCE_QUERY} sourceGeneration destinationPredefinedAcl destinationKmsKeyName"
)


@storage.on(
    "POST",
    PAIR.replace("{verb}", "rewriteTo"),
    "storage.objects.rewrite",
    f"{PAIR_QUERY} rewriteToken maxBytesRewrittenPerCall",
)
def rewrite(call: Call, bucket: str, object: str, to_bucket: str, to_object: str) -> dict[str, Any]:
    target, made = duplicate(call, bucket, object, to_bucket, to_object)
    size = str(len(made.data))
    done = {"kind": "storage#rewriteResponse", "totalBytesRewritten": size, "objectSize": size, "done": True}
    return {**done, "resource": resource(call, target, made)}


@storage.on("POST", PAIR.replace("{verb}", "copyTo"), "storage.objects.copy", PAIR_QUERY)
def copy(call: Call, bucket: str, object: str, to_bucket: str, to_object: str) -> dict[str, Any]:
    return resource(call, *duplicate(call, bucket, object, to_bucket, to_object))


@storage.on(
    "POST", "/storage/v1/b/{bucket}/o/{object}/moveTo/o/{to_object}", "storage.objects.move", PAIR_QUERY
)
def move(call: Call, bucket: str, object: str, to_object: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    conditions = Conditions.of_query(call, "ifSource")
    source = find_object(call, found, object, "storage.objects.move", None, conditions)
    require_write(call, found, to_object)
    Conditions.of_query(call).check(found.live.get(to_object))
    found.check_writable(object)
    made = put_object(
        call.world, found, to_object, source.data, content_type=source.content_type, metadata=source.metadata, fields=source.fields, components=source.components
    )  # fmt: skip
    del found.live[object]
    return resource(call, found, made)
