// Text of unknown origin made safe for a terminal: what a block printed, and the names and values it made.
#pragma once

#include <string>
#include <string_view>

#include "canvas/utf8.h"
#include "cli/terminal.h"

namespace easel {

/// One line of safe text for a name, a value or a message: control characters, characters that reorder text, and
/// bytes that are not UTF-8 are shown as escapes (\n, \x1b, \u202e).
std::string EscapeValue(std::string_view text);

/// Make printed text safe: newlines, tabs and, if the terminal has colours, colour sequences pass; every other control
/// sequence is dropped (it could move the cursor, rename the window, write the clipboard, or answer as if typed),
/// and bytes that are not UTF-8 become U+FFFD. Colours still on at the end are switched off.
std::string SafeText(const Terminal& terminal, std::string_view text);

/// Cuts what a stream printed into lines as a terminal would leave them: a carriage return starts the line over, so
/// that a progress bar ends up as one line. Takes chunks as they come; holds at most 64 KiB of an unfinished line.
class LineAssembler {
 public:
  /// Add a chunk and return the lines that it completed, each ending in a newline; not yet made safe.
  std::string Add(std::string_view chunk);
  /// What is left of an unfinished line, without a newline; empties the assembler.
  std::string Flush();
  bool empty() const { return line_.empty(); }

 private:
  std::string line_;
  bool returned_ = false;  ///< the last character was a carriage return: what comes next starts the line over
};

}  // namespace easel
