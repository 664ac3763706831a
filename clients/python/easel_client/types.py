# Made from contracts/openapi.yaml by scripts/make_client: not to be edited by hand.

"""The documents of the API as types: what they are at run time are dictionaries."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Problem(TypedDict):
    type: str
    title: str
    status: int
    reason: str
    """Stable, e.g. BLOCK_CYCLE."""
    detail: str
    """What happened and what to do."""
    fields: NotRequired[list[FieldProblem]]
    """Of 422: what is wrong with which field of the body."""


class FieldProblem(TypedDict):
    field: str
    """Its path: kubernetes.endpoint."""
    problem: str
    """What is wrong, and how the right value is found; names in backticks."""


class SelfHosting(TypedDict):
    settings: SelfHostingSettings | None
    """null: nothing was said yet."""
    kubernetes_token: SecretSince | None
    """null: none is kept."""
    kubernetes_certificate_authority: SecretSince | None
    """null: none is kept."""
    changed_ms: int | None
    changed_by: str | None
    """Name, as it was then."""
    store: str | None
    """Where this server keeps state of canvases besides its own disk (setting `store`); null: nowhere."""


class SelfHostingSettingsServiceAccounts(TypedDict):
    app: str
    execution: str
    build: str


class SelfHostingSettings(TypedDict):
    """As the YAML that `easel gcp apply` prints."""

    project: str
    """Id of the Google Cloud project."""
    region: str
    bucket: str
    """Its name, without gs://."""
    repository: str
    """LOCATION-docker.pkg.dev/PROJECT/NAME."""
    service_accounts: SelfHostingSettingsServiceAccounts
    kubernetes: KubernetesPlace | None
    """null: blocks do not run on a cluster."""


class KubernetesPlace(TypedDict):
    namespace: str
    endpoint: str
    """https://HOST[:PORT] of its API."""
    cluster: str
    """projects/PROJECT/locations/LOCATION/clusters/NAME of a GKE cluster; empty: another one."""


class SelfHostingChange(TypedDict):
    settings: SelfHostingSettings
    kubernetes_token: NotRequired[str | None]
    """Token of a service account of the cluster. Absent: stays; null or empty: is removed. Kept encrypted, never sent back."""
    kubernetes_certificate_authority: NotRequired[str | None]
    """Of the cluster's API, in PEM. As kubernetes_token."""


class SecretSince(TypedDict):
    set_ms: int


class ConnectionTest(TypedDict):
    state: Literal["none", "running", "ended", "stopped"]
    began_ms: int | None
    ended_ms: int | None
    settings_ms: int | None
    """changed_ms of the settings that it is about."""
    by: str | None
    """Who began it."""
    problem: str | None
    """Why nothing could be checked: no credentials, …"""
    checks: list[ConnectionCheck]


class ConnectionCheck(TypedDict):
    who: str
    """Whose right: server, app account, …"""
    what: str
    """Goes on after `who`: may write, …"""
    result: Literal["waiting", "good", "failed", "not run"]
    detail: str
    """Of a failure what happened; of what was not run why."""
    remedy: str
    """Of a failure: what to do, a sentence or a command."""


class SignIn(TypedDict):
    """One of them: the one-time token that `easel serve` prints, or name and password (team)."""

    token: NotRequired[str]
    email: NotRequired[str]
    password: NotRequired[str]


class Session(TypedDict):
    user: User
    team: bool
    organization: NotRequired[str]
    """Name of the team's."""
    version: NotRequired[str]


class User(TypedDict):
    id: str
    name: str
    email: NotRequired[str]
    role: NotRequired[Role]


Role: TypeAlias = "Literal['viewer', 'runner', 'editor', 'admin', 'owner']"


class Team(TypedDict):
    team: bool
    """false: one person's; the link that `easel serve` prints signs in."""
    organization: str | None
    """Its name."""
    setup: bool
    """There is no member yet: the link that `easel serve --team` prints leads to the form for the first owner."""


PersonName: TypeAlias = "str"

