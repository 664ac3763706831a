// An attempt's journal while it is written: the two pipes and the worker's frames, in order, within a limit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "state/journal.h"

namespace easel {

/// A JournalWriter that drops and counts what is more than the block's limit. For one thread at a time.
class AttemptJournal {
 public:
  /// Create `path`, which must not exist.
  ///
  /// Errors: as JournalWriter::Create.
  static Result<std::unique_ptr<AttemptJournal>> Create(const std::string& path, std::int64_t limit_bytes);

  /// Append one record, stamped now. Output beyond the limit is dropped (stdout, stderr, displays); the rest always fits.
  ///
  /// Errors: as JournalWriter::Append.
  Status Append(JournalStream stream, std::string_view payload);

  Status Sync() { return writer_.Sync(); }
  void StartWriting() const { writer_.StartWriting(); }
  Status WaitForBytes() const { return writer_.WaitForBytes(); }
  std::int64_t size_bytes() const { return writer_.offset(); }
  std::int64_t dropped_bytes() const { return dropped_bytes_; }

 private:
  AttemptJournal(JournalWriter writer, std::int64_t limit_bytes)
      : writer_(std::move(writer)), limit_bytes_(limit_bytes) {}

  JournalWriter writer_;
  std::int64_t limit_bytes_;
  std::int64_t dropped_bytes_ = 0;
};

}  // namespace easel
