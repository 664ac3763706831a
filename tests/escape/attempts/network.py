"""Sockets and networks."""

from __future__ import annotations

import socket
from typing import Any

from attempts.proofs import attempt, each, proof


def connect(family: int, address: Any, kind: int = socket.SOCK_STREAM) -> bytes:
    with socket.socket(family, kind) as peer:
        peer.settimeout(2)
        peer.connect(address)
        peer.sendall(b"GET / HTTP/1.0\r\nHost: metadata\r\n\r\n")
        return peer.recv(4096)


@attempt("network")
def a_unix_socket_by_its_path(T: Any) -> str:
    return proof(T, connect(socket.AF_UNIX, T["unix_socket"]))


@attempt("network")
def an_abstract_unix_socket(T: Any) -> str:
    return proof(T, connect(socket.AF_UNIX, "\0escape-victim"))


@attempt("network")
def the_executors_socket(T: Any) -> str:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(2)
        peer.connect(T["executor_socket"])
        return "connected"


each("network", "localhost as", {
    "127.0.0.1": (socket.AF_INET, "127.0.0.1"), "127.1": (socket.AF_INET, "127.1"), "0.0.0.0": (socket.AF_INET, "0.0.0.0"),
    "::1": (socket.AF_INET6, "::1"), "::ffff:127.0.0.1": (socket.AF_INET6, "::ffff:127.0.0.1"), "localhost": (socket.AF_INET, "localhost"),
})(lambda T, how: proof(T, connect(how[0], (how[1], T["port"]))))  # fmt: skip

each("network", "the metadata server as", {
    "169.254.169.254": (socket.AF_INET, "169.254.169.254"), "a decimal": (socket.AF_INET, "2852039166"),
    "hex": (socket.AF_INET, "0xa9fea9fe"), "octal": (socket.AF_INET, "0251.0376.0251.0376"),
    "a short form": (socket.AF_INET, "169.254.43518"), "an IPv6-mapped one": (socket.AF_INET6, "::ffff:169.254.169.254"),
})(lambda T, how: proof(T, connect(how[0], (how[1], 80))))  # fmt: skip


@attempt("network")
def the_metadata_server_by_http(T: Any) -> str:
    import urllib.request

    request = urllib.request.Request("http://169.254.169.254/", headers={"Metadata-Flavor": "Google"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=2) as answer:
        return proof(T, answer.read())


@attempt("network")
def a_datagram(T: Any) -> str:
    return proof(T, connect(socket.AF_INET, ("127.0.0.1", T["port"]), socket.SOCK_DGRAM))


each("network", "a socket of", {
    "raw packets": (socket.AF_INET, socket.SOCK_RAW, 1), "link packets": (17, socket.SOCK_RAW, 0),
    "netlink": (16, socket.SOCK_RAW, 0), "kernel crypto": (38, socket.SOCK_SEQPACKET, 0), "vsock": (40, socket.SOCK_STREAM, 0),
})(lambda T, how: f"made {socket.socket(*how).fileno()}")  # fmt: skip
