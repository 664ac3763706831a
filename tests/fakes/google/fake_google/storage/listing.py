"""Lists of objects. Source: "Objects: list" of the JSON API, "List objects using glob"."""

from __future__ import annotations

import base64
import re
from typing import Any

from ..errors import bad_request
from ..routing import Call
from .bucket import Bucket, StoredObject
from .objects import resource
from .service import COMMON, find_bucket, require_object, storage

MOST = 1000
LIST_QUERY = f"{COMMON} prefix delimiter startOffset endOffset matchGlob includeTrailingDelimiter includeFoldersAsPrefixes versions softDeleted maxResults pageToken filter"


def glob(pattern: str) -> re.Pattern[str]:
    """`*` within a folder, `**` across, `?`, `[a-z]`, `{one,other}`."""
    out, i = "", 0
    while i < len(pattern):
        letter = pattern[i]
        if pattern.startswith("**", i):
            out, i = out + ".*", i + 1
        elif letter == "*":
            out += "[^/]*"
        elif letter == "?":
            out += "[^/]"
        elif letter == "[" and "]" in pattern[i:]:
            end = pattern.index("]", i)
            out, i = out + "[" + pattern[i + 1 : end].replace("!", "^") + "]", end
        elif letter == "{" and "}" in pattern[i:]:
            end = pattern.index("}", i)
            out, i = (
                out + "(" + "|".join(re.escape(each) for each in pattern[i + 1 : end].split(",")) + ")",
                end,
            )
        else:
            out += re.escape(letter)
        i += 1
    return re.compile(out, re.DOTALL)


def candidates(call: Call, bucket: Bucket) -> list[StoredObject]:
    if call.param("softDeleted") == "true":
        return sorted(bucket.soft_deleted, key=lambda o: (o.name, o.generation))
    every = list(bucket.live.values())
    if call.param("versions") == "true":
        every += bucket.noncurrent
    return sorted(every, key=lambda o: (o.name.encode(), o.generation))


def entries(
    bucket: Bucket, every: list[StoredObject], prefix: str, delimiter: str, folders: bool, trailing: bool
) -> list[tuple[str, StoredObject | None]]:
    """What a list shows, in order: objects, and prefixes that end with the delimiter (None)."""
    shown: dict[tuple[str, int], tuple[str, StoredObject | None]] = {}
    for stored in every:
        if not stored.name.startswith(prefix):
            continue
        cut = stored.name.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0 or (trailing and cut + len(delimiter) == len(stored.name)):
            shown[(stored.name, stored.generation)] = (stored.name, stored)
        if cut >= 0:
            group = stored.name[: cut + len(delimiter)]
            shown[(group, -1)] = (group, None)
    if folders:
        for name in bucket.folders:
            rest = name[len(prefix) :]
            if name.startswith(prefix) and rest and rest.index("/") == len(rest) - 1:
                shown[(name, -1)] = (name, None)
    return sorted(shown.values(), key=lambda each: (each[0].encode(), each[1].generation if each[1] else -1))


def page(
    call: Call, bucket: Bucket, size_name: str = "maxResults", token_name: str = "pageToken"
) -> tuple[list[tuple[str, StoredObject | None]], str | None]:
    """One page and the token of the next. Errors: 400 for a bad token or contradicting parameters."""
    prefix, delimiter = call.param("prefix") or "", call.param("delimiter") or ""
    folders = call.param("includeFoldersAsPrefixes") == "true"
    if folders and delimiter != "/":
        raise bad_request("includeFoldersAsPrefixes needs the delimiter `/`.")
    trailing = call.param("includeTrailingDelimiter") == "true"
    rows = entries(bucket, candidates(call, bucket), prefix, delimiter, folders, trailing)
    start, end, pattern = call.param("startOffset"), call.param("endOffset"), call.param("matchGlob")
    fits = glob(pattern) if pattern else None
    rows = [
        row
        for row in rows
        if (not start or row[0] >= start)
        and (not end or row[0] < end)
        and (fits is None or row[1] is None or fits.fullmatch(row[0]))
    ]
    if token := call.param(token_name):
        try:
            after, generation = base64.urlsafe_b64decode(token).decode().rsplit("\n", 1)
        except ValueError:
            raise bad_request("Invalid page token.") from None
        rows = [
            row
            for row in rows
            if (row[0].encode(), row[1].generation if row[1] else -1) > (after.encode(), int(generation))
        ]
    size = call.integer(size_name)
    if size is not None and size < 0:
        raise bad_request(f"Invalid {size_name}.")
    size = min(size or MOST, MOST)
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    text = f"{last[0]}\n{last[1].generation if last[1] else -1}"
    return rows[:size], base64.urlsafe_b64encode(text.encode()).decode()


@storage.on("GET", "/storage/v1/b/{bucket}/o", "storage.objects.list", LIST_QUERY)
def list_objects(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    require_object(call, found, call.param("prefix") or "", "storage.objects.list")
    rows, token = page(call, found)
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if items := [resource(call, found, stored) for _, stored in rows if stored is not None]:
        answer["items"] = items
    if prefixes := [name for name, stored in rows if stored is None]:
        answer["prefixes"] = prefixes
    if token:
        answer["nextPageToken"] = token
    return answer
