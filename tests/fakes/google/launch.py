"""The double in a process of its own, for tests of the real binary: standard library only, for any Python 3.11.

with FakeGoogle("acme") as google:
    google.faults([{"kind": "503", "at": 4}])
    subprocess.run([easel, "gcp", "apply"], env={**os.environ, **google.environment()})
    assert google.state()["buckets"]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from plain_http import Answer, Client

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("EASEL_CACHE") or Path.home() / ".cache/easel")
PYTHON = CACHE / "google/venv/bin/python"


class FakeGoogle:
    """`seeds` are names of seeds/*.json, paths, or objects of seed.py's form. Ends with the `with` block, or with us.

    Services named in `tls` speak it; `tls_folder` then holds `ca.pem`, their authority.
    """

    def __init__(
        self,
        *seeds: str | Path | dict[str, Any],
        latency_ms: float = 0,
        clock: float | None = None,
        speed: float = 1,
        tls: tuple[str, ...] = (),
        tls_folder: Path | None = None,
    ) -> None:
        arguments = [
            str(PYTHON if PYTHON.exists() else sys.executable),
            "-P",
            "-m",
            "fake_google",
            "--latency-ms",
            str(latency_ms),
        ]
        arguments += ["--speed", str(speed)] + (["--clock", str(clock)] if clock is not None else [])
        for seed in seeds:
            if not isinstance(seed, dict):
                arguments += ["--seed", str(HERE / f"seeds/{seed}.json" if isinstance(seed, str) else seed)]
        for service in tls:
            arguments += ["--tls", service, "--tls-folder", str(tls_folder)]
        environ = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the double of Google Cloud does not start; is there {PYTHON}? scripts/setup google makes it"
            )
        self.endpoints: dict[str, str] = json.loads(line)
        self._control = Client(self.endpoints["control"])
        for seed in seeds:
            if isinstance(seed, dict):
                self._ask("POST", "/seed", seed)

    def __enter__(self) -> FakeGoogle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer: Answer = self._control.send(method, path, body)
        if answer.status != 200:
            raise ValueError(answer.error.get("message", answer.body))
        return answer.json()

    def environment(self) -> dict[str, str]:
        """EASEL_GCP_ENDPOINT_<SERVICE> for each service that Easel may ask."""
        own = ("control", "kubernetes")
        return {
            f"EASEL_GCP_ENDPOINT_{name.upper()}": base
            for name, base in self.endpoints.items()
            if name not in own
        }

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Instead of those before. Errors: ValueError for a rule that faults.py does not know."""
        self._ask("PUT", "/faults", {"rules": rules})

    def acted(self) -> list[int]:
        """How often each rule did."""
        return [rule["acted"] for rule in self._ask("GET", "/faults")["rules"]]

    def state(self) -> dict[str, Any]:
        """In the form of expected_state.json."""
        found: dict[str, Any] = self._ask("GET", "/state")
        return found

    def requests(self) -> list[dict[str, Any]]:
        """What came, in order: service, rpc, method, path, query, member, status, written, fault."""
        found: list[dict[str, Any]] = self._ask("GET", "/requests")["requests"]
        return found

    def forget_requests(self) -> None:
        self._ask("DELETE", "/requests")

    def clock(self, **change: float) -> float:
        """`advance_s`, `set`, `speed`, `step_s`; what time it is then."""
        return float(self._ask("POST", "/clock", change)["now"])

    def windows(self, **seconds: float) -> None:
        self._ask("PUT", "/windows", seconds)

    def latency(self, seconds: float) -> None:
        self._ask("PUT", "/latency", {"latency_s": seconds})

    def token(self, member: str, **more: Any) -> str:
        """A new token: `scopes`, `lifetime_s`."""
        return str(self._ask("POST", "/tokens", {"member": member, **more})["token"])

    def seed(self, more: dict[str, Any]) -> None:
        self._ask("POST", "/seed", more)
