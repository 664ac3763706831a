// What of a canvas's past is kept, and the removal of the rest: attempts, the objects that only they used, and rows of the
// database that nothing needs (state.md, section 6).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "metadata/metadata_store.h"
#include "state/reachability.h"

namespace easel {

inline constexpr std::int64_t kKeptAttempts = 10;                   ///< of each block
inline constexpr std::int64_t kKeptBytes = std::int64_t{20} << 30;  ///< of each canvas
inline constexpr int kKeptRuns = 100;                               ///< rows, beside those that have attempts

struct RetentionOptions {
  std::int64_t keep = kKeptAttempts;
  std::int64_t max_bytes = kKeptBytes;
  std::int64_t now_ms = 0;  ///< Unix time
  bool dry_run = false;
  /// Digests of the canvas's sources of today; analyses of others are forgotten. Empty: none is forgotten.
  std::vector<std::string> sources;
};

struct Retained {
  std::size_t forgotten = 0;  ///< attempts
  std::size_t runs = 0;       ///< rows
  std::size_t analyses = 0;   ///< rows
  bool under_way = false;     ///< an attempt is, maybe of a killed run: nothing of the past is forgotten then
  bool over_limit = false;    ///< more than `max_bytes` stay, because what is published needs them
  Collected collected;
};

/// Decide what stays, forget the rest in the database, then remove it from the disk: what a crash in between leaves is
/// collected the next time. Of each block stay what is published, the newest `keep` attempts, and the newest `keep`
/// successes, so that a series of failures does not push out the results that undoing an edit would restore. If what
/// these need is more than `max_bytes`, the oldest that nothing publishes go, too.
///
/// The caller holds the canvas's engine lock and has no run under way. While an attempt is open (of an engine that was
/// killed; the executor may still run it), every attempt stays, and so does what is younger than an hour: whatever that
/// attempt reads or stores is safe.
///
/// Errors: of the database; of the state root if it cannot be read.
Result<Retained> ApplyRetention(const std::string& state_root, MetadataStore& metadata,
                                const RetentionOptions& options);

/// A look that costs a millisecond: is a block beyond twice `keep` attempts, or the canvas beyond `max_bytes`? The factor
/// is there so that not every run removes something.
Result<bool> RetentionIsDue(const std::string& state_root, MetadataStore& metadata,
                            const RetentionOptions& options);

}  // namespace easel
