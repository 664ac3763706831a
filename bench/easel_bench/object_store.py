"""O1: a large object down from a bucket and up into it, checksums on, beside Google's own client in Python.

The server (`sendfile_server.py`) is a process of its own; a contestant's processor time is its own alone. Files are in memory
(/dev/shm) where there is room, so that the disk is not what is measured.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .easel import Easel
from .sample import Row, Sample
from .serving import program

GIB = 1 << 30
GOOGLE = Path(os.environ.get("EASEL_CACHE") or Path.home() / ".cache/easel") / "google/venv/bin/python"
PEER = """
import sys
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import transfer_manager
base, how, path = sys.argv[1:4]
client = storage.Client("bench", AnonymousCredentials(), client_options={"api_endpoint": base})
blob = client.bucket("bench").blob("large" if how != "put" else "up")
if how == "get":
    blob.download_to_filename(path, checksum="crc32c")
elif how == "get in parallel":
    transfer_manager.download_chunks_concurrently(blob, path, crc32c_checksum=True)
else:
    blob.upload_from_filename(path, checksum="crc32c")
"""


def _spent(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a process and its children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(easel: Easel, python: str, quick: bool) -> list[Row]:
    """4 GiB (`quick`: 1 GiB) each way, three rounds, contestants interleaved."""
    size = (1 if quick else 4) * GIB
    shared = Path("/dev/shm")
    room = shared if shared.is_dir() and shutil.disk_usage(shared).free > 2.5 * size else None
    folder = Path(tempfile.mkdtemp(prefix="easel-o1-", dir=room))
    try:
        return _measure(program(easel, "store_bench"), folder, size, room is not None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(ours: str, folder: Path, size: int, in_memory: bool) -> list[Row]:
    large, target = folder / "large", folder / "target"
    with large.open("wb") as file:
        piece = os.urandom(1 << 20)
        for _ in range(size >> 20):
            file.write(piece)
    crc = subprocess.run([ours, "crc", str(large)], check=True, capture_output=True, text=True).stdout.strip()
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("sendfile_server.py")), str(large), crc],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        return _rounds(ours, base, large, target, size, in_memory)
    finally:
        server.kill()
        server.wait()


def _rounds(ours: str, base: str, large: Path, target: Path, size: int, in_memory: bool) -> list[Row]:
    environ = {**os.environ, "EASEL_GCP_ENDPOINT_STORAGE": base, "EASEL_GCP_ACCESS_TOKEN": "anybody"}
    gib = size / GIB
    contestants: dict[str, list[str]] = {
        "down": [ours, "gs://bench", "get", "large", str(target)],
        "up": [ours, "gs://bench", "put", "up", str(large), "0"],
    }
    if GOOGLE.exists():
        peer = [str(GOOGLE), "-c", PEER, base]
        contestants |= {
            f"peer {how}": [*peer, how, str(target if how != "put" else large)]
            for how in ("get", "get in parallel", "put")
        }
    rates: dict[str, Sample] = {name: Sample(name, "GiB/s") for name in contestants}
    costs: dict[str, Sample] = {name: Sample(name, "CPU-s/GiB") for name in contestants}
    for _ in range(3):
        for name, command in contestants.items():
            target.unlink(missing_ok=True)
            seconds, cpu = _spent(command, environ)
            rates[name].values.append(gib / seconds)
            costs[name].values.append(cpu / gib)
    where = "in memory" if in_memory else "on the disk"
    rows = []
    for way, target_rate, peers in (("down", 1.0, ("get", "get in parallel")), ("up", 0.5, ("put",))):
        rate, cost = rates[way], costs[way]
        rate.name, cost.name = f"{gib:.0f} GiB {way}", "processor time of ours"
        rows.append(
            Row(
                id="O1",
                measure=f"{gib:.0f} GiB {way}, checksum on, files {where}",
                target=f"{target_rate} GiB/s, 1.3 CPU-s/GiB",
                easel=[rate, cost],
                peers=[
                    Sample(f"google-cloud-storage: {how}", sample.unit, sample.values)
                    for how in peers
                    for sample in (rates.get(f"peer {how}"), costs.get(f"peer {how}"))
                    if sample is not None
                ],
                met=rate.median >= target_rate and cost.median <= 1.3,
                larger_is_better=True,
            )
        )
    return rows
