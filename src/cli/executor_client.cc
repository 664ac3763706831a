#include "cli/executor_client.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/clock.h"
#include "base/file.h"
#include "executor/runtime_folder.h"

namespace easel {
namespace {

constexpr std::size_t kLargestFrame = 64 << 20;

Code CodeNamed(std::string_view name) {
  for (int code = 1; code <= static_cast<int>(Code::kUnauthenticated); ++code)
    if (CodeName(static_cast<Code>(code)) == name) return static_cast<Code>(code);
  return Code::kUnknown;
}

/// Reads lines from a socket until a deadline.
class Lines {
 public:
  Lines(int fd, int timeout_ms) : fd_(fd), deadline_ms_(clock_.MonotonicMs() + timeout_ms) {}

  Result<json::value> Next() {
    for (;;) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return ParseJson(line, "executor's answer");
      }
      const std::int64_t left = deadline_ms_ - clock_.MonotonicMs();
      pollfd poller{.fd = fd_, .events = POLLIN, .revents = 0};
      const int ready = left > 0 ? ::poll(&poller, 1, static_cast<int>(left)) : 0;
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return Fail(Code::kUnavailable, "EXECUTOR_SILENT", "the executor does not answer");
      char chunk[65536];
      const ssize_t n = ::read(fd_, chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno("read from the executor", errno);
      if (n == 0) return Fail(Code::kUnavailable, "EXECUTOR_GONE", "the executor closed the connection");
      buffer_.append(chunk, static_cast<std::size_t>(n));
      if (buffer_.size() > kLargestFrame)
        return Fail(Code::kUnavailable, "EXECUTOR_FRAME", "the executor's answer is too long");
    }
  }

 private:
  SystemClock clock_;
  int fd_;
  std::int64_t deadline_ms_;
  std::string buffer_;
};

}  // namespace

Result<ExecutorAnswer> AskExecutor(const std::string& folder, json::object request, int timeout_ms) {
  auto fd = ConnectInFolder(folder);
  if (!fd && (fd.error().code == Code::kNotFound || fd.error().code == Code::kUnavailable))
    return Fail(Code::kNotFound, "EXECUTOR_ABSENT", "no executor is running");
  if (!fd) return std::unexpected(fd.error());
  Lines lines(fd->get(), timeout_ms);
  ExecutorAnswer out;
  EASEL_TRY(const json::value hello, lines.Next());
  JsonReader reader(hello, "executor's hello");
  if (const json::object* body = reader.Object("hello")) out.hello = *body;
  EASEL_RETURN_IF_ERROR(reader.status());
  request["id"] = 1;
  EASEL_RETURN_IF_ERROR(WriteAll(fd->get(), json::serialize(request) + "\n"));
  for (;;) {
    EASEL_TRY(const json::value frame, lines.Next());
    JsonReader answer(frame, "executor's answer");
    if (answer.IntOr("id", 0) != 1) continue;
    if (const json::object* failure = answer.ObjectOr("error")) {
      const json::value value = *failure;
      JsonReader error(value, "executor's error");
      return Fail(CodeNamed(error.StringOr("code", "")), error.StringOr("reason", ""),
                  error.StringOr("message", ""));
    }
    if (const json::object* good = answer.Object("ok")) out.answer = *good;
    EASEL_RETURN_IF_ERROR(answer.status());
    return out;
  }
}

}  // namespace easel
