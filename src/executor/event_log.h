// The numbered events of one canvas, kept until an engine has acknowledged them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/json.h"

namespace easel {

/// Numbers count from 1 without gaps for the life of the executor, acknowledged or not. Not thread-safe.
class EventLog {
 public:
  struct Entry {
    std::int64_t number;
    std::string attempt;
    bool finished;     ///< the attempt's last event
    std::string line;  ///< as sent, with its newline
  };

  explicit EventLog(std::string canvas) : canvas_(std::move(canvas)) {}

  /// Number, stamp and keep an event of `attempt`.
  const Entry& Add(const std::string& attempt, json::object event);
  /// Forget events up to `through`.
  void Acknowledge(std::int64_t through);
  const std::deque<Entry>& kept() const { return entries_; }
  std::int64_t last() const { return last_; }
  const std::string& canvas() const { return canvas_; }

 private:
  std::string canvas_;
  std::deque<Entry> entries_;
  std::int64_t last_ = 0;
};

/// CLOCK_REALTIME in microseconds.
std::int64_t UnixMicroseconds();

}  // namespace easel
