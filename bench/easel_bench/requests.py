"""H1: authenticated JSON requests on one core, beside servers that only answer the same bytes.

Each server stays on one processor, wrk on another. Rounds are interleaved; of each round counts what wrk says.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .easel import Easel
from .sample import Row, Sample
from .serving import PROCESSORS, Server, program

CONNECTIONS = 64
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}

_AIOHTTP = """
import sys
from aiohttp import web
BODY = sys.argv[1].encode()
async def answer(request):
    return web.Response(body=BODY, content_type="application/json")
app = web.Application()
app.router.add_get("/api/v1/session", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[2]), access_log=None, print=None)
"""
_NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{body}'; }} }}
}}
"""


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """H1 in requests a second, and its p99."""
    server_cpu, load_cpu = PROCESSORS[0], PROCESSORS[-1]
    seconds, rounds = (2, 3) if quick else (3, 5)
    root = easel.canvas("h1/one", {"one": "x = 1\n"})
    ours = Sample("GET /api/v1/session with its cookie", "requests/s")
    listing = Sample("GET /api/v1/canvases, from a pool, reads the folder", "requests/s")
    late = Sample("GET /api/v1/session: p99", "ms")
    spent = Sample("GET /api/v1/session: processor time a request", "us")
    beast, nginx, aiohttp = (
        Sample(name, "requests/s") for name in ("bare Beast", "nginx, `return 200`", "aiohttp")
    )
    slow = {sample.name: Sample(f"{sample.name}: p99", "ms") for sample in (beast, nginx, aiohttp)}
    busy = {
        sample.name: Sample(f"{sample.name}: processor time a request", "us")
        for sample in (beast, nginx, aiohttp)
    }
    with contextlib.ExitStack() as stack:
        server = Server(easel, str(Path(root).parent), cpu=server_cpu)
        stack.callback(server.close)
        body = json.dumps(server.send("GET", "/api/v1/session")[1], separators=(",", ":"))
        ports = {
            beast.name: stack.enter_context(_beast(easel, body, server_cpu)),
            nginx.name: stack.enter_context(_nginx(body, server_cpu)),
            aiohttp.name: stack.enter_context(_aiohttp(python, body, server_cpu)),
        }
        for _ in range(rounds):
            ask = ("/api/v1/session", seconds, load_cpu, server.cookie)
            rate, p99, us = _wrk(server.port, server.process.pid, *ask)
            ours.values.append(rate)
            late.values.append(p99)
            spent.values.append(us)
            for peer in (beast, nginx, aiohttp):
                rate, p99, us = _wrk(*ports[peer.name], *ask)
                peer.values.append(rate)
                slow[peer.name].values.append(p99)
                busy[peer.name].values.append(us)
        ask = ("/api/v1/canvases", seconds, load_cpu, server.cookie)
        listing.values.append(_wrk(server.port, server.process.pid, *ask)[0])
    # Of each round, because what disturbs one disturbs its neighbour.
    ratios = sorted(a / b for a, b in zip(ours.values, beast.values, strict=True))
    share = ratios[len(ratios) // 2]
    row = Row(
        "H1",
        f"requests on one core, {CONNECTIONS} connections, {len(body)} bytes of JSON",
        "0.7 x bare Beast, p99 5 ms",
        [ours, late, spent, listing],
        [beast, nginx, aiohttp, *slow.values(), *busy.values()],
        met=share >= 0.7 and late.median <= 5,
        larger_is_better=True,
    )
    row.notes.append(f"share of bare Beast by rounds: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    row.notes.append(f"servers on processor {server_cpu}, wrk on processor {load_cpu}, {seconds} s a round")
    return [row]


def _wrk(port: int, pid: int, path: str, seconds: int, cpu: int, cookie: str) -> tuple[float, float, float]:
    """Requests a second, the p99 in ms, and the processor time in us that the server `pid` spent on a request.

    Errors: RuntimeError when an answer was not 2xx or a connection failed.
    """
    command = ["taskset", "-c", str(cpu), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    before = _processor_us(pid)
    said = subprocess.run(
        [*command, "-H", f"Cookie: {cookie}", f"http://127.0.0.1:{port}{path}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    spent = _processor_us(pid) - before
    rate, p99 = re.search(r"Requests/sec:\s*([0-9.]+)", said), re.search(r"99%\s+([0-9.]+)([a-z]+)", said)
    requests = re.search(r"(\d+) requests in", said)
    if not (rate and p99 and requests) or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"wrk on {path}:\n{said}")
    return float(rate[1]), float(p99[1]) * _UNITS[p99[2]], spent / int(requests[1])


def _processor_us(pid: int) -> float:
    """What all threads of a process have used."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e3


@contextlib.contextmanager
def _running(command: list[str], cpu: int, port: int | None) -> Iterator[tuple[int, int]]:
    """A server on one processor: its port and its process, once it takes connections."""
    process = subprocess.Popen(
        ["taskset", "-c", str(cpu), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if port is None:
            assert process.stdout is not None
            port = int(process.stdout.readline())
        _until_open(port, process)
        yield port, process.pid
    finally:
        process.kill()
        process.communicate()


def _until_open(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args} did not start") from None
            time.sleep(0.05)


def _beast(easel: Easel, body: str, cpu: int) -> contextlib.AbstractContextManager[tuple[int, int]]:
    return _running([program(easel, "beast_server"), body], cpu, None)


def _aiohttp(python: str, body: str, cpu: int) -> contextlib.AbstractContextManager[tuple[int, int]]:
    port = free_port()
    return _running([python, "-c", _AIOHTTP, body, str(port)], cpu, port)


@contextlib.contextmanager
def _nginx(body: str, cpu: int) -> Iterator[tuple[int, int]]:
    folder = tempfile.mkdtemp(prefix="easel_nginx_")
    try:
        port = free_port()
        text = _NGINX.format(folder=folder, port=port, body=body.replace("'", "\\'"))
        (Path(folder) / "nginx.conf").write_text(text)
        with _running(["/usr/sbin/nginx", "-p", folder, "-c", f"{folder}/nginx.conf"], cpu, port) as at:
            yield at
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
