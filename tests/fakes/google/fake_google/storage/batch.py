"""Several calls in one request. Source: Cloud Storage "Batch requests" (at most 100 calls; not for content)."""

from __future__ import annotations

import re

from ..errors import ApiError, bad_request
from ..routing import Call, json_response
from ..server import Request, Response
from .cors import json_preflight
from .service import storage

MOST = 100


def parse_part(part: bytes, outer: Request) -> tuple[str, Request]:
    """Content-ID and the inner request. Errors: 400."""
    head, _, inner = part.strip(b"\r\n").partition(b"\r\n\r\n")
    identity = re.search(rb"(?im)^content-id:\s*(\S+)", head)
    line, _, rest = inner.partition(b"\r\n")
    headers_text, _, body = rest.partition(b"\r\n\r\n")
    words = line.decode().split(" ")
    if len(words) < 2:
        raise bad_request("Malformed batch part.")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (h.partition(":") for h in headers_text.decode().split("\r\n"))
        if name
    }
    target = re.sub(r"^https?://[^/]+", "", words[1])
    path, _, query = target.partition("?")
    headers.setdefault("authorization", outer.headers.get("authorization", ""))
    if not headers["authorization"]:
        del headers["authorization"]
    return (identity.group(1).decode() if identity else ""), Request(
        "storage", words[0], path, query, headers, body.strip(b"\r\n"), outer.base
    )


def answer(call: Call, inner: Request) -> Response:
    if inner.path.startswith(("/upload", "/download", "/resumable", "/batch")):
        raise bad_request("Content cannot be sent or read in a batch.")
    route, names = storage.find(inner)
    made = route.function(Call(call.world, inner, call.token), **names)
    return made if isinstance(made, Response) else json_response(made)


@storage.on("POST", "/batch/storage/v1", "storage.batch")
def batch(call: Call) -> Response:
    match = re.search(r'boundary="?([^";]+)"?', call.request.headers.get("content-type", ""))
    if match is None:
        raise bad_request("Missing boundary.")
    parts = (b"\r\n" + call.request.body).split(b"\r\n--" + match.group(1).encode())[1:-1]
    if len(parts) > MOST:
        raise bad_request(f"The batch has more than {MOST} calls.")
    out = []
    for part in parts:
        identity, inner = parse_part(part, call.request)
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
