#include "server/sent_bytes.h"

#include <charconv>

#include "blob/gcs_wire.h"

namespace easel {

Result<SentBytes> SentBytesOf(const HttpRequest& request) {
  const std::string_view header = request.Header("content-range");
  const auto size = static_cast<std::int64_t>(request.body.size());
  if (header.empty()) return SentBytes{.first = 0, .total = size};
  static constexpr std::string_view kAsk = "bytes */";
  if (header.starts_with(kAsk) && size == 0) {
    SentBytes sent;
    const std::string_view text = header.substr(kAsk.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sent.total);
    if (error == std::errc() && end == text.data() + text.size() && sent.total >= 0) return sent;
  } else if (const auto range = ReadContentRange(header); range && range->last - range->first + 1 == size) {
    return SentBytes{.first = range->first, .total = range->size};
  }
  return Fail(
      Code::kInvalidArgument, "BAD_PARAMETER",
      "`Content-Range` is `bytes FIRST-LAST/TOTAL`, of just the bytes of the body, or `bytes */TOTAL` "
      "without a body");
}

}  // namespace easel
