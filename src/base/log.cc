#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace easel {

static LogLevel LevelFromEnvironment() {
  const char* name = std::getenv("EASEL_LOG");
  const std::string_view level = name == nullptr ? "" : name;
  if (level == "debug") return LogLevel::kDebug;
  if (level == "info") return LogLevel::kInfo;
  if (level == "error") return LogLevel::kError;
  return LogLevel::kWarning;
}

static std::atomic<bool> log_json{false};
static std::atomic<int> log_fd{2};
static std::atomic<LogLevel> log_level{LevelFromEnvironment()};

void SetLogTarget(int fd, LogLevel level) {
  log_fd = fd;
  log_level = level;
}

void SetLogJson() { log_json = true; }

/// `text` inside a JSON string; bytes that are not ASCII are shown, not interpreted.
static std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    char escaped[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool WillLog(LogLevel level) { return level >= log_level.load(std::memory_order_relaxed); }

void Log(LogLevel level, std::string_view part, std::string_view message) {
  if (!WillLog(level)) return;
  static constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  char stamp[48];
  std::snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
  std::string line;
  if (log_json)
    line = "{\"time\":\"" + std::string(stamp) + "\",\"level\":\"" + kNames[static_cast<int>(level)] +
           "\",\"part\":" + Quoted(part) + ",\"message\":" + Quoted(message) + "}\n";
  else
    line = std::string(stamp) + " " + kNames[static_cast<int>(level)] + " " + std::string(part) + ": " +
           std::string(message) + "\n";
  [[maybe_unused]] ssize_t n = ::write(log_fd, line.data(), line.size());
}

}  // namespace easel
