"""`easel serve` for the rows that ask it over HTTP, and programs of bench/ that are built on request."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from .easel import Easel

PROCESSORS = sorted(os.sched_getaffinity(0))


class Server:
    """`easel serve` of one folder, with a signed-in connection. `cpu`: the processor that it stays on."""

    def __init__(
        self, easel: Easel, root: str, *, cpu: int | None = None, cookie: str = "", port: int = 0
    ) -> None:
        self.process = subprocess.Popen(
            [
                *([] if cpu is None else ["taskset", "-c", str(cpu)]),
                *(easel.binary, "serve", root, "--port", str(port), "--no-open", "--json"),
            ],
            env=easel.environ,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.origin = self.ready["url"].split("#")[0].rstrip("/")
        self.port = int(self.origin.rpartition(":")[2])
        self.connection = http.client.HTTPConnection(self.origin.removeprefix("http://"), timeout=120)
        self.headers = {"Content-Type": "application/json", "Origin": self.origin}
        self.cookie = cookie or self._sign_in()
        self.headers["Cookie"] = self.cookie

    def _sign_in(self) -> str:
        body = json.dumps({"token": self.ready["token"]})
        self.connection.request("POST", "/api/v1/session", body, self.headers)
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"sign-in: {answer.status}")
        return answer.headers["Set-Cookie"].split(";")[0]

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request; its status and what it says."""
        self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return answer.status, json.loads(text) if text else None

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait(timeout=60)

    def kill(self) -> None:
        """As kill -9 does."""
        self.connection.close()
        self.process.kill()
        self.process.wait()

    def resident_mib(self) -> tuple[float, float]:
        """Resident memory of the process: its own, and pages of files that it maps."""
        return resident_mib(self.process.pid)


def resident_mib(pid: int) -> tuple[float, float]:
    """Resident memory of a process: its own, and pages of files that it maps."""
    kilobytes = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("RssAnon", "RssFile"):
                kilobytes[name] = int(rest.split()[0])
    return kilobytes["RssAnon"] / 1024, kilobytes["RssFile"] / 1024


def program(easel: Easel, name: str) -> str:
    """The path of a program of bench/, built if the binary lies in a build folder.

    Errors: RuntimeError if it cannot be built.
    """
    folder = Path(easel.binary).parent
    if (folder.parent / "CMakeCache.txt").exists():
        command = [
            "cmake",
            "--build",
            str(folder.parent),
            "--target",
            name,
            "-j",
            os.environ.get("JOBS", "2"),
        ]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            raise RuntimeError(f"{name} cannot be built:\n{made.stdout}{made.stderr}")
    if not (folder / name).exists():
        raise RuntimeError(f"{folder / name} is not there: `./dev build release --target {name}`")
    return str(folder / name)
