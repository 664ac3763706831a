"""Every service by the name that `EASEL_GCP_ENDPOINT_<SERVICE>` has for it, in lower case; and `kubernetes`, a cluster's own."""

from __future__ import annotations

from . import custom_roles
from .artifact_registry import artifact_registry
from .container import container
from .credentials import credentials
from .iam import iam
from .kubernetes import kubernetes
from .log_entries import logging
from .metadata_server import metadata_server
from .resource_manager import resource_manager
from .routing import Service
from .service_usage import service_usage
from .sign_in import oauth2, sts
from .storage import batch, buckets, copies, folders, listing, objects, uploads, xml_api
from .storage.service import storage

PARTS = (
    custom_roles,
    batch,
    buckets,
    copies,
    folders,
    listing,
    objects,
    uploads,
    xml_api,
)  # xml_api last: its paths take anything
SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        artifact_registry,
        container,
        credentials,
        iam,
        kubernetes,
        logging,
        metadata_server,
        oauth2,
        resource_manager,
        service_usage,
        storage,
        sts,
    )
}
