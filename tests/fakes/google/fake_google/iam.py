"""Service accounts. Source: IAM API v1."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import errors
from .errors import ApiError, bad_request, error_info
from .policy_calls import requested_version, rpc_set, rpc_test
from .routing import Call, Service
from .world import Account

iam = Service("iam", errors.rpc_body)
ACCOUNT = "/v1/projects/{project}/serviceAccounts/{account}"


def etag_of(changes: int) -> str:
    return base64.b64encode(b"\x01" + changes.to_bytes(4, "big")).decode()


def account_resource(account: Account) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "name": f"projects/{account.project}/serviceAccounts/{account.email}",
        "projectId": account.project,
        "uniqueId": account.unique_id,
        "email": account.email,
        "etag": etag_of(account.changes),
        "oauth2ClientId": account.unique_id,
    }
    if account.display_name:
        answer["displayName"] = account.display_name
    if account.description:
        answer["description"] = account.description
    if account.disabled:
        answer["disabled"] = True
    return answer


def resource_name(account: Account) -> str:
    return f"//iam.googleapis.com/projects/{account.project}/serviceAccounts/{account.unique_id}"


def hidden(permission: str, resource: str) -> ApiError:
    message = f"Permission '{permission}' denied on resource (or it may not exist)."
    info = error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", permission=permission, resource=resource)
    return ApiError(403, message, details=[info])


def find_account(call: Call, project: str, name: str, permission: str) -> Account:
    """By e-mail or unique id. Errors: 404 with the project's id, 403 with `-`, or for a missing right."""
    world = call.world
    account = next((a for a in world.accounts.values() if name in (a.email, a.unique_id)), None)
    if account is not None and (
        account.visible_from > world.clock.now() or project not in ("-", account.project)
    ):
        account = None
    if account is None:
        if project == "-" or permission.endswith("IamPolicy"):
            raise hidden(permission, f"projects/{project}/serviceAccounts/{name}")
        place = world.project(project)
        world.check_service(place, "iam")
        call.require(permission, place, place.full_name)
        raise ApiError(404, f"Unknown service account: projects/{project}/serviceAccounts/{name}")
    place = world.projects[account.project]
    world.check_service(place, "iam")
    call.require(permission, resource_name(account), account, place)
    return account


@iam.on("POST", "/v1/projects/{project}/serviceAccounts", "iam.serviceAccounts.create")
def create(call: Call, project: str) -> dict[str, Any]:
    world = call.world
    place = world.project(project)
    world.check_service(place, "iam")
    call.require("iam.serviceAccounts.create", place.full_name, place)
    body = call.json("accountId", "serviceAccount", required=("accountId",))
    given = body.get("serviceAccount", {})
    if unknown := set(given) - {"displayName", "description"}:
        raise bad_request(f'Unknown name "{sorted(unknown)[0]}" at serviceAccount: Cannot find field.')
    account_id = body["accountId"]
    if not re.fullmatch(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])", account_id):
        raise bad_request(f"Invalid service account id `{account_id}`: 6 to 30 of [a-z0-9-], from a letter.")
    if len(given.get("displayName", "")) > 100:
        raise bad_request("A display name has at most 100 characters.")
    if "iam.disableServiceAccountCreation" in place.org_policies:
        raise violated(
            "constraints/iam.disableServiceAccountCreation",
            "Service account creation is not allowed on this project.",
        )
    email = f"{account_id}@{place.id}.iam.gserviceaccount.com"
    if email in world.accounts:
        info = {
            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "resourceName": f"projects/{place.id}/serviceAccounts/{email}",
        }
        raise ApiError(
            409,
            f"Service account {account_id} already exists within project projects/{place.id}.",
            details=[info],
        )
    if sum(a.project == place.id for a in world.accounts.values()) >= world.limits.accounts_per_project:
        raise ApiError(429, f"The maximum number of service accounts on project {place.id} has been reached.")
    account = Account(
        email, place.id, world.unique_number(), given.get("displayName", ""), given.get("description", ""),
        visible_from=world.clock.now() + world.windows.account_s,
    )  # fmt: skip
    world.accounts[email] = account
    return account_resource(account)


def violated(constraint: str, message: str) -> ApiError:
    detail = {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        "violations": [{"type": constraint, "subject": "orgpolicy", "description": message}],
    }
    return ApiError(400, message, status="FAILED_PRECONDITION", details=[detail])


@iam.on("GET", "/v1/projects/{project}/serviceAccounts", "iam.serviceAccounts.list", "pageSize pageToken")
def list_accounts(call: Call, project: str) -> dict[str, Any]:
    place = call.world.project(project)
    call.world.check_service(place, "iam")
    call.require("iam.serviceAccounts.list", place.full_name, place)
    now = call.world.clock.now()
    every = sorted(
        a.email for a in call.world.accounts.values() if a.project == place.id and a.visible_from <= now
    )
    size = min(call.integer("pageSize") or 20, 100)
    start = int(call.param("pageToken") or 0)
    answer: dict[str, Any] = {
        "accounts": [account_resource(call.world.accounts[email]) for email in every[start : start + size]]
    }
    if start + size < len(every):
        answer["nextPageToken"] = str(start + size)
    return answer if answer["accounts"] else {}


