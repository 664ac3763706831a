"""Parking workers, handing blocks over, and how workers end."""

import os
import signal

import pytest
from executor_double import gone


def test_a_parked_worker_runs_the_block_it_is_given(start, canvas, user):
    zygote = start(user=user)
    assert (zygote.ready["mode"], zygote.ready["threads"], zygote.ready["fork_safe"]) == ("local", 1, True)
    worker = zygote.park()
    assert worker.run(canvas, "print('hello'); answer = 6 * 7") == 42
    assert worker.text() == "hello\n"
    assert zygote.wait("exited", worker.number)["status"] == 0
    assert gone(worker.pid)


def test_all_layers_are_in_force(start, canvas, user):
    zygote = start(user=user)
    assert zygote.ready["missing"] == []
    answer = zygote.run(
        canvas,
        """
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
answer = [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "Seccomp")]""",
    )
    assert answer[:2] == ["0" * 16, "0" * 16] and answer[2] == "0" * 16 and answer[3:] == ["1", "2"]


def test_the_exit_status_is_the_workers_own(start, canvas, user):
    zygote = start(user=user)
    for code, check in [
        ("import os; os._exit(7)", lambda status: os.waitstatus_to_exitcode(status) == 7),
        ("import os; os.abort()", lambda status: os.WTERMSIG(status) == signal.SIGABRT),
        ("import os; os.kill(os.getpid(), 9)", lambda status: os.WTERMSIG(status) == 9),
        ("import ctypes; ctypes.string_at(8)", lambda status: os.WTERMSIG(status) == signal.SIGSEGV),
    ]:
        worker = zygote.park()
        worker.hand_over(canvas, code)
        exited = zygote.wait("exited", worker.number)
        assert check(exited["status"]), (code, exited)
        assert exited["max_rss_kib"] > 1000


def test_the_pid_and_the_descriptor_name_the_worker_as_the_executor_sees_it(start, canvas, user):
    worker = start(user=user).park()
    with open(f"/proc/self/fdinfo/{worker.pidfd}") as lines:
        assert f"Pid:\t{worker.pid}\n" in lines.readlines()


def test_an_interrupt_reaches_the_block_as_keyboard_interrupt(start, canvas, user):
    worker = start(user=user).park()
    worker.hand_over(
        canvas,
        """import time
try:
    print("ready", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    answer = 'interrupted'
""",
    )
    assert worker.text() == "ready\n"
    signal.pidfd_send_signal(worker.pidfd, signal.SIGINT)
    assert worker.result()["answer"] == "interrupted"


DAEMON = """import os, time
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(writing, b"x")
        while True:
            time.sleep(1)
    os._exit(0)
os.read(reading, 1)
"""


@pytest.mark.parametrize("mode", ["local", "pod", "none"])
def test_a_daemon_dies_with_its_worker(start, canvas, user, mode):
    zygote = start(user=user, mode=mode)
    mark = f"easel-daemon-{os.getpid()}-{mode}-{user}"
    worker = zygote.park()
    worker.run(canvas, f"import ctypes; ctypes.CDLL(None).prctl(15, b'{mark[-15:]}', 0, 0, 0)\n" + DAEMON)
    zygote.wait("exited", worker.number)
    assert mark[-15:] not in names_of_processes()


@pytest.mark.parametrize("mode", ["local", "pod"])
def test_the_descriptor_kills_the_whole_tree(start, canvas, user, mode):
    zygote = start(user=user, mode=mode)
    mark = f"kill-{os.getpid()}-{mode}"[-15:]
    worker = zygote.park()
    worker.hand_over(
        canvas,
        f"import ctypes; ctypes.CDLL(None).prctl(15, b'{mark}', 0, 0, 0)\n"
        + DAEMON
        + "print('up', flush=True)\nos.read(reading, 1)",
    )
    assert worker.text() == "up\n"
    assert mark in names_of_processes()
    worker.kill()
    exited = zygote.wait("exited", worker.number)
    assert os.WTERMSIG(exited["status"]) == signal.SIGKILL
    assert mark not in names_of_processes()


def names_of_processes():
    names = set()
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open(f"/proc/{pid}/stat") as file:
                    text = file.read()
            except OSError:
                continue
            if text.rpartition(")")[2].split()[0] != "Z":
                names.add(text[text.index("(") + 1 : text.rindex(")")])
    return names


def test_everything_ends_when_the_executor_goes(start, canvas, user):
    zygote = start(user=user)
    parked, busy = zygote.park(), zygote.park()
    busy.hand_over(canvas, DAEMON + "print('up', flush=True)\nos.read(reading, 1)")
    assert busy.text() == "up\n"
    zygote.control.close()
    assert zygote.process.wait(10) == 0
    assert gone(parked.pid) and gone(busy.pid)


def test_everything_ends_when_the_zygote_is_killed(start, user):
    zygote = start(user=user)
    parked = zygote.park()
    zygote.process.kill()
    zygote.process.wait(10)
    assert gone(parked.pid)


def test_a_worker_that_is_not_needed_ends_when_its_channel_is_closed(start, user):
    zygote = start(user=user)
    worker = zygote.park()
    worker.channel.close()
    assert zygote.wait("exited", worker.number)["status"] == 0


def test_orphans_are_reaped_while_the_block_runs(start, canvas, user):
    code = """import os, time
for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
end = time.monotonic() + 10
def zombies():
    found = 0
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                found += open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                pass
    return found
while zombies() and time.monotonic() < end:
    time.sleep(0.01)
answer = [zombies(), sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit())[:2], os.getpid()]"""
    assert start(user=user).run(canvas, code) == [0, [1, 2], 2]


