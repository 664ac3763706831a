// What the list of canvases shows of each: read from canvas.yaml and the database, kept while neither has changed.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/json.h"
#include "server/access.h"

namespace easel {

/// Thread-safe.
class CanvasSummaries {
 public:
  /// A CanvasSummary of contracts/openapi.yaml. A canvas that cannot be read is listed with its problem. The states in
  /// its thumbnail are what can be said without an engine: a block whose file is newer than its result is stale.
  json::object Of(const std::string& id, const std::string& root, Role role);

 private:
  struct Kept {
    std::string stamp;
    json::object summary;
  };
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;  ///< by folder
};

/// A Run of contracts/openapi.yaml.
struct RunRecord;
json::object RunDocument(const RunRecord& run);

}  // namespace easel
