#include "blob/gcs_wire.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "blob/crc32c.h"

namespace easel {
namespace {

template <typename Number>
bool Parse(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         std::ranges::equal(text.substr(0, start.size()), start, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a + 32 : a) == (b >= 'A' && b <= 'Z' ? b + 32 : b);
         });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// The next line of `text`, without its end; `text` goes on behind it.
std::string_view TakeLine(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::unexpected<Error> FailUrl(std::string_view url, std::string_view problem) {
  return Fail(Code::kInvalidArgument, "STORE_INVALID",
              "`" + std::string(url.substr(0, 200)) + "`: " + std::string(problem) +
                  "; a bucket is written gs://BUCKET or gs://BUCKET/FOLDER");
}

}  // namespace

std::string GcsPlace::Name() const {
  return "gs://" + bucket + (prefix.empty() ? "" : "/" + prefix.substr(0, prefix.size() - 1));
}

std::string GcsPlace::BucketPath() const { return "/storage/v1/b/" + bucket; }

std::string GcsPlace::ObjectPath(std::string_view key) const {
  return BucketPath() + "/o/" + PercentEncode(prefix + std::string(key));
}

std::string GcsPlace::FolderPath(std::string_view key) const {
  return BucketPath() + "/folders/" + PercentEncode(prefix + std::string(key));
}

Result<GcsPlace> ParseGcsUrl(std::string_view url) {
  static constexpr std::string_view kScheme = "gs://";
  if (!url.starts_with(kScheme)) return FailUrl(url, "is not the address of a bucket");
  const std::string_view rest = url.substr(kScheme.size());
  const auto slash = rest.find('/');
  GcsPlace out{.bucket = std::string(rest.substr(0, slash))};
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const auto is_end = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (out.bucket.size() < 3 || out.bucket.size() > 222 || !std::ranges::all_of(out.bucket, fits) ||
      !is_end(out.bucket.front()) || !is_end(out.bucket.back()))
    return FailUrl(
        url, "`" + out.bucket + "` is no name of a bucket (3 to 63 small letters, digits, '-', '_', '.')");
  std::string_view prefix = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty()) return out;
  if (const Status key = CheckKey(prefix); !key) return FailUrl(url, key.error().message);
  if (prefix.size() > 500) return FailUrl(url, "the folder's name is longer than 500 bytes");
  out.prefix = std::string(prefix) + "/";
  return out;
}

std::optional<std::int64_t> ReadRfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z')
    return std::nullopt;
  if (!Parse(text.substr(0, 4), year) || !Parse(text.substr(5, 2), month) || !Parse(text.substr(8, 2), day) ||
      !Parse(text.substr(11, 2), hour) || !Parse(text.substr(14, 2), minute) ||
      !Parse(text.substr(17, 2), second))
    return std::nullopt;
  std::int64_t ms = 0;
  std::string_view fraction = text.substr(19, text.size() - 20);
  if (!fraction.empty()) {
    if (fraction.front() != '.' || fraction.size() < 2 || fraction.size() > 10) return std::nullopt;
    int digits = 0;
    if (!Parse(fraction.substr(1), digits) || digits < 0) return std::nullopt;
    ms = digits;
    for (std::size_t n = fraction.size() - 1; n < 3; ++n) ms *= 10;
    for (std::size_t n = fraction.size() - 1; n > 3; --n) ms /= 10;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (month < 1 || day < 1 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60)
    return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24LL + hour) * 60 + minute) * 60'000LL + second * 1000LL + ms;
}

std::optional<std::uint32_t> ReadHashHeader(std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view part = Trimmed(text.substr(0, comma));
    if (part.starts_with("crc32c=")) {
      const auto crc = DecodeCrc32c(part.substr(7));
      return crc ? std::optional(*crc) : std::nullopt;
    }
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return std::nullopt;
}

Result<std::int64_t> ReadUploadRange(std::string_view text) {
  if (text.empty()) return 0;
  std::int64_t last = 0;
  static constexpr std::string_view kStart = "bytes=0-";
  if (!text.starts_with(kStart) || !Parse(text.substr(kStart.size()), last) || last < 0 || last == INT64_MAX)
    return Fail(Code::kInvalidArgument, "RANGE_MALFORMED",
                "`Range: " + std::string(text.substr(0, 80)) + "` is not how much of an upload has come");
  return last + 1;
}

std::optional<ContentRange> ReadContentRange(std::string_view text) {
  static constexpr std::string_view kStart = "bytes ";
  const auto dash = text.find('-'), slash = text.find('/');
  if (!text.starts_with(kStart) || dash == std::string_view::npos || slash == std::string_view::npos ||
      slash < dash)
    return std::nullopt;
  ContentRange out;
  if (!Parse(text.substr(kStart.size(), dash - kStart.size()), out.first) ||
      !Parse(text.substr(dash + 1, slash - dash - 1), out.last) || !Parse(text.substr(slash + 1), out.size) ||
      out.first < 0 || out.last < out.first || out.last >= out.size)
    return std::nullopt;
  return out;
}

