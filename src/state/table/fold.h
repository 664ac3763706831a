// Text without its case, for searching.
#pragma once

#include <string>
#include <string_view>

namespace easel::table {

/// Append `text` with letters of ASCII, Latin, Greek and Cyrillic in lower case. Bytes stay as many as they are, so that
/// this can be done to any piece of a text; what is no such letter stays as it is.
void AppendFolded(std::string_view text, std::string& out);

std::string Folded(std::string_view text);

}  // namespace easel::table
