"""A machine of its own to escape on: run by test_escape.py as the first process of new namespaces.

    world.py FOLDER BINARY MODE...      prints {mode: {attempt: {"reached" | "blocked": text}}}

It may be broken: system folders are covered by overlays, the network is its own, and every process ends with it. What an
attempt is to reach is made here, with secrets in it that are the proof.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
METADATA = "169.254.169.254"
# The hosts of a list, but for one, and where their names lead.
NAMES = (
    ("10.77.0.2", "listed.test"), ("10.77.0.3", "unlisted.test"), ("127.0.0.1", "inside.test"), ("::1", "six.test"),
    ("10.77.0.1", "own.test"), (METADATA, "meta.test"), ("10.88.0.9", "swings.test"), ("127.0.0.1", "swings.test"),
    ("0.0.0.0", "zero.test"),
)  # fmt: skip
# What to say when listed hosts answer, and by which name.
GO_OUT = """
import json, socket
port = json.load(open('targets.json'))['port']
for host in ('listed.test', '10.77.0.4'):
    with socket.create_connection((host, port), timeout=10) as peer:
        peer.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        print(host, b'ESCAPED' in peer.recv(4096))
"""
libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    arguments = [value.encode() if value is not None else None for value in (source, target, kind)]
    if libc.mount(*arguments, flags, data.encode() if data is not None else None) != 0:
        raise OSError(ctypes.get_errno(), f"mount on {target}")


def cover_system(upper: Path) -> None:
    """What is written into the system's folders goes to a tmpfs."""
    mount("none", "/", None, 0x4000 | 1 << 18, None)
    upper.mkdir()
    mount("tmpfs", str(upper), "tmpfs", 0, "size=256m")
    for folder in ("/usr", "/etc", "/var", "/opt", "/root"):
        if not os.path.isdir(folder):
            continue
        place = upper / folder.strip("/")
        for name in ("up", "work"):
            (place / name).mkdir(parents=True)
        mount("overlay", folder, "overlay", 0, f"lowerdir={folder},upperdir={place}/up,workdir={place}/work")


def network_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        # On this interface a whole net is the machine's: 10.77.0.1 is its address, the others are "elsewhere".
        for name, address, mask in (
            (b"lo", None, ""),
            (b"lo:1", METADATA, "255.255.255.255"),
            (b"lo:2", "10.77.0.1", "255.255.255.0"),
        ):
            for request, value in ((0x8916, address), (0x891C, mask)):
                if address is not None and value is not None:
                    packed = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(value))
                    fcntl.ioctl(control, request, packed)
            fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", name, 0x1 | 0x40))


def serve(listener: socket.socket, secret: str) -> None:
    """Answer everybody with the secret."""

    def loop() -> None:
        while True:
            if listener.type == socket.SOCK_DGRAM:
                _, peer = listener.recvfrom(4096)
                listener.sendto(secret.encode(), peer)
                continue
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(f"HTTP/1.0 200 OK\r\n\r\n{secret}".encode())
            connection.close()

    threading.Thread(target=loop, daemon=True).start()


def listen(family: int, address: Any, secret: str, kind: int = socket.SOCK_STREAM) -> socket.socket:
    listener = socket.socket(family, kind)
    listener.bind(address)
    if kind == socket.SOCK_STREAM:
        listener.listen(64)
    serve(listener, secret)
    return listener


def secret(name: str) -> str:
    return f"ESCAPED-{name}"


