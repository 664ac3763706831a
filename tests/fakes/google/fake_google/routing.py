"""A service as a table of routes, and one call on it: who asks, what for, and whether it is well-formed."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import errors
from .errors import ApiError
from .server import Request, Response

if TYPE_CHECKING:
    from .tokens import Token
    from .world import World

STANDARD_QUERY = frozenset(
    [
        "$.xgafv",
        "$alt",
        "$fields",
        "$key",
        "$prettyPrint",
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "upload_protocol",
        "uploadType",
        "userIp",
    ]
)


class Call:
    """One request on a route. `world` is locked for as long as it lasts."""

    def __init__(self, world: World, request: Request, token: Token | None) -> None:
        self.world = world
        self.request = request
        self.token = token

    def param(self, name: str, default: str | None = None) -> str | None:
        return self.request.param(name, default)

    def integer(self, name: str) -> int | None:
        text = self.param(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?\d+", text):
            raise errors.bad_request(f"Invalid value for: {name}: `{text}` is not an integer.")
        return int(text)

    def json(self, *known: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
        """The body as an object. Errors: 400 for what is not JSON, for an unknown key (when `known` is given) or a missing one."""
        if not self.request.body.strip():
            body: Any = {}
        else:
            kind = self.request.headers.get("content-type", "").split(";")[0].strip()
            if kind not in ("application/json", "application/apply-patch+yaml"):
                raise errors.bad_request(
                    f"The body must have Content-Type application/json, and has `{kind}`."
                )
            try:
                body = json.loads(self.request.body)
            except ValueError:
                raise errors.bad_request("Parse Error: the body is not JSON.") from None
        if not isinstance(body, dict):
            raise errors.bad_request("Invalid JSON payload received. Root element must be a message.")
        found: dict[str, Any] = body
        if self.request.service != "storage":
            found = {
                key: value for key, value in found.items() if value is not None
            }  # null is absence in protocol buffers
        for key in found if known else ():
            if key not in known:
                raise errors.bad_request(
                    f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.'
                )
        for key in required:
            if key not in found:
                raise errors.bad_request(f"Required field {key} is missing.")
        return found

    def require(self, permission: str, *places: Any) -> None:
        """Errors: 401 without a token, 403 when none of `places` (nearest first) grants `permission`."""
        self.world.access.require(self.token, permission, places)


Function = Callable[..., "Response | dict[str, Any]"]


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    rpc: str
    function: Function
    query: frozenset[str]
    writes: bool


class Service:
    """`shape` renders errors. Paths are templates: `{name}` is one segment, `{name*}` any number of them, both decoded.
    A route takes the parameters that it names and Google's standard ones; `*` stands for any.
    """

    def __init__(self, name: str, shape: Callable[[ApiError], bytes], *, colons: bool = True) -> None:
        self.name = name
        self.shape = shape
        self.shapes: list[tuple[str, Callable[[ApiError], bytes]]] = []
        self.routes: list[Route] = []
        self._segment = "[^/:]+" if colons else "[^/]+"

    def shape_of(self, path: str) -> Callable[[ApiError], bytes]:
        """Services that speak two languages override this by `shapes`: the first prefix that fits decides."""
        return next((shape for prefix, shape in self.shapes if path.startswith(prefix)), self.shape)

    def on(
        self, method: str, path: str, rpc: str, query: str = "", writes: bool | None = None
    ) -> Callable[[Function], Function]:
        parts = re.split(r"({[a-z_]+\*?})", path)
        pattern = "".join(
            (f"(?P<{part[1:-2]}>.+)" if part.endswith("*}") else f"(?P<{part[1:-1]}>{self._segment})")
            if part.startswith("{")
            else re.escape(part)
            for part in parts
        )
        if writes is None:
            writes = method not in ("GET", "HEAD", "OPTIONS")

        def add(function: Function) -> Function:
            known = frozenset(query.split()) | STANDARD_QUERY
            self.routes.append(Route(method, re.compile(pattern), rpc, function, known, writes))
            return function

        return add

    def find(self, request: Request) -> tuple[Route, dict[str, str]]:
        """Errors: 404 when no route has this path, 405 when none has this method, 400 for an unknown parameter."""
        methods = set()
        for route in self.routes:
            match = route.pattern.fullmatch(request.path)
            if match is None:
                continue
            methods.add(route.method)
            if route.method != request.method:
                continue
            unknown = set(request.query) - route.query
            if unknown and "*" not in route.query:
                name = sorted(unknown)[0]
                message = (
                    f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
                )
                raise errors.bad_request(message)
            return route, {key: urllib.parse.unquote(value) for key, value in match.groupdict().items()}
        if methods:
            raise ApiError(405, f"{request.method} is not possible here; {', '.join(sorted(methods))} is.")
        raise ApiError(404, f"There is no method {request.method} {request.path} in {self.name}.")


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status,
        json.dumps(body, ensure_ascii=False).encode(),
        {"Content-Type": "application/json; charset=UTF-8", **(headers or {})},
    )


def apply_fields(body: Any, fields: str | None) -> Any:
    """Partial response: `items(name,size),nextPageToken`, `a/b`, `*`. Source: "Partial response" of Google's JSON APIs."""
    if not fields or not isinstance(body, dict):
        return body
    return _select(body, _parse_fields(fields.replace(" ", "")))


def _parse_fields(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    place, depth, piece = [tree], 0, ""

    def close(piece: str) -> dict[str, Any]:
        node = place[depth]
        for name in piece.split("/") if piece else ():
            node = node.setdefault(name, {})
        return node

    for letter in text:
        if letter == "(":
            place[depth + 1 :] = [close(piece)]
            depth, piece = depth + 1, ""
        elif letter in ",)":
            close(piece)
            piece = ""
            if letter == ")":
                depth -= 1
        else:
            piece += letter
    close(piece)
    return tree


def _select(value: Any, tree: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_select(each, tree) for each in value]
    if not tree or not isinstance(value, dict):
        return value
    if "*" in tree:
        return {key: _select(each, tree["*"]) for key, each in value.items()}
    return {key: _select(value[key], below) for key, below in tree.items() if key in value}
