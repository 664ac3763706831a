"""Several calls in one request. Source: Cloud Storage "Batch requests" (at most 100 calls; not for content)."""

from __future__ import annotations

import email
import email.message
import re

from ..errors import ApiError, bad_request
from ..routing import Call, json_response
from ..server import Request, Response
from .cors import json_preflight
from .service import storage

MOST = 100


def split(outer: Request) -> list[tuple[str, Request]]:
    """Content-ID and inner request of each part; lines may end in LF alone. Errors: 400."""
    head = f"Content-Type: {outer.headers.get('content-type', '')}\r\n\r\n".encode()
    message = email.message_from_bytes(head + outer.body)
    if not message.is_multipart():
        raise bad_request("The batch is not multipart/mixed with a boundary.")
    parts = message.get_payload()
    assert isinstance(parts, list)
    return [inner_request(part, outer) for part in parts if isinstance(part, email.message.Message)]


def inner_request(part: email.message.Message, outer: Request) -> tuple[str, Request]:
    text = part.get_payload(decode=True)
    assert isinstance(text, bytes)
    line, _, rest = text.lstrip().partition(b"\n")
    words = line.decode().split()
    if len(words) < 2:
        raise bad_request("Malformed batch part.")
    inner = email.message_from_bytes(rest)
    body = inner.get_payload(decode=True)
    assert isinstance(body, bytes)
    headers = {name.lower(): str(value) for name, value in inner.items()}
    path, _, query = re.sub(r"^https?://[^/]+", "", words[1]).partition("?")
    request = Request("storage", words[0], path, query, headers, body.strip(), outer.base)
    return str(part.get("content-id", "")), request


def answer(call: Call, inner: Request) -> Response:
    if inner.path.startswith(("/upload", "/download", "/resumable", "/batch")):
        raise bad_request("Content cannot be sent or read in a batch.")
    route, names = storage.find(inner)
    made = route.function(Call(call.world, inner, call.token), **names)
    return made if isinstance(made, Response) else json_response(made)


@storage.on("POST", "/batch/storage/v1", "storage.batch")
def batch(call: Call) -> Response:
    parts = split(call.request)
    if len(parts) > MOST:
        raise bad_request(f"The batch has more than {MOST} calls.")
    out = []
    for identity, inner in parts:
        try:
            response = answer(call, inner)
        except ApiError as error:
            response = Response(
                error.code,
                storage.shape_of("/storage/v1")(error),
                {"Content-Type": "application/json; charset=UTF-8"},
            )
        headers = {**response.headers, "Content-Length": str(len(response.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        reply = f"<response-{identity.strip('<>')}>" if identity else ""
        out.append(
            f"--batch_double\r\nContent-Type: application/http\r\nContent-ID: {reply}\r\n\r\nHTTP/1.1 {response.status} X\r\n{head}\r\n".encode()
            + response.body
            + b"\r\n"
        )
    return Response(
        200,
        b"".join(out) + b"--batch_double--\r\n",
        {"Content-Type": "multipart/mixed; boundary=batch_double"},
    )


def project_account(call: Call, project: str) -> dict[str, str]:
    place = call.world.project(project)
    return {
        "kind": "storage#serviceAccount",
        "email_address": f"service-{place.number}@gs-project-accounts.iam.gserviceaccount.com",
    }


storage.on(
    "GET",
    "/storage/v1/projects/{project}/serviceAccount",
    "storage.projects.serviceAccount.get",
    "userProject",
)(project_account)
for prefix in (
    "/storage/v1",
    "/upload/storage/v1",
    "/download/storage/v1",
    "/resumable/upload/storage/v1",
    "/batch/storage/v1",
):
    storage.on("OPTIONS", prefix + "/{rest*}", "storage.preflight", "*")(
        lambda call, rest: json_preflight(call)
    )
