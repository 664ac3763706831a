"""What was set up on Google Cloud is proved as each identity would use it, and what is broken is named with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

from google_place import COMPUTE, PROJECT, Place


def test_verifying_waits_for_grants_to_act(tmp_path: Path) -> None:
    with Place(tmp_path, "acme", {"windows": {"grant_s": 1}}, backoff_ms=50) as place:
        assert place.gcp("apply", "--yes").returncode == 0
        at_once = place.gcp("verify", "--deadline", "0", token="caller")
        assert at_once.returncode == 3 and "not run  app account" in at_once.stdout, at_once.stdout
        endpoint = f"--endpoint={place.google.endpoints['kubernetes']}"
        result = place.gcp("verify", "--deadline", "20", "--json", endpoint, token="caller")
        waited = json.loads(result.stdout)
        app = {each["what"]: each["result"] for each in waited["checks"] if each["who"] == "app account"}
        assert set(app.values()) == {"good"}, app


def test_verifying_as_the_control_plane_says_what_is_broken(tmp_path: Path) -> None:
    with Place(tmp_path) as place:
        assert place.gcp("apply", "--yes").returncode == 0
        operator = place.gcp("verify", "--deadline", "0")
        assert operator.returncode == 3 and "run it on the control plane" in operator.stdout
        assert "FAILED" not in operator.stdout, operator.stdout
        assert "as whom each line names" in operator.stdout
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
