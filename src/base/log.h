// What a process says about itself: one line per event on stderr, or in a file for processes without a terminal.
#pragma once

#include <string>
#include <string_view>

namespace easel {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Log one line "time level part: message". Thread-safe; each line is one write. Lines below the level that
/// EASEL_LOG names (debug, info, warning, error; default warning) are dropped.
void Log(LogLevel level, std::string_view part, std::string_view message);

/// Whether a line of this level would be written: for messages that cost something to make.
bool WillLog(LogLevel level);

/// Write each line as one JSON object {"time", "level", "part", "message"}: for those who collect logs.
void SetLogJson();

/// Send lines to `fd` instead of stderr, at `level` and above.
void SetLogTarget(int fd, LogLevel level);

}  // namespace easel
