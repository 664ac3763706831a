"""An executor that only one suite's commands use, and that ends with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from canvas_folder import BINARY, easel, is_alive, wait_until


@contextmanager
def private_executor() -> Iterator[dict[str, str]]:
    """The environment of every command: a private executor, the shared cache of environments."""
    assert os.access(BINARY, os.X_OK), f"{BINARY} is not there: `./dev build`, or set EASEL_BINARY"
    # Not below pytest's folder: a socket's path has room for 107 bytes only, and people's folders are short, too.
    folder = tempfile.mkdtemp(prefix="easel-")
    values = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    values |= {"EASEL_RUNTIME_DIR": folder, "NO_COLOR": "1", "LANG": "C.UTF-8"}
    yield values
    status = easel(["executor", "status", "--json"], values).document
    easel(["executor", "stop", "--force"], values)
    if status["running"]:
        wait_until(lambda: not is_alive(status["pid"]), "the executor has ended")
    shutil.rmtree(folder, ignore_errors=True)