OrganizationName: TypeAlias = "str"

Email: TypeAlias = "str"

Password: TypeAlias = "str"


class Organization(TypedDict):
    name: str
    created_ms: int
    members: int


class Member(TypedDict):
    id: str
    name: str
    email: str
    role: Role
    created_ms: int
    seen_ms: int | None
    """When a session or token of theirs was last used, to about a minute."""


class Person(TypedDict):
    id: str
    name: str


class Invitation(TypedDict):
    id: str
    role: Role
    email: str | None
    """Only somebody with this address can accept it."""
    by: Person
    created_ms: int
    expires_ms: int


class InvitationSeen(TypedDict):
    organization: str
    role: Role
    email: str | None
    by: Person
    expires_ms: int


class HandedLink(TypedDict):
    link: str
    """Absolute; works once. ORIGIN/join#token=…, ORIGIN/reset#token=… (and ORIGIN/setup#token=…, which `easel serve --team` prints): the token is in the fragment and goes into the body of the request."""
    expires_ms: int


class CanvasRole(TypedDict):
    member: Member
    organization: Role
    granted: Role | None
    """On this canvas."""
    role: Role


class AuditEntry(TypedDict):
    id: int
    """Grows."""
    at_ms: int
    person: Person | None
    """Who; null: nobody who was signed in, or the operator of the server."""
    token: NotRequired[str]
    """Id of the API token, if one was used."""
    address: NotRequired[str]
    """Where the request came from."""
    action: str
    """member.remove, canvas.delete, run.start, …: docs/user/team.md lists them."""
    canvas: str | None
    subject: str | None
    """What it was done to: id of a member or invitation, path of a file, …"""
    detail: dict[str, Any]
    """More of it: role, before, name, e-mail."""


class BrowserSession(TypedDict):
    id: str
    agent: str
    """User-Agent of the sign-in."""
    current: bool
    created_ms: int
    expires_ms: int
    used_ms: int | None


class ApiToken(TypedDict):
    id: str
    name: str
    scope: Role
    created_ms: int
    expires_ms: int
    used_ms: int | None


Setting = TypedDict(
    "Setting",
    {
        "name": "str",
        "value": "str | int | bool | list[str]",
        "from": "str",
        "variable": "str",
        "default": "str",
        "unit": "str",
        "doc": "str",
    },
)


class FilePath(TypedDict):
    path: str
    """Below `files`."""


class FileEntry(TypedDict):
    name: str
    kind: Literal["file", "folder", "link", "other"]
    bytes: int
    modified_ms: int


class Upload(TypedDict):
    upload: str
    path: str
    bytes: int
    offset: int
    """What has arrived."""
    done: bool
    send: NotRequired[UploadSend]


class UploadSend(TypedDict):
    """Where the bytes of a direct upload go. The URL is a secret: it is good for whoever has it."""

    mode: Literal["single", "resumable"]
    """`single`: one request with all bytes. `resumable`: pieces with `Content-Range: bytes FIRST-LAST/TOTAL`, answered with 308 and `Range: bytes=0-LAST` (no `Range`: nothing was kept) until the last one is with 200; `bytes */TOTAL` asks."""
    method: Literal["PUT"]
    url: str
    """Begins with `/`: of this server, with its credentials. Else of the bucket, without credentials."""
    headers: dict[str, str]
    """To be sent to the letter; those of a bucket are signed."""
    expires_ms: int
    """`getUpload` gives a fresh one."""
    piece_bytes: int
    """Of a resumable one: every piece but the last is a multiple of it, at most 8 MiB on this server."""


class FileLink(TypedDict):
    url: str
    """As `UploadSend.url`."""
    direct: bool
    """From the bucket."""
    expires_ms: int
    bytes: int


Import = TypedDict(
    "Import",
    {
        "import": "str",
        "file": "str",
        "bytes": "int",
        "offset": "int",
        "done": "bool",
        "canvas": "NotRequired[CanvasSummary]",
        "notices": "NotRequired[list[str]]",
    },
)