std::string ReadXmlErrorCode(std::string_view body) {
  static constexpr std::string_view kBegin = "<Code>";
  const auto begin = body.find(kBegin);
  if (begin == body.npos) return {};
  body.remove_prefix(begin + kBegin.size());
  const std::string code(body.substr(0, body.find('<')));
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0; };
  return code.size() <= 60 && std::ranges::all_of(code, is_plain) ? code : "";
}

Result<ObjectInfo> ReadObjectResource(const json::value& resource, const GcsPlace& place) {
  JsonReader reader(resource, place.Name());
  ObjectInfo out;
  const std::string name = reader.String("name");
  const auto number = [&](std::string_view field, std::int64_t& to) {
    const std::string text = reader.String(field);
    if (reader.ok() && (!Parse(std::string_view(text), to) || to < 0)) reader.Reject(field, "not a number");
  };
  number("size", out.size_bytes);
  number("generation", out.generation);
  number("metageneration", out.metageneration);
  if (const std::string crc = reader.StringOr("crc32c", ""); !crc.empty()) {
    const auto read = DecodeCrc32c(crc);
    if (read) out.crc32c = *read;
    if (!read) reader.Reject("crc32c", "not a checksum");
  }
  out.updated_ms = ReadRfc3339(reader.StringOr("updated", "")).value_or(0);
  EASEL_RETURN_IF_ERROR(reader.status());
  if (!name.starts_with(place.prefix) || name.size() == place.prefix.size())
    return Fail(Code::kDataLoss, "ANSWER_MALFORMED",
                place.Name() + ": an answer names another object: " + name);
  out.key = name.substr(place.prefix.size());
  return out;
}

std::string WriteBatch(const GcsPlace& place, const std::vector<const Deletion*>& deletions,
                       std::string_view boundary) {
  std::string out;
  for (std::size_t i = 0; i < deletions.size(); ++i) {
    std::string target = place.ObjectPath(deletions[i]->key);
    char mark = '?';
    const auto condition = [&](std::string_view name, const std::optional<std::int64_t>& value) {
      if (!value) return;
      target += mark + std::string(name) + "=" + std::to_string(*value);
      mark = '&';
    };
    condition("ifGenerationMatch", deletions[i]->if_generation);
    condition("ifMetagenerationMatch", deletions[i]->if_metageneration);
    out += "--" + std::string(boundary) + "\r\nContent-Type: application/http\r\nContent-ID: <" +
           std::to_string(i) + ">\r\n\r\nDELETE " + target + " HTTP/1.1\r\n\r\n\r\n";
  }
  return out + "--" + std::string(boundary) + "--\r\n";
}

std::map<std::size_t, BatchAnswer> ReadBatch(std::string_view content_type, std::string_view body) {
  std::map<std::size_t, BatchAnswer> out;
  auto at = content_type.find("boundary=");
  if (at == std::string_view::npos) return out;
  std::string_view boundary = content_type.substr(at + 9);
  boundary = Trimmed(boundary.substr(0, boundary.find(';')));
  if (boundary.size() >= 2 && boundary.front() == '"' && boundary.back() == '"')
    boundary = boundary.substr(1, boundary.size() - 2);
  if (boundary.empty()) return out;
  const std::string mark = "--" + std::string(boundary);
  for (at = body.find(mark); at != std::string_view::npos;) {
    const auto begin = at + mark.size();
    at = body.find(mark, begin);
    std::string_view part = body.substr(begin, at == std::string_view::npos ? at : at - begin);
    if (part.starts_with("--")) break;
    TakeLine(part);
    std::size_t number = 0;
    bool numbered = false;
    for (std::string_view line = TakeLine(part); !line.empty(); line = TakeLine(part)) {
      if (!StartsWithIgnoringCase(line, "content-id:")) continue;
      std::string_view id = Trimmed(line.substr(11));
      static constexpr std::string_view kStart = "<response-";
      numbered = id.starts_with(kStart) && id.ends_with('>') &&
                 Parse(id.substr(kStart.size(), id.size() - kStart.size() - 1), number);
    }
    const std::string_view first = TakeLine(part);
    BatchAnswer answer;
    if (!numbered || !first.starts_with("HTTP/1.1 ") || !Parse(first.substr(9, 3), answer.status)) continue;
    while (!TakeLine(part).empty()) {
    }
    while (part.ends_with('\n') || part.ends_with('\r')) part.remove_suffix(1);
    answer.body = std::string(part);
    out.emplace(number, std::move(answer));
  }
  return out;
}

}  // namespace easel
