#include "executor/protocol.h"

#include <cstring>

namespace easel {

Status LineSplitter::Feed(std::string_view bytes, std::vector<std::string>& lines) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() > max_line_bytes_)
      return Fail(
          Code::kResourceExhausted, "FRAME_TOO_LARGE",
          "a line of the executor protocol is longer than " + std::to_string(max_line_bytes_) + " bytes");
    partial_.append(piece);
    if (end == std::string_view::npos) return {};
    if (!partial_.empty()) lines.push_back(std::move(partial_));
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
  return {};
}

Status FrameSplitter::Feed(std::string_view bytes, std::vector<std::string>& frames) {
  while (!bytes.empty()) {
    if (partial_.size() < 4) {
      const std::size_t take = std::min<std::size_t>(4 - partial_.size(), bytes.size());
      partial_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      if (partial_.size() < 4) return {};
    }
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i) length |= std::size_t{static_cast<unsigned char>(partial_[i])} << (8 * i);
    if (length > max_frame_bytes_)
      return Fail(Code::kResourceExhausted, "FRAME_TOO_LARGE",
                  "a worker announced a frame of " + std::to_string(length) + " bytes; the limit is " +
                      std::to_string(max_frame_bytes_));
    // Memory grows with what really arrived, never with what was announced.
    const std::size_t take = std::min(length + 4 - partial_.size(), bytes.size());
    partial_.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (partial_.size() == length + 4) {
      frames.push_back(partial_.substr(4));
      partial_.clear();
    }
  }
  return {};
}

std::string EncodeFrame(std::string_view content) {
  std::string out(4, '\0');
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(content.size() >> (8 * i));
  out.append(content);
  return out;
}

Result<Request> ParseRequest(std::string_view line) {
  EASEL_TRY(json::value value, ParseJson(line, "request"));
  Request request;
  JsonReader reader(value, "request");
  request.id = reader.Int("id");
  request.op = reader.String("op");
  EASEL_RETURN_IF_ERROR(reader.status());
  request.body = std::move(value.as_object());
  return request;
}

std::string AnswerLine(std::int64_t id, json::object ok) {
  return json::serialize(json::object{{"id", id}, {"ok", std::move(ok)}}) + "\n";
}

std::string ErrorLine(std::int64_t id, const Error& error) {
  return json::serialize(json::object{
             {"id", id},
             {"error",
              {{"code", CodeName(error.code)}, {"reason", error.reason}, {"message", error.message}}}}) +
         "\n";
}

Error ErrorFromJson(const json::object& error) {
  const auto text = [&](std::string_view field) {
    const json::value* found = error.if_contains(field);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  Error out{Code::kUnknown, text("reason"), text("message")};
  const std::string name = text("code");
  for (int code = 1; code <= 16; ++code)
    if (CodeName(static_cast<Code>(code)) == name) out.code = static_cast<Code>(code);
  return out;
}

}  // namespace easel
