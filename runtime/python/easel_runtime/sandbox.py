"""The sandbox of a zygote and its workers: which layers there are, and in which order they are put on.

    zygote starts -> enter()                 namespaces and the read-only view, before any package is imported
    worker forked -> Sandbox.park()          own mounts, limits, and all that does not depend on the block
    spec received -> Sandbox.hand_over()     the block's folders; then the rest is given away, seccomp last

Modes: `local` has all layers; `strict` those and its own (strict.py); `pod` those that need neither namespaces nor
capabilities; `none` nothing. A layer that the kernel refuses is named in `missing` by a stable word: user_namespace,
pid_namespace, mount_namespace, proc_mount, ipc_namespace, uts_namespace, net_namespace, landlock, seccomp, pid_limit.
In mode `local` a refusal of one of the first four makes the zygote fall back to `pod`'s layers; in mode `strict` it ends
the zygote, because who asked for it serves people who do not trust one another. Nothing else here is fatal.
"""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn

from easel_runtime import _easel, egress, landlock, seccomp, strict, view
from easel_runtime.options import Options

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_SIGKILL = 9
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_FOWNER, _CAP_KILL = 1 << 1, 1 << 2, 1 << 3, 1 << 5
_CAP_SETPCAP, _CAP_SYS_ADMIN = 1 << 8, 1 << 21
# What a zygote needs to make workers; imported packages run with these, too, inside its read-only view.
_ZYGOTE_CAPABILITIES = (
    _CAP_DAC_OVERRIDE | _CAP_DAC_READ_SEARCH | _CAP_FOWNER | _CAP_KILL | _CAP_SETPCAP | _CAP_SYS_ADMIN
)
# In mode `strict` also to become another user and to have a network of one's own and any port in it, in a user namespace
# without rights.
_STRICT_CAPABILITIES = _ZYGOTE_CAPABILITIES | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 12
_MAX_OPEN_FILES = 16384


class Refused(Exception):
    """The kernel refused a layer without which mode `local` cannot be. `layer` is its stable word."""

    def __init__(self, layer: str, error: OSError) -> None:
        super().__init__(f"{layer}: {error.strerror or error}")
        self.layer = layer


