"""The double's idea of time, which a test may hold, push, or run faster than the world's."""

from __future__ import annotations

import datetime
import time


class Clock:
    """Seconds since 1970. Runs with the machine's clock times `speed` from `start`; `speed` 0 stands still.

    `step_s` is added once for each request, so that windows pass by requests and not by waiting. Not thread-safe: the
    world's lock guards it.
    """

    def __init__(self, start: float | None = None, speed: float = 1.0, step_s: float = 0.0) -> None:
        self._zero = time.monotonic()
        self._start = time.time() if start is None else start
        self.speed = speed
        self.step_s = step_s

    def now(self) -> float:
        return self._start + (time.monotonic() - self._zero) * self.speed

    def set(self, seconds: float) -> None:
        self._start, self._zero = seconds, time.monotonic()

    def advance(self, seconds: float) -> None:
        self._start += seconds

    def run(self, speed: float) -> None:
        """Go on from now at another speed."""
        self.set(self.now())
        self.speed = speed


def rfc3339(seconds: float) -> str:
    """`2019-02-01T09:00:00.000Z`, as the APIs write times."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def from_rfc3339(text: str) -> float:
    """Errors: ValueError."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
