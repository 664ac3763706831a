// What a run says, as the JSON contract of `easel run --json` has it (docs/user/json.md).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canvas/canvas.h"
#include "engine/engine.h"
#include "state/journal.h"

namespace easel {

/// The event of an announcement of one thing; of BlocksUpToDate, that of its first block.
json::object ToEvent(const Announcement& what, const RunId& run, const Canvas& canvas);
/// Call `sink` with each event of an announcement, in order.
template <typename Sink>
void ForEachEvent(const Announcement& what, const RunId& run, const Canvas& canvas, Sink&& sink) {
  const auto* many = std::get_if<BlocksUpToDate>(&what);
  if (many == nullptr) return sink(ToEvent(what, run, canvas));
  for (const std::int32_t block : many->blocks)
    sink(ToEvent(BlockFinished{.block = block, .outcome = Outcome::kUpToDate, .reason = many->reason}, run,
                 canvas));
}

/// Turns journal records into events. One per attempt: it keeps the bytes of a character that is not complete yet.
class JournalEvents {
 public:
  explicit JournalEvents(std::string block) : block_(std::move(block)) {}

  /// Append the events of one record; adjoining text of one stream is joined.
  void Add(const JournalRecord& record, std::vector<json::object>& events);
  /// What the block is called from now on.
  void Rename(const std::string& block) { block_ = block; }

 private:
  std::string block_;
  std::string carry_[2];  ///< of stdout and stderr
};

/// A failure that Python itself could not report (a crash, a limit) is an error of the block like any other: its
/// `block.error`, from the `failure` that an attempt ended with.
json::object FailureEvent(const json::object& failure, std::string_view block);

/// Who asked for a run, from its record's `request`; empty if that was not said.
std::string StartedBy(std::string_view request);

/// Valid UTF-8 out of any bytes: what is invalid becomes U+FFFD; an incomplete character at the end goes to `carry`.
std::string ToUtf8(std::string_view bytes, std::string& carry);

}  // namespace easel
