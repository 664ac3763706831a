"""Buckets and what lies in them, as values; and the rules by which an object appears, changes and goes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import google_crc32c

from ..clock import rfc3339
from ..errors import ApiError, bad_request
from ..policy import Policy

if TYPE_CHECKING:
    from ..world import World

WEEK_S = 7 * 86400
# What a client may say of an object besides its content. Source: "Objects" resource.
OBJECT_FIELDS = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "customTime",
    "storageClass",
)


def crc32c_of(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def md5_of(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


@dataclass
class StoredObject:
    """`md5` is missing for composed objects, as there. `gone`: since when it is noncurrent or soft-deleted."""

    name: str
    data: bytes
    generation: int
    created: float
    updated: float
    content_type: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    metageneration: int = 1
    components: int | None = None
    crc32c: str = ""
    md5: str | None = None
    gone: float | None = None

    def __post_init__(self) -> None:
        self.crc32c = crc32c_of(self.data)
        if self.components is None:
            self.md5 = md5_of(self.data)

    @property
    def etag(self) -> str:
        return base64.b64encode(f"{self.generation}/{self.metageneration}".encode()).decode()


@dataclass
class ManagedFolder:
    name: str
    created: float
    updated: float
    metageneration: int = 1
    policy: Policy = field(default_factory=lambda: Policy(storage=True))


@dataclass
class Folder:
    """Of a bucket with hierarchical namespace. `moving_to`: a rename that is under way."""

    name: str
    created: float
    updated: float
    metageneration: int = 1
    moving_to: str | None = None
    operation: str | None = None


@dataclass
class ObjectAcl:
    """What objects of a bucket without uniform access are given when they are made: `projectPrivate`, and no other."""

    policy: Policy

    @staticmethod
    def of(project: str) -> ObjectAcl:
        policy = Policy(storage=True)
        owners = [f"projectEditor:{project}", f"projectOwner:{project}"]
        readers = [f"projectViewer:{project}"]
        bindings = [
            ("roles/storage.legacyObjectOwner", owners),
            ("roles/storage.legacyObjectReader", readers),
        ]
        policy.replace([{"role": role, "members": members} for role, members in bindings], 0, 0)
        return ObjectAcl(policy)


@dataclass
class Bucket:
    """`config` is what clients wrote into the resource and may read again: cors, labels, lifecycle, versioning, …"""

    name: str
    project: str
    location: str
    created: float
    updated: float
    storage_class: str = "STANDARD"
    uniform: bool = False
    public_access_prevention: str = "inherited"
    hierarchical: bool = False
    soft_delete_s: int = WEEK_S
    metageneration: int = 1
    config: dict[str, Any] = field(default_factory=dict)
    policy: Policy = field(default_factory=lambda: Policy(storage=True))
    live: dict[str, StoredObject] = field(default_factory=dict)
    noncurrent: list[StoredObject] = field(default_factory=list)
    soft_deleted: list[StoredObject] = field(default_factory=list)
    managed_folders: dict[str, ManagedFolder] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"projects/_/buckets/{self.name}"

    def object_name(self, name: str) -> str:
        return f"{self.full_name}/objects/{name}"

    @property
    def versioned(self) -> bool:
        return bool(self.config.get("versioning", {}).get("enabled"))

    def covering(self, name: str) -> Iterator[ManagedFolder | ObjectAcl]:
        """What else grants rights on an object, a folder or a prefix of names: managed folders, the deepest first; ACLs."""
        if not self.uniform:
            yield ObjectAcl.of(self.project)
        for folder in sorted(self.managed_folders, key=len, reverse=True):
            if name.startswith(folder):
                yield self.managed_folders[folder]

    def version(self, name: str, generation: int | None) -> StoredObject | None:
        live = self.live.get(name)
        if generation is None or (live is not None and live.generation == generation):
            return live
        return next((o for o in self.noncurrent if o.name == name and o.generation == generation), None)

    def check_writable(self, name: str) -> None:
        """Errors: 409 below a folder that is being renamed."""
        for folder in self.folders.values():
            if folder.moving_to is not None and (name.startswith((folder.name, folder.moving_to))):
                raise ApiError(409, f"The folder {folder.name} is being renamed.", reason="conflict")

    def retire(self, name: str, now: float, *, deleted: bool) -> None:
        """Take the live version away: kept as noncurrent, or soft-deleted, or neither."""
        old = self.live.pop(name, None)
        if old is None:
            return
        old.gone = now
        if self.versioned:
            self.noncurrent.append(old)
        elif self.soft_delete_s:
            self.soft_deleted.append(old)

    def make_parents(self, name: str, now: float) -> None:
        """A write into a hierarchical bucket makes the folders above it."""
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth]) + "/"
            self.folders.setdefault(folder, Folder(folder, now, now))

    def expire(self, now: float) -> None:
        self.soft_deleted = [
            o for o in self.soft_deleted if o.gone is not None and o.gone + self.soft_delete_s > now
        ]


def check_object_name(name: str) -> None:
    """Errors: 400. Source: "Object name requirements"."""
    if not name:
        raise ApiError(400, "Required", reason="required")
    if len(name.encode()) > 1024:
        raise bad_request("The maximum object length is 1024 characters, but got a name with more.")
    if "\r" in name or "\n" in name or name in (".", "..") or name.startswith(".well-known/acme-challenge/"):
        raise bad_request(f"Disallowed object name {name!r}.")


def put_object(
    world: World,
    bucket: Bucket,
    name: str,
    data: bytes,
    *,
    content_type: str | None = None,
    metadata: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
    components: int | None = None,
) -> StoredObject:
    """Make `name` hold `data`, as a new generation. Preconditions and permissions were checked before."""
    check_object_name(name)
    bucket.check_writable(name)
    now = world.clock.now()
    if world.limits.rates:
        message = (
            "The object exceeded the rate limit for object mutation operations (create, update, and delete)."
        )
        world.check_rate(f"object {bucket.name}/{name}", 1, 1, message)
    bucket.retire(name, now, deleted=False)
    world.generation = generation = max(int(now * 1e6), world.generation + 1)
    made = StoredObject(
        name,
        data,
        generation,
        now,
        now,
        content_type,
        dict(metadata or {}),
        dict(fields or {}),
        components=components,
    )
    bucket.live[name] = made
    if bucket.hierarchical:
        bucket.make_parents(name, now)
    return made


def object_resource(world: World, bucket: Bucket, stored: StoredObject, base: str) -> dict[str, Any]:
    link = f"{base}/storage/v1/b/{bucket.name}/o/{quote(stored.name, safe='')}"
    media = f"{base}/download/storage/v1/b/{bucket.name}/o/{quote(stored.name, safe='')}"
    answer: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{bucket.name}/{stored.name}/{stored.generation}",
        "selfLink": link,
        "mediaLink": f"{media}?generation={stored.generation}&alt=media",
        "name": stored.name,
        "bucket": bucket.name,
        "generation": str(stored.generation),
        "metageneration": str(stored.metageneration),
        "storageClass": bucket.storage_class,
        "size": str(len(stored.data)),
        "crc32c": stored.crc32c,
        "etag": stored.etag,
        "timeCreated": rfc3339(stored.created),
        "updated": rfc3339(stored.updated),
        "timeStorageClassUpdated": rfc3339(stored.created),
        "timeFinalized": rfc3339(stored.created),
        **stored.fields,
    }
    if stored.content_type is not None:
        answer["contentType"] = stored.content_type
    if stored.md5 is not None:
        answer["md5Hash"] = stored.md5
    if stored.components is not None:
        answer["componentCount"] = stored.components
    if stored.metadata:
        answer["metadata"] = stored.metadata
    if stored.gone is not None and stored in bucket.noncurrent:
        answer["timeDeleted"] = rfc3339(stored.gone)
    if stored.gone is not None and stored in bucket.soft_deleted:
        answer["softDeleteTime"] = rfc3339(stored.gone)
        answer["hardDeleteTime"] = rfc3339(stored.gone + bucket.soft_delete_s)
    return answer
