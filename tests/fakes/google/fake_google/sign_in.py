"""Where tokens come from without one: OAuth 2 (keys and refresh tokens) and STS (federation, downscoping).

Source: "Using OAuth 2.0 for Server to Server Applications"; STS API v1; reference section 3.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from . import errors
from .errors import ApiError
from .routing import Call, Service
from .tokens import CLOUD_PLATFORM

oauth2 = Service("oauth2", errors.oauth_body)
sts = Service("sts", errors.oauth_body)
BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SKEW_S = 300
PREFIX = re.compile(r"resource\.name\.startsWith\('([^']*)'\)")


def form(call: Call) -> dict[str, str]:
    """STS takes JSON, too. Errors: 400 invalid_request."""
    kind = call.request.headers.get("content-type", "").split(";")[0]
    if kind == "application/json":
        return {_snake(key): value for key, value in call.json().items()}
    if kind != "application/x-www-form-urlencoded":
        raise ApiError(400, f"Unsupported content type `{kind}`.", reason="invalid_request")
    return dict(urllib.parse.parse_qsl(call.request.body.decode(), keep_blank_values=True))


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def invalid(message: str, reason: str = "invalid_grant") -> ApiError:
    return ApiError(400, message, reason=reason)


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@oauth2.on("POST", "/token", "oauth2.token", writes=False)
def token(call: Call) -> dict[str, Any]:
    fields = form(call)
    kind = fields.get("grant_type")
    if kind == BEARER_GRANT:
        return from_assertion(call, fields.get("assertion", ""))
    if kind == "refresh_token":
        known = call.world.refresh_tokens.get(fields.get("refresh_token", ""))
        if known is None:
            raise invalid("Token has been expired or revoked.")
        if (fields.get("client_id"), fields.get("client_secret")) != (
            known.get("client_id"),
            known.get("client_secret"),
        ):
            raise ApiError(401, "The OAuth client was not found.", reason="invalid_client")
        made = call.world.tokens.issue(known["member"])
        return {
            "access_token": made.value,
            "expires_in": 3599,
            "scope": " ".join(sorted(made.scopes)),
            "token_type": "Bearer",
        }
    raise invalid(f"Invalid grant_type: {kind}", "unsupported_grant_type")


def from_assertion(call: Call, assertion: str) -> dict[str, Any]:
    try:
        head, body, signature = assertion.split(".")
        header, claims = json.loads(decode(head)), json.loads(decode(body))
        signed = decode(signature)
    except ValueError:
        raise invalid("Invalid JWT: it has three parts.") from None
    account = call.world.accounts.get(claims.get("iss", ""))
    if account is None:
        raise invalid("Invalid grant: account not found")
    if account.disabled:
        raise invalid("Invalid grant: account is disabled")
    key = account.keys.get(header.get("kid", "")) or next(iter(account.keys.values()), None)
    try:
        if key is None or header.get("alg") != "RS256":
            raise InvalidSignature
        key.verify(signed, f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise invalid("Invalid JWT Signature.") from None
    now, issued, ends = call.world.clock.now(), float(claims.get("iat", 0)), float(claims.get("exp", 0))
    if not (issued - SKEW_S <= now <= ends + SKEW_S and 0 < ends - issued <= 3600):
        message = (
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp "
            "values in the JWT claim."
        )
        raise invalid(message)
    audiences = (
        "https://oauth2.googleapis.com/token",
        "https://www.googleapis.com/oauth2/v4/token",
        f"{call.request.base}/token",
    )
    if claims.get("aud") not in audiences:
        raise invalid(f"Invalid JWT: the audience is {audiences[0]}.", "invalid_request")
    scopes = set(claims.get("scope", "").split())
    if not scopes:
        raise invalid("Invalid OAuth scope or ID token audience provided.", "invalid_scope")
    made = call.world.tokens.issue(f"serviceAccount:{account.email}", scopes)
    return {"access_token": made.value, "expires_in": 3599, "token_type": "Bearer"}


@sts.on("POST", "/v1/token", "sts.token", writes=False)
def exchange(call: Call) -> dict[str, Any]:
    fields = form(call)
    if fields.get("grant_type") != EXCHANGE_GRANT:
        raise invalid(f"Invalid grant type: {fields.get('grant_type')}", "unsupported_grant_type")
    if fields.get("requested_token_type") != ACCESS_TOKEN:
        raise invalid("The requested_token_type is that of an access token.", "invalid_request")
    subject = fields.get("subject_token", "")
    if fields.get("subject_token_type") == ACCESS_TOKEN:
        return downscoped(call, subject, fields.get("options", ""))
    known = call.world.subject_tokens.get(subject)
    audience = fields.get("audience", "")
    if known is None or known["audience"] != audience:
        raise invalid(
            "The given credential is rejected by the attribute condition, or its audience is another."
        )
    pool = audience.removeprefix("//iam.googleapis.com/").partition("/providers/")[0]
    member = f"principal://iam.googleapis.com/{pool}/subject/{known['subject']}"
    made = call.world.tokens.issue(member, set(fields.get("scope", CLOUD_PLATFORM).split()))
    return {
        "access_token": made.value,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3599,
    }


def downscoped(call: Call, subject: str, options: str) -> dict[str, Any]:
    token = call.world.tokens.find(subject)
    if token is None:
        raise invalid("The subject token is invalid or expired.")
    try:
        rules = json.loads(urllib.parse.unquote(options))["accessBoundary"]["accessBoundaryRules"]
    except (ValueError, KeyError, TypeError):
        raise invalid("The options hold no access boundary.", "invalid_request") from None
    if not 1 <= len(rules) <= 10:
        raise invalid("An access boundary has 1 to 10 rules.", "invalid_request")
    boundary = []
    for rule in rules:
        resource = rule["availableResource"].removeprefix("//storage.googleapis.com/")
        permissions = frozenset().union(
            *(call.world.access.permissions(p.removeprefix("inRole:")) for p in rule["availablePermissions"])
        )
        expression = rule.get("availabilityCondition", {}).get("expression")
        match = PREFIX.fullmatch(expression) if expression else None
        if expression and match is None:
            raise invalid(f"The double does not evaluate {expression}.", "invalid_request")
        boundary.append((resource, permissions, match.group(1) if match else resource))
    lifetime = token.expires - call.world.clock.now()
    made = call.world.tokens.issue(token.member, token.scopes, lifetime, boundary=tuple(boundary))
    return {
        "access_token": made.value,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": int(lifetime),
    }
