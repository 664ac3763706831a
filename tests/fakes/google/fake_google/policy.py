"""An IAM policy: bindings with conditions, an etag for each change, and versions.

Source: IAM "Policies" (etag, read-modify-write), "Specifying a policy version", `setIamPolicy` of the generated clients.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError

Grant = tuple[str, str, str]  # role, condition as JSON or "", member
EMPTY_ETAG = "ACAB"


def condition_text(binding: dict[str, Any]) -> str:
    condition = binding.get("condition")
    return json.dumps(condition, sort_keys=True) if condition else ""


@dataclass
class Policy:
    """`since` and `until` say from when a grant acts and how long a revoked one still does (seconds since 1970)."""

    storage: bool = False
    bindings: list[dict[str, Any]] = field(default_factory=list)
    audit_configs: list[dict[str, Any]] = field(default_factory=list)
    changes: int = 0
    since: dict[Grant, float] = field(default_factory=dict)
    until: dict[Grant, float] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        if self.storage:
            number = b"\x08" + _varint(self.changes + 1)
        else:
            if not self.changes:
                return EMPTY_ETAG
            number = b"\x07" + self.changes.to_bytes(8, "big")
        return base64.b64encode(number).decode()

    @property
    def conditional(self) -> bool:
        return any(binding.get("condition") for binding in self.bindings)

    def resource(self, requested_version: int) -> dict[str, Any]:
        """What getIamPolicy answers: below version 3 a condition shows as a changed role name only."""
        if not self.bindings and not self.audit_configs:
            return {"etag": self.etag}
        shown = []
        for binding in self.bindings:
            each = {"role": binding["role"], "members": list(binding["members"])}
            if binding.get("condition"):
                if requested_version >= 3:
                    each["condition"] = dict(binding["condition"])
                else:
                    digest = hashlib.sha256(condition_text(binding).encode()).hexdigest()[:20]
                    each["role"] += f"_withcond_{digest}"
            shown.append(each)
        version = 3 if self.conditional and requested_version >= 3 else 1
        answer: dict[str, Any] = {"version": version, "bindings": shown, "etag": self.etag}
        if self.audit_configs:
            answer["auditConfigs"] = self.audit_configs
        return answer

    def check_etag(self, policy: dict[str, Any]) -> None:
        """Errors: 409 ABORTED (412 in storage) for a stale etag; 400 when conditions are at stake below version 3."""
        etag = policy.get("etag")
        if etag is not None and etag != self.etag:
            if self.storage:
                raise ApiError(
                    412,
                    "At least one of the pre-conditions you specified did not hold.",
                    reason="conditionNotMet",
                )
            message = (
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "
                "The request's ETag did not match the current policy's ETag."
            )
            raise ApiError(409, message, status="ABORTED")
        wanted = any(binding.get("condition") for binding in policy.get("bindings", []))
        version = int(policy.get("version", 0))
        if version not in (0, 1, 3):
            raise ApiError(400, f"Invalid policy version {version}.")
        if version < 3 and (wanted or (self.conditional and etag is not None)):
            raise ApiError(
                400,
                "Policies with conditional role bindings must be written with version 3.",
                reason="invalid",
            )

    def replace(self, bindings: list[dict[str, Any]], now: float, delay_s: float) -> None:
        """Take these bindings, merged by role and condition. Grants and revocations act after `delay_s`."""
        merged: dict[tuple[str, str], dict[str, Any]] = {}
        for binding in bindings:
            if not binding.get("members"):
                continue
            key = (binding["role"], condition_text(binding))
            into = merged.setdefault(key, {"role": binding["role"], "members": []})
            if binding.get("condition"):
                into["condition"] = dict(binding["condition"])
            into["members"] += [member for member in binding["members"] if member not in into["members"]]
        before = self.grants()
        self.bindings = list(merged.values())
        after = self.grants()
        for grant in after - before:
            self.since[grant] = now + delay_s if self.until.pop(grant, 0) <= now else now
        for grant in before - after:
            self.since.pop(grant, None)
            self.until[grant] = now + delay_s
        self.changes += 1

    def grants(self) -> set[Grant]:
        return {(b["role"], condition_text(b), member) for b in self.bindings for member in b["members"]}

    def acting(self, now: float) -> set[Grant]:
        """The grants that act now, old ones that still do included."""
        return {grant for grant in self.grants() if self.since.get(grant, 0) <= now} | {
            grant for grant, until in self.until.items() if until > now
        }

    def rename_member(self, before: str, after: str) -> None:
        for binding in self.bindings:
            if before in binding["members"]:
                binding["members"] = [after if member == before else member for member in binding["members"]]
                self.changes += 1

    def by_role(self) -> dict[str, list[str]]:
        """For comparing: role (with its condition, if any) -> sorted members."""
        return {
            b["role"] + (f" if {b['condition'].get('expression', '')}" if b.get("condition") else ""): sorted(
                b["members"]
            )
            for b in self.bindings
        }


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
