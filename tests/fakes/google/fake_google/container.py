"""Clusters, to read only. Source: Kubernetes Engine API v1."""

from __future__ import annotations

from typing import Any

from . import errors
from .cluster_objects import Cluster
from .errors import ApiError
from .routing import Call, Service

container = Service("container", errors.rpc_body)
LOCATION = "/v1/projects/{project}/locations/{location}"


def full_name(cluster: Cluster) -> str:
    return f"//container.googleapis.com/{cluster.name}"


def resource(cluster: Cluster) -> dict[str, Any]:
    name = cluster.name.rpartition("/")[2]
    answer: dict[str, Any] = {
        "name": name,
        "id": name,
        "location": cluster.location,
        "status": "RUNNING",
        "currentMasterVersion": "1.34.4-gke.1000",
        "endpoint": "34.0.0.1",
        "nodePools": [pool_resource(pool) for pool in cluster.pools],
        "controlPlaneEndpointsConfig": {
            "dnsEndpointConfig": {
                "endpoint": cluster.endpoint,
                "allowExternalTraffic": cluster.external_traffic,
            },
            "ipEndpointsConfig": {"enabled": True},
        },
        "autopilot": {"enabled": cluster.autopilot} if cluster.autopilot else {},
        "autoscaling": {},
    }
    if cluster.workload_pool:
        answer["workloadIdentityConfig"] = {"workloadPool": cluster.workload_pool}
    if cluster.autoprovisioning_account is not None:
        answer["autoscaling"] = {
            "enableNodeAutoprovisioning": True,
            "autoprovisioningNodePoolDefaults": {"serviceAccount": cluster.autoprovisioning_account},
        }
    return answer


def pool_resource(pool: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "serviceAccount": pool.get("service_account", "default"),
        "oauthScopes": pool.get("scopes", ["https://www.googleapis.com/auth/cloud-platform"]),
    }
    if mode := pool.get("metadata", "GKE_METADATA"):
        config["workloadMetadataConfig"] = {"mode": mode}
    return {"name": pool.get("name", "default-pool"), "status": "RUNNING", "config": config}


@container.on("GET", LOCATION + "/clusters", "container.clusters.list")
def list_clusters(call: Call, project: str, location: str) -> dict[str, Any]:
    place = call.world.project(project)
    call.world.check_service(place, "container")
    call.require("container.clusters.list", place.full_name, place)
    every = [
        c for c in call.world.clusters.values() if c.project == place.id and location in ("-", c.location)
    ]
    return {"clusters": [resource(cluster) for cluster in every]} if every else {}


@container.on("GET", LOCATION + "/clusters/{cluster}", "container.clusters.get")
def get(call: Call, project: str, location: str, cluster: str) -> dict[str, Any]:
    place = call.world.project(project)
    call.world.check_service(place, "container")
    name = f"projects/{place.id}/locations/{location}/clusters/{cluster}"
    call.require("container.clusters.get", f"//container.googleapis.com/{name}", place)
    found = call.world.clusters.get(name)
    if found is None:
        raise ApiError(404, f"Not found: {name}.")
    return resource(found)
