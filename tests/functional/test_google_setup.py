"""An operator sets an organization up on Google Cloud: plan, apply, again, repair, remove. On the double, with the real binary."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from google_place import APP, BUCKET, CLUSTER, COMPUTE, EXPECTED, GOOGLE, OPTIONS, PROJECT, Place

LIVED_IN = json.loads((GOOGLE / "seeds/lived_in.json").read_text())
FAULTS: list[dict[str, Any]] = [
    {"kind": kind, "effect": effect}
    for kind in ("409", "412", "429", "500", "503", "403", "reset", "timeout", "html", "truncated")
    for effect in ("none", "done")
] + [{"kind": "missing_account"}, {"kind": "hidden"}]
REQUESTS = 51  # of a quiet apply
EVERY = os.environ.get("EASEL_EVERY_FAULT") == "1"


def test_planning_reads_only_and_says_what_would_be_done(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        result = place.gcp("plan")
        assert result.returncode == 4, result.stderr
        assert "12 to create, 9 to change, 0 as they shall be." in result.stdout
        assert (
            "+ roles/iam.workloadIdentityUser  serviceAccount:acme-gke-prod.svc.id.goog[zerve/executor]"
            in result.stdout
        )
        plan = json.loads(place.gcp("plan", "--json").stdout)
        assert (plan["create"], plan["change"], plan["keep"]) == (12, 9, 0)
        assert all(each["met"] for each in plan["requirements"])
        assert place.writes() == []
        refused = place.gcp("apply")
        assert refused.returncode == 2 and "--yes" in refused.stderr
        assert place.writes() == []


def test_applying_ends_where_the_guide_does_and_again_writes_nothing(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        result = place.gcp("apply", "--yes")
        assert result.returncode == 0, result.stdout + result.stderr
        assert place.made() == EXPECTED
        assert f"app: {APP}" in result.stdout and "namespace: zerve" in result.stdout
        seen = place.google.requests()
        assert len(seen) <= 90
        assert ".easel/provision.json" in place.google.state()["buckets"][BUCKET]["objects"]
        place.google.forget_requests()
        again = place.gcp("apply", "--yes")
        assert again.returncode == 0 and "Nothing to do: all 21" in again.stdout
        assert place.writes() == []
        assert place.gcp("plan").returncode == 0
        status = json.loads(place.gcp("status", "--json").stdout)
        assert {each["state"] for each in status["resources"]} == {"as it shall be"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(fault.values()))
def test_one_fault_changes_nothing_in_the_end(fault: dict[str, Any], tmp_path: Path) -> None:
    """At one request of each kind of fault; at every one with EASEL_EVERY_FAULT=1."""
    number = FAULTS.index(fault)
    for index in range(REQUESTS) if EVERY else [(20 + 7 * number) % REQUESTS]:
        folder = tmp_path / str(index)
        folder.mkdir()
        with Place(folder) as place:
            place.google.faults([{**fault, "at": index, "hold_s": 0.1}])
            result = place.gcp("apply", "--yes")
            assert place.google.acted() == [1], index
            if result.returncode != 0:
                assert result.returncode == 3, (index, result.stdout, result.stderr)
                said = result.stderr + result.stdout.partition("This stands in the way:")[2]
                assert said.strip() and "internal" not in said.lower(), index
                again = place.gcp("apply", "--yes")
                assert again.returncode == 0, (
                    index,
                    result.stdout,
                    result.stderr,
                    again.stdout,
                    again.stderr,
                )
            assert place.made() == EXPECTED, (index, result.stdout)
            if EVERY or number % 4 == 0:
                removed = place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET)
                assert removed.returncode == 0, (index, removed.stdout, removed.stderr)
                assert_gone(place)


def assert_gone(place: Place) -> None:
    """Nothing of ours is left; a custom role goes a week after its deletion."""
    made = place.made()
    roles = made.pop("roles")
    assert all(role["deleted"] for role in roles.values())
    assert made == {"projects": {}, "service_accounts": {}, "buckets": {}, "repositories": {}, "clusters": {}}


def test_what_others_have_is_kept_when_all_of_ours_is_removed(tmp_path: Path) -> None:
    with Place(tmp_path, "lived_in", speed=40) as place:
        before = place.before
        result = place.gcp("apply", "--yes")
        assert result.returncode == 0, result.stdout + result.stderr
        after = place.google.state()
        for role, members in before["projects"][PROJECT]["bindings"].items():
            assert set(members) <= set(after["projects"][PROJECT]["bindings"][role])
        place.google.windows()
        refused = place.gcp("destroy", "--yes", "--confirm-bucket", "another")
        assert refused.returncode == 2 and "not the bucket's name" in refused.stderr
        removed = place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET)
        assert removed.returncode == 0, removed.stdout + removed.stderr
        assert "1 objects" in removed.stdout
        assert_gone(place)
        assert "nothing to remove" in place.gcp("destroy").stdout


def test_what_was_there_before_is_taken_and_left(tmp_path: Path) -> None:
    """An account, a namespace and a repository that somebody made by hand; another who may connect to clusters."""
    with Place(tmp_path) as place:
        first = place.gcp("apply", "--yes")
        assert first.returncode == 0
        (tmp_path / ".local/state/easel/gcp" / f"{BUCKET}.json").unlink()
        token = place.google.token("user:admin@example.com")
        forget(place, token)
        place.before = place.google.state()
        again = place.gcp("apply", "--yes")
        assert again.returncode == 0, again.stderr
        assert place.made() == {kind: {} for kind in place.before}
        removed = place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET)
        assert removed.returncode == 0 and "nothing to remove" in removed.stdout
        assert place.made() == {kind: {} for kind in place.before}


def forget(place: Place, token: str) -> None:
    """Remove our record from the bucket, as if all of it had been made by hand."""
    from plain_http import Client

    storage = Client(place.google.endpoints["storage"])
    answer = storage.send(
        "DELETE",
        f"/storage/v1/b/{BUCKET}/o/.easel%2Fprovision.json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status == 204


def test_drift_is_put_right(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        assert place.gcp("apply", "--yes").returncode == 0
        from plain_http import Client

        operator = {"Authorization": "Bearer operator"}
        iam = Client(place.google.endpoints["iam"])
        account = f"/v1/projects/{PROJECT}/serviceAccounts/{APP}"
        iam.send("POST", f"{account}:disable", {}, headers=operator)
        iam.send(
            "PATCH",
            account,
            {"serviceAccount": {"displayName": "x"}, "updateMask": "displayName"},
            headers=operator,
        )
        iam.send("DELETE", f"/v1/projects/{COMPUTE}/roles/ClustersConnect", headers=operator)
        storage = Client(place.google.endpoints["storage"])
        other = {"origin": ["https://others.example.org"], "method": ["GET"]}
        storage.send("PATCH", f"/storage/v1/b/{BUCKET}", {"cors": [other]}, headers=operator)
        kubernetes = Client(place.google.endpoints["kubernetes"])
        kubernetes.send("DELETE", "/api/v1/namespaces/zerve/serviceaccounts/builder", headers=operator)
        plan = place.gcp("plan", "--brief")
        assert plan.returncode == 4
        for line in (
            "disabled: true -> false",
            'displayName: "x"',
            "deleted: true -> false",
            "+ CORS for https://app.zerve.ai",
        ):
            assert line in plan.stdout, plan.stdout
        assert place.gcp("apply", "--yes").returncode == 0
        made = place.made()
        assert made["buckets"][BUCKET]["cors"] == [other, EXPECTED["buckets"][BUCKET]["cors"][0]]
        made["buckets"][BUCKET]["cors"] = EXPECTED["buckets"][BUCKET]["cors"]
        assert made == EXPECTED
        assert place.gcp("plan").returncode == 0


def test_ctrl_c_leaves_what_the_next_apply_goes_on_from(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        # The Docker repository is never done: everything else of its stage is made meanwhile.
        place.google.windows(operation_s=3600)
        process = subprocess.Popen(
            place.command("apply", "--yes"),
            env=place.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not any(each["rpc"] == "artifactregistry.operations.get" for each in place.google.requests()):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 130 and "goes on from here" in said
        place.google.windows()
        place.google.clock(advance_s=4000)
        again = place.gcp("apply", "--yes")
        assert again.returncode == 0, again.stdout + again.stderr
        assert place.made() == EXPECTED
        assert place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET).returncode == 0
        assert_gone(place)


def test_the_chart_gets_its_values_and_the_namespace_only(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        result = place.gcp("apply", "--yes", "--helm")
        assert result.returncode == 0, result.stderr
        assert (
            f"iam.gke.io/gcp-service-account: zerve-build-sa@{PROJECT}.iam.gserviceaccount.com"
            in result.stdout
        )
        assert place.made()["clusters"][CLUSTER]["namespaces"] == {
            "zerve": {"service_accounts": {}, "grants": []}
        }


def test_a_file_of_options_is_made_filled_in_and_used(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        file = tmp_path / "easel-gcp.yaml"
        made = place.gcp("init", "--config", str(file))
        assert made.returncode == 0 and str(file) in made.stdout
        assert "left as it is" in place.gcp("init", "--config", str(file)).stderr
        plan = place.gcp("plan", "--config", str(file), options={})
        assert plan.returncode == 4, plan.stderr
        file.write_text(file.read_text().replace("region:", "regoin:"))
        wrong = place.gcp("plan", "--config", str(file), options={})
        assert wrong.returncode == 2 and "did you mean `region`?" in wrong.stderr
        assert "--project" in place.gcp("plan", options={}).stderr
        assert "is for easel gcp destroy" in place.gcp("plan", "--confirm-bucket", "x").stderr


def test_the_guide_is_a_script_of_what_would_be_done(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        guide = place.gcp("guide")
        assert guide.returncode == 0 and place.google.requests() == []
        checked = subprocess.run(["bash", "-n"], input=guide.stdout, text=True, capture_output=True)
        assert checked.returncode == 0, checked.stderr
        for word in (
            "--enable-hierarchical-namespace",
            "--cors-file",
            "roles/iam.workloadIdentityUser",
            "ClustersConnect",
            "kubectl apply --server-side",
        ):
            assert word in guide.stdout
        assert "helm upgrade --install zerve" in place.gcp("guide", "--helm").stdout


OBSTACLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "sharing with the own domain only": (
        {"org_policies": {"iam.allowedPolicyMemberDomains": ["example.com"]}},
        "domain-restricted sharing",
        "--caller",
    ),
    "no new accounts": (
        {"org_policies": {"iam.disableServiceAccountCreation": []}},
        "forbids new service accounts",
        "exempt the project",
    ),
    "other places only": (
        {"org_policies": {"gcp.resourceLocations": ["us-"]}},
        "does not allow this place",
        "--bucket-location",
    ),
    "keys of its own": (
        {"org_policies": {"gcp.restrictNonCmekServices": ["storage.googleapis.com"]}},
        "keys of its own",
        "--kms-key",
    ),
    "service controls": ({"perimeter": ["artifactregistry"]}, "VPC service controls", "ingress rule"),
    "billing is off": ({"billing": False}, "Billing is off", "linkedaccount?project=acme-zerve-infra"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_an_obstacle_of_the_first_day_is_explained(name: str, tmp_path: Path) -> None:
    change, sign, remedy = OBSTACLES[name]
    with Place(tmp_path) as place:
        owner = {"number": "111111111111", "bindings": {"roles/owner": ["user:admin@example.com"]}}
        place.google.seed({"projects": {PROJECT: {**owner, **change}}})
        result = place.gcp("apply", "--yes")
        said = result.stdout + result.stderr
        assert result.returncode == 3, said
        assert sign in said and remedy in said, said
        place.google.seed({"projects": {PROJECT: owner}})
        again = place.gcp("apply", "--yes")
        assert again.returncode == 0, again.stdout + again.stderr
        assert place.made() == EXPECTED


def test_a_quota_of_accounts_and_a_taken_name_are_explained(tmp_path: Path) -> None:
    with Place(tmp_path, "acme", {"limits": {"accounts_per_project": 2}}) as place:
        result = place.gcp("apply", "--yes")
        assert result.returncode == 3 and "as many service accounts as it may have" in result.stderr
    with Place(tmp_path, "acme", {"buckets": {BUCKET: {"project": "zerve-saas"}}}) as place:
        result = place.gcp("apply", "--yes", "--record", str(tmp_path / "other.json"))
        assert result.returncode == 3 and "Choose another by --bucket NAME" in result.stdout
        assert place.writes() == []


def test_a_cluster_that_cannot_do_it_is_refused_with_commands(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        pools = [{"name": "old", "metadata": "GCE_METADATA", "service_account": "default"}]
        place.cluster(workload_pool="", external_traffic=False, pools=pools)
        result = place.gcp("apply", "--yes")
        assert result.returncode == 3 and place.writes() == []
        for word in (
            "--workload-pool=acme-gke-prod.svc.id.goog",
            "--enable-dns-access",
            "node-pools update old",
            "222222222222-compute@developer.gserviceaccount.com",
        ):
            assert word in result.stdout, result.stdout
        gone = place.gcp("plan", options={**OPTIONS, "cluster": "nope"})
        assert gone.returncode == 3 and "There is no cluster nope" in gone.stdout


def test_a_place_without_a_cluster_gets_one_later(tmp_path: Path) -> None:
    """The fewest options; a principal of a federation as the caller; then the cluster, in the same project's stead."""
    few = {"project": PROJECT, "region": "europe-west2", "bucket": "my-own-bucket", "bucket-location": "EU"}
    caller = (
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/subject/easel"
    )
    with Place(tmp_path) as place:
        result = place.gcp("apply", "--yes", options=few)
        assert result.returncode == 0, result.stdout + result.stderr
        made = place.made()
        assert set(made["service_accounts"]) == {
            f"easel-{role}-sa@{PROJECT}.iam.gserviceaccount.com" for role in ("app", "execution", "build")
        }
        assert (made["roles"], made["clusters"], set(made["projects"])) == ({}, {}, {PROJECT})
        assert made["buckets"]["my-own-bucket"]["location"] == "EU"
        more = {**few, "caller": caller, "compute-project": COMPUTE, "cluster": "prod", "namespace": "blocks"}
        result = place.gcp("apply", "--yes", options=more)
        assert result.returncode == 0, result.stdout + result.stderr
        made = place.made()
        app = made["service_accounts"][f"easel-app-sa@{PROJECT}.iam.gserviceaccount.com"]
        assert app["bindings"] == {"roles/iam.serviceAccountTokenCreator": [caller]}
        assert set(made["clusters"][CLUSTER]["namespaces"]) == {"blocks"}
        without = place.gcp("destroy", "--yes", "--confirm-bucket", "my-own-bucket", options=few)
        assert without.returncode == 3 and "name it by --cluster" in without.stderr
        assert (
            place.gcp("destroy", "--yes", "--confirm-bucket", "my-own-bucket", options=more).returncode == 0
        )
        assert_gone(place)


