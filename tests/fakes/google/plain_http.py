"""HTTP as it is, for judging a server: no retries, no redirects, no interpretation."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Empty when the body is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json().get("error", {})
        return found


class Client:
    """Sends to one server, each request on a connection of its own. Errors: OSError, http.client.HTTPException."""

    def __init__(self, base: str, token: str | None = None, host: str | None = None) -> None:
        self.base = urllib.parse.urlparse(base)
        self.token = token
        self.host = host

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        host: str | None = None,
    ) -> Answer:
        """`body`: bytes as they are, anything else as JSON. `path` with its query, encoded; a whole URL goes by its path."""
        if "://" in path:
            parsed = urllib.parse.urlparse(path)
            path = parsed.path + (f"?{parsed.query}" if parsed.query else "")
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if host or self.host:
            sent["Host"] = host or self.host or ""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.base.hostname or "", self.base.port, timeout=20)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Answer:
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.send("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.send("PUT", path, body, **more)

    def patch(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.send("PATCH", path, body, **more)

    def delete(self, path: str, **more: Any) -> Answer:
        return self.send("DELETE", path, **more)
