"""Access tokens: whose they are, what they may be used for, and until when."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from .clock import Clock

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
USERINFO_EMAIL = "https://www.googleapis.com/auth/userinfo.email"
IAM = "https://www.googleapis.com/auth/iam"
READ_WRITE = "https://www.googleapis.com/auth/devstorage.read_write"
READ_ONLY = "https://www.googleapis.com/auth/devstorage.read_only"
FULL_CONTROL = "https://www.googleapis.com/auth/devstorage.full_control"
LOGGING_WRITE = "https://www.googleapis.com/auth/logging.write"
# What else than cloud-platform opens a service.
SCOPES_OF_SERVICE = {
    "iam": {IAM},
    "iamcredentials": {IAM},
    "storage": {FULL_CONTROL, READ_WRITE, READ_ONLY},
    "logging": {LOGGING_WRITE},
}


@dataclass(frozen=True)
class Token:
    """`member` as policies name it: `user:a@b`, `serviceAccount:a@b`, `principal://…`. `boundary`: prefixes of object names."""

    value: str
    member: str
    scopes: frozenset[str]
    expires: float
    boundary: tuple[tuple[str, frozenset[str], str], ...] | None = None

    def opens(self, service: str) -> bool:
        return CLOUD_PLATFORM in self.scopes or bool(self.scopes & SCOPES_OF_SERVICE.get(service, set()))


class Tokens:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Token] = {}

    def issue(
        self,
        member: str,
        scopes: frozenset[str] | set[str] = frozenset({CLOUD_PLATFORM, USERINFO_EMAIL}),
        lifetime_s: float = 3600,
        value: str | None = None,
        boundary: tuple[tuple[str, frozenset[str], str], ...] | None = None,
    ) -> Token:
        token = Token(
            value or "ya29." + secrets.token_urlsafe(32),
            member,
            frozenset(scopes),
            self._clock.now() + lifetime_s,
            boundary,
        )
        self._known[token.value] = token
        return token

    def find(self, value: str) -> Token | None:
        token = self._known.get(value)
        return token if token is not None and token.expires > self._clock.now() else None

    def revoke(self, value: str) -> None:
        self._known.pop(value, None)

    def of(self, member: str) -> list[str]:
        return [token.value for token in self._known.values() if token.member == member]
