"""An operator sets an organization up on Google Cloud: plan, apply, again, repair, remove. On the double, with the real binary."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
from pathlib import Path

from google_place import APP, BUCKET, CLUSTER, COMPUTE, EXPECTED, OPTIONS, PROJECT, Place, assert_gone


def test_planning_reads_only_and_says_what_would_be_done(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        result = place.gcp("plan")
        assert result.returncode == 4, result.stderr
        assert "12 to create, 9 to change, 0 as they shall be." in result.stdout
        assert "`easel gcp apply` with the same flags does this" in result.stdout
        assert "(blocks run as this account)" in result.stdout
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
        assert "with 1 object, " in removed.stdout
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
