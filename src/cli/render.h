// What a block shows, as text for a terminal: display data, errors and notices.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/terminal.h"

namespace easel {

/// Where an image or a page that a terminal cannot show is to be had.
struct DisplayPlace {
  std::string canvas;  ///< as the person typed it
  std::string block;
};

/// Render one MIME bundle: safe text that ends in a newline, or "" if there is nothing in it. Images and figures become a
/// line that says what they are and how to get them; Markdown stays as it was written.
std::string RenderDisplay(const Terminal& terminal, const json::object& data, const DisplayPlace& place);

/// Render an error frame of the journal: its traceback, or else its name and value.
std::string RenderError(const Terminal& terminal, const json::object& error);

/// "note: message"
std::string RenderNotice(const Terminal& terminal, const json::object& notice);

/// Width and height of a PNG, JPEG, GIF or SVG, e.g. "640x480", or "" if its bytes do not say.
std::string ImageSize(std::string_view mime, std::string_view bytes);

/// Decode base 64, ignoring line breaks; stops at the first byte that is something else.
std::string DecodeBase64(std::string_view text);

/// The bytes of one MIME entry as a file should hold them, and the ending of the file's name ("png").
struct DisplayFile {
  std::string bytes;
  std::string ending;
};
DisplayFile FileOf(std::string_view mime, const json::value& value);

}  // namespace easel