def test_pools_threads_locks_and_subprocesses_work(start, canvas, user):
    (canvas / "files" / "work.py").write_text("def square(x):\n    return x * x\n")
    code = """import multiprocessing, subprocess, sys, threading, concurrent.futures
sys.path.insert(0, ".")
import work
answer = []
for method in ("fork", "spawn", "forkserver"):
    with multiprocessing.get_context(method).Pool(2) as pool:
        answer.append(pool.map(work.square, [1, 2, 3]))
with concurrent.futures.ThreadPoolExecutor(4) as threads:
    answer.append(list(threads.map(work.square, [4])))
lock, event = multiprocessing.Lock(), multiprocessing.Event()
with lock:
    event.set()
answer.append(subprocess.run(["sh", "-c", "echo $((1 + 1))"], capture_output=True, text=True).stdout)
from multiprocessing import shared_memory
block = shared_memory.SharedMemory(create=True, size=1 << 20)
block.close(); block.unlink()"""
    code = "if __name__ == '__main__':\n" + "\n".join("    " + line for line in code.splitlines())
    squares = [1, 4, 9]
    assert start(user=user).run(canvas, code) == [squares, squares, squares, [16], "2\n"]


def test_a_package_that_is_missing_is_named_and_not_fatal(start, canvas, user):
    zygote = start(user=user, preload=["json", "no_such_package"])
    assert list(zygote.ready["not_imported"]) == ["no_such_package"]
    assert zygote.run(canvas, "import sys; answer = 'json' in sys.modules") is True


def test_hash_seed_and_plot_backend_are_fixed(start, canvas, user):
    code = (
        "import os, sys; answer = [hash('a'), os.environ['MPLBACKEND'], 'OPENBLAS_NUM_THREADS' in os.environ]"
    )
    first = start(user=user).run(canvas, code)
    assert first == start(user=user).run(canvas, code)
    assert first[1:] == ["agg", False]


def test_a_fresh_interpreter_serves_one_attempt_and_ends(start, canvas, user):
    zygote = start(user=user, single=True, preload=["json"])
    worker = zygote.park()
    assert worker.run(canvas, "answer = 1") == 1
    zygote.wait("exited", worker.number)
    assert zygote.process.wait(10) == 0


def test_two_workers_draw_different_random_numbers(start, canvas, user):
    zygote = start(user=user)
    assert len({zygote.run(canvas, "import random; answer = random.random()") for _ in range(3)}) == 3


@pytest.mark.parametrize("mode", ["pod", "none"])
def test_other_modes_run_blocks_and_clean_up_their_temporary_folder(start, canvas, user, mode):
    zygote = start(user=user, mode=mode)
    assert (zygote.ready["mode"], zygote.ready["missing"]) == (mode, [])
    worker = zygote.park()
    scratch = worker.run(canvas, "import tempfile; answer = tempfile.mkdtemp(); open('made', 'w').close()")
    zygote.wait("exited", worker.number)
    assert not os.path.exists(scratch) and not os.path.exists(os.path.dirname(scratch))
    assert (canvas / "files" / "made").exists()


def test_in_mode_pod_a_block_writes_and_reads_only_what_it_may(start, canvas, user, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    code = f"""def attempt(path, mode):
    try:
        open(path, mode).close()
        return "done"
    except OSError as error:
        return type(error).__name__
answer = [attempt({str(secret)!r}, "r"), attempt("../canvas.yaml", "w"), attempt("/etc/passwd", "r"), attempt("x", "w"),
          attempt("/tmp/x", "w")]"""
    said = start(user=user, mode="pod", hide=[str(secret)]).run(canvas, code)
    assert said == ["PermissionError", "PermissionError", "done", "done", "PermissionError"]


def test_where_user_namespaces_are_refused_mode_pod_takes_over_and_says_so(start, canvas, runtime, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root to set the limit")
    # A user namespace of our own whose limit is zero stands for a machine that forbids them.
    import subprocess

    from executor_double import Zygote

    starter = tmp_path / "python"
    starter.write_text(
        "#!/bin/sh\nexec unshare -U sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; "
        'exec /usr/bin/python3 "$@"\' python "$@"\n'
    )
    starter.chmod(0o755)
    if subprocess.run(["unshare", "-U", "true"]).returncode:
        pytest.skip("user namespaces are refused here")
    os.chmod(tmp_path / "home", 0o777)
    zygote = Zygote(runtime, python=str(starter), home=str(tmp_path / "home"))
    try:
        assert (zygote.ready["mode"], zygote.ready["missing"]) == ("pod", ["user_namespace"])
    finally:
        zygote.close()


@pytest.mark.parametrize("mode", ["pod", "none"])
def test_in_other_modes_too_nothing_is_left_when_the_executor_goes(start, canvas, user, mode):
    zygote = start(user=user, mode=mode)
    parked, busy = zygote.park(), zygote.park()
    busy.hand_over(
        canvas, DAEMON + "import tempfile\nprint(tempfile.gettempdir(), flush=True)\nos.read(reading, 1)"
    )
    scratch = busy.text().strip()
    assert os.path.isdir(scratch)
    zygote.control.close()
    assert zygote.process.wait(10) == 0
    assert gone(parked.pid) and gone(busy.pid)
    assert not os.path.exists(scratch)
