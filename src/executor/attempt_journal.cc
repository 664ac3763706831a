#include "executor/attempt_journal.h"

#include "executor/event_log.h"

namespace easel {

Result<std::unique_ptr<AttemptJournal>> AttemptJournal::Create(const std::string& path,
                                                               std::int64_t limit_bytes) {
  EASEL_TRY(JournalWriter writer, JournalWriter::Create(path));
  return std::unique_ptr<AttemptJournal>(new AttemptJournal(std::move(writer), limit_bytes));
}

Status AttemptJournal::Append(JournalStream stream, std::string_view payload) {
  const auto size = static_cast<std::int64_t>(payload.size());
  if (stream <= JournalStream::kDisplay && size_bytes() + size > limit_bytes_) {
    dropped_bytes_ += size;
    return {};
  }
  return writer_.Append(stream, UnixMicroseconds(), payload);
}

}  // namespace easel