@iam.on("GET", ACCOUNT, "iam.serviceAccounts.get")
def get(call: Call, project: str, account: str) -> dict[str, Any]:
    return account_resource(find_account(call, project, account, "iam.serviceAccounts.get"))


@iam.on("PATCH", ACCOUNT, "iam.serviceAccounts.patch")
def patch(call: Call, project: str, account: str) -> dict[str, Any]:
    found = find_account(call, project, account, "iam.serviceAccounts.update")
    body = call.json("serviceAccount", "updateMask", required=("serviceAccount", "updateMask"))
    given = body["serviceAccount"]
    if given.get("etag") not in (None, etag_of(found.changes)):
        raise ApiError(409, "The service account was changed meanwhile.", status="ABORTED")
    for name in body["updateMask"].split(","):
        if name not in ("displayName", "display_name", "description"):
            raise bad_request(f"The field {name} cannot be updated.")
        if name == "description":
            found.description = given.get("description", "")
        else:
            found.display_name = given.get("displayName", "")
    found.changes += 1
    return account_resource(found)


@iam.on("DELETE", ACCOUNT, "iam.serviceAccounts.delete")
def delete(call: Call, project: str, account: str) -> dict[str, Any]:
    found = find_account(call, project, account, "iam.serviceAccounts.delete")
    world = call.world
    del world.accounts[found.email]
    world.deleted_accounts[found.unique_id] = found
    for policy in world.policies():
        policy.rename_member(
            f"serviceAccount:{found.email}", f"deleted:serviceAccount:{found.email}?uid={found.unique_id}"
        )
    return {}


@iam.on("POST", ACCOUNT + ":undelete", "iam.serviceAccounts.undelete")
def undelete(call: Call, project: str, account: str) -> dict[str, Any]:
    world = call.world
    found = world.deleted_accounts.get(account)
    place = world.project(project) if project != "-" or found is None else world.projects[found.project]
    call.require("iam.serviceAccounts.undelete", place.full_name, place)
    if found is None:
        raise ApiError(404, f"Unknown service account: {account}: it is named by its unique id here.")
    if found.email in world.accounts:
        raise ApiError(409, f"There is a new account {found.email}.")
    world.accounts[found.email] = world.deleted_accounts.pop(account)
    for policy in world.policies():
        policy.rename_member(
            f"deleted:serviceAccount:{found.email}?uid={found.unique_id}", f"serviceAccount:{found.email}"
        )
    return {"restoredAccount": account_resource(found)}


@iam.on("POST", ACCOUNT + ":enable", "iam.serviceAccounts.enable")
def enable(call: Call, project: str, account: str) -> dict[str, Any]:
    find_account(call, project, account, "iam.serviceAccounts.enable").disabled = False
    return {}


@iam.on("POST", ACCOUNT + ":disable", "iam.serviceAccounts.disable")
def disable(call: Call, project: str, account: str) -> dict[str, Any]:
    find_account(call, project, account, "iam.serviceAccounts.disable").disabled = True
    return {}


@iam.on(
    "POST",
    ACCOUNT + ":getIamPolicy",
    "iam.serviceAccounts.getIamPolicy",
    "options.requestedPolicyVersion",
    writes=False,
)
def get_policy(call: Call, project: str, account: str) -> dict[str, Any]:
    found = find_account(call, project, account, "iam.serviceAccounts.getIamPolicy")
    return found.policy.resource(requested_version(call.param("options.requestedPolicyVersion")))


@iam.on("POST", ACCOUNT + ":setIamPolicy", "iam.serviceAccounts.setIamPolicy")
def set_policy(call: Call, project: str, account: str) -> dict[str, Any]:
    found = find_account(call, project, account, "iam.serviceAccounts.setIamPolicy")
    return rpc_set(call, found.policy, call.world.projects[found.project])


@iam.on("POST", ACCOUNT + ":testIamPermissions", "iam.serviceAccounts.testIamPermissions", writes=False)
def test_permissions(call: Call, project: str, account: str) -> dict[str, Any]:
    found = call.world.accounts.get(account)
    if found is None or found.visible_from > call.world.clock.now():
        raise ApiError(404, f"Unknown service account: {account}")
    return rpc_test(call, resource_name(found), found, call.world.projects[found.project])


@iam.on("POST", ACCOUNT + "/keys", "iam.serviceAccounts.keys.create")
def create_key(call: Call, project: str, account: str) -> dict[str, Any]:
    found = find_account(call, project, account, "iam.serviceAccountKeys.create")
    call.json("privateKeyType", "keyAlgorithm")
    key = rsa.generate_private_key(65537, 2048)
    key_id = f"{call.world.next_id():040x}"
    found.keys[key_id] = key.public_key()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = {
        "type": "service_account",
        "project_id": found.project,
        "private_key_id": key_id,
        "private_key": pem.decode(),
        "client_email": found.email,
        "client_id": found.unique_id,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    name = f"projects/{found.project}/serviceAccounts/{found.email}/keys/{key_id}"
    return {
        "name": name,
        "privateKeyData": base64.b64encode(json.dumps(file).encode()).decode(),
        "keyOrigin": "GOOGLE_PROVIDED",
    }