def test_a_key_of_the_organization_is_used_for_all_that_is_kept(tmp_path: Path) -> None:
    key = "projects/acme-keys/locations/europe-west2/keyRings/easel/cryptoKeys/data"
    services = ["storage.googleapis.com", "artifactregistry.googleapis.com"]
    owner = {"number": "111111111111", "bindings": {"roles/owner": ["user:admin@example.com"]}}
    with Place(tmp_path) as place:
        place.google.seed(
            {"projects": {PROJECT: {**owner, "org_policies": {"gcp.restrictNonCmekServices": services}}}}
        )
        result = place.gcp("apply", "--yes", "--kms-key", key)
        assert result.returncode == 0, result.stdout + result.stderr
        place.google.forget_requests()
        assert place.gcp("apply", "--yes", "--kms-key", key).returncode == 0
        assert place.writes() == []
        other = place.gcp("plan", "--kms-key", key + "2")
        assert other.returncode == 3 and "cannot be changed" in other.stdout


def test_verifying_waits_for_grants_to_act(tmp_path: Path) -> None:
    with Place(tmp_path, "acme", {"windows": {"grant_s": 2}}, backoff_ms=50) as place:
        assert place.gcp("apply", "--yes").returncode == 0
        at_once = place.gcp("verify", "--deadline", "0", token="caller")
        assert at_once.returncode == 3 and "not run  app account" in at_once.stdout, at_once.stdout
        endpoint = f"--endpoint={place.google.endpoints['kubernetes']}"
        result = place.gcp("verify", "--deadline", "20", "--json", endpoint, token="caller")
        waited = json.loads(result.stdout)
        app = {each["what"]: each["result"] for each in waited["checks"] if each["who"] == "app account"}
        assert set(app.values()) == {"good"}, app


