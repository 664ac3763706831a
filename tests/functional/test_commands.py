"""The command line as people meet it: from `easel new` to `easel gc`, with their mistakes."""

from __future__ import annotations

import itertools
import json
import os
import pty
import shutil
import signal
import subprocess
import threading

import pytest
from canvas_folder import BINARY, PATIENCE_S, CanvasFolder, Run, easel, wait_until


def test_from_new_to_clean_again(tmp_path, environ):
    root = tmp_path / "churn"
    said = easel(["new", str(root)], environ).stdout
    assert f"easel run {root}" in said
    folder = CanvasFolder.open(root, environ)
    assert "good" in folder.easel("check").stdout
    for command in ("status", "logs", "state", "outputs", "history", "gc", "plan"):
        folder.easel(command)
    assert not (root / ".easel" / "objects").exists(), "looking does not run anything"
    first = folder.good()
    assert first.ran
    block = first.ran[0]
    assert folder.easel("state", block).stdout
    assert block in folder.easel("history").stdout
    folder.easel("logs", block)
    folder.easel("outputs", block)
    assert "Would free" in folder.easel("gc", "--dry-run").stdout
    assert "Freed" in folder.easel("gc", "--keep", "1").stdout
    assert folder.good().ran == []
    assert "easel run" not in folder.easel("doctor").stderr
    # Git sees nothing of what is generated.
    if shutil.which("git"):
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        listed = subprocess.run(
            ["git", "-C", str(root), "status", "--porcelain", "-uall"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert ".easel" not in listed and "canvas.yaml" in listed
    shutil.rmtree(root / ".easel")
    assert folder.good().ran == first.ran


def test_new_refuses_a_folder_that_is_not_empty(tmp_path, environ):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/canvas.yaml").write_text("easel: 1\n")
    assert "taken" in easel(["new", str(tmp_path / "taken")], environ, 2).stderr
    assert (tmp_path / "taken/canvas.yaml").read_text() == "easel: 1\n"


@pytest.mark.parametrize(
    ("before", "after", "where", "says"),
    [
        ("kind: python", "kid: python", "canvas.yaml:4:10", "did you mean `kind`"),
        ("kind: python", "kind: pyhton", "canvas.yaml:4:16", "did you mean `python`"),
        ("kind: python", "kind: sql", "canvas.yaml:4:16", "sql"),
        ("load.py", "lode.py", "canvas.yaml:4:", "blocks/lode.py"),
        ("blocks/load.py", "../load.py", "canvas.yaml:4:", "out of the canvas folder"),
        ("load -> use", "laod -> use", "canvas.yaml:7:", "did you mean `load`"),
        ("load -> use", "load -> use\n  - use -> load", "canvas.yaml:", "load -> use -> load"),
        ("  use:", "  load:", "canvas.yaml:5:3", "load"),
        ("easel: 1", "easel: 99", "canvas.yaml:1:", "newer"),
        ("blocks:", "blocks: [", "canvas.yaml:", ""),
        ("at: [0, 0]", "compute: {memory: 8 apples}, at: [0, 0]", "canvas.yaml:4:", "8Gi"),
    ],
)
def test_mistakes_in_canvas_yaml_are_said_where_they_are(canvas, before, after, where, says):
    folder = canvas({"load": "x = 1\n", "use": "print(x)\n"}, ["load -> use"])
    path = folder.root / "canvas.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    for command in ("run", "check", "plan"):
        told = folder.easel(command, code=2).stderr
        assert where in told and says in told, told
    problems = folder.easel("check", "--json", code=2).document["problems"]
    assert problems and problems[0]["line"] >= 1 and problems[0]["column"] >= 1
    path.write_text(text)
    assert folder.good().ran == ["load", "use"]


def test_commands_explain_themselves(environ):
    assert easel(["--version"], environ).stdout.startswith("easel ")
    overview = easel(["--help"], environ).stdout
    for name in [
        "run",
        "plan",
        "status",
        "logs",
        "state",
        "outputs",
        "history",
        "new",
        "check",
        "doctor",
        "executor",
        "gc",
    ]:
        assert name in overview
        assert f"easel {name}" in easel([name, "--help"], environ).stdout
    assert "did you mean `run`" in easel(["rnu"], environ, 2).stderr
    assert "CANVAS is missing" in easel(["run"], environ, 2).stderr


def test_before_the_first_run_every_command_says_how_to_begin(canvas):
    folder = canvas({"load": "x = 1\n"})
    for command in ("state", "logs", "outputs", "history", "gc"):
        assert "easel run" in folder.easel(command).stdout
    assert folder.status() == {"load": ("never_run", "never run")}
    assert not (folder.root / ".easel/metadata.db").exists()


def test_unknown_names_get_a_suggestion(canvas):
    folder = canvas({"load": "table = 1\n"})
    folder.good()
    for command in ("state", "logs", "outputs", "history"):
        assert "did you mean `load`" in folder.easel(command, "laod", code=2).stderr
    assert "did you mean `table`" in folder.easel("state", "load", "tabel", code=2).stderr


@pytest.mark.parametrize("name", ["with space", "grüße ✓", "-dash", "a'b\"c$d"])
def test_any_folder_name_will_do(tmp_path, canvas_at, name):
    folder = canvas_at(
        tmp_path / name,
        {
            "write": "open('wärt e.txt', 'w').write('ü')\nimport own\nx = own.X\n",
            "use": "print(x, open('wärt e.txt').read())\n",
        },
        ["write -> use"],
        files={"own.py": "X = 'mine'\n"},
    )
    words = [name] if not name.startswith("-") else ["--", name]
    done = subprocess.run(
        [BINARY, "run", "--json", *words],
        cwd=tmp_path,
        env=folder.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    run = Run(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)
    assert run.code == 0 and run.text("use") == "mine ü\n"
    assert folder.good().ran == []


def test_a_moved_canvas_keeps_its_results(canvas, tmp_path):
    folder = canvas(
        {"load": "x = open('data.txt').read()\n", "use": "print(x)\n"},
        ["load -> use"],
        files={"data.txt": "1"},
    )
    folder.good()
    moved = tmp_path / "elsewhere"
    folder.root.rename(moved)
    folder.root = moved
    assert folder.good().ran == []
    assert folder.good("--only", "use", "--force").text("use") == "1\n"


def test_a_pipe_ends_with_the_run_although_the_executor_stays(canvas):
    folder = canvas({"load": "print('piped')\n"})
    done = subprocess.run(
        ["sh", "-c", f'"{BINARY}" run "$1" | cat', "sh", str(folder.root)],
        env=folder.environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert "piped" in done.stdout
    status = folder.easel_alone("executor", "status", "--json").document
    assert status["running"] and status["pid"]
    assert os.getsid(status["pid"]) != os.getsid(0)
    # It holds nothing of whoever started it.
    targets = [os.readlink(f"/proc/{status['pid']}/fd/{fd}") for fd in ("0", "1", "2")]
    assert not any(target.startswith("pipe:") for target in targets)


def test_a_reader_that_leaves_early_does_no_harm(canvas):
    folder = canvas({"load": "for i in range(100_000):\n    print(i)\n", "use": "x = 1\n"}, ["load -> use"])
    subprocess.run(
        ["sh", "-c", f'"{BINARY}" run "$1" | head -n 1', "sh", str(folder.root)],
        env=folder.environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    again = folder.good()
    assert set(again.ran + again.up_to_date + again.restored) == {"load", "use"}


def test_on_a_terminal_a_list_lives_and_a_summary_stays(canvas):
    folder = canvas({"load": "print('hello')\n", "use": "1 + 1\n"}, ["load -> use"])
    ours, theirs = pty.openpty()
    environ = {**folder.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    environ.pop("NO_COLOR")
    shown = bytearray()

    def read():
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:
                return
            if not part:
                return
            shown.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run(
        [BINARY, "run", str(folder.root)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(theirs)
    reader.join(PATIENCE_S)
    os.close(ours)
    text = shown.decode()
    assert done.returncode == 0
    assert "hello" in text and "2 ran" in text and "\x1b[" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor is back"


def test_readers_work_while_a_run_is_under_way(canvas, gate):
    folder = canvas(
        {"first": "x = 41\nprint('first done')\n", "long": "print('working')\n" + gate.code + "y = x + 1\n"},
        ["first -> long"],
    )
    command = folder.start("--json")
    gate.arrived()
    assert folder.status()["long"][0] == "running"
    assert folder.status()["first"][0] == "up_to_date"
    assert "41" in folder.easel("state", "first", "x").stdout
    assert "first done" in folder.easel("logs", "first").stdout
    assert "working" in wait_until(lambda: folder.easel("logs", "long").stdout, "its log can be read")
    assert "long" in folder.easel("history").stdout
    assert "1 attempt" in folder.easel("doctor").stdout or folder.easel("doctor").code == 0
    assert folder.easel("gc", code=None).code in (1, 2, 3)
    [attempt] = folder.easel_alone("executor", "status", "--json").document["attempts"]
    assert attempt["attempt"].split("/")[1].startswith("long")
    following = subprocess.Popen(
        [BINARY, "logs", str(folder.root), "long", "-f"],
        stdout=subprocess.PIPE,
        text=True,
        env=folder.environ,
    )
    assert "working" in following.stdout.readline()
    gate.open()
    assert command.communicate(timeout=PATIENCE_S)[0] and command.returncode == 0
    following.communicate(timeout=PATIENCE_S)
    assert following.returncode == 0, "following ends with the attempt"


def test_a_second_run_goes_through_the_first(canvas, gate):
    folder = canvas(
        {"first": gate.code + "x = 1\n", "second": "print(x)\n", "apart": "print('apart')\n"},
        ["first -> second"],
    )
    one = folder.start("--json", "--to", "first")
    gate.arrived()
    two = folder.start("--json")
    said = []
    for line in two.stdout:
        said.append(json.loads(line))
        if said[-1]["event"] == "block.finished" and said[-1]["block"] == "apart":
            break
    gate.open()
    said += [json.loads(line) for line in two.stdout]
    two.wait(PATIENCE_S)
    two.communicate()
    out, _ = one.communicate(timeout=PATIENCE_S)
    first, second = (
        Run(one.returncode, [json.loads(line) for line in out.splitlines()]),
        Run(two.returncode, said),
    )
    assert (first.code, second.code) == (0, 0)
    assert first.ran == ["first"]
    assert second.ran == ["apart", "second"]
    assert [e["event"] for e in second.events].count("run.started") == 1
    assert second.text("second") == "1\n"
    attempts = folder.easel("history", "first", "--json").document["attempts"]
    assert len(attempts) == 1, "one block, one attempt, two runs"


def test_the_guest_takes_over_when_the_owner_is_killed(canvas, gate):
    folder = canvas({"first": gate.code + "x = 5\n", "second": "print(x)\n"}, ["first -> second"])
    one = folder.start("--json", "--to", "first")
    gate.arrived()
    two = folder.start("--json")
    assert json.loads(two.stdout.readline())["event"] == "run.started"
    one.kill()
    one.communicate()
    gate.open()
    events = [json.loads(line) for line in two.stdout]
    two.communicate(timeout=PATIENCE_S)
    run = Run(two.returncode, events)
    assert run.code == 0
    assert set(run.ran + run.up_to_date) == {"first", "second"} and "second" in run.ran
    assert len(run.of("block.finished")) == 2
    assert run.of("run.started") == []
    assert folder.status()["second"][0] == "up_to_date"
    assert folder.easel("state", "second", "x", "--json").document["preview"] == "5"
    assert len(folder.easel("history", "first", "--json").document["attempts"]) == 1


def test_one_job_at_a_time(canvas):
    note = "import time\nopen('{0}.start', 'w').write(str(time.monotonic()))\nopen('{0}.end', 'w').write(str(time.monotonic()))\n"
    folder = canvas({name: note.format(name) for name in ("a", "b", "c")})
    folder.good("--jobs", "1")
    spans = sorted(
        (float(folder.file(f"{n}.start").read_text()), float(folder.file(f"{n}.end").read_text()))
        for n in "abc"
    )
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_named_variables_of_ones_environment_reach_blocks_and_others_do_not(canvas):
    folder = canvas(
        {
            "look": "import os\nprint(os.environ.get('MY_TOKEN'), os.environ.get('MY_OTHER'), os.environ.get('SET'))\n"
        }
    )
    run = folder.good("--env", "MY_TOKEN", "--env", "SET=there", MY_TOKEN="shown", MY_OTHER="hidden")
    assert run.text("look") == "shown None there\n"
    assert "MISSING_ONE" in folder.easel("run", "--env", "MISSING_ONE", code=2).stderr


def test_outputs_are_saved_as_files_and_logs_of_older_attempts_stay(canvas, tmp_path):
    folder = canvas({"show": "import pandas as pd\nprint('one')\npd.DataFrame({'a': [1, 2]})\n"})
    folder.good()
    folder.edit("show", "import pandas as pd\nprint('two')\npd.DataFrame({'a': [3]})\n")
    folder.good()
    assert "two" in folder.easel("logs", "show").stdout
    assert "one" in folder.easel("logs", "show", "--attempt", "1").stdout
    folder.easel("outputs", "show", "--save", str(tmp_path / "out"))
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    history = folder.easel("history", "show", "--json").document["attempts"]
    assert [a["epoch"] for a in history] == [2, 1]


def test_the_executor_can_be_stopped_and_comes_back(canvas):
    folder = canvas({"a": "print('there')\n"})
    folder.good()
    before = folder.easel_alone("executor", "status", "--json").document["pid"]
    folder.easel_alone("executor", "stop")
    wait_until(
        lambda: not folder.easel_alone("executor", "status", "--json").document["running"], "it has ended"
    )
    assert "No executor is running" in folder.easel_alone("executor", "status").stdout
    assert folder.good("--force").text("a") == "there\n"
    assert folder.easel_alone("executor", "status", "--json").document["pid"] != before


def test_a_hangup_cancels_too(canvas, gate):
    folder = canvas({"long": gate.code})
    command = folder.start("--json")
    gate.arrived()
    command.send_signal(signal.SIGHUP)
    command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 130
    assert folder.easel_alone("executor", "status", "--json").document["attempts"] == []