def _has_capability(mask: int) -> bool:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16) & mask == mask
    return False


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends."""
    _easel.prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def adopt_orphans() -> None:
    """Make this process the parent of what its descendants leave behind."""
    _easel.prctl(_PR_SET_SUBREAPER, 1)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _own_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    _easel.unshare(CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(probe.fileno(), 0x8914, request)  # SIOCSIFFLAGS


def _enter_local(options: Options, stand_in: Callable[[int], NoReturn], missing: list[str]) -> None:
    """Move into namespaces of our own; the caller goes on as pid 1 of a new pid namespace.

    `stand_in` is called with that pid in the process that stays outside.
    """
    layer = "user_namespace"
    try:
        private_user = not _has_capability(_CAP_SYS_ADMIN)
        if private_user:
            _own_user_namespace()
        layer = "pid_namespace"
        _easel.unshare(CLONE_NEWPID)
        pid = os.fork()
        if pid:
            stand_in(pid)
        die_with_parent()
        layer = "mount_namespace"
        _easel.unshare(CLONE_NEWNS)
        for word, flag in (("ipc_namespace", CLONE_NEWIPC), ("uts_namespace", CLONE_NEWUTS)):
            try:
                _easel.unshare(flag)
            except OSError:
                missing.append(word)
        if not options.network and options.mode == "local":
            try:
                _easel.unshare(CLONE_NEWNET)
                _loopback_up()
            except OSError:
                missing.append("net_namespace")
        layer = "proc_mount"
        view.mount_proc()
        if private_user or options.mode == "strict":
            _write("/proc/sys/user/max_user_namespaces", "0")
        layer = "mount_namespace"
        if options.mode == "local":
            view.make_base(options.home, options.hidden())
        else:
            view.make_base("", [])
        _easel.keep_capabilities(_ZYGOTE_CAPABILITIES if options.mode == "local" else _STRICT_CAPABILITIES)
    except OSError as error:
        raise Refused(layer, error) from error


def _probe_local(options: Options) -> str | None:
    """Try `_enter_local` in a process of its own; return the word of the layer that was refused."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:

            def wait(inner: int) -> NoReturn:
                os.waitpid(inner, 0)
                os._exit(0)

            os.close(reading)
            try:
                _enter_local(options, wait, [])
                os.write(writing, b"+")
            except Refused as refused:
                os.write(writing, refused.layer.encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        said = answer.read().decode()
    os.waitpid(pid, 0)
    return None if said == "+" else said or "mount_namespace"


def enter(options: Options, stand_in: Callable[[int], NoReturn]) -> Sandbox:
    """Put the zygote's layers on and return what its workers go on with.

    Effect: in mode `local` the caller continues in a child process, pid 1 of a new pid namespace; `stand_in` gets its
    pid in the old process. Packages may be imported only after this.
    """
    missing: list[str] = []
    mode = options.mode
    if mode == "local":
        refused = _probe_local(options)
        if refused is None:
            _enter_local(options, stand_in, missing)
        else:
            missing.append(refused)
            mode = "pod"
    elif mode == "strict":
        if os.geteuid() != 0 or options.slots[1] < 2:
            raise Refused(
                "slots", PermissionError(1, "the executor is not root, so it has no users to give out")
            )
        try:
            strict.confine(options)
        except OSError as error:
            raise Refused("confinement", error) from error
        die_with_parent()  # becoming another user takes that back
        _enter_local(options, stand_in, missing)
    if mode in ("pod", "none"):
        adopt_orphans()
    if mode == "pod" and not options.network:
        missing.append("net_namespace")
    return Sandbox(mode, options, missing)


def _pid_limit() -> int:
    """Return the limit of processes for a worker's pid namespace: enough for a pool of threaded processes per core."""
    release = os.uname().release.split(".")
    try:
        version = (int(release[0]), int(release[1].split("-")[0]))
    except (ValueError, IndexError):
        return 0
    if version < (6, 14):
        return 0
    cores = os.cpu_count() or 1
    return min(max(1024, 512 + 2 * cores * cores), 32768)


def _tmp_bytes() -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1 << 30, memory // 4)


class Sandbox:
    """The layers of the workers of one zygote. Methods are called in a forked worker, once each, in order."""

    def __init__(self, mode: str, options: Options, missing: list[str]) -> None:
        self.mode = mode
        self.missing = missing
        self._options = options
        self._view: view.View | None = None
        self._rules: landlock.Rules | None = None
        self._early = self._late = b""
        if mode == "none":
            return
        if options.seccomp:
            with open(options.seccomp, "rb") as file:
                self._late = file.read()
        else:
            self._early, self._late = seccomp.programs()
        if not self._late:
            self._lacks("seccomp")
        if _easel.landlock_abi() < 1:
            self._lacks("landlock")
        if self.namespaces and not _pid_limit():
            self._lacks("pid_limit")

    @property
    def namespaces(self) -> bool:
        """Whether workers have namespaces and mounts of their own."""
        return self.mode in ("local", "strict")

    def _lacks(self, layer: str) -> None:
        if layer not in self.missing:
            self.missing.append(layer)

    def make_scratch(self) -> str | None:
        """Make the temporary folder of a worker that cannot have mounts of its own; the zygote removes it."""
        return None if self.namespaces else tempfile.mkdtemp(prefix="easel-scratch-")

    def park(self, scratch: str | None) -> None:
        """Put on what does not depend on the block.

        Errors: OSError when the kernel refuses now what it allowed to the zygote.
        """
        if scratch is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = scratch
        if self.namespaces:
            _easel.unshare(CLONE_NEWNS)
            for word, flag in (("ipc_namespace", CLONE_NEWIPC), ("uts_namespace", CLONE_NEWUTS)):
                try:
                    _easel.unshare(flag)
                except OSError:
                    self._lacks(word)
            self._view = view.View(_tmp_bytes())
            view.mask_proc(_pid_limit())
            self._view.bind_visible(self._needed_folders(), self._options.home)
        if self.mode == "strict" and not self._options.network:
            _easel.unshare(CLONE_NEWNET)
            _loopback_up()
        if self.mode == "none":
            return
        if "landlock" not in self.missing:
            self._rules = self._make_rules(scratch)
        self._limit()
        _easel.drop_bounding(_CAP_DAC_OVERRIDE | _CAP_FOWNER if os.geteuid() == 0 else 0)
        _easel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
        self._load(self._early)

    def _needed_folders(self) -> list[str]:
        folders = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path]
        folders += [os.path.dirname(os.path.dirname(os.path.realpath(__file__)))]
        return [os.path.abspath(folder) for folder in folders if folder]

    def _make_rules(self, scratch: str | None) -> landlock.Rules:
        rules = landlock.Rules()
        if self.namespaces:
            rules.allow("/", landlock.READ)  # what is hidden is covered by mounts
            rules.allow("/tmp", rules.everything)
            rules.allow("/dev", landlock.DEVICES)
        else:
            rules.allow_reading_except(self._options.hidden())
            for device in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts"):
                rules.allow(f"/dev/{device}", landlock.DEVICES | landlock.READ)
            if scratch is not None:
                rules.allow(scratch, rules.everything)
        rules.allow("/dev/shm", rules.everything)
        rules.allow(
            "/proc", landlock.CHANGE
        )  # its own settings, such as clear_refs; ownership guards the others'
        rules.allow(self._options.home, rules.everything)
        return rules

    def hand_over(self, spec: dict[str, Any], mounts: list[int], slot: int) -> list[str]:
        """Make the block's folders visible and writable, then give everything away. Return the missing layers.

        `mounts` and `slot` are for mode `strict`: the folders as the executor made them, with a socket to pass others
        through if hosts are listed that the block may reach; and whom to become.

        Errors: OSError when a folder of the spec does not exist or a mount is refused.
        """
        files, staging = spec["files"], spec["staging"]
        if self.mode == "strict":
            gate = mounts.pop() if spec.get("egress") else -1
            strict.attach(mounts)
            if gate >= 0:
                egress.open_ways(spec["egress"], gate)
            if self._view is not None:
                self._view.limit(spec.get("limits", {}).get("memory_bytes") or 0)
                self._view.close()
        elif self._view is not None:
            self._view.bind_visible([spec["canvas_root"], spec["state_root"]], "")
            self._view.bind(files, True)
            self._view.bind(staging, True)
            self._view.close()
        if self.mode == "none":
            os.chdir(files)
            return self.missing
        if self._rules is not None:
            self._rules.allow(files, self._rules.everything)
            self._rules.allow(staging, self._rules.everything)
            if self.mode == "strict":
                self._rules.allow(self._options.home, self._rules.everything)
            self._rules.enforce()
        if self.mode == "strict":
            strict.become(slot)
            die_with_parent()
        # Root on a canvas that somebody else owns could not write into it without these two.
        keep = 0 if os.geteuid() != 0 or os.stat(files).st_uid == 0 else _CAP_DAC_OVERRIDE | _CAP_FOWNER
        if not keep and os.geteuid() == 0:
            _easel.drop_bounding(0)
        _easel.keep_capabilities(keep)
        _easel.prctl(_PR_SET_DUMPABLE, 1)
        os.chdir(files)
        self._load(self._late)
        return self.missing

    def _load(self, program: bytes) -> None:
        if program:
            try:
                _easel.seccomp(program)
            except OSError:
                self._lacks("seccomp")

    @staticmethod
    def _limit() -> None:
        """Limit descriptors and forbid core files; never RLIMIT_AS or RLIMIT_DATA, which refuse state mappings."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limit = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def remove_scratch(scratch: str | None) -> None:
    """Remove the temporary folder of a worker that has ended."""
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
