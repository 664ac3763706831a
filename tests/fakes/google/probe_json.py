"""The probe's checks of the JSON API."""

from __future__ import annotations

import json
import threading
from typing import Any

from probe import BUCKET, Probe, crc32c, quote

UNIT = 256 * 1024


def multipart_body(meta: dict[str, Any], kind: str, data: bytes) -> bytes:
    head = f"--BB\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(meta)}\r\n--BB\r\nContent-Type: {kind}\r\n\r\n"
    return head.encode() + data + b"\r\n--BB--\r\n"


def send_multipart(p: Probe, meta: dict[str, Any], data: bytes, extra: str = "") -> Any:
    path = f"/upload/storage/v1/b/{BUCKET}/o?uploadType=multipart{extra}"
    headers = {"Content-Type": "multipart/related; boundary=BB"}
    return p.client.post(path, multipart_body(meta, "text/csv", data), headers=headers)


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.json().get("items", [])]


def bucket(p: Probe) -> None:
    answer = p.client.post("/storage/v1/b?project=p", {"name": BUCKET})
    p.check("bucket insert", answer.status == 200, answer.status)
    answer = p.client.post("/storage/v1/b?project=p", {"name": BUCKET})
    p.check("bucket insert twice -> 409", answer.status == 409, answer.status)


def media_insert(p: Probe) -> None:
    answer = p.media("a/x.txt", b"hello")
    made = answer.json()
    p.check("media insert", answer.status == 200, sorted(made))
    p.check(
        "resource crc32c/md5/etag/generation/metageneration",
        made.get("crc32c") == crc32c(b"hello") and made.get("md5Hash") and made.get("etag") and made.get("metageneration") == "1",
        made,
    )  # fmt: skip


def multipart(p: Probe) -> None:
    name = "m/é 1+2.txt"
    meta = {
        "name": name,
        "contentType": "text/csv",
        "metadata": {"k": "v"},
        "crc32c": crc32c(b"data!"),
        "cacheControl": "no-cache",
    }
    answer = send_multipart(p, meta, b"data!")
    made = answer.json()
    p.check("multipart insert, metadata, non-ASCII name", answer.status == 200 and made.get("metadata") == {"k": "v"} and made.get("name") == name, answer.body)  # fmt: skip
    answer = p.read(name)
    p.check("alt=media of it", answer.body == b"data!", (answer.status, answer.headers))
    answer = send_multipart(p, {**meta, "crc32c": "AAAAAA=="}, b"data!")
    p.check("wrong crc32c in metadata -> 400", answer.status == 400, answer.status)


