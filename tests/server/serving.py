"""A running `easel serve`, and requests to it whose answers are compared with the contract."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("EASEL_BINARY") or str(REPOSITORY / "build/dev/bin/easel")
PATIENCE_S = 60
CONTRACT: dict[str, Any] = yaml.safe_load((REPOSITORY / "contracts/openapi.yaml").read_text())


def contract_routes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of everything in the contract."""
    for path, item in CONTRACT["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in item:
                yield method.upper(), "/api/v1" + path, item[method]


def _resolved(node: Any) -> Any:
    """`node` in JSON Schema's form: references lead into the whole contract."""
    return {**CONTRACT, **node} if isinstance(node, dict) else node


def check_answer(method: str, path: str, answer: Answer) -> None:
    """Fail if the contract does not have this answer."""
    for known, pattern, operation in _PATTERNS:
        if known != method or not pattern.fullmatch(path.partition("?")[0]):
            continue
        responses = operation["responses"]
        described = responses.get(str(answer.status), responses.get("default"))
        assert described is not None, f"{method} {path}: {answer.status} is not in the contract"
        while "$ref" in described:
            described = CONTRACT["components"]["responses"][described["$ref"].rpartition("/")[2]]
        if answer.status >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer
        content = described.get("content")
        if content is None:
            assert answer.body == b"", f"{method} {path}: {answer.body!r}"
            return
        media = answer.headers["content-type"].partition(";")[0]
        described_media = content.get(media) or content.get("*/*")
        assert described_media is not None, f"{method} {path}: {media} is not in the contract"
        if media.endswith("json"):
            jsonschema.validate(answer.json, _resolved(described_media["schema"]))
        return


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        return str(self.json["reason"])


@dataclass
class Server:
    """One `easel serve`. `cookie` is that of a person who has signed in."""

    workspace: Path
    arguments: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    cookie: str = ""

    def start(self) -> Server:
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [
                BINARY,
                "serve",
                str(self.workspace),
                "--no-open",
                "--json",
                *(self.arguments or ("--port", "0")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, **self.environ},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the server did not start: {self.stderr()}"
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        port = self.url.rpartition(":")[2]
        self.port = int(port) if port.isdigit() else 0
        return self

    def stderr(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        assert "Sanitizer" not in self.stderr(), self.stderr()
        return code

    def sign_in(self, token: str | None = None) -> Server:
        answer = self.ask("POST", "/api/v1/session", {"token": token or self.ready["token"]})
        assert answer.status == 200, answer
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        check: bool = True,
    ) -> Answer:
        """One request, by whoever `cookie` says and from our own page unless `headers` say otherwise (None: leave it out)."""
        sent: dict[str, Any] = {"Origin": self.url, "Cookie": self.cookie}
        payload = raw
        if body is not None:
            sent["Content-Type"] = "application/json"
            payload = json.dumps(body).encode()
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, payload, {k: v for k, v in sent.items() if v})
            response = connection.getresponse()
            answer = Answer(
                response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
            )
        finally:
            connection.close()
        if check and method != "HEAD":
            check_answer(method, path, answer)
        return answer

    def token(self, scope: str, **more: Any) -> str:
        made = self.ask("POST", "/api/v1/tokens", {"name": f"a {scope}", "scope": scope, **more})
        assert made.status == 201, made
        return str(made.json["token"])

    def say(self, text: bytes) -> bytes:
        """Send bytes as they are and return all that comes until the server closes, or nothing more comes for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            heard = b""
            try:
                connection.sendall(text)
                while piece := connection.recv(65536):
                    heard += piece
            except (ConnectionResetError, BrokenPipeError):
                pass
            return heard

    def upgrade(self, path: str, headers: dict[str, str]) -> bytes:
        """The status line of a WebSocket upgrade."""
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall("\r\n".join(lines).encode())
            return connection.recv(4096).partition(b"\r\n")[0]


def make_canvas(folder: Path, name: str, blocks: dict[str, str] | None = None) -> Path:
    """Write a canvas folder as a person would."""
    blocks = {"load": "x = 1\n"} if blocks is None else blocks
    root = folder / name
    (root / "blocks").mkdir(parents=True)
    lines = ["easel: 1", f"name: {name.title()}", "blocks:"]
    for i, (block, code) in enumerate(blocks.items()):
        (root / "blocks" / f"{block}.py").write_text(code)
        lines.append(f"  {block}: {{kind: python, file: blocks/{block}.py, at: [{400 * i}, 0]}}")
    (root / "canvas.yaml").write_text("\n".join(lines) + "\n")
    return root


_PATTERNS = [
    (method, re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)), operation)
    for method, path, operation in contract_routes()
]
