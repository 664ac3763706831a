"""The double as a whole: a listener for each service, one world behind them, faults in between, and a list of requests."""

from __future__ import annotations

import email.utils
import re
import ssl
import threading
import time
import traceback
from dataclasses import asdict, dataclass
from typing import Any

from . import errors, faults
from .access import no_token
from .control import make_control
from .errors import ApiError
from .routing import Call, Service, apply_fields, json_response
from .server import Listener, Request, Response
from .services import SERVICES
from .storage.cors import json_headers
from .storage.service import JSON_PREFIXES
from .tokens import Token
from .world import World


def is_json(path: str) -> bool:
    return path.startswith(JSON_PREFIXES)


# Where one gets a token, and so needs none.
OPEN = ("oauth2", "sts", "metadata", "control")
BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)


@dataclass
class Seen:
    """One request as it came and ended. `written`: it was carried out by a method that changes something, and succeeded."""

    index: int
    service: str
    rpc: str
    method: str
    path: str
    query: str
    member: str | None
    status: int
    written: bool
    fault: str | None


class Double:
    """Start with `start()`, end with `stop()`. `endpoints` says where each service listens."""

    def __init__(self, world: World, latency_s: float = 0.0) -> None:
        self.world = world
        self.latency_s = latency_s
        self.rules: list[faults.Rule] = []
        self.seen: list[Seen] = []
        self.listeners: dict[str, Listener] = {}

    @property
    def endpoints(self) -> dict[str, str]:
        return {name: listener.base for name, listener in self.listeners.items()}

    def start(
        self, ports: dict[str, int] | None = None, tls: dict[str, ssl.SSLContext] | None = None
    ) -> Double:
        for name, service in {**SERVICES, "control": make_control(self)}.items():
            self.listeners[name] = Listener(
                name, self._handler(service), (ports or {}).get(name, 0), tls=(tls or {}).get(name)
            )
        return self

    def stop(self) -> None:
        threads = [threading.Thread(target=listener.stop) for listener in self.listeners.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def requests(self) -> list[dict[str, Any]]:
        with self.world.lock:
            return [asdict(each) for each in self.seen]

    def _handler(self, service: Service) -> Any:
        return lambda request: self.answer(service, request)

    def answer(self, service: Service, request: Request) -> Response:
        if self.latency_s and service.name != "control":
            time.sleep(self.latency_s)
        with self.world.lock:
            response = self._answer(service, request)
            if service.name == "storage" and is_json(request.path) and "upload_id" not in request.query:
                for name, value in json_headers(request.headers).items():
                    response.headers.setdefault(name, value)
            response.headers.setdefault("Date", email.utils.formatdate(self.world.clock.now(), usegmt=True))
        return response

    def _answer(self, service: Service, request: Request) -> Response:
        if service.name == "control":
            return self._carry_out(service, request, None)[0]
        world = self.world
        world.clock.advance(world.clock.step_s)
        world.settle()
        rpc, writes = "", False
        try:
            route, _ = service.find(request)
            rpc, writes = route.rpc, route.writes
        except ApiError:
            pass
        rule = next((rule for rule in self.rules if rule.takes(request, rpc)), None)
        response: Response | None = None
        token: Token | None = None
        carried_out = rule is None or rule.carried_out
        if carried_out:
            request.headers.pop("x-double-keep-bytes", None)
            if rule is not None and rule.kind == "partial_upload":
                request.headers["x-double-keep-bytes"] = str(rule.after_bytes)
            response, token = self._carry_out(service, request, rule)
        written = writes and response is not None and (response.status < 400 or rule is not None)
        if rule is not None:
            spoilt = faults.spoil(rule, response)
            response = self._error(service, request, spoilt) if isinstance(spoilt, ApiError) else spoilt
        assert response is not None
        member = token.member if token else None
        self.seen.append(
            Seen(
                len(self.seen), service.name, rpc, request.method, request.path, request.raw_query, member,
                response.status, written, rule.kind if rule else None,
            )
        )  # fmt: skip
        return response

    def _carry_out(
        self, service: Service, request: Request, rule: faults.Rule | None
    ) -> tuple[Response, Token | None]:
        token: Token | None = None
        try:
            token = self._token(service, request)
            if token is not None:
                self._check_quota_project(request, token)
            route, names = service.find(request)
            answer = route.function(Call(self.world, request, token), **names)
            if isinstance(answer, Response):
                return answer, token
            return json_response(apply_fields(answer, request.param("fields"))), token
        except ApiError as error:
            return self._error(service, request, error), token
        except Exception:
            trace = traceback.format_exc()
            print(trace, flush=True)
            return self._error(service, request, ApiError(500, f"the double itself failed: {trace}")), token

    def _token(self, service: Service, request: Request) -> Token | None:
        """Errors: 401 for a token that is unknown or over; 403 for one without the scope of the service."""
        header = request.headers.get("authorization")
        if header is None:
            if self.world.anonymous is not None and service.name == "storage":
                return Token(
                    "", self.world.anonymous, frozenset({"https://www.googleapis.com/auth/cloud-platform"}), 0
                )
            if service.name in (*OPEN, "storage", "kubernetes"):
                return None
            raise no_token()
        if service.name in OPEN:
            return None
        match = BEARER.fullmatch(header)
        token = self.world.tokens.find(match.group(1)) if match else None
        if token is None:
            raise ApiError(
                401,
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
                "authentication credential.",
                reason="Unauthorized" if service.name == "kubernetes" else "authError",
                headers={
                    "WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
                },
            )
        account = self.world.accounts.get(token.member.removeprefix("serviceAccount:"))
        if token.member.startswith("serviceAccount:") and (account is None or account.disabled):
            raise ApiError(401, "The account of this token is disabled or was deleted.", reason="authError")
        if service.name != "kubernetes" and not token.opens(service.name):
            info = errors.error_info(
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", service=f"{service.name}.googleapis.com"
            )
            raise ApiError(
                403,
                "Request had insufficient authentication scopes.",
                reason="insufficientPermissions",
                details=[info],
            )
        return token

    def _check_quota_project(self, request: Request, token: Token) -> None:
        """Errors: 403 USER_PROJECT_DENIED when the caller may not use the project that it wants to be charged."""
        name = request.headers.get("x-goog-user-project")
        if name is None:
            return
        place = self.world.projects.get(name)
        if place is not None and self.world.access.allowed(
            token, "serviceusage.services.use", [place.full_name, place]
        ):
            return
        message = (
            f"Caller does not have required permission to use project {name}. Grant the caller the "
            "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission."
        )
        info = errors.error_info("USER_PROJECT_DENIED", "googleapis.com", consumer=f"projects/{name}")
        raise ApiError(403, message, reason="forbidden", details=[info])

    def _error(self, service: Service, request: Request, error: ApiError) -> Response:
        if "x-double-html" in error.headers:
            page = (
                f"<!DOCTYPE html><html><body><h1>Error {error.code}</h1><p>{error.message}</p></body></html>"
            )
            return Response(error.code, page.encode(), {"Content-Type": "text/html; charset=UTF-8"})
        shape = service.shape_of(request.path)
        kind = (
            "application/xml; charset=UTF-8"
            if shape is errors.xml_body
            else "application/json; charset=UTF-8"
        )
        return Response(error.code, shape(error), {"Content-Type": kind, **error.headers})