def resumable(p: Probe) -> None:
    data = bytes(range(256)) * 1024 * 2 + b"tail"
    answer = p.start_upload(
        "big",
        "&ifGenerationMatch=0",
        {"metadata": {"a": "b"}},
        X_Upload_Content_Type="application/octet-stream",
    )
    session = answer.headers.get("location", "")
    p.check("resumable start: Location, X-GUploader-UploadID", answer.status == 200 and session, answer)
    answer = p.piece(session, b"", "bytes */*")
    p.check(
        "status query before any byte -> 308, no Range",
        answer.status == 308 and "range" not in answer.headers,
        answer,
    )
    kept = f"bytes=0-{UNIT - 1}"
    answer = p.piece(session, data[:UNIT], f"bytes 0-{UNIT - 1}/*")
    p.check(
        "chunk 1 -> 308 Range: bytes=0-262143",
        answer.status == 308 and answer.headers.get("range") == kept,
        answer,
    )
    answer = p.piece(session, b"", "bytes */*")
    p.check(
        "status query -> 308 + Range", answer.status == 308 and answer.headers.get("range") == kept, answer
    )
    answer = p.piece(session, b"x" * 1000, f"bytes {UNIT}-{UNIT + 999}/*")
    p.check("odd (not 256 KiB) middle chunk: 308 w/o full Range", answer.headers.get("range") == kept, answer)
    answer = p.piece(session, data[:UNIT], f"bytes 0-{UNIT - 1}/*")
    p.check(
        "re-sent chunk 1 (idempotent)", answer.status == 308 and answer.headers.get("range") == kept, answer
    )
    session = p.start_upload("big2").headers["location"]
    p.piece(session, data[:UNIT], f"bytes 0-{UNIT - 1}/*")
    p.piece(session, data[UNIT : 2 * UNIT], f"bytes {UNIT}-{2 * UNIT - 1}/*")
    answer = p.piece(session, data[2 * UNIT :], f"bytes {2 * UNIT}-{len(data) - 1}/{len(data)}")
    made = answer.json()
    p.check("final chunk -> 200 + resource", answer.status == 200 and made.get("size") == str(len(data)) and made.get("crc32c") == crc32c(data), answer)  # fmt: skip
    answer = p.piece(session, b"", f"bytes */{len(data)}")
    p.check("status query after finish -> 200", answer.status in (200, 201), answer.status)
    p.check("content equal", p.read("big2").body == data)
    session = p.start_upload("gap").headers["location"]
    answer = p.piece(session, data[UNIT : 2 * UNIT], f"bytes {UNIT}-{2 * UNIT - 1}/*")
    p.check("chunk with a gap refused", answer.status >= 400 or "range" not in answer.headers, answer)
    answer = p.client.delete(session)
    p.check("cancel -> 499", answer.status == 499, answer.status)


