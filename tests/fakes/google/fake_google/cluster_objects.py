"""A GKE cluster as the Container API describes it, and what its Kubernetes API keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .server_side_apply import Owners


@dataclass
class Cluster:
    """`endpoint` is a bare host, as the API says it. `objects`: (kind, namespace, name) -> object; `owners`: who applied what."""

    name: str
    project: str
    location: str
    endpoint: str
    workload_pool: str = ""
    external_traffic: bool = True
    autopilot: bool = False
    autoprovisioning_account: str | None = None
    pools: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    owners: dict[tuple[str, str, str], Owners] = field(default_factory=dict)
    resource_version: int = 100

    def next_version(self) -> str:
        self.resource_version += 1
        return str(self.resource_version)
