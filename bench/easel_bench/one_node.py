"""O3: a hundred blocks on one machine read one state that only the bucket has. What crosses the wire is counted by a relay."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from .easel import Easel
from .sample import Row, Sample

GOOGLE = Path(__file__).resolve().parents[2] / "tests/fakes/google"
BLOCKS = 100
MIB = 1 << 20


class Relay:
    """A loopback port before another one; `received` is what came from there in bytes, heads included."""

    def __init__(self, port: int) -> None:
        self.port_behind = port
        self.received = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                front, _ = self._listener.accept()
            except OSError:
                return
            behind = socket.create_connection(("127.0.0.1", self.port_behind))
            threading.Thread(target=self._pump, args=(front, behind, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(behind, front, True), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        try:
            while piece := source.recv(1 << 18):
                if counted:
                    with self._lock:
                        self.received += len(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()

    def close(self) -> None:
        self._listener.close()


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    sys.path[:0] = [str(GOOGLE)]
    from launch import FakeGoogle

    size = 64 * MIB
    place = {"project": "acme-zerve-infra", "location": "EUROPE-WEST2", "bindings": {}}
    place["bindings"] = {"roles/storage.objectAdmin": ["user:admin@example.com"]}
    copies = Sample(f"{BLOCKS} blocks of one run, 16 at once: bytes received", "x the state")
    seconds = Sample("the whole command", "s")
    with FakeGoogle("acme", {"buckets": {"bench": place}}) as google:
        relay = Relay(int(google.endpoints["storage"].rpartition(":")[2]))
        easel.environ |= {**google.environment(), "EASEL_GCP_ACCESS_TOKEN": "operator"}
        try:
            for number in range(1 if quick else 3):
                copies.values.append(_copies(easel, relay, size, f"node{number}", seconds))
        finally:
            relay.close()
    return [
        Row(
            id="O3",
            measure=f"{BLOCKS} blocks on one node pull one state of {size // MIB} MiB",
            target="1 x (1.01 with heads)",
            easel=[copies, seconds],
            met=max(copies.values) <= 1.01,
        )
    ]


def _copies(easel: Easel, relay: Relay, size: int, name: str, seconds: Sample) -> float:
    """Run the readers where nothing but canvas and history is, and return bytes received by bytes of the state."""
    load = f"import numpy, os\nx = numpy.frombuffer(os.urandom({size}), dtype=numpy.uint8).copy()\n"
    readers = {f"read{i}": f"print(int(x[{i}]), x.nbytes)" for i in range(BLOCKS)}
    root = Path(easel.canvas(name, {"load": load, **readers}))
    lines = (root / "canvas.yaml").read_text().partition("edges:")[0]
    edges = "".join(f"  - load -> {reader}\n" for reader in readers)
    (root / "canvas.yaml").write_text(f"{lines}edges:\n{edges}")
    store = ("--store", f"gs://bench/{name}")
    easel.command("run", str(root), "--only", "load", *store)
    other = root.with_name(name + "_other")
    shutil.copytree(root, other, ignore=shutil.ignore_patterns(".easel"))
    easel.command("pull", str(other), *store)
    shutil.rmtree(other / ".easel/objects", ignore_errors=True)
    # Not before: an upload goes to the address that the server itself names.
    direct, easel.environ["EASEL_GCP_ENDPOINT_STORAGE"] = (
        easel.environ["EASEL_GCP_ENDPOINT_STORAGE"],
        relay.base,
    )
    before, began = relay.received, time.perf_counter()
    events: list[dict[str, Any]] = easel.events("run", str(other), "--jobs", "16", *store)
    seconds.values.append(time.perf_counter() - began)
    easel.environ["EASEL_GCP_ENDPOINT_STORAGE"] = direct
    ran = [event for event in events if event["event"] == "run.finished"][-1]["ran"]
    if len(ran) != BLOCKS:
        raise RuntimeError(f"{len(ran)} of {BLOCKS} blocks ran")
    return (relay.received - before) / size
