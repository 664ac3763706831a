// JSON in pieces: what is written leaves in buffers of 64 KiB.
#pragma once

#include <arrow/status.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "state/table/abi.h"

namespace easel::table {

/// Collects text and hands it on. Not thread-safe.
class TextOut {
 public:
  explicit TextOut(const EaselTableWriter& writer) : writer_(writer) {}

  std::string& text() { return text_; }
  /// Hand on what there is, if it is much.
  arrow::Status Pass() { return text_.size() < kPieceBytes ? arrow::Status::OK() : Flush(); }
  arrow::Status Flush() {
    if (!text_.empty() && writer_.write(writer_.context, text_.data(), text_.size()) != 0)
      return arrow::Status::Cancelled("stopped");
    text_.clear();
    return arrow::Status::OK();
  }

 private:
  static constexpr std::size_t kPieceBytes = 1 << 16;
  EaselTableWriter writer_;
  std::string text_;
};

/// Append a JSON string; `text` is valid UTF-8.
inline void AppendJson(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

template <typename Number>
void AppendNumber(Number value, std::string& out) {
  char text[64];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

}  // namespace easel::table
