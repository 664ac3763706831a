"""What a block must not be able to do to the machine. Each attempt succeeds, or fails otherwise, without a sandbox."""

import os

import pytest

CALLS = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "setns": (308, 268),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "reboot": (169, 142),
}


@pytest.mark.parametrize("mode", ["local", "pod"])
def test_system_calls_of_escapes_are_refused(start, canvas, user, mode):
    column = 0 if os.uname().machine == "x86_64" else 1
    numbers = {name: pair[column] for name, pair in CALLS.items()}
    code = f"""import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def call(number):
    return "done" if libc.syscall(number, 0x10000000, 0, 0, 0, 0, 0) >= 0 else errno.errorcode[ctypes.get_errno()]
answer = {{name: call(number) for name, number in {numbers!r}.items()}}
def family(*which):
    try:
        socket.socket(*which)
        return "done"
    except OSError as error:
        return "refused"
answer["raw"] = family(socket.AF_INET, socket.SOCK_RAW, 1)
answer["packet"] = family(17, socket.SOCK_RAW, 0)
answer["netlink"] = family(16, socket.SOCK_RAW, 0)
try:
    os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0))
    answer["mknod"] = "done"
except OSError:
    answer["mknod"] = "refused"
os.mkfifo(os.path.join(os.environ.get("TMPDIR", "/tmp"), "pipe"))"""
    said = start(user=user, mode=mode).run(canvas, code)
    assert {name: outcome for name, outcome in said.items() if outcome not in ("EPERM", "refused")} == {}


def test_a_block_sees_and_reaches_only_its_own_processes(start, canvas, user):
    zygote = start(user=user)
    other = zygote.park()
    code = f"""import os
def attempt(action):
    try:
        action()
        return "done"
    except OSError as error:
        return type(error).__name__
answer = [attempt(lambda: os.kill({other.pid}, 0)), attempt(lambda: os.kill({os.getpid()}, 0)),
          attempt(lambda: open("/proc/1/mem", "rb")), attempt(lambda: os.listdir("/proc/1/root"))]
try:
    os.kill(-1, 9)
except OSError:
    pass"""
    said = zygote.run(canvas, code)
    assert said[:2] == ["ProcessLookupError"] * 2
    assert "done" not in said
    assert other.run(canvas, "answer = 1") == 1


def test_no_descriptor_or_setting_of_the_executor_is_inherited(start, canvas, user):
    worker = start(user=user, environment={"EXECUTOR_SECRET": "x"}).park()
    code = """import os
answer = [sorted(int(fd) for fd in os.listdir("/proc/self/fd")), [name for name in os.environ if "ZYGOTE" in name]]"""
    descriptors, names = worker.run(canvas, code)
    assert [fd for fd in descriptors if fd < 900][:4] == [0, 1, 2, 3] and len(descriptors) <= 6
    assert names == []


def test_a_fork_bomb_stops(start, canvas, user):
    zygote = start(user=user)
    if "pid_limit" in zygote.ready["missing"] or (os.cpu_count() or 1) > 8:
        pytest.skip("no limit of processes below the size of this test")
    code = """import os, signal
count = 0
try:
    while count < 3000:
        if os.fork() == 0:
            signal.pause()
        count += 1
except OSError:
    pass
answer = count"""
    worker = zygote.park()
    assert worker.run(canvas, code) < 1100
    zygote.wait("exited", worker.number)


def test_abstract_sockets_of_the_machine_are_out_of_reach(start, canvas, user):
    import socket

    from easel_abi import landlock_abi

    if landlock_abi() < 6:
        pytest.skip("Landlock scopes abstract sockets from ABI 6 on")
    with socket.socket(socket.AF_UNIX) as server:
        name = f"\0easel-test-{os.getpid()}"
        server.bind(name)
        server.listen()
        code = f"""import socket
try:
    socket.socket(socket.AF_UNIX).connect({name!r})
    answer = "done"
except PermissionError:
    answer = 'refused'
"""
        assert start(user=user).run(canvas, code) == "refused"
