"""Every case of the corpus is equal after its journey, or named as not carried with its reason: no third outcome."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable

import pytest
from case import Case, read_cases
from journeys import Journeys, Told

# EASEL_CORPUS_BUGS=1 runs those, too, that are known to fail.
CASES = [case for case in read_cases() if "bug" not in case.headers or os.environ.get("EASEL_CORPUS_BUGS")]
of_each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
Record = Callable[[str, object], None]


def show(case: Case, told: Told) -> str:
    return f"{case.where} {case.title}: {told.status} {told.reason}\n{told.error}\n{told.traceback}\n{told.notices}"


def check_made(case: Case, told: dict[str, Told]) -> None:
    """The blocks that make the values succeed, and say exactly what they cannot keep."""
    refused: dict[str, str] = {}
    for part in case.chain:
        one = told[f"{case.name}_{part}"]
        assert one.status == "succeeded", show(case, one)
        refused |= one.not_carried
    assert set(refused) == set(case.named), f"{case.where}: not carried: {refused}"
    for name, reason in case.named.items():
        assert reason in refused[name], f"{case.where}: {refused[name]}"


def check_arrived(case: Case, told: dict[str, Told], parts: tuple[str, ...]) -> None:
    """What is read downstream is what was made."""
    for part in parts:
        one = told[f"{case.name}_{part}"]
        assert one.status == "succeeded", show(case, one)


def record(record_property: Record, way: str, case: Case) -> None:
    record_property("corpus", (way, "named" if case.named else "equal", case.name))


def check_portrait(case: Case, whole: Told, found: Told) -> None:
    if not case.portrait:
        return
    assert whole.status == "succeeded", show(case, whole)
    difference = difflib.unified_diff(
        whole.text.splitlines(), found.text.splitlines(), "one process", "after the journey", n=1, lineterm=""
    )
    assert whole.text == found.text, f"{case.where}:\n" + "\n".join(difference)


@of_each_case
def test_one_executor(case: Case, journeys: Journeys, record_property: Record) -> None:
    told = journeys.way("same")
    check_made(case, told)
    check_arrived(case, told, ("check", "join"))
    if case.portrait:
        check_portrait(case, told[f"{case.name}_whole"], told[f"{case.name}_check"])
    last = journeys.manifest(f"{case.name}_{case.last}")["state"]["variables"]
    for number, (name, reason) in enumerate(case.named.items()):
        use = told[f"{case.name}_use_{number}"]
        if "slot" in last[name]:  # a later block gave it a value that can be kept
            assert use.status == "succeeded", show(case, use)
            continue
        assert use.status == "failed" and use.error.startswith("NameError"), show(case, use)
        [maker] = [f"`{case.name}_{p}`" for p in case.chain if name in told[f"{case.name}_{p}"].not_carried]
        assert reason in use.error and maker in use.error, show(case, use)
    record(record_property, "one executor", case)


@of_each_case
def test_another_executor(case: Case, journeys: Journeys, record_property: Record) -> None:
    before, told = journeys.way("same"), journeys.way("new")
    check_arrived(case, told, ("check", "join"))
    if case.portrait:
        check_portrait(case, before[f"{case.name}_whole"], told[f"{case.name}_check"])
    record(record_property, "another executor", case)


@of_each_case
def test_an_executor_that_was_killed(case: Case, journeys: Journeys, record_property: Record) -> None:
    before, told = journeys.way("same"), journeys.way("killed")
    check_made(case, told)
    check_arrived(case, told, ("check", "join"))
    if case.portrait:
        check_portrait(case, before[f"{case.name}_whole"], told[f"{case.name}_check"])
    record(record_property, "after kill -9", case)


@of_each_case
def test_a_making_block_that_runs_again_unchanged_leaves_its_readers_alone(
    case: Case, journeys: Journeys, record_property: Record
) -> None:
    plan = journeys.plan()
    made = journeys.manifest(f"{case.name}_make")["state"]
    variables = {n: made["slots"][v["slot"]] for n, v in made["variables"].items() if "slot" in v}
    unstable = {name for name, slot in variables.items() if slot["unstable"]}
    assert unstable == set(case.words("unstable")), f"{case.where}: marked unstable: {unstable}"
    if unstable:
        record(record_property, "early cutoff: unstable", case)
        return
    for part in (*list(case.chain)[1:], "check", "join"):
        action, reason = plan.get(f"{case.name}_{part}", ("up_to_date", ""))
        assert action == "up_to_date", f"{case.where}: `{part}` would {action}: {reason}"
    record(record_property, "early cutoff", case)
