// Which files of .easel are still needed: marks objects from the manifests to keep, and removes the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace easel {

struct CollectOptions {
  /// Attempts to keep ("<run>/<block>.<epoch>"): published, retained, and under way. Their manifests are the roots.
  std::vector<std::string> keep;
  /// Younger things stay, reachable or not: their attempt may be about to publish. A writer that uses an old object
  /// again must renew its modification time (or write it again) before it names it, holding an ObjectsLock.
  std::int64_t grace_ms = 3'600'000;
  std::int64_t now_ms = 0;  ///< Unix time
  bool dry_run = false;     ///< say what would be removed, and remove nothing
};

struct Collected {
  std::vector<std::string> attempts;  ///< removed, by id
  std::int64_t objects = 0;           ///< how many objects were removed
  std::int64_t bytes = 0;             ///< freed by objects and attempts
  std::int64_t kept_objects = 0;
  std::int64_t kept_bytes = 0;
  /// Files that do not belong here or cannot be read, each with a sentence; they are left alone.
  std::vector<std::string> oddities;
};

/// Collect below `state_root` (a canvas's .easel). Removes attempt folders that are not kept and objects that no kept
/// manifest reaches, both only if older than the grace period. The caller must hold the canvas's engine.
///
/// If a kept manifest is there but cannot be read, what it needs is unknown: attempts are collected, objects are not,
/// and an oddity says so. A kept attempt without a manifest (failed, under way) reaches nothing.
///
/// Errors: only if `state_root` itself cannot be read; whatever is wrong below it is an oddity.
Result<Collected> CollectGarbage(const std::string& state_root, const CollectOptions& options);

}  // namespace easel
