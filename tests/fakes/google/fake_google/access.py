"""Who may do what: tokens, roles, bindings on the way from a resource up to its project, conditions.

Source: roles.json holds what predefined roles contain, for the permissions that the double asks for
(iam-dataset on GitHub, commit 2073fa5, of 2026-08-22).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .clock import from_rfc3339
from .errors import ApiError, error_info
from .policy import Grant, Policy
from .tokens import Token

if TYPE_CHECKING:
    from .world import World

PROJECT_MEMBERS = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}
STARTS_WITH = re.compile(r"resource\.name\.startsWith\(['\"]([^'\"]*)['\"]\)")
REQUEST_TIME = re.compile(r"request\.time\s*<\s*timestamp\(['\"]([^'\"]*)['\"]\)")


def no_token() -> ApiError:
    message = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential."
    )
    return ApiError(401, message, reason="required")


class Access:
    def __init__(self, world: World) -> None:
        self._world = world

    def require(self, token: Token | None, permission: str, places: Iterable[Any]) -> None:
        """`places` nearest first: things with a `policy`, and a full resource name as a string, which conditions look at."""
        places = list(places)
        if token is None:
            raise no_token()
        if self.allowed(token, permission, places):
            return
        resource = next((place for place in places if isinstance(place, str)), "the resource")
        who = token.member.partition(":")[2]
        raise ApiError(
            403,
            f"{who} does not have {permission} access. Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
            reason="forbidden",
            details=[
                error_info(
                    "IAM_PERMISSION_DENIED", "iam.googleapis.com", permission=permission, resource=resource
                )
            ],
        )

    def allowed(self, token: Token, permission: str, places: Iterable[Any]) -> bool:
        places = list(places)
        name = next((place for place in places if isinstance(place, str)), "")
        if token.boundary is not None and not any(
            name.startswith(prefix) and permission in permissions for _, permissions, prefix in token.boundary
        ):
            return False
        policies = [place.policy for place in places if not isinstance(place, str)]
        return self.member_allowed(token.member, permission, policies, name)

    def member_allowed(self, member: str, permission: str, policies: list[Policy], name: str = "") -> bool:
        now = self._world.clock.now()
        account = (
            self._world.accounts.get(member.partition(":")[2])
            if member.startswith("serviceAccount:")
            else None
        )
        if account is not None and account.disabled:
            return False
        return any(
            permission in self.permissions(grant[0])
            and self._is(member, grant[2])
            and self._holds(grant, name, now)
            for policy in policies
            for grant in policy.acting(now)
        )

    def permissions(self, role: str) -> frozenset[str]:
        custom = self._world.custom_roles.get(role)
        if custom is not None:
            return frozenset() if custom.deleted else frozenset(custom.permissions)
        return self._world.role_permissions.get(role, frozenset())

    def _is(self, member: str, named: str) -> bool:
        if named in ("allUsers", "allAuthenticatedUsers") or named == member:
            return True
        kind, _, project = named.partition(":")
        if kind in PROJECT_MEMBERS and project in self._world.projects:
            policy = self._world.projects[project].policy
            role = PROJECT_MEMBERS[kind]
            return any(
                grant[0] == role and grant[2] == member for grant in policy.acting(self._world.clock.now())
            )
        if kind == "principalSet" and member.startswith("principal:"):
            pool = member.partition("/subject/")[0].partition(":")[2]
            return named.removeprefix("principalSet:").removesuffix("/*") == pool
        return False

    def _holds(self, grant: Grant, name: str, now: float) -> bool:
        """Conditions: `resource.name.startsWith(…)` and `request.time < timestamp(…)`, joined by &&. Others never hold."""
        if not grant[1]:
            return True
        for part in json.loads(grant[1])["expression"].split("&&"):
            if match := STARTS_WITH.fullmatch(part.strip()):
                if not name.startswith(match.group(1)):
                    return False
            elif match := REQUEST_TIME.fullmatch(part.strip()):
                if now >= from_rfc3339(match.group(1)):
                    return False
            else:
                return False
        return True
