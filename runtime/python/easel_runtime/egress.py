"""The hosts that a worker of mode `strict` may reach, made in its own network, which holds nothing else.

Each host of the list is an address of this network that the worker listens on; `/etc/hosts` leads the host's name there.
The listening sockets go to the executor before the block begins: it accepts on them and connects to the host that each
stands for (src/executor/egress_gate.h). So a program connects as it always does, and TLS sees the name that it asked for.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from typing import Any

from easel_runtime import _easel

_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_MS_BIND, _AT_FDCWD = 0x1000, -100
_RDONLY, _NOSUID, _NODEV = 1, 2, 4
_HOSTS = "/etc/hosts"
_PER_NET = 250
# Somebody's proxy cannot be reached from here, and need not be.
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def open_ways(hosts: list[dict[str, Any]], gate: int) -> None:
    """Listen for each of `hosts` (host, port, literal) and pass the sockets to the executor by `gate`, in that order.

    Needs the power over its own network and mounts that the worker gives away next.

    Errors: OSError when the kernel refuses an address or a port.
    """
    names: dict[str, str] = {}
    listeners: list[socket.socket] = []
    with socket.socket(fileno=gate) as out:
        try:
            for one in hosts:
                host = one["host"]
                if one["literal"]:
                    address = host
                    _own(address, len(listeners))
                else:
                    address = names.setdefault(
                        host, f"127.77.{len(names) // _PER_NET}.{len(names) % _PER_NET + 1}"
                    )
                listeners.append(_listen(address, one["port"]))
            socket.send_fds(out, [b"+"], [listener.fileno() for listener in listeners])
        finally:
            for listener in listeners:
                listener.close()
    _name(names)
    for name in _PROXIES:
        os.environ.pop(name, None)


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if ":" in address:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener


def _own(address: str, number: int) -> None:
    """Make `address` one of this network's own."""
    if ":" in address:
        if address == "::1":
            return
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
            packed = socket.inet_pton(socket.AF_INET6, address)
            fcntl.ioctl(
                control, _SIOCSIFADDR, struct.pack("=16sIi", packed, 128, socket.if_nametoindex("lo"))
            )
        return
    if address.startswith("127."):
        return
    name = f"lo:{number}".encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
            packed = struct.pack("=16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(control, request, packed)


def _name(names: dict[str, str]) -> None:
    """Cover /etc/hosts by one that knows `names`; the file itself has no other name, and nobody can write it."""
    lines = [
        "127.0.0.1 localhost",
        "::1 localhost",
        *(f"{address} {name}" for name, address in names.items()),
    ]
    beside = "/tmp/.hosts"
    with open(beside, "x") as file:
        file.write("\n".join(lines) + "\n")
    os.chmod(beside, 0o644)
    _easel.mount(beside, _HOSTS, None, _MS_BIND, None)
    _easel.mount_setattr(_AT_FDCWD, _HOSTS, 0, _RDONLY | _NOSUID | _NODEV, 0)
    os.unlink(beside)
