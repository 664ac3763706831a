"""What an API refuses with, in the two shapes that Google's services have, and in XML.

Source: google.rpc.Status with ErrorInfo (most services); Cloud Storage "HTTP status and error codes for JSON" and "for XML".
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

STATUS_OF_CODE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
REASON_OF_CODE = {
    304: "notModified",
    308: "resumeIncomplete",
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    408: "requestTimeout",
    409: "conflict",
    410: "gone",
    411: "lengthRequired",
    412: "conditionNotMet",
    413: "uploadTooLarge",
    416: "requestedRangeNotSatisfiable",
    429: "rateLimitExceeded",
    499: "clientClosedRequest",
    500: "backendError",
    501: "notImplemented",
    503: "backendError",
    504: "gatewayTimeout",
}


class ApiError(Exception):
    """`status` is the canonical code (`ABORTED`), `reason` Cloud Storage's word (`conditionNotMet`) or ErrorInfo's reason."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: str | None = None,
        reason: str | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        xml: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS_OF_CODE.get(code, "UNKNOWN")
        self.reason = reason
        self.details = details or []
        self.headers = headers or {}
        self.xml = xml or {}


def error_info(reason: str, domain: str, **metadata: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": domain,
        "metadata": metadata,
    }


def bad_request(message: str) -> ApiError:
    return ApiError(400, message)


def rpc_body(error: ApiError) -> bytes:
    body: dict[str, Any] = {"code": error.code, "message": error.message, "status": error.status}
    if error.details:
        body["details"] = error.details
    return json.dumps({"error": body}, indent=1).encode()


def storage_body(error: ApiError) -> bytes:
    reason = error.reason or REASON_OF_CODE.get(error.code, "invalid")
    item = {"message": error.message, "domain": "global", "reason": reason}
    body: dict[str, Any] = {"code": error.code, "message": error.message, "errors": [item]}
    if error.details:
        body["details"] = error.details
    return json.dumps({"error": body}, indent=1).encode()


def oauth_body(error: ApiError) -> bytes:
    return json.dumps(
        {"error": error.reason or "invalid_request", "error_description": error.message}
    ).encode()


def kubernetes_body(error: ApiError) -> bytes:
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason or "InternalError",
        "code": error.code,
    }
    if error.details:
        body["details"] = error.details[0]
    return json.dumps(body).encode()


XML_CODE = {
    304: "NotModified",
    400: "InvalidArgument",
    401: "AuthenticationRequired",
    403: "AccessDenied",
    404: "NoSuchKey",
    409: "Conflict",
    411: "MissingContentLength",
    412: "PreconditionFailed",
    416: "InvalidRange",
    429: "SlowDown",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def xml_body(error: ApiError) -> bytes:
    more = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in error.xml.items() if key != "Code")
    code = error.xml.get("Code") or XML_CODE.get(error.code, "InternalError")
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code>"
        f"<Message>{escape(error.message)}</Message>{more}</Error>"
    ).encode()
