"""Folders of hierarchical buckets, and managed folders of all. Source: "Folders", "ManagedFolders" of the JSON API."""

from __future__ import annotations

from typing import Any

from ..clock import rfc3339
from ..errors import ApiError, bad_request
from ..operations import Operation
from ..policy_calls import requested_version, tested, written_policy
from ..routing import Call
from ..server import Response
from .bucket import Bucket, Folder, ManagedFolder, StoredObject
from .buckets import check_public
from .conditions import check_metageneration
from .service import COMMON, find_bucket, require_object, storage

META = "ifMetagenerationMatch ifMetagenerationNotMatch"
FOLDERS = "/storage/v1/b/{bucket}/folders"
MANAGED = "/storage/v1/b/{bucket}/managedFolders"
MOST_LEVELS = 15


def folder_name(name: str) -> str:
    """With the slash at its end, which clients may leave out. Errors: 400."""
    name = name if name.endswith("/") else name + "/"
    if len(name.encode()) > 1024 or name.startswith("/") or "//" in name:
        raise bad_request(f"Invalid folder name {name!r}.")
    return name


def described(bucket: Bucket, kind: str, folder: Folder | ManagedFolder) -> dict[str, Any]:
    return {
        "kind": f"storage#{kind}",
        "id": f"{bucket.name}/{folder.name}",
        "name": folder.name,
        "bucket": bucket.name,
        "metageneration": str(folder.metageneration),
        "createTime": rfc3339(folder.created),
        "updateTime": rfc3339(folder.updated),
    }


def managed_resource(bucket: Bucket, folder: ManagedFolder) -> dict[str, Any]:
    return described(bucket, "managedFolder", folder)


def folder_resource(bucket: Bucket, folder: Folder) -> dict[str, Any]:
    answer = described(bucket, "folder", folder)
    if folder.operation is not None:
        answer["pendingRenameInfo"] = {"operationId": folder.operation}
    return answer


def find_managed(call: Call, bucket: Bucket, name: str, permission: str) -> ManagedFolder:
    name = folder_name(name)
    require_object(call, bucket, name, permission)
    found = bucket.managed_folders.get(name)
    if found is None:
        raise ApiError(404, f"The managed folder {bucket.name}/{name} does not exist.", reason="notFound")
    return found


