"""A small block, run and captured before the real one is known, so that the real one finds every page in memory.

A forked worker shares the zygote's memory until it touches it: each page that a block's first steps use costs a fault
and a copy, several hundred of them together. Paid while the worker parks, they are not paid by the block.
"""

from __future__ import annotations

import ast
import json
import linecache
import os
import shutil
import sys
import tempfile
from typing import Any

from . import display, execute, orphans, patches, settings
from .state import arrow
from .state.capture import Capture
from .state.load import LoadedState

_FILENAME = "<rehearsal>"
_SOURCE = """
import json as _json
def twice(items):
    return [item * 2 for item in items]
number = 1.5 + len(twice([1, 2]))
text = f"{number:.2f}"
table = {"a": [1, 2, 3], "b": text}
number
"""


def rehearse(describe: Any, preview: Any) -> None:
    """Run and capture a block of no consequence; what it made is removed. Never raises: without it a block is slower."""
    known = tempfile.tempdir
    try:
        folder = tempfile.mkdtemp(prefix="easel-rehearsal-")
    except OSError:
        return
    finally:
        tempfile.tempdir = known  # a block that sets TMPDIR first must be heard
    try:
        _rehearse(folder, describe, preview)
    except Exception:
        return
    finally:
        linecache.cache.pop(_FILENAME, None)
        shutil.rmtree(folder, ignore_errors=True)


def _rehearse(folder: str, describe: Any, preview: Any) -> None:
    baseline = settings.snapshot()
    namespace: dict[str, Any] = {}
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    loaded = LoadedState({}, folder, namespace, python)
    settings.apply(baseline, {"import:json": True}, folder)
    loaded.load([])
    display.install(lambda frame: None, lambda: None)
    execute.run_source(_SOURCE, _FILENAME, namespace, lambda value: None)
    display.flush_figures()
    orphans._descendants(os.getpid(), set())
    settings.capture(baseline)
    patches.patched(namespace, ast.parse(_SOURCE))
    captured = Capture(loaded, "rehearsal/it.0", "it", folder, describe, preview).run()
    json.loads(json.dumps(captured.state, ensure_ascii=False, allow_nan=False))
    for name in captured.objects:
        os.makedirs(os.path.join(folder, "objects", name[:2]), exist_ok=True)
        os.rename(os.path.join(folder, name), os.path.join(folder, "objects", name[:2], name))
    LoadedState(captured.state, folder, {}, python).load(["twice", "table"])
    _rehearse_table()


def _rehearse_table() -> None:
    if "pandas" not in sys.modules or "pyarrow" not in sys.modules:
        return
    pandas = sys.modules["pandas"]
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [1, 2], "c": ["x", "y"]})
    encoded = arrow.encode(frame)
    if encoded is not None:
        arrow.decode(encoded.recipe, memoryview(bytearray().join(encoded.pieces)))
