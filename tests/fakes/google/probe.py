"""84 checks of documented behaviour of Cloud Storage, by plain HTTP, on any server that claims to be one.

The topics run in order on one bucket; each check has a name of its own, so that a server's deviations can be declared.
Source: the JSON and XML API's documentation; `topics` are in probe_json.py and probe_xml.py.
"""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import google_crc32c
from plain_http import Answer, Client

BUCKET = "probe-b"
HOST = "storage.googleapis.com"


def quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


@dataclass(frozen=True)
class Check:
    topic: str
    name: str
    ok: bool
    seen: str


@dataclass
class Probe:
    """`host` is what XML requests and signed URLs name; `key` a service account key file's content."""

    client: Client
    key: dict[str, Any]
    host: str = HOST
    topic: str = ""
    checks: list[Check] = field(default_factory=list)

    def check(self, name: str, ok: Any, seen: Any = "") -> None:
        self.checks.append(Check(self.topic, name, bool(ok), str(seen)[:200]))

    def run(self, topics: list[Callable[[Probe], None]]) -> list[Check]:
        """A topic that breaks off counts as a failed check of its name."""
        for topic in topics:
            self.topic = topic.__name__
            try:
                topic(self)
            except Exception as error:
                self.check(f"{self.topic} runs to its end", False, repr(error))
        return self.checks

    def bucket(self, rest: str = "") -> str:
        return f"/storage/v1/b/{BUCKET}{rest}"

    def media(self, name: str, data: bytes, extra: str = "") -> Answer:
        path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={quote(name)}{extra}"
        return self.client.post(path, data, headers={"Content-Type": "text/plain"})

    def read(self, name: str, headers: dict[str, str] | None = None, extra: str = "") -> Answer:
        return self.client.get(self.bucket(f"/o/{quote(name)}?alt=media{extra}"), headers=headers)

    def generation(self, name: str) -> str | None:
        found: str | None = self.client.get(self.bucket(f"/o/{quote(name)}")).json().get("generation")
        return found

    def start_upload(self, name: str, extra: str = "", body: Any = None, **headers: str) -> Answer:
        path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&name={quote(name)}{extra}"
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.post(path, body or {}, headers=sent)

    def piece(self, session: str, data: bytes, content_range: str) -> Answer:
        return self.client.put(session, data, headers={"Content-Range": content_range})

    def xml(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        return self.client.send(method, path, body, headers=headers, host=self.host)
