"""One fault, at each request of a whole set-up, of each kind: a client that reads before it writes ends where the guide does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ACME, START
from fake_google.clock import Clock
from fake_google.double import Double
from fake_google.faults import parse_rule
from fake_google.seed import plant
from fake_google.snapshot import changed, snapshot
from fake_google.world import World
from reference_apply import Provisioner

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "expected_state.json").read_text())
LIVED_IN: dict[str, Any] = json.loads((HERE / "seeds/lived_in.json").read_text())
SLOW = {"account_s": 7, "role_s": 7, "grant_s": 7, "operation_s": 7}
FAULTS = [
    {"kind": kind, "effect": effect}
    for kind in ("409", "412", "429", "500", "503", "403", "reset", "timeout", "html", "truncated")
    for effect in ("none", "done")
] + [{"kind": "missing_account"}, {"kind": "hidden"}]  # fmt: skip


def fresh(seed: dict[str, Any] = ACME, **more: Any) -> Double:
    world = plant(World(Clock(START, speed=0)), seed)
    return Double(plant(world, more))


def requests_of_a_quiet_run() -> int:
    double = fresh()
    Provisioner(double).run()
    return len(double.seen)


def test_a_quiet_run_ends_where_the_guide_does_and_a_second_writes_nothing() -> None:
    double = fresh()
    before = snapshot(double.world)
    Provisioner(double).run()
    assert changed(before, snapshot(double.world)) == EXPECTED
    writes = [each.rpc for each in double.seen if each.written]
    assert len(writes) == 8 + 1 + 9 + 4  # resources, CORS, policies, objects of the cluster
    double.seen.clear()
    Provisioner(double).run()
    assert [each.rpc for each in double.seen if each.written and each.service != "kubernetes"] == []


def test_things_that_appear_late_are_waited_for() -> None:
    double = fresh(windows=SLOW)
    before = snapshot(double.world)
    Provisioner(double).run()
    assert changed(before, snapshot(double.world)) == EXPECTED


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(fault.values()))
def test_a_fault_at_any_request_changes_nothing_in_the_end(fault: dict[str, Any]) -> None:
    for index in range(requests_of_a_quiet_run()):
        double = fresh()
        before = snapshot(double.world)
        double.rules = [parse_rule({**fault, "at": index})]
        Provisioner(double).run()
        assert double.rules[0].acted == 1
        assert changed(before, snapshot(double.world)) == EXPECTED, index


def test_what_others_have_stays() -> None:
    services = "all"
    projects = {name: {**given, "services": services} for name, given in LIVED_IN["projects"].items()}
    double = fresh({**LIVED_IN, "projects": projects})
    before = double.world.projects["acme-zerve-infra"].policy
    conditional = [each for each in before.bindings if "condition" in each]
    others = before.by_role()
    Provisioner(double).run()
    after = double.world.projects["acme-zerve-infra"].policy
    assert [each for each in after.bindings if "condition" in each] == conditional
    assert after.audit_configs
    assert {
        role: set(members) <= set(after.by_role()[role]) for role, members in others.items()
    } == dict.fromkeys(others, True)
