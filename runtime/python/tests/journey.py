"""Run blocks one after the other as the runtime does, each in a fresh namespace, through stored state."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import types
from typing import Any

from easel_runtime.state.capture import Capture
from easel_runtime.state.load import LoadedState


class Journey:
    """A chain of blocks in this process; every step loads from and stores into real object files."""

    def __init__(self) -> None:
        self.root = tempfile.mkdtemp(prefix="easel_journey")
        self.state: dict[str, Any] = {"variables": {}, "slots": {}}
        self.steps = 0
        self.notices: list[tuple[str, str]] = []
        self.remarks: list[str] = []

    def close(self) -> None:
        shutil.rmtree(self.root)

    def block(self, source: str, reads: list[str] | None = None) -> dict[str, Any]:
        """Run one block; `reads` defaults to everything there is. Returns the namespace it ended with."""
        module = types.ModuleType("__main__")
        saved, sys.modules["__main__"] = sys.modules["__main__"], module
        try:
            namespace = module.__dict__
            loaded = LoadedState(self.state, self.root, namespace, "3.11")
            self.loaded = loaded
            loaded.load(list(self.state["variables"]) if reads is None else reads)
            exec(compile(source, f"blocks/b{self.steps}.py", "exec", dont_inherit=True), namespace)
            staging = os.path.join(self.root, f"staging{self.steps}")
            os.mkdir(staging)
            capture = Capture(
                loaded,
                f"r/b{self.steps}.1",
                f"b{self.steps}",
                staging,
                lambda v: {"type": type(v).__name__},
                lambda v: None,
            )
            captured = capture.run()
            for name in captured.objects:
                folder = os.path.join(self.root, "objects", name[:2])
                os.makedirs(folder, exist_ok=True)
                os.replace(os.path.join(staging, name), os.path.join(folder, name))
            assert os.listdir(staging) == []
            self.state = captured.state
            self.notices = captured.notices
            self.remarks = captured.remarks
            self.slow = captured.slow
            self.steps += 1
            return namespace
        finally:
            sys.modules["__main__"] = saved

    def slot(self, name: str) -> str:
        return str(self.state["variables"][name]["slot"])

    def digest(self, name: str) -> str:
        return str(self.state["slots"][self.slot(name)]["digest"])
