// The record of what we made, in its two places: a local file and `.easel/provision.json` in the bucket.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "gcp/provision/cloud.h"
#include "gcp/provision/options.h"
#include "gcp/provision/record.h"

namespace easel {

/// Keeps one record during a command. Thread-safe.
///
/// An entry: (none) -Intend-> intended -Made-> made -Forget-> (none); intended -Forget-> (none).
/// The file is written before each request that an intention is for; the bucket, which allows one write a second of an object,
/// gets all intentions of a command at once, before the first of them but the bucket's own.
class RecordKeeper {
 public:
  RecordKeeper(const ProvisionOptions& options, Cloud& cloud, std::string file, ProvisionRecord record,
               std::int64_t generation)
      : options_(options),
        cloud_(cloud),
        file_(std::move(file)),
        saved_(record),
        record_(std::move(record)),
        generation_(generation) {}

  /// Read the local file. Absent: an empty record.
  ///
  /// Errors: kInvalidArgument RECORD_INVALID; kFailedPrecondition RECORD_OF_OTHERS (of another project or bucket); as ReadFile gives them.
  static Result<ProvisionRecord> ReadLocal(const std::string& file, const ProvisionOptions& options);

  /// Errors: as writing the file gives them.
  Status Intend(const std::vector<std::string>& ids);
  void Made(const std::string& id);
  void Forget(const std::string& id);
  bool Knows(const std::string& id) const;
  ProvisionRecord record() const;

  /// Write what changed into the file and, with `to_bucket`, into the bucket, over what is there (joined).
  Status Save(bool to_bucket);

 private:
  Status SaveToBucket(const ProvisionRecord& record);

  const ProvisionOptions& options_;
  Cloud& cloud_;
  const std::string file_;
  mutable std::mutex mutex_;
  ProvisionRecord saved_;  ///< what the bucket has
  ProvisionRecord record_;
  std::int64_t generation_;
};

}  // namespace easel