class TrashedCanvas(TypedDict):
    trash: str
    canvas: str
    deleted_ms: int


class NewCanvas(TypedDict):
    name: str
    """The folder's name is made of it."""
    example: NotRequired[bool]
    """Begin with a small example."""


class CanvasSummaryThumbnailItem(TypedDict):
    kind: Kind
    x: float
    y: float
    width: float
    height: float
    state: RunState


class CanvasSummary(TypedDict):
    id: str
    name: str
    role: Role
    blocks: int
    changed_ms: int
    last_run: NotRequired[Run | None]
    problem: NotRequired[str]
    """Why it cannot be opened, e.g. what is wrong in canvas.yaml."""
    thumbnail: NotRequired[list[CanvasSummaryThumbnailItem]]
    """Its blocks as boxes, at most 200."""


class CanvasSnapshot(TypedDict):
    id: str
    name: str
    role: Role
    epoch: str
    """Numbers of operations, texts and ids of blocks count within it."""
    seq: int
    """The newest operation that is in here."""
    environment: str
    blocks: list[LiveBlock]
    edges: list[Edge]
    """By child, in order of precedence: of two parents with one name the later wins."""
    runs: list[Run]
    """Under way."""


Kind: TypeAlias = "Literal['python', 'markdown']"

RunState: TypeAlias = (
    "Literal['up_to_date', 'stale', 'queued', 'running', 'failed', 'cancelled', 'skipped', 'never_run']"
)


class Point(TypedDict):
    x: float
    y: float


class Size(TypedDict):
    width: float
    height: float


class Settings(TypedDict):
    """As in canvas.yaml; absent: the default."""

    environment: NotRequired[str]
    cache: NotRequired[str]
    """`auto`, `never` or a time such as `1h`."""
    cpu: NotRequired[float]
    memory: NotRequired[str]
    timeout: NotRequired[str]


class Block(TypedDict):
    id: str
    """Made by whoever adds the block, e.g. a UUID."""
    kind: Kind
    name: str
    code: str
    at: Point
    size: Size
    settings: Settings


class LiveBlock(TypedDict):
    id: str
    kind: Kind
    name: str
    code: str
    at: Point
    size: Size
    settings: Settings
    file: str
    version: int
    """How many text updates are in `code`."""
    state: RunState
    reason: str
    """Why"""
    attempt: NotRequired[str]
    """The newest attempt."""
    run_ms: NotRequired[float]
    """How long its code ran in that attempt."""
    finished_ms: NotRequired[int]
    started_ms: NotRequired[int]
    """Unix time; only while it runs."""


class Edge(TypedDict):
    parent: str
    child: str


class ChangeAdd(TypedDict):
    op: Literal["add"]
    block: Block


class ChangePasteEdgesItem(TypedDict):
    parent: str
    child: str
    index: NotRequired[int]


class ChangePaste(TypedDict):
    op: Literal["paste"]
    blocks: list[Block]
    edges: list[ChangePasteEdgesItem]


class ChangeDelete(TypedDict):
    op: Literal["delete"]
    ids: list[str]


class ChangeMoveMovesItem(TypedDict):
    id: str
    at: Point


class ChangeMove(TypedDict):
    op: Literal["move"]
    moves: list[ChangeMoveMovesItem]


class ChangeResize(TypedDict):
    op: Literal["resize"]
    id: str
    size: Size
    at: NotRequired[Point]


class ChangeConnect(TypedDict):
    op: Literal["connect"]
    edge: Edge
    index: NotRequired[int]
    """Place among the parents; default: the last."""


class ChangeDisconnect(TypedDict):
    op: Literal["disconnect"]
    edge: Edge


class ChangeRename(TypedDict):
    op: Literal["rename"]
    id: str
    name: str


class ChangeSetCode(TypedDict):
    op: Literal["setCode"]
    id: str
    code: str


class ChangeSetSettings(TypedDict):
    op: Literal["setSettings"]
    id: str
    settings: Settings


