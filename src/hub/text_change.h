// A change of one text in the form of @codemirror/state: ChangeSet. Pure values; lengths are UTF-16 units.
//
// Texts here are UTF-8 with "\n" as the only line break, as an editor in the browser counts them. Every text that passes
// through a TextChange stays valid UTF-8: a change that would cut a character in two is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

/// How long an editor says that a text is.
std::int64_t Utf16Length(std::string_view utf8);

/// The text with "\n" for each "\r\n" and lone "\r".
std::string WithPlainLineBreaks(std::string_view text);

class TextChange {
 public:
  /// Read ChangeSet.toJSON(): numbers keep, [n] deletes, [n, "line", …] replaces n units by lines.
  ///
  /// Errors: kInvalidArgument TEXT_INVALID: another form, a negative length, a line with a line break or a NUL in it.
  static Result<TextChange> FromJson(const json::value& value);
  json::array ToJson() const;

  /// What makes `after` of `before`: by lines, and inside changed lines by what is common at both ends.
  static TextChange Between(std::string_view before, std::string_view after);

  /// Length of the texts that this can be applied to, and of those that it makes.
  std::int64_t old_units() const;
  std::int64_t new_units() const;
  /// Does it leave every text as it is?
  bool empty() const;

  /// Errors: kInvalidArgument TEXT_INVALID: the text has another length, or a character would be cut in two.
  Result<std::string> Apply(std::string_view text) const;

  /// The same change for a text that `other` has changed already; both are of one text. Where both insert at one place,
  /// this one's text stands behind; what `other` deleted stays deleted.
  TextChange MappedOver(const TextChange& other) const;

 private:
  struct Part {
    std::int64_t units = 0;  ///< of the old text: kept, or replaced
    bool keeps = true;
    std::string text;  ///< in its place
  };
  void Keep(std::int64_t units);
  void Replace(std::int64_t units, std::string_view text);

  std::vector<Part> parts_;
};

}  // namespace easel
