#include "cli/render.h"

#include <array>
#include <cstdint>

#include "base/text.h"
#include "cli/escape.h"

namespace easel {
namespace {

/// A MIME type that we know: its file ending, and the word for it in a sentence ("" if it is shown as text).
struct KnownMime {
  std::string_view mime;
  std::string_view ending;
  std::string_view word;
};

constexpr KnownMime kKnown[] = {
    {"image/png", "png", "PNG"},
    {"image/jpeg", "jpg", "JPEG"},
    {"image/gif", "gif", "GIF"},
    {"image/webp", "webp", "WebP"},
    {"image/svg+xml", "svg", "SVG"},
    {"application/pdf", "pdf", "PDF"},
    {"application/vnd.plotly.v1+json", "plotly.json", "plotly figure"},
    {"application/vnd.easel.table+arrow", "arrow", ""},
    {"text/markdown", "md", ""},
    {"text/latex", "tex", ""},
    {"text/html", "html", "HTML"},
    {"application/json", "json", ""},
    {"application/javascript", "js", "JavaScript"},
    {"text/plain", "txt", ""},
};

const KnownMime* Find(std::string_view mime) {
  for (const KnownMime& known : kKnown)
    if (known.mime == mime) return &known;
  return nullptr;
}

/// Altair's types carry a version: application/vnd.vegalite.v5+json.
bool IsVega(std::string_view mime) { return mime.starts_with("application/vnd.vega"); }

bool IsBinary(std::string_view mime) {
  return (mime.starts_with("image/") && mime != "image/svg+xml") || mime == "application/pdf" ||
         mime.ends_with("+arrow");
}

/// Jupyter's bundles may hold a text as a list of lines.
std::string TextOf(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (const json::array* lines = value.if_array()) {
    std::string out;
    for (const json::value& line : *lines) {
      if (!line.is_string()) return json::serialize(value);
      out += line.get_string();
    }
    return out;
  }
  return json::serialize(value);
}

std::string Line(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

std::string Placeholder(const Terminal& terminal, std::string_view mime, std::string_view word,
                        const json::value& value, const DisplayPlace& place) {
  const DisplayFile file = FileOf(mime, value);
  const std::string size = ImageSize(mime, file.bytes);
  const bool page = word == "HTML" || word == "JavaScript" || word == "PDF";
  std::string text = page ? "[" : "[plot: ";
  if (!size.empty()) text += size + " ";
  text += std::string(word) + ", " + HumanBytes(static_cast<std::int64_t>(file.bytes.size())) +
          "; `easel outputs " + EscapeValue(place.canvas) + " " + EscapeValue(place.block) + " --save DIR`]";
  return Styled(terminal, Style::kCyan, text) + "\n";
}

std::uint32_t BigEndian(std::string_view bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::string Dimensions(std::uint32_t width, std::uint32_t height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

std::string JpegSize(std::string_view bytes) {
  // Segments follow each other; the one that starts a frame (SOF0 to SOF15, but for three others) has the size.
  for (std::size_t i = 2; i + 9 <= bytes.size() && bytes[i] == '\xff';) {
    const auto marker = static_cast<unsigned char>(bytes[i + 1]);
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
      return Dimensions(BigEndian(bytes, i + 7, 2), BigEndian(bytes, i + 5, 2));
    i += 2 + BigEndian(bytes, i + 2, 2);
  }
  return "";
}

/// The number in `name="123pt"` of an SVG's root.
std::string SvgAttribute(std::string_view root, std::string_view name) {
  const std::size_t at = root.find(" " + std::string(name) + "=\"");
  if (at == std::string_view::npos) return "";
  root.remove_prefix(at + name.size() + 3);
  return std::string(root.substr(0, std::min(root.find_first_not_of("0123456789"), root.size())));
}

}  // namespace

std::string DecodeBase64(std::string_view text) {
  static constexpr auto kDigits = [] {
    std::array<std::int8_t, 256> digits{};
    digits.fill(-1);
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return digits;
  }();
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    const int digit = kDigits[static_cast<unsigned char>(c)];
    if (digit < 0) break;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    if ((count += 6) >= 8) out += static_cast<char>((bits >> (count -= 8)) & 0xff);
  }
  return out;
}

std::string ImageSize(std::string_view mime, std::string_view bytes) {
  if (mime == "image/png" && bytes.size() >= 24 && bytes.starts_with("\x89PNG\r\n\x1a\n"))
    return Dimensions(BigEndian(bytes, 16, 4), BigEndian(bytes, 20, 4));
  if (mime == "image/jpeg" && bytes.starts_with("\xff\xd8")) return JpegSize(bytes);
  if (mime == "image/gif" && bytes.size() >= 10 && bytes.starts_with("GIF8"))
    return Dimensions(static_cast<unsigned char>(bytes[6]) | static_cast<unsigned char>(bytes[7]) << 8,
                      static_cast<unsigned char>(bytes[8]) | static_cast<unsigned char>(bytes[9]) << 8);
  if (mime == "image/svg+xml") {
    const std::size_t start = bytes.find("<svg");
    if (start == std::string_view::npos) return "";
    const std::string_view root = bytes.substr(start, bytes.find('>', start) - start);
    const std::string width = SvgAttribute(root, "width"), height = SvgAttribute(root, "height");
    if (!width.empty() && !height.empty()) return width + "x" + height;
  }
  return "";
}

DisplayFile FileOf(std::string_view mime, const json::value& value) {
  const KnownMime* known = Find(mime);
  DisplayFile file{.bytes = TextOf(value), .ending = known != nullptr ? std::string(known->ending) : "txt"};
  if (known == nullptr && IsVega(mime))
    file.ending = "vega.json";
  else if (known == nullptr && mime.ends_with("json"))
    file.ending = "json";
  if (IsBinary(mime)) file.bytes = DecodeBase64(file.bytes);
  return file;
}

std::string RenderDisplay(const Terminal& terminal, const json::object& data, const DisplayPlace& place) {
  // A figure's text ("<Figure size 640x480 with 1 Axes>") says less than its picture's line does.
  for (const auto& [mime, value] : data) {
    const KnownMime* known = Find(mime);
    if (known != nullptr && !known->word.empty() && known->mime != "text/html")
      return Placeholder(terminal, mime, known->word, value, place);
    if (IsVega(mime)) return Placeholder(terminal, mime, "Vega figure", value, place);
  }
  for (const std::string_view mime : {"text/markdown", "text/plain", "text/latex"})
    if (const json::value* value = data.if_contains(mime)) return Line(SafeText(terminal, TextOf(*value)));
  if (const json::value* html = data.if_contains("text/html"))
    return Placeholder(terminal, "text/html", "HTML", *html, place);
  if (data.empty()) return "";
  const auto& [mime, value] = *data.begin();
  if (IsBinary(mime)) return Placeholder(terminal, mime, EscapeValue(mime), value, place);
  return Line(SafeText(terminal, TextOf(value)));
}

std::string RenderError(const Terminal& terminal, const json::object& error) {
  const auto text = [&](std::string_view field) {
    const json::value* value = error.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const std::string traceback = text("traceback");
  if (!traceback.empty()) return Line(SafeText(terminal, traceback));
  std::string line = text("ename");
  if (const std::string value = text("evalue"); !value.empty()) line += (line.empty() ? "" : ": ") + value;
  return Line(Styled(terminal, Style::kRed, SafeText(Terminal{}, line)));
}

std::string RenderNotice(const Terminal& terminal, const json::object& notice) {
  const json::value* message = notice.if_contains("message");
  const std::string text =
      message != nullptr && message->is_string() ? std::string(message->get_string()) : "";
  return Styled(terminal, Style::kYellow, "note:") + " " + SafeText(terminal, text) + "\n";
}

}  // namespace easel