class ChangeBatch(TypedDict):
    op: Literal["batch"]
    changes: list[Change]


Change: TypeAlias = "ChangeAdd | ChangePaste | ChangeDelete | ChangeMove | ChangeResize | ChangeConnect | ChangeDisconnect | ChangeRename | ChangeSetCode | ChangeSetSettings | ChangeBatch"


class Operation(TypedDict):
    seq: int
    """From 1, without gaps."""
    token: str
    """Of whoever made it; `` for a change that was made in the folder."""
    change: Change
    actor: str
    """User id; `folder` for a change that was made there."""
    at_ms: int


class RunRequest(TypedDict):
    mode: Literal["all", "only", "to", "from", "changed"]
    blocks: NotRequired[list[str]]
    """Ids, for only, to, from."""
    force: NotRequired[bool]
    jobs: NotRequired[int]
    """Blocks at once; 0: as many as there are cores."""


class PlanStep(TypedDict):
    block: str
    name: str
    action: Literal["run", "maybe", "restore", "up_to_date", "skip"]
    reason: str


class Run(TypedDict):
    run: str
    mode: str
    status: str
    """preparing, running, succeeded, failed, cancelled, interrupted"""
    environments: NotRequired[list[str]]
    """While `preparing`, and after it: those that were made first."""
    message: NotRequired[str]
    """While `preparing`: what is being done."""
    created_ms: int
    finished_ms: NotRequired[int | None]
    counts: NotRequired[dict[str, int]]
    """ran, up_to_date, restored, failed, skipped, cancelled"""
    error: NotRequired[str]
    """Why it could not begin: its environment could not be made."""
    by: NotRequired[str]


class Attempt(TypedDict):
    attempt: str
    run: str
    block: str
    status: str
    started_ms: int
    finished_ms: NotRequired[int | None]
    phases_ms: NotRequired[dict[str, float]]
    failure: NotRequired[dict[str, Any]]


class State(TypedDict):
    attempt: str | None
    """null: nothing is published."""
    total_bytes: int
    added_bytes: int
    variables: list[Variable]


class VariableNotCarried(TypedDict):
    reason: NotRequired[str]
    advice: NotRequired[str]


class Variable(TypedDict):
    name: str
    type: str
    shape: list[int]
    bytes: int
    origin: str
    """Name of the block that made it."""
    preview: str
    carried: bool
    not_carried: NotRequired[VariableNotCarried]
    table: NotRequired[bool]
    """It can be opened as a table."""


class OutputsEnds(TypedDict):
    """How far this reaches, as `end` of live events counts: text in UTF-16 code units, displays, errors and notices as frames. What of an event lies before it is here, what lies behind is not."""

    stdout: int
    stderr: int
    frames: int


class Outputs(TypedDict):
    attempt: str | None
    status: NotRequired[str]
    events: list[dict[str, Any]]
    """block.output, block.display, block.error, block.notice of docs/user/json.md."""
    cut_bytes: NotRequired[int]
    """Text that is left out here; the log has it."""
    ends: NotRequired[OutputsEnds]
    """How far this reaches, as `end` of live events counts: text in UTF-16 code units, displays, errors and notices as frames. What of an event lies before it is here, what lies behind is not."""


class LogPageLinesItem(TypedDict):
    n: int
    stream: str
    text: str


LogPage = TypedDict(
    "LogPage", {"attempt": "str | None", "lines": "list[LogPageLinesItem]", "from": "int", "total": "int"}
)


class Revision(TypedDict):
    revision: int
    at_ms: int
    actor: str
    lines_added: int
    lines_removed: int


class Table(TypedDict):
    attempt: str
    variable: str
    type: str
    """Of the value: pandas.DataFrame."""
    origin: str
    """Name of the block that made it."""
    rows: int
    """Of the value."""
    stored_rows: int
    """That can be looked at; fewer than `rows` if only a preview is stored."""
    complete: bool
    columns: list[TableColumn]


