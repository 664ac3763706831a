"""A server that has one large object and takes any other: as fast as loopback allows, and nothing like Cloud Storage otherwise.

It sends by sendfile, and lets the kernel drop what comes (MSG_TRUNC), so that what is measured is the client. It speaks as much of
the JSON API as one download in ranges and one resumable upload need: `python sendfile_server.py FILE CRC32C`, prints its port.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading

path, crc = sys.argv[1], sys.argv[2]
size = os.path.getsize(path)
file = os.open(path, os.O_RDONLY)


def resource(name: str) -> bytes:
    return json.dumps(
        {
            "name": name,
            "size": str(size),
            "generation": "1",
            "metageneration": "1",
            "crc32c": crc,
            "updated": "2026-01-01T00:00:00Z",
            "bucket": "bench",
            "id": f"bench/{name}/1",
            "contentType": "application/octet-stream",
        }
    ).encode()


def answer(connection: socket.socket, status: str, body: bytes, *more: str) -> None:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *more]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def serve(connection: socket.socket, port: int) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = b""
    while True:
        while b"\r\n\r\n" not in waiting:
            piece = connection.recv(65536)
            if not piece:
                return
            waiting += piece
        head, _, waiting = waiting.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(headers.get("content-length", 0))
        left = length - len(waiting)
        body, waiting = waiting[:length], waiting[length:]
        trash = bytearray(1 << 20)
        while left > 0:
            if length < 65536:
                piece = connection.recv(left)
                body, got = body + piece, len(piece)
            else:
                got = connection.recv_into(trash, min(left, len(trash)), socket.MSG_TRUNC)
            if got == 0:
                return
            left -= got
        name = target.split("/o/")[-1].split("?")[0]
        if method == "GET" and "alt=media" in target:
            begin, end = 0, size - 1
            if found := re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", "")):
                begin, end = int(found[1]), min(int(found[2] or end), size - 1)
            status = "206 Partial Content" if "range" in headers else "200 OK"
            connection.sendall(
                (
                    f"HTTP/1.1 {status}\r\nContent-Length: {end - begin + 1}\r\nContent-Range: bytes {begin}-{end}/{size}\r\n"
                    f"x-goog-generation: 1\r\nx-goog-metageneration: 1\r\nx-goog-hash: crc32c={crc}\r\n"
                    "Content-Type: application/octet-stream\r\n\r\n"
                ).encode()
            )
            while begin <= end:
                begin += os.sendfile(connection.fileno(), file, begin, end - begin + 1)
        elif method == "POST" and "uploadType=resumable" in target:
            answer(connection, "200 OK", b"", f"Location: http://127.0.0.1:{port}/upload/session?o=up")
        elif method == "PUT":
            # A client that sends in pieces is told how far it is.
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("content-range", ""))
            if found and int(found[2]) + 1 < size:
                answer(connection, "308 Resume Incomplete", b"", f"Range: bytes=0-{found[2]}")
            else:
                answer(connection, "200 OK", resource("up"))
        else:
            answer(connection, "200 OK", resource(name))


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listener.getsockname()[1]
    print(port, flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, port), daemon=True).start()


if __name__ == "__main__":
    main()
