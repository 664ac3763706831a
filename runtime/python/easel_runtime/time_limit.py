"""A time limit around foreign code (a `__repr__`, a `_repr_html_`) that might never return.

Works in the main thread by an interval timer, and leaves a SIGALRM that user code uses alone. Code that
never comes back to the interpreter is not interrupted; the attempt's own time limit ends it.
"""

from __future__ import annotations

import _signal  # `signal` itself turns numbers into enum members, which takes longer than all the rest
import threading
from types import FrameType, TracebackType


class TimeLimitReached(BaseException):
    """Raised in the code that took too long; a BaseException, so that `except Exception` lets it pass."""


class time_limit:
    """`with time_limit(1.0) as limited:` raises TimeLimitReached in the body after that many seconds.

    `limited` says whether the limit is in force: it is not outside the main thread, inside another limit, or
    while user code has a timer or handler of its own.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False

    def __enter__(self) -> bool:
        if threading.current_thread() is not threading.main_thread():
            return False
        handler = _signal.getsignal(_signal.SIGALRM)
        if (
            type(handler) is not int
            or handler != _signal.SIG_DFL
            or _signal.getitimer(_signal.ITIMER_REAL)[0]
        ):
            return False
        _signal.signal(_signal.SIGALRM, self._expire)
        self._armed = True
        # Again and again: a body that catches the first one must not get away with it.
        _signal.setitimer(_signal.ITIMER_REAL, self._seconds, 0.2)
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._armed:
            self._armed = False
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            _signal.signal(_signal.SIGALRM, _signal.SIG_DFL)

    def _expire(self, _number: int, _frame: FrameType | None) -> None:
        if self._armed:
            raise TimeLimitReached(f"took longer than {self._seconds:g} s")
