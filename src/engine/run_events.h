// What a run says, as the JSON contract of `easel run --json` has it (docs/user/json.md).
#pragma once

#include <array>
#include <cstdint>
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

/// How far an attempt's journal was read, in what it shows. A value.
class JournalPlace {
 public:
  /// Go on behind a record; its text as valid UTF-8, without a character that is not complete yet.
  std::string Pass(const JournalRecord& record);
  /// Text of a stream so far, in UTF-16 code units, as browsers count.
  std::int64_t units(JournalStream stream) const { return units_[stream == JournalStream::kStderr ? 1 : 0]; }
  /// Displays, errors and notices so far.
  std::int64_t frames() const { return frames_; }
  /// The same with so many frames fewer behind it.
  JournalPlace Back(std::int64_t frames) const;

 private:
  std::array<std::string, 2> carry_;  ///< of stdout and stderr
  std::array<std::int64_t, 2> units_{};
  std::int64_t frames_ = 0;
};

/// Turns journal records into events. One per attempt: it keeps the bytes of a character that is not complete yet. Each
/// has the place that it reaches as its `end` (docs/user/json.md).
class JournalEvents {
 public:
  explicit JournalEvents(std::string block, JournalPlace from = {})
      : block_(std::move(block)), place_(std::move(from)) {}

  /// Append the events of one record; adjoining text of one stream is joined.
  void Add(const JournalRecord& record, std::vector<json::object>& events);
  const JournalPlace& place() const { return place_; }
  /// What the block is called from now on.
  void Rename(const std::string& block) { block_ = block; }

 private:
  std::string block_;
  JournalPlace place_;
};

/// A failure that Python itself could not report (a crash, a limit) is an error of the block like any other: its
/// `block.error`, from the `failure` that an attempt ended with.
json::object FailureEvent(const json::object& failure, std::string_view block);

/// Who asked for a run, from its record's `request`; empty if that was not said.
std::string StartedBy(std::string_view request);

/// Valid UTF-8 out of any bytes: what is invalid becomes U+FFFD; an incomplete character at the end goes to `carry`.
std::string ToUtf8(std::string_view bytes, std::string& carry);

}  // namespace easel
