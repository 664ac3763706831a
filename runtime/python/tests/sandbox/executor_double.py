"""A Python double of the executor: starts a zygote, parks workers, hands blocks over, reads what comes back."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import time

TIMEOUT = 30


class Worker:
    """One worker, from park request to exit."""

    def __init__(self, zygote, number, channel, out, err):
        self.zygote, self.number = zygote, number
        self.channel, self.out, self.err = channel, out, err
        self.pid = self.pidfd = None

    def frame(self):
        self.channel.settimeout(TIMEOUT)
        size = struct.unpack("<I", self._exactly(4))[0]
        return json.loads(self._exactly(size))

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.channel.recv(size - len(data))
            if not piece:
                raise EOFError("worker gone: " + os.read(self.err, 1 << 16).decode())
            data += piece
        return data

    def hand_over(self, canvas, code, **more):
        canvas = str(canvas)
        staging = os.path.join(canvas, ".easel", "staging", str(self.number))
        os.makedirs(staging, exist_ok=True)
        os.chmod(staging, 0o777)
        os.makedirs(os.path.join(canvas, "files"), exist_ok=True)
        spec = {
            "attempt": f"r/b.{self.number}",
            "canvas_root": canvas,
            "state_root": os.path.join(canvas, ".easel"),
            "files": os.path.join(canvas, "files"),
            "staging": staging,
            "code": code,
            **more,
        }
        data = json.dumps(spec).encode()
        self.channel.sendall(struct.pack("<I", len(data)) + data)

    def result(self):
        while True:
            frame = self.frame()
            if frame["event"] == "started":
                self.started = frame
            elif frame["event"] == "result":
                return frame

    def run(self, canvas, code, **more):
        """Run `code`; return what it set `answer` to."""
        self.hand_over(canvas, code, **more)
        result = self.result()
        assert not result.get("failure"), result["failure"]["message"]
        return result["answer"]

    def kill(self):
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def text(self):
        return os.read(self.out, 1 << 20).decode()

    def close(self):
        self.channel.close()
        for fd in (self.out, self.err, self.pidfd):
            if fd is not None:
                os.close(fd)
        self.out = self.err = self.pidfd = None


class Zygote:
    """A running zygote and its workers."""

    def __init__(self, runtime, python="/usr/bin/python3", user=None, environment=None, **options):
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options.setdefault("mode", "local")
        options.setdefault("hide", [])
        control_fd = theirs.fileno()

        def prepare():
            os.dup2(control_fd, 3, inheritable=True)
            if user is not None:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)

        self.process = subprocess.Popen(
            [python, "-I", os.path.join(runtime, "easel_runtime", "zygote.py")],
            preexec_fn=prepare,
            close_fds=False,
            env={
                "EASEL_ZYGOTE": json.dumps(options),
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                **(environment or {}),
            },
        )
        theirs.close()
        self.events, self.workers, self.number = [], [], 0
        self.ready = self.wait("ready")

    def wait(self, name, number=None):
        for place, event in enumerate(self.events):
            if event["event"] == name and number in (None, event.get("id")):
                return self.events.pop(place)
        while True:
            assert select.select([self.control], [], [], TIMEOUT)[0], (
                f"no {name} from the zygote; got {self.events}"
            )
            data, descriptors, _, _ = socket.recv_fds(self.control, 1 << 16, 4)
            assert data, f"the zygote ended: {self.events}"
            event = json.loads(data)
            event["fds"] = descriptors
            if event["event"] == name and number in (None, event.get("id")):
                return event
            assert event["event"] != "failed" or name == "failed" or "id" not in event, event
            self.events.append(event)

    def park(self):
        self.number += 1
        ours, theirs = socket.socketpair()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        message = json.dumps({"op": "park", "id": self.number}).encode()
        socket.send_fds(self.control, [message], [theirs.fileno(), out_end, err_end])
        theirs.close()
        os.close(out_end)
        os.close(err_end)
        worker = Worker(self, self.number, ours, out, err)
        self.workers.append(worker)
        forked = self.wait("forked", self.number)
        worker.pid, worker.pidfd = forked["pid"], forked["fds"][0]
        assert worker.frame() == {"event": "parked"}
        return worker

    def run(self, canvas, code, **more):
        """Run `code` in a new worker and return its `answer`."""
        return self.park().run(canvas, code, **more)

    def close(self):
        self.control.close()
        try:
            self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self.process.wait()
            for worker in self.workers:
                worker.close()


def gone(pid, seconds=5.0):
    """Wait until no process has this pid."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.005)
    return False