def works_in_a_canvas(pid: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd").endswith("/files")
    except OSError:
        return False


def printed(run: subprocess.CompletedProcess[str]) -> str:
    return "".join(
        event["text"]
        for event in map(json.loads, run.stdout.splitlines())
        if event["event"] == "block.output" and event["stream"] == "stdout"
    )


class World:
    def __init__(self, folder: Path, binary: str) -> None:
        self.folder, self.binary = folder, binary
        self.workspace = folder / "workspace"
        self.targets: dict[str, Any] = {"workspace": str(self.workspace)}
        self.secrets: list[str] = []
        self.environ = {
            **{k: v for k, v in os.environ.items() if k.startswith(("EASEL_CACHE", "PATH", "LANG", "HOME", "ASAN", "UBSAN"))},
            "NO_COLOR": "1",
            "EASEL_RUNTIME_DIR": str(folder / "rt"),
            "EASEL_SECRET": self.new_secret("executor-environment"),
        }  # fmt: skip

    def new_secret(self, name: str) -> str:
        self.secrets.append(secret(name))
        return self.secrets[-1]

    def file(self, key: str, path: Path, mode: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.new_secret(key) + "\n")
        path.chmod(mode)
        self.targets[key] = str(path)

    def make(self) -> None:
        self.file("server_db", self.workspace / ".easel" / "server.db", 0o600)
        self.file("root_key", self.folder / "key.pem", 0o600)
        self.file("ssh_key", Path("/root/.ssh/id_escape"), 0o600)
        self.file("public_note", self.folder / "note.txt", 0o644)
        self.canvas("other", {"sit": "import os, time\nready = open('ready', 'w').close()\ntime.sleep(600)"})
        self.file("other_file", self.workspace / "other" / "files" / "private.txt", 0o644)
        self.file("other_code", self.workspace / "other" / "blocks" / "note.py", 0o644)
        self.file("other_state", self.workspace / "other" / ".easel" / "objects" / "aa" / "object", 0o644)
        self.file("other_home", self.workspace / "other" / ".easel" / "home" / "token", 0o600)
        program = Path("/usr/escape-shell")
        shutil.copy("/bin/bash", program)
        program.chmod(0o4755)
        self.targets["setuid_program"] = str(program)
        self.servers()
        libc.shmget(0x45534C, 4096, 0o1666)
        self.targets["shm_key"] = 0x45534C
        word = "escape-victim"
        victim = subprocess.Popen(
            [sys.executable, "-c", "import sys, time; held = open(sys.argv[2]); time.sleep(600)", word, self.targets["root_key"]],
            env={"SECRET": self.new_secret("victim-environment")},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        self.targets |= {"victim": [victim.pid], "victim_word": word}

    def servers(self) -> None:
        network_up()
        name = self.new_secret("loopback")
        first = listen(socket.AF_INET6, ("::", 0), name)
        port = first.getsockname()[1]
        listen(socket.AF_INET, ("127.0.0.1", port), name, socket.SOCK_DGRAM)
        listen(socket.AF_INET, (METADATA, 80), self.new_secret("metadata"))
        path = str(self.folder / "victim.sock")
        listen(socket.AF_UNIX, path, self.new_secret("unix-socket"))
        os.chmod(path, 0o777)
        listen(socket.AF_UNIX, "\0escape-victim", self.new_secret("abstract-socket"))
        other = listen(socket.AF_INET, ("10.77.0.2", 0), self.new_secret("other-port")).getsockname()[1]
        listen(socket.AF_INET, ("10.77.0.4", other), self.new_secret("other-port"))
        listen(socket.AF_INET, ("10.77.0.2", port), self.new_secret("datagram"), socket.SOCK_DGRAM)
        with open("/etc/hosts", "a") as hosts:
            hosts.write("\n" + "".join(f"{address} {name}\n" for address, name in NAMES))
        self.targets |= {"port": port, "other_port": other, "unix_socket": path}
        listed = [f"{name}:{port}" for name in sorted({name for _, name in NAMES} - {"unlisted.test"})]
        self.flags = {
            "strict": ["--isolation", "strict", "--no-network"],
            "none": ["--isolation", "none"],
            "listed": ["--isolation", "strict"],
        }
        for host in (*listed, "meta.test:80", f"10.77.0.4:{port}"):
            self.flags["listed"] += ["--reach", host]

    def canvas(self, name: str, blocks: dict[str, str]) -> Path:
        root = self.workspace / name
        (root / "blocks").mkdir(parents=True)
        (root / "files").mkdir()
        lines = ["easel: 1", f"name: {name}", "blocks:"]
        for block, code in blocks.items():
            (root / "blocks" / f"{block}.py").write_text(code)
            lines.append(f"  {block}: {{kind: python, file: blocks/{block}.py}}")
        (root / "canvas.yaml").write_text("\n".join(lines) + "\n")
        return root

    def easel(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.binary, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            **more,
        )

    def try_in(self, mode: str) -> dict[str, Any]:
        sibling = subprocess.Popen(
            [self.binary, "run", str(self.workspace / "other"), *self.flags[mode], "--env", f"OWN={self.new_secret('sibling')}"],
            env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        ready = self.workspace / "other" / "files" / "ready"
        deadline = time.monotonic() + 60
        while not ready.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the sibling did not start in mode {mode}")
            time.sleep(0.05)
        root = self.canvas(
            f"prison-{mode}",
            {
                "inert": "kept = list(range(1000))",
                "go_out": GO_OUT,
                "try_it": "import attempts, json\nattempts.run(json.load(open('targets.json')))",
            },
        )
        shutil.copytree(HERE / "attempts", root / "files" / "attempts")
        self.file("executor_log", self.folder / "rt" / "executor.log.secret", 0o644)
        status = json.loads(self.easel("executor", "status", "--json").stdout)
        siblings = [int(name) for name in os.listdir("/proc") if name.isdigit() and works_in_a_canvas(name)]
        assert siblings, "the sibling is not to be found"
        self.targets |= {
            "secrets": self.secrets,
            "executor": [status["pid"]],
            "siblings": siblings,
            "executor_socket": str(self.folder / "rt" / "executor.sock"),
            "environment": self.environment(),
            "families": ["network", "egress"] if mode == "listed" else [],
        }
        (root / "files" / "targets.json").write_text(json.dumps(self.targets))
        self.easel("run", str(root), "--only", "inert", *self.flags[mode])
        ran = self.easel("run", str(root), "--only", "try_it", *self.flags[mode], "--json")
        text = printed(ran)
        sibling.terminate()
        sibling.wait()
        ready.unlink()
        results = {}
        for line in text.splitlines():
            said = json.loads(line)
            results[said.pop("name")] = said
        if not results:
            raise RuntimeError(f"nothing was tried in mode {mode}: {ran.stdout[-3000:]} {ran.stderr[-3000:]}")
        went = self.easel("run", str(root), "--only", "go_out", *self.flags[mode], "--json")
        results["(out)"] = {"out": printed(went)}
        results["(notices)"] = {
            "notices": [
                event["message"]
                for event in map(json.loads, ran.stdout.splitlines())
                if event["event"] == "block.notice"
            ]
        }
        return results

    def environment(self) -> str:
        """The folder of the environment that blocks run in."""
        program = Path(self.binary).parent / "easel-environment"
        said = subprocess.run(
            [program, "default"], env=self.environ, capture_output=True, text=True, check=True
        )
        return str(Path(said.stdout.strip()).parent.parent)


def main() -> None:
    folder, binary, modes = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    cover_system(folder / "upper")
    world = World(folder, binary)
    world.make()
    tried = {mode: world.try_in(mode) for mode in modes}
    world.easel("executor", "stop", "--force")  # which removes its control groups
    print(json.dumps(tried))


main()
