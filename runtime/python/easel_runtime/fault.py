"""Named points at which a test ends this process as a power cut would: the counterpart of src/base/fault.h.

EASEL_FAULT=NAME or NAME:N in the environment of the interpreter arms one of them: it is passed for the N-th time, and
the process is gone.
"""

from __future__ import annotations

import os
import signal

# Every step of a capture, in order; those with a "*" are passed once for each group, component, extent or object.
CAPTURE = (
    "worker.before_capture",
    "worker.grouped",
    "worker.encoded",  # *
    "worker.planned",  # *
    "worker.writing_data",  # *
    "worker.data_written",  # *
    "worker.writing_meta",  # *
    "worker.writing_objects",  # *
    "worker.object_finished",  # *
    "worker.stored",
    "worker.before_result",
)

_name, _, _at = os.environ.get("EASEL_FAULT", "").partition(":")
_left = int(_at) if _at.isdecimal() else 1
_has_block = False


def hand_over() -> None:
    """From now on this process has a block: the points named "worker." count only there, not in a rehearsal."""
    global _has_block
    _has_block = True


def point(name: str) -> None:
    """End this process here if a test asked for it."""
    global _left
    if name == _name and (_has_block or not name.startswith("worker.")):
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
