"""A block fails: what stops, what goes on, what stays, what one is told, and the way back."""

from __future__ import annotations

import json
import signal
import textwrap
import time

import pytest
from canvas_folder import PATIENCE_S, Run, processes_with, wait_until

BLOCKS = {
    "load": "raw = [1, 2, 3]\n",
    "broken": "# two lines above\nratio = sum(raw) / 0\n",
    "below": "print(ratio)\n",
    "deep": "print('never')\n",
    "apart": "print('apart')\n",
}
EDGES = ["load -> broken", "broken -> below", "below -> deep", "load -> apart"]


def test_a_failing_block_stops_what_is_below_it_and_nothing_else(canvas):
    folder = canvas(BLOCKS, EDGES)
    run = folder.run()
    assert run.code == 1
    assert run.finished["status"] == "failed"
    assert run.ran == ["apart", "load"]
    assert run.failed == ["broken"]
    assert run.skipped == ["below", "deep"]
    assert run.result("below")["reason"] == "skipped: `broken` failed"
    assert run.result("deep")["reason"] == "skipped: `broken` failed"
    assert run.of("block.started", "below") == []
    error = run.error("broken")
    assert (error["ename"], error["evalue"], error["line"]) == ("ZeroDivisionError", "division by zero", 2)
    assert "broken" in error["traceback"] and "line 2" in error["traceback"]
    assert "ratio = sum(raw) / 0" in error["traceback"]
    assert "easel_runtime" not in error["traceback"]
    states = {name: state for name, (state, _) in folder.status().items()}
    assert states == {
        "load": "up_to_date",
        "broken": "failed",
        "below": "skipped",
        "deep": "skipped",
        "apart": "up_to_date",
    }

    again = folder.run()
    assert (again.ran, again.failed, again.up_to_date) == ([], ["broken"], ["apart", "load"])

    folder.edit("broken", "ratio = sum(raw) / 2\n")
    fixed = folder.good()
    assert fixed.ran == ["below", "broken", "deep"]
    assert fixed.text("below") == "3.0\n"


def test_people_read_what_happened_without_json(canvas):
    folder = canvas(BLOCKS, EDGES)
    said = folder.easel("run", code=1).stdout
    assert "ZeroDivisionError: division by zero" in said
    assert "skipped: `broken` failed" in said
    assert "1 failed" in said and "2 ran" in said and "2 skipped" in said


def test_the_last_good_state_stays(canvas):
    folder = canvas({"make": "value = 'good'\n", "use": "print(value)\n"}, ["make -> use"])
    folder.good()
    folder.edit("make", "value = 'half'\nraise RuntimeError('in the middle')\n")
    failed = folder.run()
    assert (failed.code, failed.failed, failed.skipped) == (1, ["make"], ["use"])
    assert "good" in folder.easel("state", "make", "value").stdout
    assert folder.status()["make"][0] == "failed"
    # A block below still runs on the last good state when it is asked for alone.
    assert folder.good("--only", "use", "--force").text("use") == "good\n"
    folder.edit("make", "value = 'good'\n")
    back = folder.good()
    assert back.failed == [] and back.up_to_date[-1] == "use"


def test_a_syntax_error_names_its_line_and_runs_nothing(canvas):
    folder = canvas({"wrong": "print('before')\nvalue = (1 +\n", "apart": "x = 1\n"})
    run = folder.run()
    assert (run.code, run.failed, run.ran) == (1, ["wrong"], ["apart"])
    error = run.error("wrong")
    assert error["ename"] == "SyntaxError" and error["line"] == 2
    assert "value = (1 +" in error["traceback"]
    assert run.text("wrong") == ""


def test_tracebacks_name_blocks_also_for_functions_that_came_from_above(canvas):
    folder = canvas(
        {
            "define": "def inner(x):\n    return 1 / x\n\ndef outer(x):\n    return inner(x)\n",
            "use": "# one\n# two\nouter(0)\n",
        },
        ["define -> use"],
    )
    run = folder.run()
    error = run.error("use")
    assert error["line"] == 3
    lines = [line.strip() for line in error["traceback"].splitlines()]
    assert any("use" in line and "line 3" in line for line in lines)
    assert any("define" in line and "line 5" in line for line in lines)
    assert any("define" in line and "line 2" in line for line in lines)
    assert "return 1 / x" in lines


