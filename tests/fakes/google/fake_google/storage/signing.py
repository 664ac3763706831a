"""Signed URLs, version 4: what was signed, and whether it was signed by a key of the account that it names.

Source: Cloud Storage "V4 signing process with your own program", "Canonical requests", "Signatures"; Google's conformance
vectors (data/v4_signatures.json).
"""

from __future__ import annotations

import binascii
import calendar
import hashlib
import re
import time
import urllib.parse
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..errors import ApiError, bad_request

ALGORITHM = "GOOG4-RSA-SHA256"
LONGEST_S = 7 * 86400
SYSTEM_KEY_S = 12 * 3600  # so long a signature of signBlob is good for
SKEW_S = 15 * 60


def encode(text: str, safe: str = "") -> str:
    return urllib.parse.quote(text, safe=f"-._~{safe}")


@dataclass(frozen=True)
class SignedUrl:
    """The parts of a request with a signed URL. `host` as its signer saw it."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]

    def param(self, name: str) -> str:
        """Errors: 400."""
        for key, value in self.query:
            if key.lower() == name.lower():
                return value
        raise bad_request(f"The signed URL has no {name}.")

    @property
    def email(self) -> str:
        return self.param("X-Goog-Credential").partition("/")[0]

    @property
    def signed_headers(self) -> list[str]:
        return self.param("X-Goog-SignedHeaders").split(";")

    def canonical(self) -> str:
        """Errors: 400 MalformedSecurityHeader for a signed header that is not there."""
        pairs = sorted(
            (encode(key), encode(value)) for key, value in self.query if key.lower() != "x-goog-signature"
        )
        lines = []
        for name in self.signed_headers:
            if name not in self.headers:
                message = "Header was included in signedheaders, but not in the request."
                raise ApiError(400, message, xml={"Code": "MalformedSecurityHeader", "ParameterName": name})
            lines.append(f"{name}:{collapsed(self.headers[name])}\n")
        payload = "UNSIGNED-PAYLOAD"
        if "x-goog-content-sha256" in self.signed_headers:
            payload = self.headers["x-goog-content-sha256"]
        path = encode(urllib.parse.unquote(self.path), "/")
        query = "&".join(f"{key}={value}" for key, value in pairs)
        return "\n".join([self.method, path, query, "".join(lines), ";".join(self.signed_headers), payload])

    def string_to_sign(self) -> str:
        scope = self.param("X-Goog-Credential").partition("/")[2]
        digest = hashlib.sha256(self.canonical().encode()).hexdigest()
        return "\n".join([ALGORITHM, self.param("X-Goog-Date"), scope, digest])

    def signed_at(self) -> float:
        try:
            return calendar.timegm(time.strptime(self.param("X-Goog-Date"), "%Y%m%dT%H%M%SZ"))
        except ValueError:
            raise bad_request("Invalid X-Goog-Date.") from None

    def check_form(self, now: float) -> None:
        """Errors: 400 (malformed, too long, over), 403 (not yet)."""
        if self.param("X-Goog-Algorithm") != ALGORITHM:
            raise bad_request("The X-Goog-Algorithm is not supported.")
        credential = self.param("X-Goog-Credential")
        if not re.fullmatch(r"[^/]+/\d{8}/[a-zA-Z0-9-]+/storage/goog4_request", credential):
            raise bad_request("Malformed X-Goog-Credential.")
        if credential.split("/")[1] != self.param("X-Goog-Date")[:8]:
            raise bad_request("The date of X-Goog-Credential is not that of X-Goog-Date.")
        if self.signed_headers != sorted(self.signed_headers) or "host" not in self.signed_headers:
            raise bad_request("X-Goog-SignedHeaders are sorted, and have `host` among them.")
        expires = self.param("X-Goog-Expires")
        if not expires.isdigit() or not 0 < int(expires) <= LONGEST_S:
            raise bad_request("X-Goog-Expires is between 1 and 604800 seconds.")
        if now > self.signed_at() + int(expires):
            message = "Invalid argument. The provided token has expired."
            raise ApiError(
                400,
                message,
                xml={
                    "Code": "ExpiredToken",
                    "Details": f"Request signature expired: {self.param('X-Goog-Date')}",
                },
            )
        if now < self.signed_at() - SKEW_S:
            message = "The difference between the request time and the current time is too large."
            raise ApiError(403, message, xml={"Code": "RequestTimeTooSkewed"})
        loose = [
            name for name in self.headers if name.startswith("x-goog-") and name not in self.signed_headers
        ]
        if loose:
            message = "Headers that begin with x-goog- have to be signed."
            raise ApiError(
                400, message, xml={"Code": "MalformedSecurityHeader", "ParameterName": sorted(loose)[0]}
            )

    def is_signed_by(self, key: RSAPublicKey) -> bool:
        try:
            signature = binascii.unhexlify(self.param("X-Goog-Signature"))
            key.verify(signature, self.string_to_sign().encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error):
            return False
        return True

    def mismatch(self) -> ApiError:
        message = "Access denied."
        xml = {
            "Code": "SignatureDoesNotMatch",
            "StringToSign": self.string_to_sign(),
            "CanonicalRequest": self.canonical(),
        }
        return ApiError(403, message, xml=xml)


def collapsed(value: str) -> str:
    return re.sub(r"[ \t]+", " ", value.strip())


def of_request(method: str, path: str, raw_query: str, headers: dict[str, str]) -> SignedUrl | None:
    """None for a request without a signature. The host is compared without its port."""
    query = urllib.parse.parse_qsl(raw_query, keep_blank_values=True)
    if not any(key.lower() == "x-goog-signature" for key, _ in query):
        return None
    return SignedUrl(method, path, query, {**headers, "host": headers.get("host", "").partition(":")[0]})
