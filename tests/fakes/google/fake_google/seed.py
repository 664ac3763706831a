"""What is there before the first request: a world from a JSON object. seeds/*.json are the ones that tests start with.

projects: id -> {number, bindings: role -> members, conditional: [bindings], audit_configs, services: [names] or "all",
          organization, billing, org_policies, perimeter}
accounts: e-mail -> {project, display_name, disabled, keys: {id: PEM of the public half}, bindings}
clusters: full name -> {endpoint, workload_pool, external_traffic, autopilot, autoprovisioning_account, pools: [...]}
buckets: name -> {project, location, bindings}
tokens: value -> member;  refresh_tokens: value -> {client_id, client_secret, member};  subject_tokens: value -> {audience, subject}
windows, limits: as in world.py;  anonymous: member;  machine: as in metadata_server.py;  unknown_people: [e-mail]
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .cluster_objects import Cluster
from .service_usage import KNOWN
from .storage.bucket import Bucket
from .world import Account, Limits, Project, Windows, World

KEYS = {"projects", "accounts", "clusters", "buckets", "tokens", "refresh_tokens", "subject_tokens", "windows", "limits", "anonymous", "machine", "unknown_people", "empty_log_pages"}  # fmt: skip


def as_bindings(by_role: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [{"role": role, "members": members} for role, members in by_role.items()]


def plant(world: World, seed: dict[str, Any]) -> World:
    """Add all of `seed`. Errors: ValueError for an unknown key, TypeError for one inside."""
    if unknown := set(seed) - KEYS:
        raise ValueError(f"a seed has no {sorted(unknown)}; it has {sorted(KEYS)}")
    now = world.clock.now()
    for name, given in seed.get("projects", {}).items():
        more = dict(given)
        bindings, services = more.pop("bindings", {}), more.pop("services", "all")
        number = more.pop("number", None) or str(100000000000 + world.next_id())
        conditional, audit_configs = more.pop("conditional", []), more.pop("audit_configs", [])
        project = Project(name, number, **more)
        project.policy.replace([*as_bindings(bindings), *conditional], 0, 0)
        project.policy.audit_configs = audit_configs
        project.services = dict.fromkeys(KNOWN if services == "all" else services, 0.0)
        world.projects[name] = project
    for email, given in seed.get("accounts", {}).items():
        more = dict(given)
        bindings, keys = more.pop("bindings", {}), more.pop("keys", {})
        account = Account(email, unique_id=world.unique_number(), **more)
        if bindings:
            account.policy.replace(as_bindings(bindings), 0, 0)
        for key_id, pem in keys.items():
            key = load_pem_public_key(pem.encode())
            if not isinstance(key, RSAPublicKey):
                raise ValueError(f"the key of {email} is not RSA")
            account.keys[key_id] = key
        world.accounts[email] = account
    for name, given in seed.get("clusters", {}).items():
        _, project_id, _, location, *_ = name.split("/")
        cluster = Cluster(name, project_id, location, **given)
        for own in ("default", "kube-system"):
            cluster.objects[("namespaces", "", own)] = {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": own},
            }
        world.clusters[name] = cluster
    for name, given in seed.get("buckets", {}).items():
        bucket = Bucket(name, given["project"], given.get("location", "US"), now, now, uniform=True)
        bucket.policy.replace(as_bindings(given.get("bindings", {})), 0, 0)
        bucket.policy.changes = 0
        world.buckets[name] = bucket
    for value, member in seed.get("tokens", {}).items():
        world.tokens.issue(member, lifetime_s=10 * 365 * 86400, value=value)
    world.refresh_tokens |= seed.get("refresh_tokens", {})
    world.subject_tokens |= seed.get("subject_tokens", {})
    world.unknown_people |= set(seed.get("unknown_people", []))
    if "windows" in seed:
        world.windows = Windows(**seed["windows"])
    if "limits" in seed:
        world.limits = Limits(**seed["limits"])
    world.anonymous = seed.get("anonymous", world.anonymous)
    world.machine = seed.get("machine", world.machine)
    world.empty_log_pages = seed.get("empty_log_pages", world.empty_log_pages)
    return world
