"""Long-running operations: what they do happens when they end, and not before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Operation:
    """`finish` runs once, at `due`, and returns the response; it may raise ApiError, which becomes the operation's error."""

    name: str
    due: float
    finish: Callable[[], dict[str, Any]]
    metadata: dict[str, Any]
    done: bool = False
    response: dict[str, Any] | None = None
    error: dict[str, Any] | None = None

    def resource(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"name": self.name, "metadata": self.metadata}
        if self.done:
            answer["done"] = True
            if self.error is not None:
                answer["error"] = self.error
            else:
                answer["response"] = self.response
        return answer
