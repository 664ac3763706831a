// A journal as a person reads it, and as JSON: streams in lines, displays rendered, errors with their traceback.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/escape.h"
#include "cli/render.h"
#include "cli/terminal.h"
#include "state/journal.h"

namespace easel {

/// Turns records into safe text, in order. Give it every record of one attempt, then Finish. Not thread-safe.
class JournalText {
 public:
  JournalText(Terminal terminal, DisplayPlace place) : terminal_(terminal), place_(std::move(place)) {}

  /// Whole lines that the record completed; may be empty.
  std::string Add(const JournalRecord& record);
  /// What is left of an unfinished line.
  std::string Finish();
  /// The attempt's last record was seen.
  bool ended() const { return ended_; }

 private:
  std::string Stream(JournalStream stream, std::string_view chunk);

  Terminal terminal_;
  DisplayPlace place_;
  LineAssembler lines_;
  JournalStream current_ = JournalStream::kStdout;
  bool ended_ = false;
};

/// "stdout", "stderr", "display", "error", "notice", "end"
std::string_view JournalStreamName(JournalStream stream);

/// The journal's records as a JSON array; neighbouring chunks of one stream become one record of at most about 1 MiB.
///
/// Errors: as JournalReader gives them; the records before the damage are in `records`.
Status ReadJournalAsJson(const std::string& path, json::array& records);

}  // namespace easel
