"""Packages of a canvas's own: locked on first use, and a change of the lock makes blocks stale."""

from __future__ import annotations

import pytest


def test_an_unknown_environment_says_where_it_would_be(canvas):
    folder = canvas({"use": "x = 1\n"}, settings={"use": "environment: mll"})
    ended = folder.easel("run", code=2)
    assert "mll" in ended.stderr and "requirements.txt" in ended.stderr


@pytest.fixture
def own(canvas):
    folder = canvas(
        {"use": "import iniconfig\nprint(iniconfig.__name__)\n", "plain": "x = 1\n"},
        settings={"use": "environment: tiny"},
    )
    (folder.root / "environments/tiny").mkdir(parents=True)
    (folder.root / "environments/tiny/requirements.txt").write_text("iniconfig==2.0.0\n")
    return folder


def test_a_tiny_environment_is_locked_on_first_use_and_counts(own):
    run = own.run()
    if run.code == 3 or "could not" in own_message(run):
        pytest.skip("no package registry is reachable: " + own_message(run))
    assert run.code == 0
    assert run.text("use") == "iniconfig\n"
    lock = (own.root / "environments/tiny/requirements.lock").read_text()
    assert "iniconfig==2.0.0" in lock and "--hash=sha256:" in lock
    again = own.good()
    assert again.ran == []
    (own.root / "environments/tiny/requirements.txt").write_text("iniconfig==1.1.1\n")
    assert own.plan()["use"][0] == "run"
    changed = own.good()
    assert changed.ran == ["use"]
    assert changed.result("use")["reason"] == "environment changed"


def own_message(run):
    return run.stderr + run.finished.get("error", "")


def test_a_heavy_package_is_imported_once_for_all_blocks(canvas):
    folder = canvas(
        {
            "first": "import sys\nprint('joblib' in sys.modules)\nimport joblib\n",
            "second": "print('joblib' in sys.modules)\n",
        },
        edges=["first -> second"],
    )
    run = folder.good()
    assert (run.text("first"), run.text("second")) == ("True\n", "True\n")


def test_a_module_of_the_canvas_hides_a_package_of_its_name(canvas):
    folder = canvas({"use": "import joblib\nprint(joblib.mine)\n"}, files={"joblib.py": "mine = 1\n"})
    assert folder.good().text("use") == "1\n"
