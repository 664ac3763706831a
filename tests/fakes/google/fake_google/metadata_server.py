"""The metadata server of a machine or a pod. Source: "Metadata server" of Compute Engine, and of Workload Identity.

`world.machine` says who the machine is: {"project", "number", "zone", "account", "scopes", "ready_at"}; without it every
answer is 404, as on a machine that has no service account.
"""

from __future__ import annotations

import json

from . import errors
from .errors import ApiError
from .routing import Call, Service
from .server import Response
from .tokens import CLOUD_PLATFORM, USERINFO_EMAIL

metadata_server = Service("metadata", errors.rpc_body)
FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}


def text(value: str, kind: str = "application/text") -> Response:
    return Response(200, value.encode(), {"Content-Type": kind, **FLAVOR})


def machine(call: Call) -> dict[str, str]:
    if call.request.headers.get("metadata-flavor") != "Google":
        raise ApiError(403, "Missing Metadata-Flavor:Google header.", headers=FLAVOR)
    if "x-forwarded-for" in call.request.headers:
        raise ApiError(403, "X-Forwarded-For is refused.", headers=FLAVOR)
    known: dict[str, str] = call.world.machine
    if not known:
        raise ApiError(404, "Not found.", headers=FLAVOR)
    if float(known.get("ready_at", 0)) > call.world.clock.now():
        raise ApiError(503, "The metadata server is not ready yet.", headers=FLAVOR)
    return known


@metadata_server.on("GET", "/", "metadata.ping")
def ping(call: Call) -> Response:
    return text("computeMetadata/\n")


@metadata_server.on("GET", "/computeMetadata/v1/project/{what}", "metadata.project")
def project(call: Call, what: str) -> Response:
    known = machine(call)
    keys = {"project-id": "project", "numeric-project-id": "number"}
    if what not in keys:
        raise ApiError(404, "Not found.", headers=FLAVOR)
    return text(known[keys[what]])


@metadata_server.on("GET", "/computeMetadata/v1/instance/zone", "metadata.zone")
def zone(call: Call) -> Response:
    known = machine(call)
    return text(f"projects/{known['number']}/zones/{known.get('zone', 'europe-west2-a')}")


@metadata_server.on("GET", "/computeMetadata/v1/universe/{what*}", "metadata.universe")
def universe(call: Call, what: str) -> Response:
    machine(call)
    return text("googleapis.com")


@metadata_server.on(
    "GET",
    "/computeMetadata/v1/instance/service-accounts/{account}/{what}",
    "metadata.account",
    "scopes audience format recursive licenses",
)
def account(call: Call, account: str, what: str) -> Response:
    known = machine(call)
    email = known["account"]
    if account not in ("default", email):
        raise ApiError(404, "Not found.", headers=FLAVOR)
    granted = str(known.get("scopes", f"{CLOUD_PLATFORM} {USERINFO_EMAIL}")).split()
    if what == "email":
        return text(email)
    if what == "scopes":
        return text("\n".join(granted) + "\n")
    if what == "token":
        wanted = (call.param("scopes") or "").split(",") if call.param("scopes") else granted
        made = call.world.tokens.issue(f"serviceAccount:{email}", set(wanted))
        return text(
            json.dumps({"access_token": made.value, "expires_in": 3599, "token_type": "Bearer"}),
            "application/json",
        )
    raise ApiError(404, "Not found.", headers=FLAVOR)


@metadata_server.on(
    "GET", "/computeMetadata/v1/instance/service-accounts/{account}/", "metadata.account", "recursive alt"
)
def whole(call: Call, account: str) -> Response:
    known = machine(call)
    body = {"aliases": ["default"], "email": known["account"], "scopes": [CLOUD_PLATFORM, USERINFO_EMAIL]}
    return text(json.dumps(body), "application/json")
