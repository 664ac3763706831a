// A bucket of Cloud Storage as an object store, by its JSON API.
#pragma once

#include <memory>

#include "blob/gcs_transfer.h"
#include "blob/gcs_wire.h"
#include "blob/object_store.h"
#include "gcp/rest_client.h"

namespace easel {

/// `rest` must outlive the store; its retry policy is the store's. Folders need a bucket with a hierarchical namespace.
///
/// What is read whole is checked against the CRC32C that the bucket keeps; what is written carries its own. Large files go up
/// by a resumable session, and come down in ranges of one generation.
/// Source: Cloud Storage JSON API v1, "Resumable uploads", "Retry strategy", "Request preconditions".
std::unique_ptr<ObjectStore> MakeGcsObjectStore(gcp::RestClient& rest, GcsPlace place,
                                                GcsTransferOptions options = {});

/// Ask the bucket for one name: is it there, and may we?
///
/// Errors: kNotFound BUCKET_ABSENT; kPermissionDenied, naming the role; those of credentials.
Status CheckBucket(gcp::RestClient& rest, const GcsPlace& place, const CallContext& context);

}  // namespace easel
