// YAML as a flat tree with the place of every node, made with libyaml; what a canvas does not use is refused here.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "canvas/problem.h"

namespace easel {

enum class YamlKind : std::uint8_t { kScalar, kSequence, kMapping };

struct YamlNode {
  YamlKind kind = YamlKind::kScalar;
  bool plain = false;        ///< a scalar without quotes
  bool flow = false;         ///< a sequence or mapping in brackets
  int line = 0, column = 0;  ///< from 1, in characters
  std::uint32_t begin = 0,
                end = 0;   ///< bytes in the text; `end` of a block-style collection is not its last byte
  std::uint32_t next = 0;  ///< index of the node after this one's subtree
  std::string value;       ///< of a scalar, unquoted
};

/// Nodes in document order: a collection is followed by its children (a mapping's: key, value, key, value, …).
/// Walk children with `for (i = FirstChild(n); i < nodes[n].next; i = nodes[i].next)`.
struct YamlDocument {
  std::vector<YamlNode> nodes;  ///< empty: the document is empty
  static std::uint32_t FirstChild(std::uint32_t node) { return node + 1; }
};

/// Parse one document. `text` may begin with a byte order mark; places count from there.
///
/// Refused, each with its own sentence: text that is not UTF-8, control characters, tabs as indentation, anchors,
/// aliases, tags, keys that are not scalars, several documents, and nesting beyond 16 levels.
/// On failure the Problem's `file` is empty.
std::expected<YamlDocument, Problem> ParseYaml(std::string_view text);

/// The part of `text` after a UTF-8 byte order mark.
std::string_view WithoutByteOrderMark(std::string_view text);

}  // namespace easel
