// The store that an address names: a bucket with the rights of this process or of an account that it may act as, or a directory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "blob/direct_access.h"
#include "blob/object_store.h"

namespace easel {

struct StoreOptions {
  std::string access_token_file;  ///< goes before all other credentials
  std::string endpoints;          ///< other addresses of Google's services, as ParseEndpointList has them
  std::string impersonate;        ///< service account whose rights the bucket is asked with; empty: our own
};

/// `address` is gs://BUCKET[/FOLDER], or the path of a directory (absolute, or beginning with ./ or ../). A bucket is asked for a
/// name first, so that what is wrong with it or with our rights is said at once. Both options are about a bucket.
///
/// Errors: kInvalidArgument STORE_INVALID, GCP_ENDPOINT_…, GCP_ACCOUNT_INVALID; kNotFound BUCKET_ABSENT; kPermissionDenied; kUnauthenticated GCP_…, saying what to do.
struct OpenedStore {
  std::shared_ptr<ObjectStore> store;
  std::shared_ptr<DirectAccess> direct;  ///< nullptr: a directory, or nothing that signs (`why_not_direct`)
  std::string why_not_direct;            ///< of a bucket, for the operator
};
Result<OpenedStore> OpenStore(const std::string& address, const StoreOptions& options,
                              const CallContext& context);
Result<std::shared_ptr<ObjectStore>> OpenObjectStore(const std::string& address, const StoreOptions& options,
                                                     const CallContext& context);

}  // namespace easel
