// All that a canvas's database says of its results as one value: to be kept elsewhere, and joined with what another machine's says.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "metadata/metadata_store.h"

namespace easel {

/// Analyses and cursors are left out: they belong to one machine.
struct MetadataDocument {
  struct Run {
    RunRecord run;
    std::int64_t through = 0;  ///< how many of `publications`, from the first on, its end saw

    bool operator==(const Run&) const = default;
  };
  struct Publication {
    std::string aside;  ///< as docs/formats/database.md has it
    StandingResult result;

    bool operator==(const Publication&) const = default;
    auto operator<=>(const Publication& other) const {
      return std::tie(aside, result.block, result.attempt, result.manifest, result.published_ms) <=>
             std::tie(other.aside, other.result.block, other.result.attempt, other.result.manifest,
                      other.result.published_ms);
    }
  };
  using Names = std::map<std::string, std::string, std::less<>>;

  std::vector<Run> runs;                  ///< oldest first
  std::vector<AttemptRecord> attempts;    ///< oldest first
  std::vector<BlockRecord> blocks;        ///< by name
  std::vector<Publication> publications;  ///< oldest first
  std::vector<Names> renames;             ///< oldest first

  bool operator==(const MetadataDocument&) const = default;
};

/// Only what has ended: runs and attempts under way are of one machine as well.
MetadataDocument WhatHasEnded(MetadataDocument document);

json::object ToJson(const MetadataDocument& document);

/// Everything is checked that a reader relies upon: ids of attempts are safe as paths below attempts/ (<run>/<block>.<epoch>),
/// digests are digests, numbers are in range, what a block publishes has its digest.
///
/// Errors: kInvalidArgument, naming `where` and the field.
Result<MetadataDocument> ReadMetadataDocument(const json::value& value, const std::string& where);

/// Join what two machines did since `base`, what both had. Nothing is lost: runs, attempts and publications of both are in
/// it, as if one machine had made them in order of time; what was removed on one side since stays removed, unless a block
/// publishes it. A block that only one side changed is as that side has it, one that both changed as the side that published
/// last. Epochs never go back.
///
/// Errors: kFailedPrecondition STORE_DIVERGED when both renamed blocks.
Result<MetadataDocument> MergeMetadata(MetadataDocument base, MetadataDocument ours, MetadataDocument theirs);

}  // namespace easel
