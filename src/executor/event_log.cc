#include "executor/event_log.h"

#include <time.h>

namespace easel {

std::int64_t UnixMicroseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
}

const EventLog::Entry& EventLog::Add(const std::string& attempt, json::object event) {
  const bool finished = event.at("event") == "finished";
  event["n"] = ++last_;
  event["canvas"] = canvas_;
  event["attempt"] = attempt;
  event["t_us"] = UnixMicroseconds();
  entries_.push_back({last_, attempt, finished, json::serialize(event) + "\n"});
  return entries_.back();
}

void EventLog::Acknowledge(std::int64_t through) {
  while (!entries_.empty() && entries_.front().number <= through) entries_.pop_front();
}

}  // namespace easel
