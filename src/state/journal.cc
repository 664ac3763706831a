#include "state/journal.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "state/bytes.h"
#include "state/crc.h"

namespace easel {

namespace {

constexpr char kJournalMagic[] = {'E', 'A', 'S', 'E', 'L', 'J', 'N', 'L'};
constexpr std::uint32_t kJournalVersion = 1;
constexpr std::size_t kRecordHeaderBytes = 20;
constexpr std::size_t kReadBytes = 256 << 10;

}  // namespace

Result<JournalWriter> JournalWriter::Create(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd.valid()) return FailErrno("create " + path, errno);
  char header[kJournalHeaderBytes] = {};
  std::memcpy(header, kJournalMagic, sizeof kJournalMagic);
  StoreLittle(header + 8, kJournalVersion);
  if (Status written = WriteAll(fd.get(), {header, sizeof header}); !written) {
    written.error().message = path + ": " + written.error().message;
    return std::unexpected(std::move(written).error());
  }
  return JournalWriter(std::move(fd), path);
}

Status JournalWriter::Append(JournalStream stream, std::int64_t unix_us, std::string_view payload) {
  if (payload.size() > kJournalMaxPayloadBytes)
    return Fail(Code::kInvalidArgument, "JOURNAL_RECORD_TOO_LARGE", path_ + ": a record has at most 64 MiB");
  char header[kRecordHeaderBytes] = {};
  StoreLittle(header, static_cast<std::uint32_t>(payload.size()));
  header[4] = static_cast<char>(stream);
  StoreLittle(header + 8, static_cast<std::uint64_t>(unix_us));
  StoreLittle(header + 16, Crc32(payload));
  iovec parts[2] = {{header, sizeof header}, {const_cast<char*>(payload.data()), payload.size()}};
  int first = 0;
  while (first < 2) {
    const ssize_t n = ::writev(fd_.get(), parts + first, 2 - first);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      // Take a half-written record back, or every later one would be unreadable behind it.
      if (::ftruncate(fd_.get(), offset_) == 0) ::lseek(fd_.get(), offset_, SEEK_SET);
      return FailErrno("write " + path_, error);
    }
    std::size_t done = static_cast<std::size_t>(n);
    while (first < 2 && done >= parts[first].iov_len) done -= parts[first++].iov_len;
    if (first < 2) {
      parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + done;
      parts[first].iov_len -= done;
    }
  }
  offset_ += static_cast<std::int64_t>(sizeof header + payload.size());
  return {};
}

Status JournalWriter::Sync() {
  if (::fdatasync(fd_.get()) != 0) return FailErrno("fsync " + path_, errno);
  return {};
}

void JournalWriter::StartWriting() const { ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

Status JournalWriter::WaitForBytes() const {
  static constexpr unsigned kAll =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  if (::sync_file_range(fd_.get(), 0, 0, kAll) != 0) return FailErrno("save " + path_, errno);
  return {};
}

Result<JournalReader> JournalReader::Open(const std::string& path, std::int64_t offset) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  JournalReader reader(std::move(fd), path, 0);
  EASEL_TRY(const bool whole, reader.Fill(kJournalHeaderBytes));
  if (!whole || std::memcmp(reader.buffer_.data(), kJournalMagic, sizeof kJournalMagic) != 0)
    return reader.Damaged("it is not a journal");
  if (const auto version = LoadLittle<std::uint32_t>(reader.buffer_.data() + 8); version != kJournalVersion)
    return reader.Damaged("its version is " + std::to_string(version) + ", and this easel reads version 1");
  reader.offset_ = std::max(offset, kJournalHeaderBytes);
  return reader;
}

std::unexpected<Error> JournalReader::Damaged(std::string_view how) const {
  return Fail(Code::kDataLoss, "JOURNAL_DAMAGED",
              path_ + ": damaged at byte " + std::to_string(offset_) + ": " + std::string(how));
}

Result<bool> JournalReader::Fill(std::size_t size) {
  const auto have = [&] {
    return static_cast<std::size_t>(buffer_begin_ + static_cast<std::int64_t>(buffer_.size()) - offset_);
  };
  if (offset_ < buffer_begin_ || offset_ > buffer_begin_ + static_cast<std::int64_t>(buffer_.size())) {
    buffer_.clear();
    buffer_begin_ = offset_;
  }
  if (have() >= size) return true;
  buffer_.erase(0, static_cast<std::size_t>(offset_ - buffer_begin_));
  buffer_begin_ = offset_;
  while (buffer_.size() < size) {
    const std::size_t old = buffer_.size();
    // A length comes from the file: grow by what is really there, not by what it says.
    buffer_.resize(old + kReadBytes);
    ssize_t n = 0;
    do {
      n = ::pread(fd_.get(), buffer_.data() + old, kReadBytes, offset_ + static_cast<std::int64_t>(old));
    } while (n < 0 && errno == EINTR);
    buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0) return FailErrno("read " + path_, errno);
    if (n == 0) return false;
  }
  return true;
}

Result<std::optional<JournalRecord>> JournalReader::Next() {
  EASEL_TRY(const bool header_there, Fill(kRecordHeaderBytes));
  if (!header_there) return std::nullopt;
  const char* header = buffer_.data() + (offset_ - buffer_begin_);
  const auto size = LoadLittle<std::uint32_t>(header);
  const auto stream = static_cast<unsigned char>(header[4]);
  if (size > kJournalMaxPayloadBytes) return Damaged("a record of " + std::to_string(size) + " bytes");
  if (stream < 1 || stream > 6 || header[5] != 0 || header[6] != 0 || header[7] != 0)
    return Damaged("a record of unknown stream " + std::to_string(stream));
  EASEL_TRY(const bool payload_there, Fill(kRecordHeaderBytes + size));
  if (!payload_there) return std::nullopt;
  header = buffer_.data() + (offset_ - buffer_begin_);  // Fill may have moved the buffer
  JournalRecord out;
  out.stream = static_cast<JournalStream>(stream);
  out.unix_us = static_cast<std::int64_t>(LoadLittle<std::uint64_t>(header + 8));
  out.offset = offset_;
  out.payload = {header + kRecordHeaderBytes, size};
  if (Crc32(out.payload) != LoadLittle<std::uint32_t>(header + 16))
    return Damaged("a record's checksum does not match");
  offset_ += static_cast<std::int64_t>(kRecordHeaderBytes + size);
  return out;
}

}  // namespace easel
