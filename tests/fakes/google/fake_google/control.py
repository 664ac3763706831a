"""The test's own door to a double in another process: faults, clock, tokens, what was asked for and what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors, faults
from .errors import ApiError, bad_request
from .routing import Call, Service
from .seed import plant
from .snapshot import snapshot
from .tokens import CLOUD_PLATFORM, USERINFO_EMAIL
from .world import Windows

if TYPE_CHECKING:
    from .double import Double


def make_control(double: Double) -> Service:
    """Nothing here is of Google's; no fault reaches it and it is not counted."""
    control = Service("control", errors.rpc_body)

    @control.on("GET", "/state", "control.state")
    def state(call: Call) -> dict[str, Any]:
        return snapshot(call.world)

    @control.on("GET", "/endpoints", "control.endpoints")
    def endpoints(call: Call) -> dict[str, Any]:
        return dict(double.endpoints)

    @control.on("GET", "/requests", "control.requests")
    def requests(call: Call) -> dict[str, Any]:
        return {"requests": double.requests()}

    @control.on("DELETE", "/requests", "control.forget")
    def forget(call: Call) -> dict[str, Any]:
        double.seen.clear()
        return {}

    @control.on("PUT", "/faults", "control.faults")
    def set_faults(call: Call) -> dict[str, Any]:
        try:
            double.rules = [faults.parse_rule(rule) for rule in call.json("rules").get("rules", [])]
        except (ValueError, TypeError) as error:
            raise bad_request(str(error)) from None
        return {}

    @control.on("GET", "/faults", "control.acted")
    def acted(call: Call) -> dict[str, Any]:
        return {
            "rules": [
                {"kind": rule.kind, "matched": rule.matched, "acted": rule.acted} for rule in double.rules
            ]
        }

    @control.on("POST", "/clock", "control.clock")
    def clock(call: Call) -> dict[str, Any]:
        body = call.json("advance_s", "set", "speed", "step_s")
        clock = call.world.clock
        if "set" in body:
            clock.set(float(body["set"]))
        if "speed" in body:
            clock.run(float(body["speed"]))
        clock.advance(float(body.get("advance_s", 0)))
        clock.step_s = float(body.get("step_s", clock.step_s))
        return {"now": clock.now()}

    @control.on("PUT", "/windows", "control.windows")
    def windows(call: Call) -> dict[str, Any]:
        try:
            call.world.windows = Windows(**call.json())
        except TypeError as error:
            raise bad_request(str(error)) from None
        return {}

    @control.on("PUT", "/latency", "control.latency")
    def latency(call: Call) -> dict[str, Any]:
        double.latency_s = float(call.json("latency_s", required=("latency_s",))["latency_s"])
        return {}

    @control.on("POST", "/tokens", "control.token")
    def token(call: Call) -> dict[str, Any]:
        body = call.json("member", "scopes", "lifetime_s", required=("member",))
        scopes = set(body.get("scopes", [CLOUD_PLATFORM, USERINFO_EMAIL]))
        return {
            "token": call.world.tokens.issue(
                body["member"], scopes, float(body.get("lifetime_s", 3600))
            ).value
        }

    @control.on("DELETE", "/tokens/{value}", "control.revoke")
    def revoke(call: Call, value: str) -> dict[str, Any]:
        call.world.tokens.revoke(value)
        return {}

    @control.on("POST", "/seed", "control.seed")
    def seed(call: Call) -> dict[str, Any]:
        try:
            plant(call.world, call.json())
        except (ValueError, TypeError, KeyError) as error:
            raise ApiError(400, f"Bad seed: {error}") from None
        return {}

    return control