def preconditions(p: Probe) -> None:
    def status(name: str, wanted: int, answer: Any) -> None:
        p.check(name, answer.status == wanted, answer)

    status("insert ifGenerationMatch=0, new", 200, p.media("p", b"1", "&ifGenerationMatch=0"))
    status("insert ifGenerationMatch=0, exists -> 412", 412, p.media("p", b"2", "&ifGenerationMatch=0"))
    old = p.generation("p")
    status("insert ifGenerationMatch=g", 200, p.media("p", b"3", f"&ifGenerationMatch={old}"))
    status("insert stale g -> 412", 412, p.media("p", b"4", f"&ifGenerationMatch={old}"))
    status("insert ifMetagenerationMatch wrong -> 412", 412, p.media("p", b"4", "&ifMetagenerationMatch=99"))
    item = p.bucket("/o/p")
    status("get ifGenerationMatch stale -> 412", 412, p.client.get(f"{item}?ifGenerationMatch=1"))
    status(
        "get ifGenerationNotMatch same -> 304",
        304,
        p.client.get(f"{item}?ifGenerationNotMatch={p.generation('p')}"),
    )
    status("delete stale g -> 412", 412, p.client.delete(f"{item}?ifGenerationMatch=1"))
    if p.generation("p") is None:
        p.media("p", b"5")
    change = {"metadata": {"z": "1"}}
    status(
        "patch ifMetagenerationMatch wrong -> 412",
        412,
        p.client.patch(f"{item}?ifMetagenerationMatch=99", change),
    )
    answer = p.client.patch(item, change)
    p.check("patch bumps metageneration", answer.json().get("metageneration") == "2", answer)
    status(
        "delete ifGenerationMatch=g -> 204",
        204,
        p.client.delete(f"{item}?ifGenerationMatch={p.generation('p')}"),
    )
    status("delete missing -> 404", 404, p.client.delete(item))
    results: list[int] = []
    racers = [
        threading.Thread(
            target=lambda i=i: results.append(
                p.media("race", b"%d" % i * 1000, "&ifGenerationMatch=0").status
            )
        )
        for i in range(24)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    p.check("24 racing ifGenerationMatch=0: exactly one 200", results.count(200) == 1, results)
    answer = p.start_upload("race", "&ifGenerationMatch=0")
    ended = (
        p.piece(answer.headers["location"], b"zz", "bytes 0-1/2").status
        if answer.status == 200
        else answer.status
    )
    p.check("resumable ifGenerationMatch=0 on existing -> 412", ended == 412, ended)
    answer = send_multipart(p, {"name": "race"}, b"q", "&ifGenerationMatch=0")
    status("multipart ifGenerationMatch=0 on existing -> 412", 412, answer)


def compose(p: Probe) -> None:
    p.media("c1", b"AA")
    p.media("c2", b"BB")

    def make(name: str, sources: list[dict[str, Any]], extra: str = "") -> Any:
        body = {"sourceObjects": sources, "destination": {"contentType": "text/plain"}}
        return p.client.post(p.bucket(f"/o/{name}/compose{extra}"), body)

    answer = make("cc", [{"name": "c1"}, {"name": "c2"}])
    made = answer.json()
    p.check("compose", answer.status == 200 and p.read("cc").body == b"AABB", answer)
    p.check(
        "compose: componentCount set, md5Hash absent",
        made.get("componentCount") == 2 and not made.get("md5Hash"),
        made,
    )
    answer = make("cc", [{"name": "c1"}], "?ifGenerationMatch=0")
    p.check("compose ifGenerationMatch=0 exists -> 412", answer.status == 412, answer)
    answer = make("cd", [{"name": "c1", "objectPreconditions": {"ifGenerationMatch": "1"}}])
    p.check("compose source precondition stale -> 412", answer.status == 412, answer)
    answer = make("ce", [{"name": "c1"}] * 33)
    p.check("compose 33 sources -> 400", answer.status == 400, answer)
    answer = make("cf", [{"name": "nope"}])
    p.check("compose missing source -> 404", answer.status == 404, answer)


def rewrite(p: Probe) -> None:
    def to(name: str, extra: str = "") -> Any:
        return p.client.post(p.bucket(f"/o/c1/rewriteTo/b/{BUCKET}/o/{quote(name)}{extra}"), {})

    answer = to("r/1")
    p.check(
        "rewrite done",
        answer.status == 200 and answer.json().get("done") is True and p.read("r/1").body == b"AA",
        answer,
    )
    answer = to("r/1", "?ifGenerationMatch=0")
    p.check("rewrite ifGenerationMatch=0 exists -> 412", answer.status == 412, answer)
    answer = to("r/2", "?ifSourceGenerationMatch=1")
    p.check("rewrite ifSourceGenerationMatch stale -> 412", answer.status == 412, answer)


def listing(p: Probe) -> None:
    for name in ("l/1", "l/2", "l/d/1", "l/d/2", "l/e/1", "l/z"):
        p.media(name, b"x")

    def get(query: str) -> Any:
        return p.client.get(p.bucket(f"/o?{query}"))

    answer = get("prefix=l/&delimiter=/")
    p.check(
        "list prefix+delimiter",
        names(answer) == ["l/1", "l/2", "l/z"] and answer.json().get("prefixes") == ["l/d/", "l/e/"],
        answer,
    )
    pages, token = [], ""
    while len(pages) < 12:
        answer = get(f"prefix=l/&maxResults=2{token}")
        pages.append(names(answer))
        if "nextPageToken" not in answer.json():
            break
        token = f"&pageToken={quote(answer.json()['nextPageToken'])}"
    p.check(
        "list maxResults/pageToken", pages == [["l/1", "l/2"], ["l/d/1", "l/d/2"], ["l/e/1", "l/z"]], pages
    )
    answer = get("prefix=l/&delimiter=/&maxResults=2")
    shown = len(names(answer)) + len(answer.json().get("prefixes", []))
    p.check("maxResults counts prefixes too", shown == 2 and "nextPageToken" in answer.json(), answer)
    answer = get("prefix=l/&startOffset=l/d/2&endOffset=l/z")
    p.check("startOffset/endOffset", names(answer) == ["l/d/2", "l/e/1"], names(answer))
    answer = get("matchGlob=l/d/*")
    p.check("matchGlob", names(answer) == ["l/d/1", "l/d/2"], names(answer))
    answer = get("prefix=l/&fields=items(name),nextPageToken")
    p.check(
        "fields= partial response",
        all(set(item) == {"name"} for item in answer.json().get("items", [{}])),
        answer,
    )
    answer = p.client.get("/storage/v1/b/nobucket/o")
    p.check("list of missing bucket -> 404", answer.status == 404, answer.status)


def ranges(p: Probe) -> None:
    p.media("rg", b"0123456789")
    for wanted, body, status in (
        ("2-4", b"234", 206),
        ("7-", b"789", 206),
        ("-2", b"89", 206),
        ("50-60", None, 416),
    ):
        answer = p.read("rg", {"Range": f"bytes={wanted}"})
        p.check(f"range bytes={wanted}", answer.status == status and body in (None, answer.body), answer)
    headers = p.read("rg").headers
    p.check("download: x-goog-hash crc32c, x-goog-generation", "crc32c=" in headers.get("x-goog-hash", "") and headers.get("x-goog-generation"), headers)  # fmt: skip
    old = p.generation("rg")
    p.media("rg", b"new")
    answer = p.read("rg", extra=f"&generation={old}")
    p.check("old generation, unversioned bucket -> 404", answer.status == 404, answer.status)


def bucket_patch(p: Probe) -> None:
    changes: dict[str, Any] = {
        "labels": {"a": "b"},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 1}}]},
        "versioning": {"enabled": True},
        "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}},
        "softDeletePolicy": {"retentionDurationSeconds": "0"},
    }
    for field, value in changes.items():
        p.client.patch(p.bucket(), {field: value})
        kept = p.client.get(p.bucket()).json().get(field)
        p.check(f"bucket patch {field}", kept, kept)
    p.client.patch(p.bucket(), {"versioning": {"enabled": False}})


