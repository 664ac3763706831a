// The wire of contracts/executor_protocol.md, without any I/O: lines, frames and the shape of requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

inline constexpr int kProtocolVersion = 1;
inline constexpr std::size_t kMaxRequestBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxWorkerFrameBytes = std::size_t{64} << 20;

/// Cuts a stream of bytes into lines. Not thread-safe.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}
  /// Append the complete lines in `bytes` (without their newline; empty lines are left out) to `lines`.
  ///
  /// Errors: kResourceExhausted FRAME_TOO_LARGE; the stream cannot be read any further then.
  Status Feed(std::string_view bytes, std::vector<std::string>& lines);

 private:
  std::size_t max_line_bytes_;
  std::string partial_;
};

/// Cuts a stream of bytes into frames of 4 bytes length (little endian) and content. Not thread-safe.
class FrameSplitter {
 public:
  explicit FrameSplitter(std::size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}
  /// Errors: kResourceExhausted FRAME_TOO_LARGE, as soon as the length is known.
  Status Feed(std::string_view bytes, std::vector<std::string>& frames);

 private:
  std::size_t max_frame_bytes_;
  std::string partial_;
};

std::string EncodeFrame(std::string_view content);

/// One request of an engine. `body` is the whole object, "id" and "op" included.
struct Request {
  std::int64_t id = 0;
  std::string op;
  json::object body;
};

/// Errors: kInvalidArgument (JSON_MALFORMED, JSON_SHAPE).
Result<Request> ParseRequest(std::string_view line);

std::string AnswerLine(std::int64_t id, json::object ok);
std::string ErrorLine(std::int64_t id, const Error& error);
/// An error as an answer carries it -> Error. Unknown codes become kUnknown.
Error ErrorFromJson(const json::object& error);

}  // namespace easel
