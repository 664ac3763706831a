"""Short-lived credentials of service accounts. Source: Service Account Credentials API v1."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from . import errors
from .clock import rfc3339
from .errors import ApiError, bad_request
from .iam import hidden, resource_name
from .routing import Call, Service
from .world import Account

credentials = Service("iamcredentials", errors.rpc_body)
ACCOUNT = "/v1/projects/{project}/serviceAccounts/{account}"
HOUR_S = 3600


def find(call: Call, project: str, name: str, permission: str, delegates: list[str]) -> Account:
    """Errors: 400 when the project is not `-`; 403 when the account is missing, not visible, or not for the caller."""
    if project != "-":
        raise bad_request("Invalid form of account ID: the project is the wildcard `-`.")
    world = call.world
    account = next((a for a in world.accounts.values() if name in (a.email, a.unique_id)), None)
    resource = f"projects/-/serviceAccounts/{name}"
    if account is None or account.visible_from > world.clock.now():
        raise ApiError(404, f"Not found; Gaia id not found for email {name}")
    world.check_service(world.projects[account.project], "iamcredentials")
    assert call.token is not None
    member = call.token.member
    for delegate in delegates:
        between = world.accounts.get(delegate.rpartition("/")[2])
        if between is None or not may(call, member, between, "iam.serviceAccounts.implicitDelegation"):
            raise hidden("iam.serviceAccounts.implicitDelegation", delegate)
        member = f"serviceAccount:{between.email}"
    if not may(call, member, account, permission):
        raise hidden(permission, resource)
    if account.disabled:
        raise ApiError(403, "The service account is disabled.", status="FAILED_PRECONDITION")
    return account


def may(call: Call, member: str, account: Account, permission: str) -> bool:
    policies = [account.policy, call.world.projects[account.project].policy]
    return call.world.access.member_allowed(member, permission, policies, resource_name(account))


def key_of(account: Account) -> RSAPrivateKey:
    """Google's own key of the account, made when it is first needed."""
    if account.system is None:
        account.system = rsa.generate_private_key(65537, 2048)
    return account.system


def signed(account: Account, payload: bytes) -> bytes:
    return key_of(account).sign(payload, padding.PKCS1v15(), hashes.SHA256())


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(account: Account, claims: dict[str, Any]) -> str:
    head = segment(json.dumps({"alg": "RS256", "kid": account.unique_id, "typ": "JWT"}).encode())
    text = f"{head}.{segment(json.dumps(claims).encode())}"
    return f"{text}.{segment(signed(account, text.encode()))}"


@credentials.on("POST", ACCOUNT + ":generateAccessToken", "iamcredentials.generateAccessToken", writes=False)
def generate_access_token(call: Call, project: str, account: str) -> dict[str, Any]:
    body = call.json("scope", "lifetime", "delegates")
    scopes = body.get("scope", [])
    if not scopes:
        raise bad_request("The scope is required.")
    if isinstance(scopes, str) or not all(scope.startswith("https://") for scope in scopes):
        raise bad_request("Each scope is a URL.")
    lifetime = body.get("lifetime", "3600s")
    if not lifetime.endswith("s") or not lifetime[:-1].isdigit():
        raise bad_request(f"Invalid lifetime {lifetime}.")
    found = find(call, project, account, "iam.serviceAccounts.getAccessToken", body.get("delegates", []))
    longest = (
        12 * HOUR_S
        if "iam.allowServiceAccountCredentialLifetimeExtension"
        in call.world.projects[found.project].org_policies
        else HOUR_S
    )
    seconds = int(lifetime[:-1])
    if not 0 < seconds <= longest:
        raise bad_request(f"The lifetime is between 1 and {longest} seconds.")
    token = call.world.tokens.issue(f"serviceAccount:{found.email}", set(scopes), seconds)
    return {"accessToken": token.value, "expireTime": rfc3339(token.expires)[:19] + "Z"}


@credentials.on("POST", ACCOUNT + ":generateIdToken", "iamcredentials.generateIdToken", writes=False)
def generate_id_token(call: Call, project: str, account: str) -> dict[str, Any]:
    body = call.json("audience", "includeEmail", "delegates", required=("audience",))
    found = find(call, project, account, "iam.serviceAccounts.getOpenIdToken", body.get("delegates", []))
    now = int(call.world.clock.now())
    claims = {
        "aud": body["audience"],
        "azp": found.unique_id,
        "sub": found.unique_id,
        "iss": "https://accounts.google.com",
        "iat": now,
        "exp": now + HOUR_S,
    }
    if body.get("includeEmail"):
        claims |= {"email": found.email, "email_verified": True}
    return {"token": jwt(found, claims)}


@credentials.on("POST", ACCOUNT + ":signBlob", "iamcredentials.signBlob", writes=False)
def sign_blob(call: Call, project: str, account: str) -> dict[str, Any]:
    body = call.json("payload", "delegates", required=("payload",))
    try:
        payload = base64.b64decode(body["payload"].replace("-", "+").replace("_", "/") + "==", validate=False)
    except ValueError:
        raise bad_request("The payload is not base64.") from None
    found = find(call, project, account, "iam.serviceAccounts.signBlob", body.get("delegates", []))
    return {
        "keyId": f"{int(found.unique_id):040x}",
        "signedBlob": base64.b64encode(signed(found, payload)).decode(),
    }


@credentials.on("POST", ACCOUNT + ":signJwt", "iamcredentials.signJwt", writes=False)
def sign_jwt(call: Call, project: str, account: str) -> dict[str, Any]:
    body = call.json("payload", "delegates", required=("payload",))
    found = find(call, project, account, "iam.serviceAccounts.signJwt", body.get("delegates", []))
    return {"keyId": f"{int(found.unique_id):040x}", "signedJwt": jwt(found, json.loads(body["payload"]))}
