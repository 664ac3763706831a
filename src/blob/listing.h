// One page of a listing, cut out of keys in order: what stores without a server of their own share.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "blob/object_store.h"

namespace easel {

/// Make the page that `options` ask for from all `keys` below its prefix, sorted bytewise; a key that ends in '/' is a folder.
/// `info` is asked for the objects of the page only; nullopt: it is gone meanwhile. The token is the last key of a page.
Listing PageOf(const std::vector<std::string>& keys, const ListOptions& options,
               const std::function<std::optional<ObjectInfo>(const std::string& key)>& info);

}  // namespace easel