class TableColumn(TypedDict):
    name: str
    """Need not be unique; a column is meant by its number."""
    type: str
    """In words of Arrow: int64, string, timestamp[us, tz=Europe/Berlin]."""
    kind: Literal["bool", "integer", "float", "decimal", "time", "text", "category", "binary", "other"]
    sortable: NotRequired[bool]
    """Can be sorted by, and compared with; the others only be missing."""
    index: NotRequired[int]
    """Level of the index that it is; absent for a column."""


TableCondition = TypedDict(
    "TableCondition",
    {
        "column": "int",
        "is": "Literal['=', '!=', '<', '<=', '>', '>=', 'between', 'in', 'contains', 'starts_with', 'missing', 'not_missing']",
        "values": "NotRequired[list[str]]",
        "case": "NotRequired[bool]",
    },
)


class TableSort(TypedDict):
    column: int
    descending: NotRequired[bool]


class TableQuery(TypedDict):
    attempt: NotRequired[str]
    """Default: the published one."""
    where: NotRequired[list[TableCondition]]
    """All of them hold."""
    search: NotRequired[str]
    """Text in any text column, in any case."""
    sort: NotRequired[list[TableSort]]
    """Ties stay in their order; missing values are last."""
    offset: NotRequired[int]
    limit: NotRequired[int]
    """Rows: at most 1000 of a page."""
    columns: NotRequired[list[int]]
    """Of a page and of cells: numbers of columns."""
    column: NotRequired[int]
    """Of a summary."""


TableValue5 = TypedDict("TableValue5", {"is": "str"})


class TableValue6(TypedDict):
    cut: str
    bytes: int


TableValue: TypeAlias = "bool | float | str | TableValue5 | TableValue6 | None"


class TablePageResult(TypedDict):
    rows: list[int]
    """Their numbers in the table, from 0."""
    columns: list[list[TableValue]]
    """In the order that was asked for."""


class TablePage(TypedDict):
    attempt: str
    count: int
    """Rows that the query selects."""
    result: TablePageResult


class TableSummaryResultBins(TypedDict):
    """20 of equal width between the lowest and the highest value."""

    edges: list[str]
    counts: list[int]


class TableSummaryResultTopItem(TypedDict):
    value: TableValue
    count: int


class TableSummaryResult(TypedDict):
    rows: int
    missing: int
    """Null or NaN."""
    nan: NotRequired[int]
    distinct: NotRequired[int]
    distinct_exact: NotRequired[bool]
    """false: estimated, about 1 percent off."""
    min: NotRequired[str]
    max: NotRequired[str]
    mean: NotRequired[float | str]
    bins: NotRequired[TableSummaryResultBins]
    """20 of equal width between the lowest and the highest value."""
    top: NotRequired[list[TableSummaryResultTopItem]]
    top_exact: NotRequired[bool]
    """false: rare values were left uncounted."""


class TableSummary(TypedDict):
    attempt: str
    count: int
    result: TableSummaryResult


class TableCellsResult(TypedDict):
    count: int
    """Not missing."""
    missing: int
    numbers: int
    sum: NotRequired[float]
    mean: NotRequired[float]
    min: NotRequired[float]
    max: NotRequired[float]


class TableCells(TypedDict):
    attempt: str
    count: int
    result: TableCellsResult


class TableWork(TypedDict):
    attempt: str
    work: str
    done: float


class ListSessionsAnswer(TypedDict):
    items: list[BrowserSession]
    next: str | None


class ListTokensAnswer(TypedDict):
    items: list[ApiToken]
    next: str | None


class CreateTokenBody(TypedDict):
    name: str
    scope: Role
    days: NotRequired[int]


class CreateTokenAnswer(ApiToken):
    token: str


class SetUpTeamBody(TypedDict):
    token: str
    organization: OrganizationName
    name: PersonName
    email: Email
    password: Password


class ChangeMeBody(TypedDict):
    name: PersonName


class ChangePasswordBody(TypedDict):
    current: str
    password: Password


