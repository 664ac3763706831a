"""fake-gcs-server, another program that claims to be Cloud Storage: a second witness, where a machine has it.

It is taken from `$EASEL_PREBUILT/fake-gcs-server-VERSION-linux-amd64.zst` or from EASEL_CACHE when its checksum is this one; it is
never fetched. Go builds it, byte for byte: CGO_ENABLED=0 go install -trimpath -ldflags "-s -w"
github.com/fsouza/fake-gcs-server@vVERSION (Go 1.26.8).
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "1.56.1"
SHA256 = "5bf80c0cee6e0c8156e4ab5ae793ba94e711b507c67a175ad89c69e0769c836c"
CACHE = Path(os.environ.get("EASEL_CACHE") or Path.home() / ".cache/easel")
PROGRAM = CACHE / f"fake-gcs-server/{VERSION}/fake-gcs-server"


def program() -> Path | None:
    """Where it is; None when there is none with the right checksum."""
    prebuilt = os.environ.get("EASEL_PREBUILT")
    packed = Path(prebuilt or "/nonexistent") / f"fake-gcs-server-{VERSION}-linux-amd64.zst"
    if not PROGRAM.exists() and packed.exists():
        PROGRAM.parent.mkdir(parents=True, exist_ok=True)
        beside = PROGRAM.with_suffix(f".{os.getpid()}")
        subprocess.run(["zstd", "-dq", str(packed), "-o", str(beside)], check=True)
        beside.chmod(0o755)
        beside.rename(PROGRAM)
    if PROGRAM.exists() and hashlib.sha256(PROGRAM.read_bytes()).hexdigest() == SHA256:
        return PROGRAM
    return None


@contextmanager
def running(found: Path, folder: Path) -> Iterator[str]:
    """Its address, while it runs in memory on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    here = f"127.0.0.1:{port}"
    arguments = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    arguments += [
        "-filesystem-root",
        str(folder),
        "-public-host",
        here,
        "-external-url",
        f"http://{here}",
        "-log-level",
        "error",
    ]
    process = subprocess.Popen([str(found), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                urllib.request.urlopen(f"http://{here}/storage/v1/b?project=p", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, (
                    "fake-gcs-server does not start"
                )
                time.sleep(0.02)
        yield f"http://{here}"
    finally:
        process.kill()
        process.wait()
