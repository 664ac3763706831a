"""Past a list of hosts: to others, to other ports, and by listed names to where no name may lead."""

from __future__ import annotations

import os
import socket
from typing import Any

from attempts.network import connect
from attempts.proofs import attempt, each, proof

each("egress", "an unlisted host by", {"its name": "unlisted.test", "its address": "10.77.0.3", "a mapped address": "::ffff:10.77.0.3"})(
    lambda T, host: proof(T, connect(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, T["port"])))
)  # fmt: skip

each("egress", "by a listed name to", {
    "loopback": "inside.test", "loopback of IPv6": "six.test", "an address of the machine": "own.test",
    "loopback after an address that does not answer": "swings.test", "every address of the machine": "zero.test",
})(lambda T, name: proof(T, socket_to(name, T["port"])))  # fmt: skip


def socket_to(name: str, port: int) -> bytes:
    with socket.create_connection((name, port), timeout=3) as peer:
        peer.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return peer.recv(4096)


@attempt("egress")
def by_a_listed_name_to_the_metadata_server(T: Any) -> str:
    return proof(T, socket_to("meta.test", 80))


@attempt("egress")
def another_port_of_a_listed_host(T: Any) -> str:
    return proof(T, socket_to("listed.test", T["other_port"]))


@attempt("egress")
def another_port_of_a_listed_address(T: Any) -> str:
    return proof(T, socket_to("10.77.0.4", T["other_port"]))


@attempt("egress")
def the_neighbour_of_a_listed_address(T: Any) -> str:
    return proof(T, socket_to("10.77.0.5", T["port"]))


@attempt("egress")
def a_datagram_to_a_listed_host(T: Any) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(2)
        peer.connect(("listed.test", T["port"]))
        peer.send(b"x")
        return proof(T, peer.recv(4096))


@attempt("egress")
def listed_names_made_to_lead_elsewhere(T: Any) -> str:
    with open("/etc/hosts") as file:
        before = file.read()
    with open("/etc/hosts", "w") as file:
        file.write(f"{before}\n10.77.0.3 rewritten.test\n")
    try:
        return proof(T, socket_to("rewritten.test", T["port"]))
    finally:
        with open("/etc/hosts", "w") as file:
            file.write(before)


@attempt("egress")
def an_address_taken_as_its_own(T: Any) -> str:
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        packed = struct.pack("16sHH4s8x", b"lo:99", socket.AF_INET, 0, socket.inet_aton("10.77.9.9"))
        fcntl.ioctl(control, 0x8916, packed)  # SIOCSIFADDR
    return f"took 10.77.9.9 as user {os.getuid()}"
