"""Cloud Logging: entries written and listed. Source: Logging API v2, "Logging query language", reference section 9."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import errors
from .clock import from_rfc3339, rfc3339
from .errors import bad_request
from .routing import Call, Service
from .world import World

logging = Service("logging", errors.rpc_body)
SEVERITIES = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"]
LONGEST_ENTRY = 256 * 1024
LONGEST_REQUEST = 10 * 1024 * 1024
ENTRY_KEYS = {"logName", "resource", "labels", "insertId", "timestamp", "severity", "jsonPayload", "textPayload", "protoPayload", "httpRequest", "operation", "trace", "spanId", "traceSampled", "sourceLocation"}  # fmt: skip
COMPARISON = re.compile(
    r'\s*(-|NOT\s+)?([\w.]+(?:\."[^"]*"[\w.]*)*|"[^"]*")\s*(>=|<=|!=|=~|!~|=|>|<|:)\s*("(?:[^"\\]|\\.)*"|(?!")[^\s()]+)\s*'
)


@dataclass
class LogEntry:
    project: str
    body: dict[str, Any]
    written: float
    when: float = field(default=0)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.body["logName"], self.body["timestamp"], self.body["insertId"]


def check_labels(labels: dict[str, Any]) -> None:
    if len(labels) > 64:
        raise bad_request("An entry has at most 64 labels.")
    for key, value in labels.items():
        if not isinstance(value, str) or len(key.encode()) > 512 or len(value.encode()) > 65536:
            raise bad_request(f"The label {key[:40]} is too long, or not a string.")


@logging.on("POST", "/v2/entries:write", "logging.entries.write")
def write(call: Call) -> dict[str, Any]:
    world = call.world
    body = call.json(
        "logName", "resource", "labels", "entries", "partialSuccess", "dryRun", required=("entries",)
    )
    if len(call.request.body) > LONGEST_REQUEST:
        raise bad_request("The request is larger than 10 MB.")
    new = []
    for raw in body["entries"]:
        if unknown := set(raw) - ENTRY_KEYS:
            raise bad_request(
                f'Invalid JSON payload received. Unknown name "{sorted(unknown)[0]}" at entries.'
            )
        entry = {"logName": body.get("logName"), "resource": body.get("resource"), **raw}
        entry["labels"] = {**body.get("labels", {}), **raw.get("labels", {})}
        match = re.fullmatch(r"projects/([^/]+)/logs/([A-Za-z0-9/_.%-]+)", entry["logName"] or "")
        if match is None:
            raise bad_request(f"The log name {entry['logName']} is not projects/PROJECT/logs/LOG.")
        if not (entry["resource"] or {}).get("type"):
            raise bad_request("The entry has no monitored resource.")
        if sum(key in raw for key in ("jsonPayload", "textPayload", "protoPayload")) > 1:
            raise bad_request("An entry has one payload.")
        if len(str(raw).encode()) > LONGEST_ENTRY:
            raise bad_request("Log entry with size greater than the maximum of 256 KiB.")
        if entry.get("severity", "DEFAULT") not in SEVERITIES:
            raise bad_request(f"Unknown severity {entry['severity']}.")
        check_labels(entry["labels"])
        place = world.project(match.group(1))
        world.check_service(place, "logging")
        call.require("logging.logEntries.create", place.full_name, place)
        now = world.clock.now()
        entry.setdefault("timestamp", rfc3339(now))
        entry.setdefault("insertId", f"made{world.next_id()}")
        entry["receiveTimestamp"] = rfc3339(now)
        try:
            new.append(LogEntry(place.id, entry, now, from_rfc3339(entry["timestamp"])))
        except ValueError:
            raise bad_request(f"Invalid timestamp {entry['timestamp']}.") from None
    if not body.get("dryRun"):
        known = {entry.key for entry in world.logs}
        for each in new:
            if each.key not in known:
                known.add(each.key)
                world.logs.append(each)
    return {}


def look_up(entry: dict[str, Any], path: str) -> Any:
    value: Any = entry
    for part in re.findall(r'"([^"]*)"|([^."]+)', path):
        name = part[0] or part[1]
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def compares(entry: LogEntry, path: str, operator: str, wanted: str) -> bool:
    value = look_up(entry.body, path)
    if path == "timestamp":
        left: Any = entry.when
        right: Any = from_rfc3339(wanted)
    elif path == "severity":
        left, right = SEVERITIES.index(value or "DEFAULT"), SEVERITIES.index(wanted)
    else:
        left, right = None if value is None else str(value), wanted
    if operator in ("=~", "!~"):
        return (value is not None and re.search(wanted, str(value)) is not None) == (operator == "=~")
    if operator == ":":
        return value is not None and wanted.lower() in str(value).lower()
    if left is None:
        return operator == "!="
    return bool(
        {
            "=": left == right,
            "!=": left != right,
            ">": left > right,
            "<": left < right,
            ">=": left >= right,
            "<=": left <= right,
        }[operator]
    )


def parse_filter(text: str) -> list[tuple[bool, str, str, str]]:
    """Comparisons joined by AND, which is all that the double understands. Errors: 400, also for OR and parentheses."""
    if len(text) > 20000:
        raise bad_request("The filter is longer than 20000 characters.")
    parts, i = [], 0
    while i < len(text):
        match = COMPARISON.match(text, i)
        if match is None:
            raise bad_request(f"Unparseable filter, or one that the double does not know: {text[i : i + 80]}")
        value = match.group(4)
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        parts.append((bool(match.group(1)), match.group(2), match.group(3), value))
        i = match.end()
        if joint := re.compile(r"AND\s+").match(text, i):
            i = joint.end()
        elif i < len(text) and text[i - 1] not in " \n\t":
            raise bad_request(f"Unparseable filter at {text[i : i + 40]}")
    return parts


def visible(world: World, project: str) -> list[LogEntry]:
    horizon = world.clock.now() - world.windows.log_s
    return [entry for entry in world.logs if entry.project == project and entry.written <= horizon]


@logging.on("POST", "/v2/entries:list", "logging.entries.list", writes=False)
def list_entries(call: Call) -> dict[str, Any]:
    """A page may be empty and have a next one: the first is, when `empty_log_pages` was asked for."""
    world = call.world
    body = call.json(
        "resourceNames", "filter", "orderBy", "pageSize", "pageToken", required=("resourceNames",)
    )
    found: list[LogEntry] = []
    for name in body["resourceNames"]:
        place = world.project(name.removeprefix("projects/"))
        world.check_service(place, "logging")
        call.require("logging.logEntries.list", place.full_name, place)
        message = (
            "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service "
            f"'logging.googleapis.com' for consumer 'project_number:{place.number}'."
        )
        world.check_rate(f"entries.list {place.id}", 60, world.limits.log_lists_per_minute, message)
        found += visible(world, place.id)
    conditions = parse_filter(body.get("filter", ""))
    found = [
        e
        for e in found
        if all(compares(e, path, op, value) != negated for negated, path, op, value in conditions)
    ]
    order = body.get("orderBy", "timestamp asc")
    if order not in ("timestamp asc", "timestamp desc", "timestamp"):
        raise bad_request(f"Invalid orderBy {order}.")
    found.sort(key=lambda e: (e.when, e.body["insertId"]), reverse=order.endswith("desc"))
    size = int(body.get("pageSize", 50))
    if not 0 < size <= 1000:
        raise bad_request("The pageSize is between 1 and 1000.")
    token = body.get("pageToken")
    if token is None and world.empty_log_pages and found:
        return {"nextPageToken": "0"}
    if token is not None and not token.isdigit():
        raise bad_request("Invalid page token.")
    start = int(token or 0)
    answer: dict[str, Any] = {}
    if page := found[start : start + size]:
        answer["entries"] = [entry.body for entry in page]
    if start + size < len(found):
        answer["nextPageToken"] = str(start + size)
    return answer
