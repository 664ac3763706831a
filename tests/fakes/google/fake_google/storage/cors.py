"""What a browser may do. Source: Cloud Storage "Cross-origin resource sharing (CORS)".

The XML paths follow the bucket's configuration; the JSON API answers CORS on its own, for every origin; a resumable session
answers the origin for which it was started, and no other.
"""

from __future__ import annotations

from ..routing import Call
from ..server import Response
from .bucket import Bucket
from .sessions import Session

EXPOSED = "Content-Length, Content-Type, Date, Location, Range, Server, X-GUploader-UploadID, x-goog-generation, x-goog-hash"


def entry_for(bucket: Bucket, origin: str, method: str) -> dict[str, object] | None:
    """The first entry whose origin and method fit."""
    for entry in bucket.config.get("cors", []):
        origins, methods = entry.get("origin", []), entry.get("method", [])
        if (origin in origins or "*" in origins) and (method in methods or "*" in methods):
            found: dict[str, object] = entry
            return found
    return None


def answer_headers(bucket: Bucket, origin: str | None, method: str) -> dict[str, str]:
    """For an actual request."""
    entry = entry_for(bucket, origin, method) if origin else None
    if entry is None or origin is None:
        return {}
    headers = {"Access-Control-Allow-Origin": "*" if entry["origin"] == ["*"] else origin, "Vary": "Origin"}
    if exposed := entry.get("responseHeader"):
        assert isinstance(exposed, list)
        headers["Access-Control-Expose-Headers"] = ", ".join(exposed)
    return headers


def preflight(bucket: Bucket, headers: dict[str, str]) -> Response:
    """Without a fitting entry the answer is 200 and allows nothing, as there."""
    origin, method = headers.get("origin"), headers.get("access-control-request-method", "")
    entry = entry_for(bucket, origin, method) if origin else None
    if entry is None or origin is None:
        return Response(200)
    allowed = entry.get("responseHeader") or []
    methods = entry["method"]
    assert isinstance(allowed, list) and isinstance(methods, list)
    wanted = [
        name.strip() for name in headers.get("access-control-request-headers", "").split(",") if name.strip()
    ]
    known = {name.lower() for name in allowed}
    answer = {
        "Access-Control-Allow-Origin": "*" if entry["origin"] == ["*"] else origin,
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Max-Age": str(entry.get("maxAgeSeconds", 3600)),
        "Vary": "Origin",
    }
    if wanted and ("*" in known or all(name.lower() in known for name in wanted)):
        answer["Access-Control-Allow-Headers"] = ", ".join(wanted)
    return Response(200, b"", answer)


def json_preflight(call: Call) -> Response:
    headers = call.request.headers
    return Response(
        200,
        b"",
        {
            "Access-Control-Allow-Origin": headers.get("origin", "*"),
            "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, PUT",
            "Access-Control-Allow-Headers": headers.get("access-control-request-headers", ""),
            "Access-Control-Max-Age": "3600",
            "Vary": "Origin",
        },
    )


def json_headers(headers: dict[str, str]) -> dict[str, str]:
    """For the JSON API's answers, other than those of upload sessions."""
    if (origin := headers.get("origin")) is None:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"}


def session_headers(session: Session, headers: dict[str, str]) -> dict[str, str]:
    """For the PUTs of a resumable upload: nothing, when it was started without an Origin or for another one."""
    origin = headers.get("origin")
    if origin is None or origin != session.origin:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED, "Vary": "Origin"}


def session_preflight(session: Session, headers: dict[str, str]) -> Response:
    granted = session_headers(session, headers)
    if granted:
        granted["Access-Control-Allow-Methods"] = "PUT, DELETE"
        granted["Access-Control-Allow-Headers"] = headers.get("access-control-request-headers", "")
        granted["Access-Control-Max-Age"] = "3600"
    return Response(200, b"", granted)
