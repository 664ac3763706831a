#include "canvas/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "canvas/utf8.h"

namespace easel {

std::string_view WithoutByteOrderMark(std::string_view text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

namespace {

constexpr std::size_t kMaxDepth = 16;
// Positions are 32 bits, and libyaml's marks cost memory in proportion; a real canvas of 100,000 blocks has 10 MB.
constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

/// libyaml's positions count characters; this turns them into bytes. Free for ASCII, else one entry per character.
class CharacterIndex {
 public:
  /// Check `text` and index it, or say what is wrong.
  std::optional<Problem> Build(std::string_view text) {
    if (text.size() > kMaxBytes)
      return Problem{.message = "the file has " + std::to_string(text.size() >> 20) +
                                " MiB; a canvas of at most 64 MiB can be read"};
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
      return Problem{.message = "the file is UTF-16: save it as UTF-8"};
    size_ = text.size();
    int line = 1, column = 1;
    bool ascii = true;
    for (std::size_t i = 0; i < text.size();) {
      const unsigned char c = static_cast<unsigned char>(text[i]);
      if (c >= 0x80 && ascii) {
        ascii = false;
        offsets_.reserve(text.size());
        for (std::size_t k = 0; k < i; ++k) offsets_.push_back(static_cast<std::uint32_t>(k));
      }
      const std::size_t length = Utf8SequenceLength(text, i);
      if (length == 0) return Problem{"", line, column, "this is not UTF-8 text: save the file as UTF-8"};
      if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F)
        return Problem{"", line, column, "a control character is here: remove it"};
      if (!ascii) offsets_.push_back(static_cast<std::uint32_t>(i));
      i += length;
      ++column;
      if (c == '\n') ++line, column = 1;
    }
    return std::nullopt;
  }

  std::uint32_t Byte(std::size_t character) const {
    if (offsets_.empty()) return static_cast<std::uint32_t>(std::min(character, size_));
    return character < offsets_.size() ? offsets_[character] : static_cast<std::uint32_t>(size_);
  }

 private:
  std::vector<std::uint32_t> offsets_;
  std::size_t size_ = 0;
};

Problem At(const yaml_mark_t& mark, std::string message) {
  return Problem{"", static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1, std::move(message)};
}

struct ParserDelete {
  void operator()(yaml_parser_t* parser) const {
    yaml_parser_delete(parser);
    delete parser;
  }
};

/// One parse; turns libyaml's events into nodes.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const CharacterIndex& index) : text_(text), index_(index) {}

  std::optional<Problem> Run() {
    std::unique_ptr<yaml_parser_t, ParserDelete> parser(new yaml_parser_t{});
    if (yaml_parser_initialize(parser.get()) == 0)
      return Problem{.message = "not enough memory to read YAML"};
    yaml_parser_set_encoding(parser.get(), YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser.get(), reinterpret_cast<const unsigned char*>(text_.data()),
                                 text_.size());
    document.nodes.reserve(text_.size() / 8);
    for (;;) {
      yaml_event_t event;
      if (yaml_parser_parse(parser.get(), &event) == 0) return SyntaxProblem(*parser);
      const bool end = event.type == YAML_STREAM_END_EVENT;
      std::optional<Problem> problem = Take(event);
      yaml_event_delete(&event);
      if (problem || end) return problem;
    }
  }

  YamlDocument document;

 private:
  std::optional<Problem> Take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1)
          return At(event.start_mark,
                    "a second YAML document begins here: a canvas is one document, remove the `---`");
        return std::nullopt;
      case YAML_ALIAS_EVENT:
        return At(event.start_mark, "YAML aliases (`*name`) are not used in a canvas: write the value out");
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        if (auto problem = CheckProperties(event.start_mark, scalar.anchor, scalar.tag)) return problem;
        YamlNode& node = Add(event, YamlKind::kScalar);
        node.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
        node.value.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        node.next = static_cast<std::uint32_t>(document.nodes.size());
        return std::nullopt;
      }
      case YAML_SEQUENCE_START_EVENT: {
        const auto& sequence = event.data.sequence_start;
        if (auto problem = CheckProperties(event.start_mark, sequence.anchor, sequence.tag)) return problem;
        return Open(event, YamlKind::kSequence, sequence.style == YAML_FLOW_SEQUENCE_STYLE);
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& mapping = event.data.mapping_start;
        if (auto problem = CheckProperties(event.start_mark, mapping.anchor, mapping.tag)) return problem;
        return Open(event, YamlKind::kMapping, mapping.style == YAML_FLOW_MAPPING_STYLE);
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: {
        YamlNode& node = document.nodes[open_.back().node];
        node.end = index_.Byte(event.end_mark.index);
        node.next = static_cast<std::uint32_t>(document.nodes.size());
        open_.pop_back();
        return std::nullopt;
      }
      default: return std::nullopt;
    }
  }

  static std::optional<Problem> CheckProperties(const yaml_mark_t& mark, const yaml_char_t* anchor,
                                                const yaml_char_t* tag) {
    if (anchor != nullptr)
      return At(
          mark,
          "YAML anchors (`&name`) are not used in a canvas: remove it, or quote a text that begins with &");
    if (tag != nullptr)
      return At(
          mark,
          "YAML tags (`!name`) are not used in a canvas: remove it, or quote a text that begins with !");
    return std::nullopt;
  }

  std::optional<Problem> Open(const yaml_event_t& event, YamlKind kind, bool flow) {
    if (!open_.empty() && document.nodes[open_.back().node].kind == YamlKind::kMapping &&
        open_.back().children % 2 == 0)
      return At(event.start_mark, "a key must be a plain word here, not a list or mapping");
    if (open_.size() == kMaxDepth)
      return At(event.start_mark, "this is nested more than " + std::to_string(kMaxDepth) + " levels deep");
    const auto at = static_cast<std::uint32_t>(document.nodes.size());
    Add(event, kind).flow = flow;
    open_.push_back({at, 0});
    return std::nullopt;
  }

  YamlNode& Add(const yaml_event_t& event, YamlKind kind) {
    if (!open_.empty()) ++open_.back().children;
    YamlNode& node = document.nodes.emplace_back();
    node.kind = kind;
    node.line = static_cast<int>(event.start_mark.line) + 1;
    node.column = static_cast<int>(event.start_mark.column) + 1;
    node.begin = index_.Byte(event.start_mark.index);
    node.end = index_.Byte(event.end_mark.index);
    return node;
  }

  Problem SyntaxProblem(const yaml_parser_t& parser) const {
    if (parser.error == YAML_READER_ERROR) {  // gives a byte offset and no mark
      const std::string_view before = text_.substr(0, parser.problem_offset);
      const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
      return Problem{"", static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                     static_cast<int>(before.size() - line_start) + 1,
                     "a character is here that YAML does not allow: remove it"};
    }
    const std::uint32_t at = index_.Byte(parser.problem_mark.index);
    const std::string_view here = at < text_.size() ? text_.substr(at) : std::string_view();
    if (here.starts_with("\t"))
      return At(parser.problem_mark, "a tab is here; YAML indents with spaces only: replace it by spaces");
    if (here.starts_with("@") || here.starts_with("`"))
      return At(parser.problem_mark,
                "a text that begins with " + std::string(here.substr(0, 1)) + " needs quotes");
    std::string message = "not valid YAML: ";
    message += parser.problem == nullptr ? "unknown problem" : parser.problem;
    if (parser.context != nullptr) {
      message += std::string(" ") + parser.context;
      if (parser.context_mark.line != parser.problem_mark.line)
        message += " that begins in line " + std::to_string(parser.context_mark.line + 1);
    }
    return At(parser.problem_mark, std::move(message));
  }

  struct OpenNode {
    std::uint32_t node;
    std::uint32_t children;
  };

  std::string_view text_;
  const CharacterIndex& index_;
  std::vector<OpenNode> open_;
  int documents_ = 0;
};

}  // namespace

std::expected<YamlDocument, Problem> ParseYaml(std::string_view text) {
  text = WithoutByteOrderMark(text);
  CharacterIndex index;
  if (auto problem = index.Build(text)) return std::unexpected(*std::move(problem));
  TreeBuilder builder(text, index);
  if (auto problem = builder.Run()) return std::unexpected(*std::move(problem));
  return std::move(builder.document);
}

}  // namespace easel