@storage.on("POST", MANAGED, "storage.managedFolders.insert", COMMON)
def insert_managed(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    body = call.json("bucket", "name", "kind", required=("name",))
    name = folder_name(body["name"])
    require_object(call, found, name, "storage.managedFolders.create")
    if not found.uniform:
        message = "Managed folders need uniform bucket-level access."
        raise ApiError(412, message, reason="conditionNotMet")
    if name.count("/") > MOST_LEVELS:
        raise bad_request(f"A managed folder has at most {MOST_LEVELS} levels.")
    if name in found.managed_folders:
        raise ApiError(409, "The managed folder you tried to create already exists.", reason="conflict")
    now = call.world.clock.now()
    found.managed_folders[name] = ManagedFolder(name, now, now)
    if found.hierarchical:
        found.make_parents(name, now)
    return managed_resource(found, found.managed_folders[name])


@storage.on("GET", MANAGED, "storage.managedFolders.list", f"{COMMON} pageSize pageToken prefix")
def list_managed(call: Call, bucket: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    prefix = call.param("prefix") or ""
    require_object(call, found, prefix, "storage.managedFolders.list")
    names = sorted(name for name in found.managed_folders if name.startswith(prefix))
    return {
        "kind": "storage#managedFolders",
        "items": [managed_resource(found, found.managed_folders[name]) for name in names],
    }


@storage.on("GET", MANAGED + "/{folder}", "storage.managedFolders.get", f"{COMMON} {META}")
def get_managed(call: Call, bucket: str, folder: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    managed = find_managed(call, found, folder, "storage.managedFolders.get")
    check_metageneration(call, managed.metageneration)
    return managed_resource(found, managed)


@storage.on(
    "DELETE", MANAGED + "/{folder}", "storage.managedFolders.delete", f"{COMMON} {META} allowNonEmpty"
)
def delete_managed(call: Call, bucket: str, folder: str) -> Response:
    found = find_bucket(call, bucket)
    managed = find_managed(call, found, folder, "storage.managedFolders.delete")
    check_metageneration(call, managed.metageneration)
    if call.param("allowNonEmpty") == "true":
        require_object(call, found, managed.name, "storage.managedFolders.setIamPolicy")
    elif any(name.startswith(managed.name) for name in found.live):
        raise ApiError(409, "The managed folder you tried to delete is not empty.", reason="conflict")
    del found.managed_folders[managed.name]
    return Response(204)


def policy_id(bucket: Bucket, folder: ManagedFolder) -> dict[str, str]:
    return {"kind": "storage#policy", "resourceId": f"{bucket.full_name}/managedFolders/{folder.name}"}


@storage.on(
    "GET",
    MANAGED + "/{folder}/iam",
    "storage.managedFolders.getIamPolicy",
    f"{COMMON} optionsRequestedPolicyVersion",
)
def get_policy(call: Call, bucket: str, folder: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    managed = find_managed(call, found, folder, "storage.managedFolders.getIamPolicy")
    version = requested_version(call.param("optionsRequestedPolicyVersion"))
    return {**policy_id(found, managed), **managed.policy.resource(version)}


@storage.on("PUT", MANAGED + "/{folder}/iam", "storage.managedFolders.setIamPolicy", COMMON)
def set_policy(call: Call, bucket: str, folder: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    managed = find_managed(call, found, folder, "storage.managedFolders.setIamPolicy")
    body = call.json()
    check_public(call, found, body)
    written_policy(call, managed.policy, call.world.projects[found.project], body)
    return {**policy_id(found, managed), **managed.policy.resource(int(body.get("version", 0)))}


@storage.on(
    "GET",
    MANAGED + "/{folder}/iam/testPermissions",
    "storage.managedFolders.testIamPermissions",
    f"{COMMON} permissions",
)
def test_permissions(call: Call, bucket: str, folder: str) -> dict[str, Any]:
    found, name = find_bucket(call, bucket), folder_name(folder)
    places = [found.object_name(name), *found.covering(name), found, call.world.projects[found.project]]
    answer = tested(call, call.request.query.get("permissions", []), places)
    return {"kind": "storage#testIamPermissionsResponse", **answer}


def hierarchical_bucket(call: Call, name: str) -> Bucket:
    bucket = find_bucket(call, name)
    if not bucket.hierarchical:
        raise ApiError(409, "The bucket does not support hierarchical namespace.", reason="conflict")
    return bucket


def find_folder(call: Call, bucket: Bucket, name: str, permission: str) -> Folder:
    name = folder_name(name)
    require_object(call, bucket, name, permission)
    found = bucket.folders.get(name)
    if found is None:
        raise ApiError(404, f"The folder {bucket.name}/{name} does not exist.", reason="notFound")
    return found


@storage.on("POST", FOLDERS, "storage.folders.insert", f"{COMMON} recursive")
def insert_folder(call: Call, bucket: str) -> dict[str, Any]:
    found = hierarchical_bucket(call, bucket)
    name = folder_name(call.json("name", "bucket", "kind", required=("name",))["name"])
    require_object(call, found, name, "storage.folders.create")
    if name in found.folders:
        raise ApiError(409, "The folder you tried to create already exists.", reason="conflict")
    parent = name[:-1].rpartition("/")[0] + "/"
    if parent != "/" and parent not in found.folders and call.param("recursive") != "true":
        raise ApiError(404, f"The parent folder {parent} does not exist.", reason="notFound")
    found.check_writable(name)
    found.make_parents(name, call.world.clock.now())
    return folder_resource(found, found.folders[name])


@storage.on(
    "GET",
    FOLDERS,
    "storage.folders.list",
    f"{COMMON} prefix delimiter startOffset endOffset pageSize pageToken",
)
def list_folders(call: Call, bucket: str) -> dict[str, Any]:
    found = hierarchical_bucket(call, bucket)
    prefix = call.param("prefix") or ""
    require_object(call, found, prefix, "storage.folders.list")
    if prefix and not prefix.endswith("/"):
        raise bad_request("The prefix of a list of folders ends in `/`.")
    names = sorted(name for name in found.folders if name.startswith(prefix))
    if call.param("delimiter") == "/":
        names = [name for name in names if name[len(prefix) :].count("/") <= 1]
    return {
        "kind": "storage#folders",
        "items": [folder_resource(found, found.folders[name]) for name in names],
    }


@storage.on("GET", FOLDERS + "/{folder}", "storage.folders.get", f"{COMMON} {META}")
def get_folder(call: Call, bucket: str, folder: str) -> dict[str, Any]:
    found = hierarchical_bucket(call, bucket)
    return folder_resource(found, find_folder(call, found, folder, "storage.folders.get"))


@storage.on("DELETE", FOLDERS + "/{folder}", "storage.folders.delete", f"{COMMON} {META}")
def delete_folder(call: Call, bucket: str, folder: str) -> Response:
    """A managed folder of the same name goes with it."""
    found = hierarchical_bucket(call, bucket)
    deleted = find_folder(call, found, folder, "storage.folders.delete")
    inside = [
        name
        for name in (*found.live, *found.folders)
        if name.startswith(deleted.name) and name != deleted.name
    ]
    if inside:
        raise ApiError(409, "The folder you tried to delete is not empty.", reason="conflict")
    del found.folders[deleted.name]
    found.managed_folders.pop(deleted.name, None)
    return Response(204)


def operation_resource(bucket: Bucket, operation: Operation) -> dict[str, Any]:
    return {"kind": "storage#operation", **operation.resource()}


@storage.on(
    "POST", FOLDERS + "/{folder}/deleteRecursive", "storage.folders.deleteRecursive", f"{COMMON} {META}"
)
def delete_recursive(call: Call, bucket: str, folder: str) -> dict[str, Any]:
    found = hierarchical_bucket(call, bucket)
    deleted = find_folder(call, found, folder, "storage.folders.delete")
    require_object(call, found, deleted.name, "storage.objects.delete")

    def finish() -> dict[str, Any]:
        for name in [name for name in found.live if name.startswith(deleted.name)]:
            found.retire(name, call.world.clock.now(), deleted=True)
        for table in (found.folders, found.managed_folders):
            for name in [name for name in table if name.startswith(deleted.name)]:
                del table[name]
        return {}

    name = f"{found.full_name}/operations/{call.world.next_id()}"
    return operation_resource(found, call.world.start(name, finish))


@storage.on(
    "POST",
    FOLDERS + "/{folder}/renameTo/folders/{to_folder}",
    "storage.folders.rename",
    f"{COMMON} ifSourceMetagenerationMatch ifSourceMetagenerationNotMatch",
)
def rename(call: Call, bucket: str, folder: str, to_folder: str) -> dict[str, Any]:
    """Until the operation is done, reading below it works and writing fails."""
    found, target = hierarchical_bucket(call, bucket), folder_name(to_folder)
    source = find_folder(call, found, folder, "storage.folders.rename")
    require_object(call, found, target, "storage.folders.create")
    found.check_writable(source.name)
    if target in found.folders:
        raise ApiError(409, "The destination folder already exists.", reason="conflict")
    if target.startswith(source.name):
        raise bad_request("A folder cannot move into itself.")
    parent = target[:-1].rpartition("/")[0] + "/"
    if parent != "/" and parent not in found.folders:
        raise ApiError(404, f"The parent folder {parent} does not exist.", reason="notFound")
    name = f"{found.full_name}/operations/{call.world.next_id()}"
    source.moving_to, source.operation = target, name.rpartition("/")[2]

    before = source.name

    def finish() -> dict[str, Any]:
        source.moving_to = source.operation = None
        tables: tuple[dict[str, Any], ...] = (found.live, found.folders, found.managed_folders)
        for table in tables:
            for old in [each for each in table if each.startswith(before)]:
                thing: StoredObject | Folder | ManagedFolder = table.pop(old)
                new = target + old[len(before) :]
                thing.name = new
                table[new] = thing
        return folder_resource(found, found.folders[target])

    return operation_resource(found, call.world.start(name, finish))


@storage.on("GET", "/storage/v1/b/{bucket}/operations/{operation}", "storage.buckets.operations.get", COMMON)
def get_operation(call: Call, bucket: str, operation: str) -> dict[str, Any]:
    found = find_bucket(call, bucket)
    call.require("storage.bucketOperations.get", found.full_name, found, call.world.projects[found.project])
    known = call.world.operations.get(f"{found.full_name}/operations/{operation}")
    if known is None:
        raise ApiError(404, f"No such operation: {operation}", reason="notFound")
    return operation_resource(found, known)