def test_chained_errors_and_helpers_are_shown(canvas):
    folder = canvas(
        {
            "use": "import helper\ntry:\n    helper.fail()\nexcept KeyError as e:\n    raise ValueError('worse') from e\n"
        },
        files={"helper.py": "def fail():\n    return {}['gone']\n"},
    )
    error = folder.run().error("use")
    assert (error["ename"], error["evalue"], error["line"]) == ("ValueError", "worse", 5)
    assert "KeyError: 'gone'" in error["traceback"] and "helper.py" in error["traceback"]
    assert "direct cause" in error["traceback"]


def test_wrong_words_and_wrong_canvases_end_with_2(canvas, tmp_path):
    folder = canvas({"load": "x = 1\n"})
    assert "did you mean `--force`" in folder.easel("run", "--forec", code=2).stderr
    assert "did you mean `load`" in folder.easel("run", "--only", "laod", code=2).stderr
    assert "exclude each other" in folder.easel("run", "--only", "load", "--to", "load", code=2).stderr
    folder.root = tmp_path / "nowhere"
    assert str(tmp_path / "nowhere") in folder.easel("run", code=2).stderr


def test_a_machine_that_cannot_run_blocks_ends_with_3(canvas, tmp_path):
    folder = canvas({"load": "x = 1\n"})
    occupied = tmp_path / "a-file"
    occupied.write_text("")
    ended = folder.easel("run", code=3, EASEL_RUNTIME_DIR=str(occupied))
    assert str(occupied) in ended.stderr + ended.stdout


@pytest.mark.parametrize("stubborn", [False, True], ids=["ends when asked", "ignores signals"])
def test_ctrl_c_cancels_and_keeps_what_is_done(canvas, gate, stubborn):
    ignore = (
        "for s in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(s, signal.SIG_IGN)\n"
        if stubborn
        else ""
    )
    folder = canvas(
        {
            "first": "value = 1\n",
            "long": f"import signal, time\n{ignore}while True:\n    try:\n"
            + textwrap.indent(gate.code, " " * 8)
            + "    except OSError:\n        time.sleep(600)\n",
            "after": "x = 1\n",
        },
        ["first -> long", "long -> after"],
    )
    command = folder.start("--json")
    gate.arrived()
    command.send_signal(signal.SIGINT)
    before = time.monotonic()
    events = [json.loads(line) for line in command.communicate(timeout=PATIENCE_S)[0].splitlines()]
    seconds = time.monotonic() - before
    run = Run(command.returncode, events)
    assert run.code == 130
    assert run.finished["status"] == "cancelled"
    assert run.ran == ["first"]
    assert run.cancelled == ["after", "long"]
    assert run.result("long")["status"] == "cancelled"
    assert seconds < 20, "the whole tree ends within about a second, on a machine with nothing else to do"
    states = {name: state for name, (state, _) in folder.status().items()}
    assert states == {"first": "up_to_date", "long": "cancelled", "after": "never_run"}
    assert folder.easel_alone("executor", "status", "--json").document["attempts"] == []


def test_ctrl_c_twice_kills(canvas, gate):
    folder = canvas({"long": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + gate.code})
    command = folder.start("--json")
    gate.arrived()
    command.send_signal(signal.SIGINT)
    command.send_signal(signal.SIGINT)
    out, _ = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 130
    assert json.loads(out.splitlines()[-1])["cancelled"] == ["long"]
    assert folder.easel_alone("executor", "status", "--json").document["attempts"] == []


