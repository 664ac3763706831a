"""Requests to an Easel server, with the standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any

Query = Mapping[str, "str | int | float | bool | None"]


class Problem(Exception):
    """The server refused. `reason` is a stable word, `detail` says what happened and what to do."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.status = status
        self.reason = reason
        self.detail = detail


def quoted(part: str | int) -> str:
    """A part of a path."""
    return urllib.parse.quote(str(part), safe="")


def new_key() -> str:
    return str(uuid.uuid4())


def _text(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the server that it is for, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Http:
    """One server and one API token. May be used by several threads: each request has a connection of its own."""

    def __init__(self, url: str, token: str, timeout_s: float = 60) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_NoRedirect)

    def load(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        data: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """The body of an answer. Raises Problem, and OSError where no answer came."""
        given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        address = f"{self.url}/api/v1{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        sent = {name: value for name, value in (headers or {}).items() if value is not None}
        sent["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        elif data is not None:
            sent["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(address, data=data, headers=sent, method=method)
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise _problem(error.code, error.read()) from None

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The same as JSON."""
        return json.loads(self.load(method, path, **more))

    def send(self, method: str, path: str, **more: Any) -> None:
        """The same where there is nothing to read."""
        self.load(method, path, **more)


def _problem(status: int, content: bytes) -> Problem:
    try:
        document = json.loads(content)
        return Problem(status, str(document["reason"]), str(document["detail"]))
    except (ValueError, KeyError, TypeError):
        return Problem(status, "NOT_EASEL", f"the answer ({status}) is not one of an Easel server")
