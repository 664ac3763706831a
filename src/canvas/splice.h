// Places in a canvas.yaml where a change goes, in bytes. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "canvas/document.h"

namespace easel {

/// Collects replacements of byte ranges of one text and applies them together.
class Splices {
 public:
  explicit Splices(std::string_view text) : text_(text) {}

  void Replace(std::size_t begin, std::size_t end, std::string with) {
    edits_.push_back({begin, end, std::move(with)});
  }
  void Insert(std::size_t at, std::string text) { Replace(at, at, std::move(text)); }

  /// Remove all lines that a child of a bracketless collection (a key with its value, or an item) stands on.
  void RemoveLines(const YamlDocument& yaml, std::uint32_t node, bool is_key);

  /// Add `entry` ("a: {…}" or "a -> b") behind the last child of a collection.
  void AppendChild(const YamlDocument& yaml, std::uint32_t collection, bool is_mapping,
                   const std::string& entry);

  /// The text with all replacements made. Ranges that lie inside one another are taken as the outer one.
  std::string Apply() const;

  /// The first byte of the line that `at` is in, and the byte behind its line end.
  std::size_t LineBegin(std::size_t at) const;
  std::size_t LineEnd(std::size_t at) const;
  /// "\r\n" if the text's first line ends so, else "\n".
  std::string_view LineBreak() const;

  /// The byte behind the last byte of a node's own text, whatever its style.
  std::size_t EndOf(const YamlDocument& yaml, std::uint32_t node) const;

 private:
  struct Edit {
    std::size_t begin, end;
    std::string with;
  };
  std::string_view text_;
  std::vector<Edit> edits_;
};

}  // namespace easel
