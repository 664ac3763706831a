// The lines of an attempt's journal by number: pages and searches in logs of any size.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/run_events.h"
#include "state/journal.h"

namespace easel {

struct LogLine {
  std::int64_t n = 0;  ///< from 0, in the order in which lines were completed
  JournalStream stream = JournalStream::kStdout;
  std::string
      text;  ///< valid UTF-8 without its newline; of a progress bar what it showed last; at most 64 KiB
};

struct LogLines {
  std::vector<LogLine> lines;
  std::int64_t from = 0;   ///< number of the first line of the page, also if there is none
  std::int64_t total = 0;  ///< lines so far; of a search: that match
};

/// Cuts the records of one journal into lines: text by stream, errors and notices as one line each. Keeps what is not
/// complete yet. A value; not thread-safe.
class LogCutter {
 public:
  /// Call `line(stream, text)` for each line that the record completes.
  template <typename Line>
  void Add(const JournalRecord& record, Line&& line);
  /// The lines that are not complete yet.
  template <typename Line>
  void Rest(Line&& line) const;

 private:
  static constexpr std::size_t kLongestLine = 64 << 10;
  static std::string Words(const JournalRecord& record);
  std::string unfinished_[2];  ///< of stdout and stderr
};

/// A journal with marks at every few thousand lines, so that a page is read from the mark before it. The marks are made
/// by reading the journal once, and go on as it grows. Thread-safe.
class LogPages {
 public:
  explicit LogPages(std::string path);
  ~LogPages();

  /// `count` lines from line `from` on; negative: from the end.
  ///
  /// Errors: kNotFound (no journal); kDataLoss JOURNAL_DAMAGED.
  Result<LogLines> Page(std::int64_t from, std::int64_t count);
  /// Of the lines that hold `text` in any case (ASCII), the `from`th and what follows. Reads all of the journal.
  Result<LogLines> Search(std::string_view text, std::int64_t from, std::int64_t count);

  /// Where to read what an attempt showed when most of its text is not wanted.
  struct Gist {
    std::vector<std::int64_t>
        rich;                    ///< offsets of displays, errors and notices before `tail`, the newest 2,000
    std::int64_t tail = 0;       ///< from here on all records are wanted; 0: from the first one
    std::int64_t cut_bytes = 0;  ///< of text before `tail`
    JournalPlace place;          ///< at `tail`
  };
  /// `tail_bytes` of the journal at least are behind the tail, and about a MiB more at most.
  ///
  /// Errors: as Page.
  Result<Gist> FindGist(std::int64_t tail_bytes);

 private:
  struct Marks;
  std::unique_ptr<Marks> marks_;
};

}  // namespace easel
