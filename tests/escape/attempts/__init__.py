"""Ways out of a worker, tried from inside a block. Each returns what it got hold of; what raises did not get out.

`T` is what world.py says of its machine: paths, processes, sockets and the secrets that lie there. An attempt has reached
something only if it brings proof: a secret's text, a changed file, a process that was there to be signalled.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import Any

from attempts import egress, exhaustion, files, kernel, namespaces, network, processes, rights  # noqa: F401
from attempts.proofs import ATTEMPTS

SECONDS = 40


def run(T: Any) -> None:
    """Try all, each in a process of its own, and print a line of JSON for each."""
    for name, function in ATTEMPTS.items():
        if T["families"] and name.split(":")[0] not in T["families"]:
            continue
        reading, writing = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reading)
                try:
                    said = {"reached": str(function(T))}
                except BaseException as error:
                    said = {"blocked": f"{type(error).__name__}: {error}"}
                os.write(writing, json.dumps(said).encode()[:60_000])
            finally:
                os._exit(0)
        os.close(writing)
        ready, _, _ = select.select([reading], [], [], SECONDS)
        text = os.read(reading, 1 << 16) if ready else b""
        if not text:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
        print(
            json.dumps({"name": name, **(json.loads(text) if text else {"blocked": "its process was ended"})})
        )