def batch(p: Probe) -> None:
    for name in ("b1", "b2"):
        p.media(name, b"x")
    parts = "".join(
        f"--batch\r\nContent-Type: application/http\r\nContent-ID: <x+{i}>\r\n\r\nDELETE {p.bucket(f'/o/{name}')} HTTP/1.1\r\n\r\n\r\n"
        for i, name in enumerate(("b1", "b2", "b3"))
    )
    headers = {"Content-Type": 'multipart/mixed; boundary="batch"'}
    answer = p.client.post("/batch/storage/v1", f"{parts}--batch--\r\n".encode(), headers=headers)
    counts = answer.body.count(b"HTTP/1.1 204"), answer.body.count(b"HTTP/1.1 404")
    p.check("batch delete: 204,204,404", counts == (2, 1), (answer.status, counts))


def rights(p: Probe) -> None:
    calls: list[tuple[str, str, str, Any]] = [
        ("managed folder insert", "POST", "/managedFolders", {"name": "mf/"}),
        ("managed folder list", "GET", "/managedFolders", None),
        ("managed folder IAM", "GET", "/managedFolders/mf%2F/iam", None),
        ("bucket IAM get", "GET", "/iam", None),
        ("bucket IAM set", "PUT", "/iam", {"bindings": []}),
        ("testIamPermissions", "GET", "/iam/testPermissions?permissions=storage.objects.get", None),
        ("soft-deleted list", "GET", "/o?softDeleted=true", None),
    ]
    for name, method, path, body in calls:
        answer = p.client.send(method, p.bucket(path), body)
        p.check(name, answer.status == 200, answer)
    answer = p.client.get(p.bucket("/o"), headers={"Authorization": "Bearer wrong"})
    p.check("wrong bearer token -> 401", answer.status == 401, answer.status)
    answer = p.client.get(p.bucket("/o/nope"))
    p.check(
        "404 error body {error:{code,message,errors[]}}",
        answer.status == 404 and "errors" in answer.error,
        answer,
    )
