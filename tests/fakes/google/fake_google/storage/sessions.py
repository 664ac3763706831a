"""A resumable upload: what it has kept, what it takes next, and how it ends.

Source: Cloud Storage "Resumable uploads", "Performing resumable uploads"; reference section 5.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, bad_request
from .bucket import WEEK_S, Bucket, StoredObject, crc32c_of, md5_of, put_object
from .conditions import Conditions

if TYPE_CHECKING:
    from ..world import World

UNIT = 256 * 1024
RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
QUERY = re.compile(r"bytes \*/(\d+|\*)")


def wanted_hashes(headers: dict[str, str], body: dict[str, Any]) -> dict[str, str]:
    """What the client says the content hashes to: x-goog-hash, Content-MD5, or the resource."""
    hashes = {}
    for part in headers.get("x-goog-hash", "").split(","):
        name, _, value = part.strip().partition("=")
        if name in ("crc32c", "md5"):
            hashes[name] = value
    if "content-md5" in headers:
        hashes["md5"] = headers["content-md5"]
    if "crc32c" in body:
        hashes["crc32c"] = body["crc32c"]
    if "md5Hash" in body:
        hashes["md5"] = body["md5Hash"]
    return hashes


def check_hashes(data: bytes, hashes: dict[str, str]) -> None:
    """Errors: 400 when the content is not what the client said."""
    if "crc32c" in hashes and hashes["crc32c"] != (actual := crc32c_of(data)):
        raise bad_request(
            f'Provided CRC32C "{hashes["crc32c"]}" doesn\'t match calculated CRC32C "{actual}".'
        )
    if "md5" in hashes and hashes["md5"] != (actual := md5_of(data)):
        raise bad_request(
            f'Provided MD5 hash "{hashes["md5"]}" doesn\'t match calculated MD5 hash "{actual}".'
        )


@dataclass
class Session:
    """`origin` is that of the page for which it was started: only from there may a browser send. `total` once it is known."""

    bucket: str
    name: str
    created: float
    conditions: Conditions
    member: str
    content_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    origin: str | None = None
    total: int | None = None
    most_bytes: int | None = None
    kept: bytearray = field(default_factory=bytearray)
    made: StoredObject | None = None
    cancelled: bool = False
    id: str = field(default_factory=lambda: "ADPycd" + secrets.token_urlsafe(48))

    def check_alive(self, now: float) -> None:
        """Errors: 499 after a cancel, 410 after a week."""
        if self.cancelled:
            raise ApiError(499, "Client Closed Request")
        if now > self.created + WEEK_S:
            raise ApiError(410, "The upload session has expired.")

    def take(self, world: World, bucket: Bucket, headers: dict[str, str], body: bytes) -> StoredObject | None:
        """One PUT: a piece, the whole, or a question. The object once it is complete, None while it is not.

        Errors: 400 (malformed, or contradicting what was said before), 412 (precondition, at the end), 503 (a gap).
        """
        self.check_alive(world.clock.now())
        if self.made is not None:
            return self.made
        header = headers.get("content-range")
        if header is None:
            self.kept = bytearray(body)
            self.total = len(body) if self.total is None else self.total
            return self._finish(world, bucket, headers)
        if match := QUERY.fullmatch(header):
            if body:
                raise bad_request("A status query has no body.")
            if match.group(1) != "*":
                self._say_total(int(match.group(1)))
            return (
                self._finish(world, bucket, headers)
                if self.total == len(self.kept) and self.total is not None and match.group(1) != "*"
                else None
            )
        match = RANGE.fullmatch(header)
        if match is None:
            raise bad_request(f"Failed to parse Content-Range header: {header}")
        first, last = int(match.group(1)), int(match.group(2))
        if match.group(3) != "*":
            self._say_total(int(match.group(3)))
        if len(body) != last - first + 1:
            raise bad_request(
                f"Invalid request. There were {len(body)} byte(s) in the request body. There should have been "
                f"{last - first + 1} byte(s) according to the Content-Range header."
            )
        if first > len(self.kept):
            message = (
                f"Invalid request. According to the Content-Range header, the upload offset is {first} byte(s), which exceeds "
                f"already uploaded size of {len(self.kept)} byte(s)."
            )
            raise ApiError(503, message, reason="backendError")
        if self.total is not None and last >= self.total:
            raise bad_request(f"Content-Range {header} goes beyond the total of {self.total}.")
        new = body[len(self.kept) - first :]
        final = self.total is not None and last + 1 == self.total
        keep = headers.get("x-double-keep-bytes")
        if keep is not None:
            new, final = new[: max(int(keep) - (len(body) - len(new)), 0)], False
        if not final:
            new = (
                new[: (len(self.kept) + len(new)) // UNIT * UNIT - len(self.kept)]
                if len(self.kept) + len(new) >= UNIT
                else b""
            )
        self.kept += new
        return self._finish(world, bucket, headers) if final else None

    def _say_total(self, total: int) -> None:
        if self.total is not None and self.total != total:
            raise bad_request(f"Invalid request. The total was said to be {self.total}, and now {total}.")
        if total < len(self.kept):
            raise bad_request(
                f"Invalid request. There are {len(self.kept)} bytes already, more than {total}."
            )
        self.total = total

    def _finish(self, world: World, bucket: Bucket, headers: dict[str, str]) -> StoredObject:
        data = bytes(self.kept)
        if self.total is not None and len(data) != self.total:
            raise bad_request(
                f"Invalid request. The upload has {len(data)} byte(s) and should have {self.total}."
            )
        if self.most_bytes is not None and len(data) > self.most_bytes:
            raise ApiError(
                400, "Your proposed upload is larger than the maximum.", xml={"Code": "EntityTooLarge"}
            )
        check_hashes(data, {**self.hashes, **wanted_hashes(headers, {})})
        self.conditions.check(bucket.live.get(self.name))
        self.made = put_object(
            world, bucket, self.name, data, content_type=self.content_type, metadata=self.metadata, fields=self.fields
        )  # fmt: skip
        self.kept = bytearray()
        return self.made

    def progress(self) -> dict[str, str]:
        """Headers of a 308: Range is missing when nothing was kept."""
        headers = {"X-GUploader-UploadID": self.id}
        if self.kept:
            headers["Range"] = f"bytes=0-{len(self.kept) - 1}"
        return headers
