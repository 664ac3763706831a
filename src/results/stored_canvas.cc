#include "results/stored_canvas.h"

#include <algorithm>
#include <climits>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "canvas/problem.h"
#include "canvas/reader.h"

namespace easel {

const BlockRecord* StoredCanvas::Find(std::string_view block) const {
  const auto found = std::ranges::find(snapshot.blocks, block, &BlockRecord::block);
  return found == snapshot.blocks.end() ? nullptr : &*found;
}

Result<StoredCanvas> OpenStoredCanvas(const std::string& folder) {
  StoredCanvas out;
  out.shown = folder;
  EASEL_TRY(const CanvasReading reading, ReadCanvasWithProblems(folder, {.sources = false}));
  std::error_code ignored;
  std::filesystem::path root = std::filesystem::absolute(folder, ignored);
  if (root.filename() == kCanvasFile) root = root.parent_path();
  out.state_root = (root / ".easel").lexically_normal().string();
  std::set<std::string, std::less<>> known;
  if (reading.canvas)
    for (const Block& block : reading.canvas->blocks) {
      out.blocks.push_back(block.name);
      known.insert(block.name);
    }
  auto metadata = OpenSqliteMetadata(out.state_root + "/" + std::string(kMetadataFile), true);
  if (!metadata && metadata.error().code == Code::kNotFound) return out;
  EASEL_TRY(out.metadata, std::move(metadata));
  EASEL_TRY(out.snapshot, out.metadata->Load());
  // A block that was forgotten or renamed left its epoch behind, and nothing to look at.
  const auto is_fence = [&](const BlockRecord& block) {
    return block.published_attempt.empty() && block.last_status.empty() &&
           std::ranges::count(out.snapshot.open_attempts, block.block, &AttemptRecord::block) == 0;
  };
  for (const BlockRecord& block : out.snapshot.blocks)
    if (!known.contains(block.block) && !is_fence(block)) out.blocks.push_back(block.block);
  return out;
}

Status CheckBlock(const StoredCanvas& canvas, const std::string& block) {
  if (std::ranges::find(canvas.blocks, block) != canvas.blocks.end()) return {};
  return Fail(Code::kNotFound, "BLOCK_UNKNOWN",
              canvas.shown + ": there is no block " + Ticked(block) + DidYouMean(block, canvas.blocks) +
                  (canvas.blocks.empty() ? "" : "\nBlocks: " + JoinWords(canvas.blocks)));
}

Result<std::optional<AttemptRecord>> NewestAttempt(const StoredCanvas& canvas, const std::string& block) {
  EASEL_TRY(const auto history, canvas.metadata->History(block, INT_MAX));
  for (const AttemptRecord& attempt : history)
    if (attempt.status != AttemptStatus::kQueued && attempt.at.empty()) return attempt;
  return std::nullopt;
}

Result<AttemptRecord> FindAttempt(const StoredCanvas& canvas, const std::string& block,
                                  const std::string& words) {
  EASEL_TRY(const auto history, canvas.metadata->History(block, INT_MAX));
  std::vector<std::string> near;
  for (const AttemptRecord& attempt : history) {
    const std::string tail = attempt.attempt.substr(attempt.attempt.rfind('/') + 1);
    if (words == attempt.attempt || words == tail ||
        (!block.empty() && words == std::to_string(attempt.epoch)))
      return attempt;
    if (near.size() < 20) near.push_back(tail);
  }
  return Fail(Code::kNotFound, "ATTEMPT_UNKNOWN",
              canvas.shown + ": there is no attempt " + Ticked(words) + DidYouMean(words, near) +
                  "; `easel history " + canvas.shown + (block.empty() ? "" : " " + block) + "` lists them");
}

Result<std::optional<AttemptRecord>> AttemptToShow(const StoredCanvas& canvas, const std::string& block) {
  EASEL_TRY(auto newest, NewestAttempt(canvas, block));
  const BlockRecord* record = canvas.Find(block);
  const bool restored = newest && newest->status == AttemptStatus::kSucceeded && record != nullptr &&
                        !record->published_attempt.empty() && record->published_attempt != newest->attempt;
  if (!restored) return newest;
  EASEL_TRY(auto published, FindAttempt(canvas, block, record->published_attempt));
  return published;
}

}  // namespace easel
