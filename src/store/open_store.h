// The store that an address names: a bucket with the rights of this process, or a directory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "blob/object_store.h"

namespace easel {

struct StoreOptions {
  std::string access_token_file;  ///< goes before all other credentials
};

/// `address` is gs://BUCKET[/FOLDER], or the path of a directory (absolute, or beginning with ./ or ../). A bucket is asked for a
/// name first, so that what is wrong with it or with our rights is said at once.
///
/// Errors: kInvalidArgument STORE_INVALID; kNotFound BUCKET_ABSENT; kPermissionDenied; kUnauthenticated GCP_…, saying what to do.
Result<std::shared_ptr<ObjectStore>> OpenObjectStore(const std::string& address, const StoreOptions& options,
                                                     const CallContext& context);

}  // namespace easel
