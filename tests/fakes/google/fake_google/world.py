"""Everything that the double knows, under one lock: projects, accounts, roles, buckets, repositories, clusters, logs."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .access import Access
from .clock import Clock
from .errors import ApiError, error_info
from .operations import Operation
from .policy import Policy
from .tokens import Tokens

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from .cluster_objects import Cluster
    from .log_entries import LogEntry
    from .storage.bucket import Bucket
    from .storage.sessions import Session
    from .storage.xml_api import PartUpload

ROLES: dict[str, list[str]] = json.loads((Path(__file__).parent / "roles.json").read_text())


@dataclass
class Windows:
    """How long a change is not seen yet, in seconds of the double's clock. All 0: everything is visible at once.

    `account_s`: an account is 404 (or, by its policy, 403), and policies must not name it. `role_s`: the same for custom roles.
    `grant_s`: a grant, or its end, does not act. `service_s`: an enabled API still answers SERVICE_DISABLED.
    `operation_s`: a long-running operation is not done. `log_s`: an entry is not listed.
    """

    account_s: float = 0
    role_s: float = 0
    grant_s: float = 0
    service_s: float = 0
    operation_s: float = 0
    log_s: float = 0


@dataclass
class Limits:
    """Quotas. Counts and the one rate that nobody can raise are on; `rates` also enforces one write a second and the like."""

    accounts_per_project: int = 100
    roles_per_project: int = 300
    log_lists_per_minute: int = 60
    rates: bool = False


@dataclass
class Project:
    id: str
    number: str
    organization: str = "example.com"
    billing: bool = True
    policy: Policy = field(default_factory=Policy)
    services: dict[str, float] = field(default_factory=dict)  # name -> usable from
    org_policies: dict[str, list[str]] = field(default_factory=dict)
    perimeter: list[str] = field(default_factory=list)  # services that VPC service controls close
    default_kms: bool = False

    @property
    def full_name(self) -> str:
        return f"//cloudresourcemanager.googleapis.com/projects/{self.id}"


@dataclass
class Account:
    """`keys`: id -> public half. The `system` key is Google's own, for signBlob."""

    email: str
    project: str
    unique_id: str
    display_name: str = ""
    description: str = ""
    disabled: bool = False
    visible_from: float = 0
    changes: int = 0
    policy: Policy = field(default_factory=Policy)
    keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    system: RSAPrivateKey | None = None


@dataclass
class CustomRole:
    name: str
    title: str
    description: str
    permissions: list[str]
    stage: str = "ALPHA"
    changes: int = 1
    visible_from: float = 0
    deleted: bool = False
    deleted_at: float = 0


@dataclass
class Repository:
    name: str
    project: str
    format: str
    mode: str
    created: float
    policy: Policy = field(default_factory=Policy)
    more: dict[str, Any] = field(default_factory=dict)


class World:
    """One lock guards all of it: a request is carried out alone, from its first look to its last change."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.windows = Windows()
        self.limits = Limits()
        self.tokens = Tokens(self.clock)
        self.access = Access(self)
        self.role_permissions = {role: frozenset(permissions) for role, permissions in ROLES.items()}
        self.custom_roles: dict[str, CustomRole] = {}
        self.projects: dict[str, Project] = {}
        self.accounts: dict[str, Account] = {}
        self.deleted_accounts: dict[str, Account] = {}
        self.unknown_people: set[str] = set()
        self.buckets: dict[str, Bucket] = {}
        self.repositories: dict[str, Repository] = {}
        self.clusters: dict[str, Cluster] = {}
        self.logs: list[LogEntry] = []
        self.operations: dict[str, Operation] = {}
        self.anonymous: str | None = None  # the member whom requests without a token act as
        self.refresh_tokens: dict[str, dict[str, str]] = {}
        self.subject_tokens: dict[str, dict[str, str]] = {}  # token -> {audience, subject}
        self.empty_log_pages = False
        self.machine: dict[str, Any] = {}  # what the metadata server tells
        self.sessions: dict[str, Session] = {}
        self.part_uploads: dict[str, PartUpload] = {}
        self.rates: dict[str, list[float]] = {}
        self.generation = 0  # the last one given to an object
        self._ids = 0

    def project(self, name: str) -> Project:
        """By id or number. Errors: 403, as the real ones say for what one may not know of."""
        for project in self.projects.values():
            if name in (project.id, project.number):
                return project
        raise ApiError(
            403, f"Permission denied on resource project {name} (or it may not exist).", reason="forbidden"
        )

    def next_id(self) -> int:
        self._ids += 1
        return self._ids

    def unique_number(self) -> str:
        return "1" + "".join(secrets.choice("0123456789") for _ in range(20))

    def policies(self) -> list[Policy]:
        every: list[Policy] = [p.policy for p in self.projects.values()]
        every += [a.policy for a in self.accounts.values()] + [r.policy for r in self.repositories.values()]
        for bucket in self.buckets.values():
            every += [bucket.policy, *(folder.policy for folder in bucket.managed_folders.values())]
        return every

    def identity_pools(self) -> set[str]:
        """Projects whose Workload Identity pool exists: it appears with the first cluster that uses it."""
        return {
            cluster.workload_pool.removesuffix(".svc.id.goog")
            for cluster in self.clusters.values()
            if cluster.workload_pool
        }

    def check_service(self, project: Project, service: str) -> None:
        """Errors: 403 SERVICE_DISABLED; 403 of VPC service controls."""
        host = f"{service}.googleapis.com"
        if service in project.perimeter:
            unique = secrets.token_urlsafe(16)
            detail = {
                "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
                "violations": [{"type": "VPC_SERVICE_CONTROLS", "description": unique}],
            }
            message = f"Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: {unique}"
            raise ApiError(403, message, reason="vpcServiceControls", details=[detail])
        usable = project.services.get(host)
        if usable is None or usable > self.clock.now():
            message = (
                f"{host} has not been used in project {project.number} before or it is disabled. Enable it by visiting "
                f"https://console.developers.google.com/apis/api/{host}/overview?project={project.number} then retry. If you "
                "enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
            )
            info = error_info(
                "SERVICE_DISABLED", "googleapis.com", consumer=f"projects/{project.number}", service=host
            )
            raise ApiError(403, message, reason="accessNotConfigured", details=[info])

    def check_rate(self, key: str, per_s: float, count: int, message: str) -> None:
        """Errors: 429 when `key` was used `count` times within the last `per_s` seconds."""
        now = self.clock.now()
        recent = [when for when in self.rates.get(key, []) if when > now - per_s]
        self.rates[key] = recent
        if len(recent) >= count:
            raise ApiError(429, message, reason="rateLimitExceeded")
        recent.append(now)

    def start(
        self, name: str, finish: Callable[[], dict[str, Any]], metadata: dict[str, Any] | None = None
    ) -> Operation:
        operation = Operation(name, self.clock.now() + self.windows.operation_s, finish, metadata or {})
        self.operations[name] = operation
        return operation

    def settle(self) -> None:
        """End the operations that are due. Called before each request, so that one is never done in its own answer."""
        for operation in self.operations.values():
            if operation.done or operation.due > self.clock.now():
                continue
            operation.done = True
            try:
                operation.response = operation.finish()
            except ApiError as error:
                operation.error = {"code": error.code, "message": error.message}
