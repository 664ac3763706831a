"""The examples do what they say."""

from __future__ import annotations

import shutil

import pytest
from canvas_folder import REPOSITORY, CanvasFolder


@pytest.fixture
def tour(tmp_path, environ):
    root = tmp_path / "state-tour"
    shutil.copytree(REPOSITORY / "examples/state-tour", root, ignore=shutil.ignore_patterns(".easel"))
    return CanvasFolder.open(root, environ)


def test_the_state_tour_shows_what_it_says(tour):
    run = tour.good()
    assert len(run.ran) == 15 and run.finished["seconds"] < 60
    assert "plums" in run.text("same_objects")
    assert run.text("bank") == "Grace has 2520\n"
    assert run.text("calls") == "calling fibonacci 30\n832040\n"
    assert "drawn next" in run.text("draws")
    # Its notes quote what the program says.
    notes = (tour.root / "blocks/about_frames.md").read_text()
    [conflict] = run.notices("joined", "name_conflict")
    assert conflict in notes
    [not_carried] = run.notices("connect", "not_carried")
    assert "`connection` (sqlite3.Connection) is not kept" in not_carried
    assert {notice["block"] for notice in run.of("block.notice")} == {"connect", "joined"}
    assert tour.good().ran == []
    again = tour.good("--force", "--only", "draws")
    assert again.text("draws") == run.text("draws"), "chance goes on where it was left"
    shown = tour.easel("state", "joined").stdout
    assert "sales" in shown and "names" in shown


def test_the_state_tour_quotes_the_message_for_what_cannot_be_kept(tour):
    path = tour.root / "blocks/query.py"
    source = path.read_text()
    path.write_text(source.replace("# connection", "connection", 1))
    assert path.read_text() != source
    run = tour.run()
    assert run.failed == ["query"]
    message = run.error("query")["ename"] + ": " + run.error("query")["evalue"]
    notes = " ".join((tour.root / "blocks/about_connections.md").read_text().split())
    assert message in notes
    path.write_text(source)
    assert tour.good().ran == ["query"]
