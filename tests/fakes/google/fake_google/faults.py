"""Faults by rule: which requests misbehave, and how.

A rule is a JSON object. It looks at requests that match `service` (a name), `rpc` (a regular expression on names such as
`storage.objects.insert`), `method`, `path` (a regular expression) and `header` (name: value), and acts on those with index
`at` (from 0, of the requests that match; default every one), at most `times` times (default 1; 0 = without end).

`kind` says how: a number (`"503"`: an error of that code in the service's shape), `reset`, `timeout`, `html`, `truncated`
(JSON cut in the middle), `missing_account` (400 "does not exist", as for an account made a moment ago), `hidden` (403, as for
one that is not yet visible), `broken_stream` (a download that is cut after `after_bytes`), `partial_upload` (a resumable
session keeps `after_bytes` of this piece, then 503).
`effect`: "none" (default: the request is not carried out) or "done" (it is carried out, and then the answer is lost).
Source: Google's storage-testbench has the same kinds, as `return-503`, `return-reset-connection`, `return-broken-stream`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError
from .server import Request, Response

KINDS = {
    "reset",
    "timeout",
    "html",
    "truncated",
    "missing_account",
    "hidden",
    "broken_stream",
    "partial_upload",
}
KEYS = {
    "service",
    "rpc",
    "method",
    "path",
    "header",
    "at",
    "times",
    "kind",
    "effect",
    "after_bytes",
    "hold_s",
    "retry_after",
}
NEVER = -1


@dataclass
class Rule:
    kind: str
    service: str | None = None
    rpc: str | None = None
    method: str | None = None
    path: str | None = None
    header: dict[str, str] = field(default_factory=dict)
    at: int | None = None
    times: int = 1
    effect: str = "none"
    after_bytes: int = 0
    hold_s: float = 30.0
    retry_after: str | None = None
    matched: int = 0
    acted: int = 0

    def takes(self, request: Request, rpc: str) -> bool:
        if self.service not in (None, request.service) or self.method not in (None, request.method):
            return False
        if self.rpc is not None and not re.fullmatch(self.rpc, rpc):
            return False
        if self.path is not None and not re.search(self.path, request.path):
            return False
        if any(request.headers.get(name.lower()) != value for name, value in self.header.items()):
            return False
        index, self.matched = self.matched, self.matched + 1
        if self.at not in (None, index) or (self.times and self.acted >= self.times):
            return False
        self.acted += 1
        return True

    @property
    def carried_out(self) -> bool:
        return self.effect == "done" or self.kind in ("broken_stream", "partial_upload")


def parse_rule(raw: dict[str, Any]) -> Rule:
    """Errors: ValueError for an unknown key or kind."""
    if unknown := set(raw) - KEYS:
        raise ValueError(f"a fault has no {sorted(unknown)}; it has {sorted(KEYS)}")
    rule = Rule(**raw)
    if rule.kind not in KINDS and not re.fullmatch(r"[45]\d\d", rule.kind):
        raise ValueError(f"there is no fault `{rule.kind}`; there are {sorted(KINDS)} and codes such as 503")
    if rule.effect not in ("none", "done"):
        raise ValueError("`effect` is none or done")
    return rule


STATUS = {409: "ABORTED"}


def spoil(rule: Rule, answer: Response | None) -> Response | ApiError:
    """What the client gets instead. `answer` is the true one when the request was carried out."""
    kind = rule.kind
    if kind == "reset":
        return Response(reset_after=NEVER)
    if kind == "timeout":
        return Response(hold_s=rule.hold_s)
    if kind == "html":
        page = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Service unavailable</h1></body></html>"
        return Response(503 if answer is None else 200, page, {"Content-Type": "text/html; charset=UTF-8"})
    if kind == "truncated":
        whole = (
            answer.body
            if answer is not None and len(answer.body) > 1
            else b'{"kind": "something", "name": "x"}'
        )
        half = whole[: len(whole) // 2]
        return Response(200, half, {"Content-Type": "application/json; charset=UTF-8"})
    if kind == "missing_account":
        return ApiError(
            400, "Service account fresh@example.iam.gserviceaccount.com does not exist.", reason="invalid"
        )
    if kind == "hidden":
        return ApiError(403, "Permission denied on resource (or it may not exist).")
    if kind == "broken_stream":
        assert answer is not None
        if answer.status >= 300:
            return answer
        return Response(
            answer.status, answer.body, answer.headers, reset_after=rule.after_bytes or len(answer.body) // 2
        )
    if kind == "partial_upload":
        return ApiError(503, "Backend unavailable.")
    code = int(kind)
    headers = {"Retry-After": rule.retry_after} if rule.retry_after else {}
    return ApiError(code, f"A fault was asked for: {code}.", status=STATUS.get(code), headers=headers)
