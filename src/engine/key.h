// Keys: what a block's result depends on, as digests that can be compared and explained.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/analysis.h"
#include "engine/join.h"
#include "state/manifest.h"

namespace easel {

/// Everything that enters a block's key except its files, by part, so that a difference can be named.
struct KeyInputs {
  std::string kind;
  std::string code;                                          ///< digest of the normalised code
  std::string environment;                                   ///< digest
  std::map<std::string, std::string, std::less<>> names;     ///< name read -> version ("absent" included)
  std::map<std::string, std::string, std::less<>> settings;  ///< setting -> digest of its value
  std::map<std::string, std::string, std::less<>>
      origins;  ///< name -> block that made it; for words, not in the key
  /// How many renames of blocks the database had recorded: names of blocks here, and in the manifest of the attempt that
  /// these are the inputs of, are those of then. Not in the key.
  std::int64_t renames = 0;

  std::string Digest() const;
  std::string Serialize() const;
};

/// Errors: kInvalidArgument.
Result<KeyInputs> ParseKeyInputs(std::string_view text);

/// The names that a block reads in `state`: those of its analysis, and transitively those of the functions and classes
/// that it reaches. Names that no parent has are included (a parent may define `print`). Sorted.
std::vector<std::string> ReadClosure(const Analysis& analysis, const State& state);

KeyInputs MakeKeyInputs(std::string_view kind, const Analysis& analysis, std::string_view environment_digest,
                        StateIndex& state);

/// The names of `closure` that `state` holds: what the worker loads before the block runs.
std::vector<std::string> NamesToLoad(const std::vector<std::string>& closure, const State& state);

/// What changed from `before` to `now`, in words a person understands: "code changed", "`df` from `load` changed".
/// Empty if nothing did.
std::string ExplainDifference(const KeyInputs& before, const KeyInputs& now);

/// The first recorded use of a file that no longer holds, as "`data.csv` changed"; nullopt if all hold.
///
/// `current(path)` gives the present digest of a path as a manifest would record it; `is_ours(path, digest)` says
/// whether a published block left exactly this content there, so that a file which one block makes and another one
/// updates does not make the first stale.
template <typename Current, typename IsOurs>
std::optional<std::string> ChangedFile(const FileUse& files, Current&& current, IsOurs&& is_ours) {
  for (const auto& [path, recorded] : files.read) {
    const std::string now = current(path);
    if (now == recorded) continue;
    const auto own = files.written.find(path);
    if (own != files.written.end() && own->second == now) continue;
    if (recorded == "absent") return "`" + path + "` is there now";
    if (now == "absent") return "`" + path + "` is gone";
    return path.ends_with('/') ? "the files in `" + path + "` changed" : "`" + path + "` changed";
  }
  for (const auto& [path, recorded] : files.outside)
    if (current(path) != recorded) return "`" + path + "` changed";
  for (const auto& [path, recorded] : files.written) {
    const std::string now = current(path);
    if (now == recorded || is_ours(path, now)) continue;
    return "`" + path + "`, which it wrote, " + (now == "absent" ? "is gone" : "changed");
  }
  return std::nullopt;
}

/// base key and files -> the full key of an attempt.
std::string FullKey(std::string_view base_key, const FileUse& files);

}  // namespace easel
