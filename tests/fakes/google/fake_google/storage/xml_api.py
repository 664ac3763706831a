"""The XML API, as browsers with signed URLs and multipart uploaders use it. Source: "XML API" of Cloud Storage."""

from __future__ import annotations

import email.utils
import hashlib
import re
import secrets
import urllib.parse
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from ..clock import rfc3339
from ..errors import ApiError, bad_request
from ..routing import Call
from ..server import Response
from ..tokens import CLOUD_PLATFORM, Token
from . import cors, listing, signing
from .bucket import Bucket, StoredObject, crc32c_of, md5_of, put_object
from .conditions import Conditions
from .objects import content_headers, delete_object, send
from .service import find_bucket, find_object, require_object, require_write, storage
from .sessions import Session, check_hashes, wanted_hashes

META = "x-goog-meta-"
HEADER_FIELDS = {"cache-control": "cacheControl", "content-disposition": "contentDisposition", "content-encoding": "contentEncoding", "content-language": "contentLanguage"}  # fmt: skip
LEAST_PART = 5 * 1024 * 1024


@dataclass
class PartUpload:
    """An XML multipart upload: parts in any order, joined when it is completed."""

    bucket: str
    name: str
    content_type: str | None
    metadata: dict[str, str]
    fields: dict[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


def document(name: str, body: str, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    text = f"<?xml version='1.0' encoding='UTF-8'?><{name} xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>{body}</{name}>"
    return Response(
        status, text.encode(), {"Content-Type": "application/xml; charset=UTF-8", **(headers or {})}
    )


def identify(call: Call) -> None:
    """Take the identity from a signed URL. Errors: 400, 403; 400 when there is a token, too."""
    request = call.request
    signed = signing.of_request(request.method, request.path, request.raw_query, request.headers)
    if signed is None:
        return
    world = call.world
    now = world.clock.now()
    signed.check_form(now)
    account = world.accounts.get(signed.email)
    if account is None or account.disabled:
        raise ApiError(
            403,
            "Access denied.",
            xml={"Code": "AccessDenied", "Details": f"{signed.email} does not exist or is disabled."},
        )
    system = account.system.public_key() if account.system else None
    by_system = (
        system is not None
        and now <= signed.signed_at() + signing.SYSTEM_KEY_S
        and signed.is_signed_by(system)
    )
    if not by_system and not any(signed.is_signed_by(key) for key in account.keys.values()):
        raise signed.mismatch()
    wanted = request.headers.get("x-goog-content-sha256")
    if wanted not in (None, "UNSIGNED-PAYLOAD") and hashlib.sha256(request.body).hexdigest() != wanted:
        raise ApiError(400, "The content is not the signed one.", xml={"Code": "XAmzContentSHA256Mismatch"})
    call.token = Token("", f"serviceAccount:{account.email}", frozenset({CLOUD_PLATFORM}), now + 1)


def said_of_object(headers: dict[str, str]) -> tuple[str | None, dict[str, str], dict[str, str]]:
    metadata = {name[len(META) :]: value for name, value in headers.items() if name.startswith(META)}
    fields = {key: headers[name] for name, key in HEADER_FIELDS.items() if name in headers}
    return headers.get("content-type"), metadata, fields


def size_range(headers: dict[str, str]) -> tuple[int, int] | None:
    text = headers.get("x-goog-content-length-range")
    if text is None:
        return None
    match = re.fullmatch(r"(\d+),(\d+)", text)
    if match is None:
        raise bad_request("x-goog-content-length-range is MIN,MAX.")
    return int(match.group(1)), int(match.group(2))


def check_size(headers: dict[str, str], size: int) -> None:
    limits = size_range(headers)
    if limits and size < limits[0]:
        raise ApiError(
            400, "Your proposed upload is smaller than the minimum.", xml={"Code": "EntityTooSmall"}
        )
    if limits and size > limits[1]:
        raise ApiError(
            400, "Your proposed upload is larger than the maximum.", xml={"Code": "EntityTooLarge"}
        )


def made_headers(stored: StoredObject) -> dict[str, str]:
    headers = content_headers(stored)
    return {
        name: headers[name] for name in ("ETag", "x-goog-hash", "x-goog-generation", "x-goog-metageneration")
    }


def with_cors(call: Call, bucket: Bucket, response: Response) -> Response:
    for name, value in cors.answer_headers(
        bucket, call.request.headers.get("origin"), call.request.method
    ).items():
        response.headers.setdefault(name, value)
    return response


def put(call: Call, bucket: str, object: str) -> Response:
    found, headers = find_bucket(call, bucket), call.request.headers
    if upload_id := call.param("upload_id"):
        return send_piece(call, found, upload_id)
    identify(call)
    if part := call.param("partNumber"):
        return put_part(call, found, int(part))
    require_write(call, found, object)
    Conditions.of_headers(headers).check(found.live.get(object))
    check_size(headers, len(call.request.body))
    check_hashes(call.request.body, wanted_hashes(headers, {}))
    content_type, metadata, fields = said_of_object(headers)
    if "x-goog-copy-source" in headers:
        return copy(call, found, object)
    made = put_object(
        call.world,
        found,
        object,
        call.request.body,
        content_type=content_type,
        metadata=metadata,
        fields=fields,
    )
    return with_cors(call, found, Response(200, b"", made_headers(made)))


def copy(call: Call, target: Bucket, name: str) -> Response:
    source = urllib.parse.unquote(call.request.headers["x-goog-copy-source"]).lstrip("/")
    from_bucket, _, from_name = source.partition("/")
    stored = find_object(call, find_bucket(call, from_bucket), from_name, "storage.objects.get")
    made = put_object(
        call.world,
        target,
        name,
        stored.data,
        content_type=stored.content_type,
        metadata=stored.metadata,
        fields=stored.fields,
    )
    return document("CopyObjectResult", f"<ETag>{made.etag}</ETag>", made_headers(made))


def send_piece(call: Call, bucket: Bucket, upload_id: str) -> Response:
    session = call.world.sessions.get(upload_id)
    if session is None or session.bucket != bucket.name:
        raise ApiError(404, "The upload session was not found.", xml={"Code": "NoSuchUpload"})
    extra = cors.session_headers(session, call.request.headers)
    made = session.take(call.world, bucket, call.request.headers, call.request.body)
    if made is None:
        return Response(308, b"", {**session.progress(), **extra})
    return Response(200, b"", {**made_headers(made), "X-GUploader-UploadID": session.id, **extra})


def post(call: Call, bucket: str, object: str) -> Response:
    found, headers = find_bucket(call, bucket), call.request.headers
    identify(call)
    if "uploads" in call.request.query:
        require_object(call, found, object, "storage.multipartUploads.create")
        upload_id = secrets.token_urlsafe(32)
        call.world.part_uploads[upload_id] = PartUpload(bucket, object, *said_of_object(headers))
        return document(
            "InitiateMultipartUploadResult",
            f"<Bucket>{bucket}</Bucket><Key>{escape(object)}</Key><UploadId>{upload_id}</UploadId>",
        )
    if "uploadId" in call.request.query:
        return complete(call, found, object)
    if headers.get("x-goog-resumable") != "start":
        raise bad_request(
            "A POST of an object starts a resumable upload (x-goog-resumable: start) or a multipart one (?uploads)."
        )
    require_write(call, found, object)
    conditions = Conditions.of_headers(headers)
    conditions.check(found.live.get(object))
    content_type, metadata, fields = said_of_object(headers)
    limits = size_range(headers)
    session = Session(
        bucket, object, call.world.clock.now(), conditions, call.token.member if call.token else "",
        content_type, metadata, fields, wanted_hashes(headers, {}), headers.get("origin"), most_bytes=limits[1] if limits else None,
    )  # fmt: skip
    call.world.sessions[session.id] = session
    location = f"{call.request.base}/{bucket}/{urllib.parse.quote(object)}?upload_id={session.id}"
    answer = Response(201, b"", {"Location": location, "X-GUploader-UploadID": session.id})
    answer.headers.update(cors.session_headers(session, headers))
    return with_cors(call, found, answer)


def part_upload(call: Call) -> PartUpload:
    upload = call.world.part_uploads.get(call.param("uploadId") or "")
    if upload is None:
        raise ApiError(404, "The requested upload was not found.", xml={"Code": "NoSuchUpload"})
    return upload


def put_part(call: Call, bucket: Bucket, number: int) -> Response:
    upload = part_upload(call)
    require_object(call, bucket, upload.name, "storage.multipartUploads.create")
    if not 1 <= number <= 10000:
        raise bad_request("A part has a number between 1 and 10000.")
    check_hashes(call.request.body, wanted_hashes(call.request.headers, {}))
    data = call.request.body
    upload.parts[number] = data
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Response(
        200, b"", {"ETag": f'"{etag}"', "x-goog-hash": f"crc32c={crc32c_of(data)},md5={md5_of(data)}"}
    )


def complete(call: Call, bucket: Bucket, name: str) -> Response:
    upload = part_upload(call)
    require_write(call, bucket, name)
    try:
        tree = ET.fromstring(call.request.body)
    except ET.ParseError:
        raise ApiError(400, "The XML is not well-formed.", xml={"Code": "MalformedXML"}) from None
    numbers = [int(node.text or 0) for node in tree.iter() if node.tag.rpartition("}")[2] == "PartNumber"]
    if numbers != sorted(numbers) or not numbers:
        raise ApiError(400, "The parts are not in ascending order.", xml={"Code": "InvalidPartOrder"})
    if any(number not in upload.parts for number in numbers):
        raise ApiError(400, "A part was not found.", xml={"Code": "InvalidPart"})
    if any(len(upload.parts[number]) < LEAST_PART for number in numbers[:-1]):
        raise ApiError(
            400, "A part other than the last is smaller than 5 MiB.", xml={"Code": "EntityTooSmall"}
        )
    Conditions.of_headers(call.request.headers).check(bucket.live.get(name))
    data = b"".join(upload.parts[number] for number in numbers)
    made = put_object(
        call.world, bucket, name, data, content_type=upload.content_type, metadata=upload.metadata, fields=upload.fields, components=len(numbers)
    )  # fmt: skip
    del call.world.part_uploads[call.param("uploadId") or ""]
    body = f"<Bucket>{bucket.name}</Bucket><Key>{escape(name)}</Key><ETag>{made.etag}</ETag>"
    return document("CompleteMultipartUploadResult", body, made_headers(made))


def get(call: Call, bucket: str, object: str) -> Response:
    found = find_bucket(call, bucket)
    identify(call)
    generation = call.integer("generation")
    stored = find_object(
        call, found, object, "storage.objects.get", generation, Conditions.of_headers(call.request.headers)
    )
    response = send(call, stored)
    response.headers["Last-Modified"] = email.utils.formatdate(stored.updated, usegmt=True)
    for name, value in stored.metadata.items():
        response.headers[META + name] = value
    for parameter, header in (
        ("response-content-disposition", "Content-Disposition"),
        ("response-content-type", "Content-Type"),
    ):
        if (wanted := call.param(parameter)) is not None:
            response.headers[header] = wanted
    if call.request.method == "HEAD":
        response.headers["Content-Length"] = str(len(stored.data))
    return with_cors(call, found, response)


def delete(call: Call, bucket: str, object: str) -> Response:
    found = find_bucket(call, bucket)
    if session := call.world.sessions.get(call.param("upload_id") or ""):
        session.check_alive(call.world.clock.now())
        session.cancelled = True
        raise ApiError(499, "Client Closed Request")
    identify(call)
    if "uploadId" in call.request.query:
        part_upload(call)
        require_object(call, found, object, "storage.multipartUploads.abort")
        del call.world.part_uploads[call.param("uploadId") or ""]
        return Response(204)
    delete_object(
        call, found, object, call.integer("generation"), Conditions.of_headers(call.request.headers)
    )
    return with_cors(call, found, Response(204))


def list_bucket(call: Call, bucket: str) -> Response:
    found = find_bucket(call, bucket)
    identify(call)
    require_object(call, found, call.param("prefix") or "", "storage.objects.list")
    rows, token = listing.page(call, found, "max-keys", "continuation-token")
    body = f"<Name>{found.name}</Name><Prefix>{escape(call.param('prefix') or '')}</Prefix><KeyCount>{len(rows)}</KeyCount>"
    for name, stored in rows:
        if stored is None:
            body += f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
        else:
            body += (
                f"<Contents><Key>{escape(name)}</Key><Generation>{stored.generation}</Generation><Size>{len(stored.data)}</Size>"
                f"<ETag>{stored.etag}</ETag><LastModified>{rfc3339(stored.updated)}</LastModified></Contents>"
            )
    body += f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>" + (
        f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    )
    return with_cors(call, found, document("ListBucketResult", body))


def options(call: Call, bucket: str, object: str = "") -> Response:
    if session := call.world.sessions.get(call.param("upload_id") or ""):
        return cors.session_preflight(session, call.request.headers)
    return cors.preflight(find_bucket(call, bucket), call.request.headers)


# After the JSON API's, so that its paths are not taken for buckets. Any parameter may stand here.
for method, function, rpc in (("PUT", put, "insert"), ("POST", post, "insert"), ("GET", get, "get"), ("HEAD", get, "get"), ("DELETE", delete, "delete"), ("OPTIONS", options, "preflight")):  # fmt: skip
    storage.on(method, "/{bucket}/{object*}", f"storage.xml.objects.{rpc}", "*")(function)
for path in ("/{bucket}", "/{bucket}/"):
    storage.on("GET", path, "storage.xml.objects.list", "*")(list_bucket)
    storage.on("OPTIONS", path, "storage.xml.preflight", "*")(options)