def test_a_killed_command_leaves_its_run_to_the_next_one(canvas, gate):
    folder = canvas({"long": gate.code + "value = 7\n", "after": "print(value)\n"}, ["long -> after"])
    command = folder.start("--json")
    gate.arrived()
    command.kill()
    command.communicate()
    gate.open()
    run = folder.good()
    assert run.text("after") == "7\n"
    attempts = folder.easel("history", "long", "--json").document["attempts"]
    assert [a["status"] for a in attempts] == ["succeeded"], "published as it ended, not run again"


def test_undoing_an_edit_that_failed_runs_nothing(canvas):
    folder = canvas({"make": "x = 1\n", "use": "print(x)\n"}, ["make -> use"])
    folder.good()
    folder.edit("make", "x = 1 / 0\n")
    assert folder.run().failed == ["make"]
    assert folder.status()["make"][0] == "failed"
    folder.edit("make", "x = 1\n")
    assert folder.status() == dict.fromkeys(
        ("make", "use"), ("up_to_date", "nothing that it depends on changed")
    )
    assert folder.good().ran == []


def test_a_failure_that_came_from_a_file_ends_with_the_file(canvas):
    folder = canvas({"read": "n = int(open('n.txt').read())\n", "use": "print(n)\n"}, ["read -> use"])
    folder.write_file("n.txt", "many")
    assert folder.run().failed == ["read"]
    folder.write_file("n.txt", "3")
    assert folder.good().text("use") == "3\n"


def test_changed_takes_what_failed_after_a_success_and_leaves_what_never_ran(canvas):
    folder = canvas({"make": "x = 1\n", "use": "print(x)\n", "never": "y = 1\n"}, ["make -> use"])
    folder.good("--to", "use")
    folder.edit("make", "x = 1 / 0\n")
    assert folder.run("--changed").failed == ["make"]
    folder.edit("make", "x = 2\n")
    run = folder.good("--changed")
    assert run.ran == ["make", "use"] and run.text("use") == "2\n"
    assert folder.status()["never"][0] == "never_run"


def test_a_skipped_block_that_was_asked_for_is_not_a_success(canvas):
    folder = canvas({"make": "x = 1\n", "use": "print(x)\n"}, ["make -> use"])
    run = folder.run("--only", "use")
    assert run.skipped == ["use"] and run.code != 0, "a script must notice that nothing ran"


def test_cancelling_ends_everything_that_a_block_started(canvas, gate):
    folder = canvas(
        {
            "tree": "import subprocess, sys\n"
            "for _ in range(3):\n"
            "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', 'easel-test-tree'],"
            " start_new_session=True)\n" + gate.code
        }
    )
    command = folder.start("--json")
    gate.arrived()
    wait_until(lambda: len(processes_with("easel-test-tree")) == 3, "all three have their own command line")
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 130
    wait_until(lambda: not processes_with("easel-test-tree"), "all of its processes are gone")


def test_memory_of_children_counts(canvas):
    folder = canvas(
        {
            "children": "import subprocess, sys\n"
            "hold = 'x = bytearray(b\"x\") * (200 << 20)\\nimport time\\ntime.sleep(60)'\n"
            "many = [subprocess.Popen([sys.executable, '-c', hold]) for _ in range(3)]\n"
            "[p.wait() for p in many]\n"
        },
        settings={"children": "compute: {memory: 400Mi, timeout: 60s}"},
    )
    failure = folder.run().result("children")["failure"]
    assert failure["kind"] == "memory", failure


def test_a_block_out_of_memory_is_told_what_large_values_it_reads(canvas):
    folder = canvas(
        {
            "make": "import numpy as np\nwide = np.ones(5_000_000)\nsmall = 1\nunread = np.ones(9_000_000)\n",
            "use": "copies = []\nwhile True:\n    copies.append(wide + small)\n",
        },
        ["make -> use"],
        settings={"use": "compute: {memory: 600Mi, timeout: 60s}"},
    )
    failure = folder.run().result("use")["failure"]
    assert failure["kind"] == "memory", failure
    assert "its limit is 600 MiB" in failure["message"] and "`wide` from `make` (38" in failure["message"]
    assert "unread" not in failure["message"] and "small" not in failure["message"]
