"""Which files a block reads and writes."""
from typing import Any


def prepare() -> None:
    return None


def start(spec: dict[str, Any]) -> None:
    return None
