"""Uploads over the JSON API: media, multipart, resumable. Source: "Uploads and downloads" of Cloud Storage."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from typing import Any

from ..errors import ApiError, bad_request
from ..routing import Call, json_response
from ..server import Response
from .bucket import OBJECT_FIELDS, Bucket, check_object_name, put_object
from .conditions import QUERY, Conditions
from .cors import session_headers
from .objects import READ_ONLY, WRITABLE, resource
from .service import COMMON, find_bucket, require_write, storage
from .sessions import Session, check_hashes, wanted_hashes

INSERT_QUERY = f"{COMMON} {QUERY} name uploadType upload_id contentEncoding predefinedAcl kmsKeyName"


def check_resource(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise bad_request("The metadata is not a JSON object.")
    if unknown := set(body) - {*READ_ONLY, *WRITABLE}:
        raise bad_request(
            f'Invalid JSON payload received. Unknown name "{sorted(unknown)[0]}": Cannot find field.'
        )
    return body


def split_multipart(content_type: str, body: bytes) -> tuple[dict[str, Any], str, bytes]:
    """Metadata, content type and content of a multipart/related body. Errors: 400."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None or not content_type.startswith("multipart/related"):
        raise bad_request("Missing boundary, or not multipart/related.")
    boundary = b"--" + match.group(1).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + boundary)
    if len(pieces) != 4 or not pieces[3].startswith(b"--"):
        raise bad_request("Malformed multipart body: it has two parts and an end.")
    parts = []
    for piece in pieces[1:3]:
        head, found, content = piece.partition(b"\r\n\r\n")
        if not found:
            raise bad_request("Malformed multipart body: a part has a header and a content.")
        headers = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
            head.lstrip(b"\r\n") + b"\r\n\r\n", headersonly=True
        )
        parts.append((str(headers.get("content-type", "")), content))
    if not parts[0][0].startswith("application/json"):
        raise bad_request("The first part of a multipart upload is JSON.")
    try:
        meta = json.loads(parts[0][1] or b"{}")
    except ValueError:
        raise bad_request("Parse Error: the metadata is not JSON.") from None
    return check_resource(meta), parts[1][0], parts[1][1]


def insert(call: Call, bucket: str) -> Response | dict[str, Any]:
    found = find_bucket(call, bucket)
    kind = call.param("uploadType")
    headers = call.request.headers
    if kind == "resumable":
        return start(call, found)
    if kind == "media":
        meta: dict[str, Any] = {}
        content_type, data = headers.get("content-type", "application/octet-stream"), call.request.body
    elif kind == "multipart":
        meta, content_type, data = split_multipart(headers.get("content-type", ""), call.request.body)
    else:
        raise bad_request(f"Invalid uploadType {kind}: media, multipart or resumable.")
    name = call.param("name") or meta.get("name") or ""
    check_object_name(name)
    require_write(call, found, name)
    Conditions.of_query(call).check(found.live.get(name))
    check_hashes(data, wanted_hashes(headers, meta))
    made = put_object(
        call.world, found, name, data,
        content_type=meta.get("contentType", content_type or None),
        metadata=meta.get("metadata"), fields={key: meta[key] for key in OBJECT_FIELDS if key in meta},
    )  # fmt: skip
    return resource(call, found, made)


def start(call: Call, bucket: Bucket) -> Response:
    headers = call.request.headers
    meta = check_resource(call.json())
    name = call.param("name") or meta.get("name") or ""
    check_object_name(name)
    require_write(call, bucket, name)
    conditions = Conditions.of_query(call)
    conditions.check(bucket.live.get(name))
    declared = headers.get("x-upload-content-length")
    session = Session(
        bucket.name, name, call.world.clock.now(), conditions, call.token.member if call.token else "",
        content_type=meta.get("contentType") or headers.get("x-upload-content-type"),
        metadata=meta.get("metadata") or {}, fields={key: meta[key] for key in OBJECT_FIELDS if key in meta},
        hashes=wanted_hashes(headers, meta), origin=headers.get("origin"), total=int(declared) if declared else None,
    )  # fmt: skip
    call.world.sessions[session.id] = session
    location = (
        f"{call.request.base}/upload/storage/v1/b/{bucket.name}/o?uploadType=resumable&upload_id={session.id}"
    )
    return Response(
        200,
        b"",
        {"Location": location, "X-GUploader-UploadID": session.id, **session_headers(session, headers)},
    )


def find_session(call: Call, bucket: str) -> Session:
    session = call.world.sessions.get(call.param("upload_id") or "")
    if session is None or session.bucket != bucket:
        raise ApiError(404, "The upload session was not found.")
    return session


def send(call: Call, bucket: str) -> Response:
    """No token is asked for: who knows the address may send."""
    found, session = find_bucket(call, bucket), find_session(call, bucket)
    extra = session_headers(session, call.request.headers)
    made = session.take(call.world, found, call.request.headers, call.request.body)
    if made is None:
        return Response(308, b"", {**session.progress(), **extra})
    return json_response(resource(call, found, made), headers={"X-GUploader-UploadID": session.id, **extra})


def cancel(call: Call, bucket: str) -> Response:
    session = find_session(call, bucket)
    session.check_alive(call.world.clock.now())
    session.cancelled = True
    session.kept = bytearray()
    raise ApiError(499, "Client Closed Request")


for path in ("/upload/storage/v1/b/{bucket}/o", "/resumable/upload/storage/v1/b/{bucket}/o"):
    storage.on("POST", path, "storage.objects.insert", INSERT_QUERY)(insert)
    storage.on("PUT", path, "storage.objects.insert", INSERT_QUERY)(send)
    storage.on("DELETE", path, "storage.objects.cancelUpload", INSERT_QUERY)(cancel)
