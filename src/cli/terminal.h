// What output is connected to, and how wide text is on it.
#pragma once

#include <string>
#include <string_view>

namespace easel {

/// A description of one output, taken once when a command starts. The default is a file or a pipe.
struct Terminal {
  bool is_terminal = false;
  int width = 0;   ///< columns; 0: as wide as it likes (no terminal)
  int height = 0;  ///< rows; 0: no terminal
  bool color = false;
  bool unicode = true;  ///< may show more than ASCII
};

/// Describe descriptor `fd`. `color` is "auto", "always" or "never"; auto means: on a terminal that is not "dumb",
/// unless NO_COLOR is set.
Terminal DescribeTerminal(int fd, std::string_view color = "auto");

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kBlue, kCyan };

/// `text` in a style, if the terminal has colours; `text` itself otherwise.
std::string Styled(const Terminal& terminal, Style style, std::string_view text);

/// Columns that `text` takes. Colour sequences take none, wide characters two; bytes that are not UTF-8 one each.
int DisplayWidth(std::string_view text);

/// `text` in at most `width` columns: what does not fit is cut and marked by an ellipsis. Colour sequences are kept.
std::string Truncate(const Terminal& terminal, std::string_view text, int width);

/// Length in bytes of the UTF-8 character at the start of `text` (1 to 4), or 0 if there is none.
int CharacterLength(std::string_view text);

}  // namespace easel
