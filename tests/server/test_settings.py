"""Settings: where they come from, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from conftest import Serve
from serving import BINARY, REPOSITORY, Server


def easel(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BINARY, *words],
        env={**os.environ, "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )


def values(*words: str, **environ: str) -> dict[str, tuple[object, str]]:
    done = easel("settings", *words, "--json", **environ)
    assert done.returncode == 0, done.stderr
    return {one["name"]: (one["value"], one["from"]) for one in json.loads(done.stdout)["settings"]}


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".easel").mkdir()
    file = tmp_path / ".easel/settings.yaml"
    file.write_text("port: 1001\nsession_days: 3\nhosts: [a.example, b.example]\n")
    found = values(str(tmp_path), "--port", "1003", EASEL_PORT="1002", EASEL_IO_THREADS="4")
    assert found["port"] == (1003, "--port")
    assert found["io_threads"] == (4, "EASEL_IO_THREADS")
    assert found["session_days"] == (3, f"{file}:2")
    assert found["hosts"][0] == ["a.example", "b.example"]
    assert found["host"] == ("127.0.0.1", "default")


def test_what_is_unknown_or_out_of_bounds_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("host: 127.0.0.1\nprot: 80\n")
    done = easel("settings", "--config", str(file))
    assert done.returncode == 2
    assert f"{file}:2" in done.stderr and "did you mean `port`" in done.stderr
    assert "0 to 65535" in easel("settings", "--port", "70000").stderr
    assert "EASEL_SESSION_DAYS" in easel("settings", EASEL_SESSION_DAYS="soon").stderr
    assert easel("settings", "--config", "/nowhere.yaml").returncode != 0


def test_an_address_that_others_reach_needs_a_proxy(tmp_path: Path) -> None:
    refused = easel("serve", str(tmp_path), "--host", "0.0.0.0", "--port", "0", "--no-open")
    assert refused.returncode == 3
    assert "ssh -L" in refused.stderr and "--proxy" in refused.stderr
    server = Server(
        tmp_path, ("--host", "0.0.0.0", "--port", "0", "--proxy", "--public-url", "https://easel.example")
    ).start()
    line = server.ready
    server.stop()
    assert line["url"] == "https://easel.example"


def test_behind_a_proxy_cookies_are_secure_and_its_name_is_known(serve: Serve, tmp_path: Path) -> None:
    server = Server(tmp_path, ("--port", "0", "--public-url", "https://easel.example")).start()
    try:
        note = json.loads((tmp_path / ".easel/serve.json").read_text())
        assert note == {"pid": server.process.pid, "url": "https://easel.example"}
    finally:
        server.stop()


def test_the_server_says_what_it_was_told_and_by_whom_but_not_to_everybody(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / ".easel").mkdir()
    (tmp_path / ".easel/settings.yaml").write_text("session_days: 3\nhosts: [a.example, b.example]\n")
    server = serve(tmp_path, "--port", "0", EASEL_IO_THREADS="4")
    page = server.ask("GET", "/api/v1/settings").json
    assert page["next"] is None
    found = {one["name"]: one for one in page["items"]}
    assert (found["session_days"]["value"], found["session_days"]["default"]) == (3, "30")
    assert found["session_days"]["unit"] == "days" and "signed in" in found["session_days"]["doc"]
    assert found["session_days"]["from"] == f"{tmp_path}/.easel/settings.yaml:1"
    assert found["hosts"]["value"] == ["a.example", "b.example"]
    assert (found["io_threads"]["value"], found["io_threads"]["from"]) == (4, "EASEL_IO_THREADS")
    assert (found["port"]["value"], found["port"]["from"]) == (0, "--port")
    assert found["metrics"]["value"] is True and found["metrics"]["from"] == "default"
    editor = {"Cookie": None, "Origin": None, "Authorization": f"Bearer {server.token('editor')}"}
    assert server.ask("GET", "/api/v1/settings", headers=editor).status == 403


def test_the_page_of_settings_is_what_the_table_says() -> None:
    assert easel("settings", "--docs").stdout == (REPOSITORY / "docs/user/settings.md").read_text()


def test_health_and_metrics_are_there(shared: Server) -> None:
    assert shared.ask("GET", "/healthz").json == {"status": "ok"}
    assert shared.ask("GET", "/readyz").json == {"status": "ready"}
    text = shared.ask("GET", "/metrics").body.decode()
    assert 'easel_http_answers_total{class="2xx"}' in text
    for line in text.splitlines():
        assert line.startswith("#") or line.rpartition(" ")[2].lstrip("-").isdigit()


def test_addresses_of_google_are_one_setting_that_a_file_has_as_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    for text in (
        "gcp:\n  endpoints:\n    storage: https://a.example\n    iam: http://127.0.0.1:9\n",
        "gcp.endpoints.storage: https://a.example\ngcp.endpoints.iam: http://127.0.0.1:9\n",
        "gcp.endpoints: storage=https://a.example,iam=http://127.0.0.1:9\n",
    ):
        file.write_text(text)
        found = values("--config", str(file))
        assert found["gcp.endpoints"][0] == "storage=https://a.example,iam=http://127.0.0.1:9"
    assert values("--gcp-endpoints", "sts=https://b.example")["gcp.endpoints"][1] == "--gcp-endpoints"
    account = "app@acme.iam.gserviceaccount.com"
    assert values(EASEL_GCP_IMPERSONATE=account)["gcp.impersonate"] == (account, "EASEL_GCP_IMPERSONATE")


def test_a_wrong_address_of_google_is_refused_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    for text, words in (
        ("gcp:\n  endpoints:\n    storge: https://a.example\n", (f"{file}:3", "did you mean `storage`?")),
        ("gcp.endpoints.storage: a.example\n", (f"{file}:1", "scheme://host:port")),
        ("gcp:\n  endpoint: x\n", (f"{file}:2", "did you mean `gcp.endpoints`?")),
        ("gcp: x\n", (f"{file}:1", "no setting `gcp`")),
        ("gcp.endpoints:\n  storage: [a]\n", (f"{file}:2", "`gcp.endpoints.storage` is one value")),
        ("gcp.impersonate: serviceAccount:a@b.iam.gserviceaccount.com\n", (f"{file}:1", "without")),
    ):
        file.write_text(text)
        done = easel("settings", "--config", str(file))
        assert done.returncode == 2 and all(word in done.stderr for word in words), done.stderr
    assert "did you mean `iam`?" in easel("settings", "--gcp-endpoints", "iamm=https://a.example").stderr
