// The journal of an attempt: everything that it showed, in order, append-only (docs/formats/journal.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace easel {

enum class JournalStream : std::uint8_t { kStdout = 1, kStderr, kDisplay, kError, kNotice, kEnd };

inline constexpr std::int64_t kJournalHeaderBytes = 16;
inline constexpr std::size_t kJournalMaxPayloadBytes = std::size_t{64} << 20;

/// Appends records to one journal. Not thread-safe. Nothing is synced: a torn tail is found by the reader.
class JournalWriter {
 public:
  /// Make the file, which must not exist, and write its header.
  ///
  /// Errors: kAlreadyExists; others as open and write give them.
  static Result<JournalWriter> Create(const std::string& path);

  /// Append one record by one write. `unix_us` is Unix time in microseconds. After an error (a full disk) the record is
  /// taken back as far as the file system allows, and the writer can go on.
  ///
  /// Errors: kInvalidArgument (more than 64 MiB); kResourceExhausted (disk full); others as writev gives them.
  Status Append(JournalStream stream, std::int64_t unix_us, std::string_view payload);

  /// Where the next record begins: all bytes before are complete records.
  std::int64_t offset() const { return offset_; }

  /// fdatasync.
  Status Sync();
  /// Begin to write its bytes to the device; wait until they are there, its size and name apart.
  void StartWriting() const;
  Status WaitForBytes() const;

 private:
  JournalWriter(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  std::string path_;
  std::int64_t offset_ = kJournalHeaderBytes;
};

struct JournalRecord {
  JournalStream stream = JournalStream::kStdout;
  std::int64_t unix_us = 0;
  std::int64_t offset = 0;   ///< where the record begins
  std::string_view payload;  ///< valid until the next call of Next
};

/// Reads records of one journal, also while it grows. Not thread-safe.
class JournalReader {
 public:
  /// Open a journal and stand at `offset`, which must be the begin of a record (0: the first).
  ///
  /// Errors: kNotFound; kDataLoss JOURNAL_DAMAGED (foreign or newer file), naming it.
  static Result<JournalReader> Open(const std::string& path, std::int64_t offset = 0);

  /// The next record, or nothing at the end: at the end of the file, or before a record that is not complete yet (of a
  /// writer at work, or torn by a crash). Later calls look again.
  ///
  /// Errors: kDataLoss JOURNAL_DAMAGED naming file and offset; the reader then stays where it is.
  Result<std::optional<JournalRecord>> Next();

  /// Where the next record begins.
  std::int64_t offset() const { return offset_; }

 private:
  JournalReader(UniqueFd fd, std::string path, std::int64_t offset)
      : fd_(std::move(fd)), path_(std::move(path)), offset_(offset) {}
  /// Have at least `size` bytes from `offset_` on in the buffer; false if the file has fewer.
  Result<bool> Fill(std::size_t size);
  std::unexpected<Error> Damaged(std::string_view how) const;

  UniqueFd fd_;
  std::string path_;
  std::int64_t offset_ = 0;
  std::string buffer_;  ///< bytes of the file from buffer_begin_ on
  std::int64_t buffer_begin_ = 0;
};

}  // namespace easel