def test_who_is_at_a_terminal_is_asked(tmp_path: Path) -> None:
    """Questions for what is missing, one before anything is done, and the bucket's name before all of it goes."""
    with Place(tmp_path) as place:
        answers = [
            PROJECT,
            "europe-west2",
            "0f1e2d3c",
            OPTIONS["caller"],
            "https://app.zerve.ai",
            "prod",
            "n",
        ]
        code, said = at_terminal(place, "apply", answers, {"prefix": "zerve", "compute-project": COMPUTE})
        assert code == 130 and "Nothing was changed." in said, said
        assert place.writes() == []
        code, said = at_terminal(place, "apply", ["y"], OPTIONS)
        assert code == 0 and place.made() == EXPECTED, said
        code, said = at_terminal(place, "destroy", ["zerve"], OPTIONS)
        assert code == 2 and "is not the bucket's name" in said, said
        assert at_terminal(place, "destroy", [BUCKET], OPTIONS)[0] == 0
        assert_gone(place)


def at_terminal(place: Place, action: str, answers: list[str], options: dict[str, str]) -> tuple[int, str]:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        place.command(action, options=options),
        env=place.environment(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
    said = b""
    with contextlib.suppress(OSError):  # the terminal ends with its last user
        while piece := os.read(leader, 65536):
            said += piece
    os.close(leader)
    return process.wait(60), said.decode()


def test_an_authority_that_is_not_known_can_be_named(tmp_path: Path) -> None:
    """As behind a proxy that opens TLS: the double's storage and its cluster show certificates of an authority of their own."""
    with Place(tmp_path, "acme", tls=("storage", "kubernetes"), tls_folder=tmp_path) as place:
        refused = place.gcp("plan")
        assert refused.returncode == 3 and "--ca-bundle FILE" in refused.stderr, refused.stderr
        authority = f"--ca-bundle={tmp_path / 'ca.pem'}"
        made = place.gcp("apply", "--yes", authority)
        assert made.returncode == 0, made.stdout + made.stderr
        assert place.made() == EXPECTED


def test_a_clock_that_is_wrong_is_named(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        place.google.clock(advance_s=3600)
        result = place.gcp("plan", token="wrong")
        assert result.returncode == 3
        assert (
            "clock is 60 minutes behind" in result.stderr or "clock is 59 minutes behind" in result.stderr
        ), result.stderr


def test_an_operator_without_rights_learns_all_that_is_missing(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        stranger = place.gcp("plan", token="stranger")
        assert stranger.returncode == 3 and f"no project {PROJECT}, or you may not see it" in stranger.stdout
        bindings = {"roles/owner": ["user:admin@example.com"], "roles/viewer": ["user:stranger@example.com"]}
        for project, number in ((PROJECT, "111111111111"), (COMPUTE, "222222222222")):
            place.google.seed({"projects": {project: {"number": number, "bindings": bindings}}})
        viewer = place.gcp("plan", token="stranger")
        assert viewer.returncode == 3
        for role in (
            "iam.serviceAccountAdmin",
            "storage.admin",
            "artifactregistry.admin",
            "resourcemanager.projectIamAdmin",
        ):
            assert f"--role roles/{role}" in viewer.stdout, viewer.stdout
        nobody = place.gcp("plan", token="wrong")
        assert nobody.returncode == 3 and nobody.stderr.strip()
        assert place.writes() == []


def test_the_least_roles_of_the_documentation_suffice(tmp_path: Path) -> None:
    """docs/user/google-cloud.md names them: for everything from an empty project to an empty project."""
    page = (Path(__file__).parents[2] / "docs/user/google-cloud.md").read_text()
    tables = (
        page.partition("## The least roles")[2]
        .partition("`verify` as")[0]
        .partition("On the cluster's project")
    )
    with Place(tmp_path) as place:
        for project, number, table in (
            (PROJECT, "111111111111", tables[0]),
            (COMPUTE, "222222222222", tables[2]),
        ):
            roles = re.findall(r"^\| `(roles/[a-zA-Z.]+)`", table, re.MULTILINE)
            assert len(roles) >= 4
            bindings = {
                "roles/owner": ["user:admin@example.com"],
                **{role: ["user:stranger@example.com"] for role in roles},
            }
            place.google.seed({"projects": {project: {"number": number, "bindings": bindings}}})
        place.before = place.google.state()
        result = place.gcp("apply", "--yes", token="stranger")
        assert result.returncode == 0, result.stdout + result.stderr
        assert set(place.made()["buckets"]) == {BUCKET}
        removed = place.gcp("destroy", "--yes", "--confirm-bucket", BUCKET, token="stranger")
        assert removed.returncode == 0, removed.stdout + removed.stderr
        assert_gone(place)


def test_verifying_as_the_control_plane_says_what_is_broken(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        assert place.gcp("apply", "--yes").returncode == 0
        operator = place.gcp("verify", "--deadline", "0")
        assert operator.returncode == 3 and "run it on the control plane" in operator.stdout
        assert "FAILED" not in operator.stdout, operator.stdout
        reader = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
        for project, number in ((PROJECT, "111111111111"), (COMPUTE, "222222222222")):
            bindings = place.google.state()["projects"][project]["bindings"]
            place.google.seed(
                {
                    "projects": {
                        project: {
                            "number": number,
                            "bindings": {**bindings, "roles/owner": ["user:admin@example.com", reader]},
                        }
                    }
                }
            )
        good = place.gcp("verify", "--deadline", "0", "--json", token="caller")
        results = {
            f"{each['who']} {each['what']}": each["result"] for each in json.loads(good.stdout)["checks"]
        }
        assert set(results.values()) == {"good"} and good.returncode == 0, good.stdout
        break_three_things(place)
        broken = place.gcp("verify", "--deadline", "0", token="caller")
        assert broken.returncode == 3
        for word in (
            "roles/logging.viewer",
            "does not give roles/artifactregistry.repoAdmin",
            "may not create jobs in namespace zerve",
            "do this:",
        ):
            assert word in broken.stdout, broken.stdout
        assert place.gcp("apply", "--yes").returncode == 0
        assert place.gcp("verify", "--deadline", "0", token="caller").returncode == 0


def break_three_things(place: Place) -> None:
    from plain_http import Client

    operator = {"Authorization": "Bearer operator"}
    manager = Client(place.google.endpoints["cloudresourcemanager"])
    policy = manager.send(
        "POST",
        f"/v1/projects/{PROJECT}:getIamPolicy",
        {"options": {"requestedPolicyVersion": 3}},
        headers=operator,
    ).json()
    policy["bindings"] = [each for each in policy["bindings"] if each["role"] != "roles/logging.viewer"]
    assert (
        manager.send(
            "POST", f"/v1/projects/{PROJECT}:setIamPolicy", {"policy": policy}, headers=operator
        ).status
        == 200
    )
    registry = Client(place.google.endpoints["artifactregistry"])
    repository = f"/v1/projects/{PROJECT}/locations/europe-west2/repositories/zerve"
    policy = registry.send("GET", f"{repository}:getIamPolicy", headers=operator).json()
    policy["bindings"] = [each for each in policy["bindings"] if "repoAdmin" not in each["role"]]
    assert (
        registry.send("POST", f"{repository}:setIamPolicy", {"policy": policy}, headers=operator).status
        == 200
    )
    kubernetes = Client(place.google.endpoints["kubernetes"])
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/zerve/rolebindings/scheduler"
    assert kubernetes.send("DELETE", path, headers=operator).status == 200
