"""The probe's checks of the XML API, of signed URLs and of what browsers may do."""

from __future__ import annotations

import urllib.parse
from typing import Any

from google.cloud.storage import _signing
from google.oauth2 import service_account
from plain_http import Answer
from probe import BUCKET, Probe


def xml(p: Probe) -> None:
    path = f"/{BUCKET}/xml/1"
    answer = p.xml("PUT", path, b"xmlbody", {"Content-Type": "text/plain", "x-goog-meta-k": "v"})
    p.check("XML PUT", answer.status == 200, answer)
    answer = p.xml("GET", path)
    p.check("XML GET", answer.body == b"xmlbody", answer)
    answer = p.xml("PUT", path, b"2", {"x-goog-if-generation-match": "0"})
    p.check("XML PUT x-goog-if-generation-match:0 -> 412", answer.status == 412, answer)
    answer = p.xml("GET", f"/{BUCKET}?prefix=xml/&list-type=2")
    p.check("XML list v2", b"xml/1" in answer.body, answer)
    answer = p.xml("POST", f"/{BUCKET}/xml/mp?uploads", b"")
    p.check("XML multipart initiate", b"UploadId" in answer.body, answer)


def signed(p: Probe) -> None:
    """By Google's own signing code, with a key that the server knows of."""
    credentials = service_account.Credentials.from_service_account_info(p.key)

    def url(method: str, expires_s: int = 600, **more: Any) -> str:
        endpoint = f"https://{p.host}"
        made: str = _signing.generate_signed_url_v4(
            credentials, f"/{BUCKET}/sig", expires_s, api_access_endpoint=endpoint, method=method, **more
        )
        return made

    def go(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        parsed = urllib.parse.urlparse(url)
        return p.xml(method, f"{parsed.path}?{parsed.query}", body, headers)

    answer = go("PUT", url("PUT", content_type="text/plain"), b"signed", {"Content-Type": "text/plain"})
    p.check("V4 signed PUT", answer.status == 200, answer)
    good = url("GET")
    answer = go("GET", good)
    p.check("V4 signed GET", answer.body == b"signed", answer)
    answer = go("GET", good[:-8] + "00000000")
    p.check("tampered signature -> 403", answer.status == 403, answer)
    answer = go("GET", url("GET", 60, _request_timestamp="20200101T000000Z"))
    p.check("expired -> 400", answer.status in (400, 403), answer)
    answer = go("PUT", good, b"x")
    p.check("GET URL used for PUT -> 403", answer.status == 403, answer)
    answer = go("POST", url("RESUMABLE"), b"", {"x-goog-resumable": "start"})
    p.check(
        "signed resumable start (x-goog-resumable) -> 201 Location",
        answer.status == 201 and answer.headers.get("location"),
        answer,
    )


def cors(p: Probe) -> None:
    entry = {
        "origin": ["https://app.example"],
        "method": ["PUT"],
        "responseHeader": ["Content-Type"],
        "maxAgeSeconds": 60,
    }
    p.client.patch(p.bucket(), {"cors": [entry]})
    kept = p.client.get(p.bucket()).json().get("cors")
    p.check("bucket patch cors kept", kept, kept)

    def allowed(origin: str) -> str | None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        return p.xml("OPTIONS", f"/{BUCKET}/sig", None, headers).headers.get("access-control-allow-origin")

    p.check(
        "preflight, allowed origin",
        allowed("https://app.example") in ("https://app.example", "*"),
        allowed("https://app.example"),
    )
    p.check(
        "preflight, other origin refused",
        not allowed("https://evil.example"),
        allowed("https://evil.example"),
    )
