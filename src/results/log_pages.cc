#include "results/log_pages.h"

#include <algorithm>
#include <mutex>

#include "base/json.h"
#include "canvas/utf8.h"

namespace easel {
namespace {

constexpr std::int64_t kLinesBetweenMarks = 2048;
constexpr std::ptrdiff_t kRich = 2000;
constexpr std::int64_t kBytesBetweenMarks = std::int64_t{1} << 20;

bool IsText(JournalStream stream) {
  return stream == JournalStream::kStdout || stream == JournalStream::kStderr;
}

/// What a terminal would show of a line: the part behind the last carriage return that something follows.
std::string_view Shown(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t back = line.rfind('\r');
  return back == std::string_view::npos ? line : line.substr(back + 1);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Holds(std::string_view line, std::string_view lowered) {
  return std::search(line.begin(), line.end(), lowered.begin(), lowered.end(),
                     [](char a, char b) { return Lower(a) == b; }) != line.end();
}

}  // namespace

std::string LogCutter::Words(const JournalRecord& record) {
  const auto parsed = ParseJson(record.payload, "journal");
  if (!parsed || !parsed->is_object()) return "";
  JsonReader reader(*parsed, "journal");
  if (record.stream == JournalStream::kNotice) return reader.StringOr("message", "");
  const std::string name = reader.StringOr("ename", ""), value = reader.StringOr("evalue", "");
  return name + (name.empty() || value.empty() ? "" : ": ") + value;
}

template <typename Line>
void LogCutter::Add(const JournalRecord& record, Line&& line) {
  if (record.stream == JournalStream::kError || record.stream == JournalStream::kNotice) {
    std::string words = Words(record);
    for (std::string_view rest = words; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      line(record.stream, rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return;
  }
  if (!IsText(record.stream)) return;
  std::string& unfinished = unfinished_[record.stream == JournalStream::kStdout ? 0 : 1];
  std::string_view rest = record.payload;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      unfinished.append(rest.substr(0, kLongestLine - std::min(kLongestLine, unfinished.size())));
      return;
    }
    if (unfinished.empty()) {
      line(record.stream, rest.substr(0, std::min(end, kLongestLine)));
    } else {
      unfinished.append(
          rest.substr(0, std::min(end, kLongestLine - std::min(kLongestLine, unfinished.size()))));
      line(record.stream, std::string_view(unfinished));
      unfinished.clear();
    }
    rest.remove_prefix(end + 1);
  }
}

template <typename Line>
void LogCutter::Rest(Line&& line) const {
  if (!unfinished_[0].empty()) line(JournalStream::kStdout, std::string_view(unfinished_[0]));
  if (!unfinished_[1].empty()) line(JournalStream::kStderr, std::string_view(unfinished_[1]));
}

struct LogPages::Marks {
  struct Mark {
    std::int64_t line = 0;    ///< lines that were complete before
    std::int64_t offset = 0;  ///< of the record that comes next; 0: the first one
    LogCutter cutter;         ///< with what was not complete then
    std::int64_t text_bytes = 0;
    JournalPlace place;
  };

  /// Read on from the last mark to the journal's present end.
  Status Grow() {
    EASEL_TRY(JournalReader reader, JournalReader::Open(path, end.offset));
    for (;;) {
      EASEL_TRY(const auto record, reader.Next());
      if (!record) return {};
      end.cutter.Add(*record, [&](JournalStream, std::string_view) { ++end.line; });
      (void)end.place.Pass(*record);
      if (IsText(record->stream))
        end.text_bytes += static_cast<std::int64_t>(record->payload.size());
      else if (record->stream != JournalStream::kEnd)
        rich.push_back(record->offset);
      if (rich.size() > static_cast<std::size_t>(2 * kRich)) rich.erase(rich.begin(), rich.end() - kRich);
      end.offset = reader.offset();
      if (end.line - marks.back().line >= kLinesBetweenMarks ||
          end.offset - marks.back().offset >= kBytesBetweenMarks)
        marks.push_back(end);
    }
  }
  std::int64_t total() const {
    std::int64_t out = end.line;
    end.cutter.Rest([&](JournalStream, std::string_view) { ++out; });
    return out;
  }

  std::mutex mutex;
  std::string path;
  std::vector<Mark> marks{Mark{}};
  std::vector<std::int64_t> rich;  ///< offsets of records that are no text
  Mark end;                        ///< how far the journal was read
};

LogPages::LogPages(std::string path) : marks_(std::make_unique<Marks>()) { marks_->path = std::move(path); }
LogPages::~LogPages() = default;

Result<LogLines> LogPages::Page(std::int64_t from, std::int64_t count) {
  Marks::Mark at;
  std::int64_t stop = 0;
  LogLines out;
  {
    const std::lock_guard lock(marks_->mutex);
    EASEL_RETURN_IF_ERROR(marks_->Grow());
    out.total = marks_->total();
    out.from = std::clamp<std::int64_t>(from < 0 ? out.total + from : from, 0, out.total);
    const auto after = std::ranges::upper_bound(marks_->marks, out.from, {}, &Marks::Mark::line);
    at = after == marks_->marks.begin() ? Marks::Mark{} : *std::prev(after);
    stop = marks_->end.offset;
  }
  std::int64_t n = at.line;
  const auto take = [&](JournalStream stream, std::string_view text) {
    if (n >= out.from && n < out.from + count) out.lines.push_back({n, stream, ValidUtf8(Shown(text))});
    ++n;
  };
  EASEL_TRY(JournalReader reader, JournalReader::Open(marks_->path, at.offset));
  while (n < out.from + count && reader.offset() < stop) {
    EASEL_TRY(const auto record, reader.Next());
    if (!record) break;
    at.cutter.Add(*record, take);
  }
  if (reader.offset() >= stop) at.cutter.Rest(take);
  return out;
}

Result<LogLines> LogPages::Search(std::string_view text, std::int64_t from, std::int64_t count) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), Lower);
  LogLines out{.from = std::max<std::int64_t>(from, 0)};
  LogCutter cutter;
  std::int64_t n = 0;
  const auto take = [&](JournalStream stream, std::string_view line) {
    const std::string_view shown = Shown(line);
    if (Holds(shown, lowered)) {
      if (out.total >= out.from && static_cast<std::int64_t>(out.lines.size()) < count)
        out.lines.push_back({n, stream, ValidUtf8(shown)});
      ++out.total;
    }
    ++n;
  };
  EASEL_TRY(JournalReader reader, JournalReader::Open(marks_->path));
  for (;;) {
    EASEL_TRY(const auto record, reader.Next());
    if (!record) break;
    cutter.Add(*record, take);
  }
  cutter.Rest(take);
  return out;
}

Result<LogPages::Gist> LogPages::FindGist(std::int64_t tail_bytes) {
  const std::lock_guard lock(marks_->mutex);
  EASEL_RETURN_IF_ERROR(marks_->Grow());
  const auto after =
      std::ranges::upper_bound(marks_->marks, marks_->end.offset - tail_bytes, {}, &Marks::Mark::offset);
  const Marks::Mark at = after == marks_->marks.begin() ? Marks::Mark{} : *std::prev(after);
  Gist out{.tail = at.offset, .cut_bytes = at.text_bytes, .place = at.place};
  for (const std::int64_t offset : marks_->rich)
    if (offset < at.offset) out.rich.push_back(offset);
  if (out.rich.size() > static_cast<std::size_t>(kRich))
    out.rich.erase(out.rich.begin(), out.rich.end() - kRich);
  return out;
}

}  // namespace easel
