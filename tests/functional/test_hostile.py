"""Blocks that misbehave: each has a clear result of its own, and its neighbours do not notice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from canvas_folder import processes_with, wait_until

BLOCKS = {
    "daemon": """
        import os, subprocess, sys
        subprocess.Popen(
            [sys.executable, "-c", "import os, time; os.setsid(); time.sleep(600)", "easel-test-daemon"],
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                import time
                time.sleep(600)
            os._exit(0)
        os.wait()
        value = 1
        """,
    "forks": """
        import os
        child = os.fork() == 0
        if child:
            raise ValueError("only the child")
        os.wait()
        """,
    "forks_on": "import os\nchild = os.fork() == 0\nprint('child' if child else 'parent')\n",
    "memory": "hoard = []\nwhile True:\n    hoard.append(bytearray(b'x') * (8 << 20))\n",
    "timeout": "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    time.sleep(1)\n",
    "busy": "while True:\n    pass\n",
    "closes": "import os\nprint('before', flush=True)\nos.close(1)\nos.close(2)\nvalue = 2\n",
    "exits": "import os\nvalue = 1\nos._exit(0)\n",
    "leaves": "import sys\nprint('bye')\nsys.exit(3)\n",
    "crashes": "import ctypes\nctypes.string_at(0)\n",
    "aborts": "import os\nos.abort()\n",
    "reduces": "class R:\n    def __reduce__(self):\n        raise ValueError('not me')\nr = R()\nkept = 5\n",
    "hangs": "import time\nclass H:\n    def __reduce__(self):\n        time.sleep(600)\nh = H()\n",
    "represents": "class B:\n    def __repr__(self):\n        raise ValueError('no repr')\nb = B()\nb\n",
    "slow_repr": "import time\nclass S:\n    def __repr__(self):\n        time.sleep(600)\ns = S()\n",
    "outside": "open('/usr/easel-was-here', 'w')\n",
    "canvas_file": "open('../canvas.yaml', 'a').write('# changed')\n",
    "recursion": "def deeper(n):\n    return deeper(n + 1) + 1\ndeeper(0)\n",
    "nested": "x = []\nfor _ in range(100_000):\n    x = [x]\n",
    "huge_error": "raise ValueError('y' * 50_000_000)\n",
    "parent": "import os, signal\nfor pid in (os.getppid(), 1, -1):\n    try:\n        os.kill(pid, signal.SIGKILL)\n"
    "    except OSError as e:\n        print(pid, type(e).__name__)\nvalue = 3\n",
    "bomb": """
        import os
        started = 0
        try:
            while started < 5000:
                os.posix_spawn("/bin/sleep", ["sleep", "600"], os.environ)
                started += 1
        except OSError as e:
            print(type(e).__name__, started)
        """,
    "stdin": "import sys\nprint(repr(sys.stdin.read()))\n",
    "control": "print('\\x1b]0;title\\x07\\x1b[2J\\x1b[31mred\\x1b[0m')\n",
    "sibling": "import numpy as np\nvalue = int(np.arange(10).sum())\nprint(value)\n",
}
SETTINGS = {
    "memory": "compute: {memory: 300Mi}",
    "timeout": "compute: {timeout: 1s}",
    "busy": "compute: {timeout: 1s}",
    "hangs": "compute: {timeout: 3s}",
    "slow_repr": "compute: {timeout: 10s}",
    "nested": "compute: {timeout: 30s}",
}


@pytest.fixture(scope="module")
def folder(canvas_at, tmp_path_factory):
    return canvas_at(tmp_path_factory.mktemp("hostile") / "canvas", BLOCKS, settings=SETTINGS)


@pytest.fixture(scope="module")
def run(folder):
    return folder.run()


def failure(run, block):
    assert run.result(block)["status"] == "failed", run.result(block)
    return run.result(block)["failure"]


def test_the_neighbours_succeed_and_every_block_has_a_result(run):
    assert run.code == 1
    assert {e["block"] for e in run.of("block.finished")} == set(BLOCKS)
    assert run.text("sibling") == "45\n"
    assert {"sibling", "daemon", "represents", "bomb", "stdin", "control"} <= set(run.ran)


def test_daemons_end_with_their_block(run):
    assert run.result("daemon")["status"] == "succeeded"

    wait_until(lambda: not processes_with("easel-test-daemon"), "the daemon is gone")


def test_only_the_worker_itself_speaks_for_the_block(run, folder):
    assert run.result("forks")["status"] == run.result("forks_on")["status"] == "succeeded"
    assert run.of("block.error", "forks") == []
    assert "only the child" in run.text("forks", "stderr")
    for block in ("forks", "forks_on"):
        assert folder.easel("state", block, "child", "--json").document["preview"] == "False"


def test_too_much_memory_says_limit_and_peak(run):
    told = failure(run, "memory")
    assert told["kind"] == "memory"
    assert "300" in told["message"] and "MiB" in told["message"] and "memory" in told["message"], told


@pytest.mark.parametrize("block", ["timeout", "busy"])
def test_a_timeout_ends_also_what_does_not_want_to_end(run, block):
    told = failure(run, block)
    assert told["kind"] == "timeout" and "limit of 1.0 s" in told["message"], told


def test_a_closed_stdout_loses_nothing_that_was_printed(run):
    assert run.text("closes") == "before\n"
    assert run.result("closes")["status"] == "succeeded"


@pytest.mark.parametrize(("block", "says"), [("exits", "exit status 0"), ("leaves", "sys.exit(3)")])
def test_leaving_is_a_failure_that_says_so(run, block, says):
    told = failure(run, block)
    assert told["kind"] == "exit" and says in told["message"], told
    assert run.text("leaves") == "bye\n"


@pytest.mark.parametrize(("block", "signal"), [("crashes", "SIGSEGV"), ("aborts", "SIGABRT")])
def test_a_crash_names_its_signal(run, block, signal):
    told = failure(run, block)
    assert told["kind"] == "crash" and signal in told["message"], told


def test_what_cannot_be_pickled_is_named_and_the_rest_is_kept(run, folder):
    assert run.result("reduces")["status"] == "succeeded"
    [message] = run.notices("reduces", "not_carried")
    assert "`r`" in message and "not me" in message
    assert "5" in folder.easel("state", "reduces", "kept").stdout


def test_a_reduce_that_hangs_ends_by_the_limit(run):
    result = run.result("hangs")
    assert result["status"] == "failed" and result["failure"]["kind"] in ("timeout", "capture"), result


def test_reprs_that_raise_or_hang_do_not_matter(run):
    assert run.result("represents")["status"] == "succeeded"
    assert run.result("slow_repr")["status"] in ("succeeded", "failed")


def test_nothing_is_written_outside(run, folder):
    if os.environ.get("EASEL_TEST_ISOLATION") != "none":
        assert failure(run, "outside")["ename"] in ("PermissionError", "OSError", "FileNotFoundError")
        assert failure(run, "canvas_file")["ename"] in ("PermissionError", "OSError", "FileNotFoundError")
    assert not Path("/usr/easel-was-here").exists()
    assert "# changed" not in (folder.root / "canvas.yaml").read_text()


def test_deep_and_huge_errors_stay_readable(run):
    error = run.error("recursion")
    assert error["ename"] == "RecursionError" and len(error["traceback"]) < 20_000
    error = run.error("huge_error")
    assert error["ename"] == "ValueError" and len(error["evalue"]) < 2_000_000
    assert run.result("nested")["status"] in ("succeeded", "failed")


def test_killing_its_parents_does_not_work(run):
    assert run.result("parent")["status"] in ("succeeded", "failed")
    assert run.result("parent").get("failure", {}).get("kind") != "lost"


def test_a_fork_bomb_is_bounded(run):
    name, count = run.text("bomb").split()
    assert name == "BlockingIOError" and int(count) < 5000


def test_standard_input_is_empty(run):
    assert run.text("stdin") == "''\n"


def test_terminal_codes_do_not_reach_the_terminal_of_people(run, folder):
    assert "\x1b" in run.text("control")
    said = folder.easel("logs", "control").stdout
    assert "\x1b]0" not in said and "\x1b[2J" not in said and "red" in said


def test_a_lot_of_output_arrives_whole(canvas):
    mebibytes = 100
    folder = canvas(
        {
            "talks": f"line = 'x' * 8191\nfor i in range({mebibytes} * 128):\n    print(line)\nprint('end')\n",
            "other": "print('there')\n",
        }
    )
    assert "there" in folder.easel("run").stdout
    words = folder.easel("logs", "talks").stdout
    assert words.count("x") == mebibytes * 128 * 8191 and "end" in words[-200:]
