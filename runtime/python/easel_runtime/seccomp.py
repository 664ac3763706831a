"""The system call filters of a worker: deny lists, made into BPF once per zygote and loaded as bytes.

There are two, because loading costs what a filter is long (0.2 ms for all calls): the long one is loaded while the
worker parks; the short one, of the calls that the hand-over itself makes, at its end.

What is denied is what only an escape needs: mounts and namespaces, other processes' memory, kernel modules, keys,
tracing, io_uring. It answers EPERM, so that a library that probes goes on. `clone3` answers ENOSYS, so that libc falls
back to `clone`, whose flags can be examined.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Iterable

# Numbers per architecture: (x86_64, aarch64); -1 where the call does not exist.
_DENIED = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "setns": (308, 268),
    "unshare": (272, 97),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "iopl": (172, -1),
    "ioperm": (173, -1),
    "modify_ldt": (154, -1),
    "uselib": (134, -1),
    "ustat": (136, -1),
    "sysfs": (139, -1),
    "_sysctl": (156, -1),
    "nfsservctl": (180, 42),
    "lookup_dcookie": (212, 18),
    "chroot": (161, 51),
    "personality": (135, 92),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "ptrace": (101, 117),
    "kcmp": (312, 272),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
# The mounts of the hand-over are made with these.
_LATE = frozenset({"mount", "umount2", "open_tree", "move_mount", "mount_setattr"})
_MKNOD = (133, -1)
_MKNODAT = (259, 33)
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_IOCTL = (16, 29)
_SOCKET = (41, 198)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _RETURN, _EQUAL, _ANY_BIT, _AT_LEAST, _MASK = 0x20, 0x06, 0x15, 0x45, 0x35, 0x54
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_NEW_NAMESPACES = 0x7E020080  # CLONE_NEWCGROUP .. CLONE_NEWNET, NEWNS and NEWTIME
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_FAMILIES = (1, 2, 10)  # unix, inet, inet6
_S_IFMT, _DEVICES = 0o170000, (0o020000, 0o060000)


def _statement(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _when(number: int, body: list[bytes]) -> list[bytes]:
    """Run `body` for one call; it has to return in every case."""
    return [] if number < 0 else [_jump(_EQUAL, number, 0, len(body)), *body]


def _argument(index: int) -> bytes:
    return _statement(_LOAD, 16 + 8 * index)


def _start(column: int, audit: int) -> list[bytes]:
    """Kill what calls by another architecture's convention, then load the number of the call."""
    code = [
        _statement(_LOAD, 4),
        _jump(_EQUAL, audit, 1, 0),
        _statement(_RETURN, _KILL),
        _statement(_LOAD, 0),
    ]
    if column == 0:  # the x32 calling convention has numbers of its own
        code += [_jump(_AT_LEAST, 0x40000000, 0, 1), _statement(_RETURN, _KILL)]
    return code


def _refused(names: Iterable[str], column: int) -> list[bytes]:
    code = []
    for number in sorted({_DENIED[name][column] for name in names} - {-1}):
        code += [_jump(_EQUAL, number, 0, 1), _statement(_RETURN, _ERRNO | _EPERM)]
    return code


def programs(machine: str | None = None) -> tuple[bytes, bytes]:
    """Make the filters to load while parking and at the end of the hand-over.

    Empty when the architecture is not known, which is then a missing layer.
    """
    known = _ARCHITECTURES.get(machine or platform.machine())
    if known is None:
        return b"", b""
    column, audit = known
    refuse = _statement(_RETURN, _ERRNO | _EPERM)
    allow = _statement(_RETURN, _ALLOW)
    late = [*_start(column, audit), *_refused(_LATE, column), allow]
    code = _start(column, audit) + _refused(_DENIED.keys() - _LATE, column)
    code += _when(_CLONE3[column], [_statement(_RETURN, _ERRNO | _ENOSYS)])
    code += _when(
        _CLONE[column], [_argument(0), _jump(_ANY_BIT, _NEW_NAMESPACES & ~0xFF, 0, 1), refuse, allow]
    )
    code += _when(
        _IOCTL[column],
        [_argument(1), _jump(_EQUAL, _TIOCSTI, 1, 0), _jump(_EQUAL, _TIOCLINUX, 0, 1), refuse, allow],
    )
    # FIFOs and sockets are made by mknod, too: only device nodes are refused.
    for number, mode in ((_MKNOD[column], 1), (_MKNODAT[column], 2)):
        code += _when(
            number,
            [
                _argument(mode),
                _statement(_MASK, _S_IFMT),
                _jump(_EQUAL, _DEVICES[0], 1, 0),
                _jump(_EQUAL, _DEVICES[1], 0, 1),
                refuse,
                allow,
            ],
        )
    families = [_jump(_EQUAL, family, len(_FAMILIES) - place, 0) for place, family in enumerate(_FAMILIES)]
    code += _when(
        _SOCKET[column], [_argument(0), *families, _statement(_RETURN, _ERRNO | _EAFNOSUPPORT), allow]
    )
    code.append(allow)
    return b"".join(code), b"".join(late)