class UsePasswordResetBody(TypedDict):
    token: str
    password: Password


class ChangeOrganizationBody(TypedDict):
    name: OrganizationName


class ReadSelfHostingYamlBody(TypedDict):
    yaml: str
    """What `easel gcp apply` prints at its end."""


class ReadSelfHostingYamlAnswer(TypedDict):
    settings: SelfHostingSettings
    fields: list[FieldProblem]


class TestConnectionBody(TypedDict):
    deadline_s: NotRequired[int]
    """What fails is tried again so long, because grants take up to 7 minutes to act."""


class ListMembersAnswer(TypedDict):
    items: list[Member]
    next: str | None


class ChangeMemberBody(TypedDict):
    role: Role


class ListInvitationsAnswer(TypedDict):
    items: list[Invitation]
    next: str | None


class CreateInvitationBody(TypedDict):
    role: Role
    email: NotRequired[Email]
    days: NotRequired[int]


class CreateInvitationAnswer(Invitation, HandedLink):
    pass


class LookAtInvitationBody(TypedDict):
    token: str


class AcceptInvitationBody(TypedDict):
    token: str
    name: PersonName
    email: Email
    password: Password


class ListAuditAnswer(TypedDict):
    items: list[AuditEntry]
    next: str | None


class ListCanvasRolesAnswer(TypedDict):
    items: list[CanvasRole]
    next: str | None


class GrantCanvasRoleBody(TypedDict):
    role: Role


class ListRoutesAnswerItemsItem(TypedDict):
    method: str
    path: str
    access: str


class ListRoutesAnswer(TypedDict):
    items: list[ListRoutesAnswerItemsItem]
    next: str | None


class ListSettingsAnswer(TypedDict):
    items: list[Setting]
    next: str | None


class ListCanvasesAnswer(TypedDict):
    items: list[CanvasSummary]
    next: str | None


class RenameCanvasBody(TypedDict):
    name: str


class DeleteCanvasAnswer(TypedDict):
    trash: str


class BeginImportBody(TypedDict):
    file: str
    """Its name: `churn.zip`. A canvas that does not say its name gets this one."""
    bytes: int


class ListTrashAnswer(TypedDict):
    items: list[TrashedCanvas]
    next: str | None


class EmptyTrashAnswer(TypedDict):
    removed: int


class ListOperationsAnswer(TypedDict):
    items: list[Operation]
    next: str | None


class ChangeCanvasBody(TypedDict):
    token: str
    change: Change


class PlanRunAnswer(TypedDict):
    steps: list[PlanStep]


class ListRunsAnswer(TypedDict):
    items: list[Run]
    next: str | None


class CancelRunBody(TypedDict):
    kill: NotRequired[bool]


class ListAttemptsAnswer(TypedDict):
    items: list[Attempt]
    next: str | None


class ListRevisionsAnswer(TypedDict):
    items: list[Revision]
    next: str | None


class GetRevisionAnswer(Revision):
    code: str


class ListFilesAnswer(TypedDict):
    items: list[FileEntry]
    next: str | None


class RenameFileBody(TypedDict):
    path: str
    to: str


class DeleteFileAnswer(TypedDict):
    trash: str


class PreviewFileAnswer(TypedDict):
    path: str
    bytes: int
    modified_ms: int
    kind: Literal["text", "image", "binary"]
    text: NotRequired[str]
    cut: NotRequired[bool]


class RestoreFileBody(TypedDict):
    trash: str


class BeginUploadBody(TypedDict):
    path: str
    bytes: int
    replace: NotRequired[bool]
    direct: NotRequired[bool]
    """Send the bytes where `send` says, then `finishUpload`: straight into the bucket, if the server has one. Without it pieces go to this server by `sendPiece`."""
    content_type: NotRequired[str]
    """With `direct`."""


class FinishUploadBody(TypedDict):
    crc32c: NotRequired[str]
    """Of all the bytes, if the sender knows it: compared."""
