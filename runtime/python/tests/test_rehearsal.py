"""The rehearsal works, and nothing of it stays."""

from __future__ import annotations

import linecache
import os
import tempfile

import pytest
from easel_runtime import describe, rehearsal


def _rehearse() -> None:
    rehearsal.rehearse(describe.describe_value, lambda value: None)


def test_a_rehearsal_goes_through_to_its_end(tmp_path: object) -> None:
    rehearsal._rehearse(str(tmp_path), describe.describe_value, lambda value: None)


def test_nothing_of_a_rehearsal_stays(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    _rehearse()
    assert tempfile.tempdir is None, "a block that sets TMPDIR must be heard"
    assert os.listdir(str(tmp_path)) == []
    assert rehearsal._FILENAME not in linecache.cache


def test_a_machine_without_room_for_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    _rehearse()
