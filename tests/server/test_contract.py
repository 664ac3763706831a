"""schemathesis over the contract: whatever fits it gets an answer that fits it, and nothing makes the server fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Serve
from serving import REPOSITORY, make_canvas
from team import SHARED_USER, found


@pytest.mark.parametrize("whose", ["one person's", "a team's"])
def test_generated_requests_get_answers_of_the_contract(serve: Serve, tmp_path: Path, whose: str) -> None:
    make_canvas(tmp_path, "alpha")
    if whose == "a team's":
        server = serve(tmp_path, "--port", "0", "--team", SHARED_USER, signed_in=False)
        server.cookie = found(server).cookie
    else:
        server = serve(tmp_path)
    token = server.token("owner")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            str(REPOSITORY / "contracts/openapi.yaml"),
            "--url",
            f"{server.url}/api/v1",
            "--header",
            f"Authorization: Bearer {token}",
            "--checks",
            "not_a_server_error,content_type_conformance,response_schema_conformance,status_code_conformance",
            "--phases",
            "fuzzing",
            "--max-examples",
            "8",
            "--max-time",
            "25",
            "--seed",
            "1",
            "--generation-deterministic",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert server.ask("GET", "/readyz").status == 200
