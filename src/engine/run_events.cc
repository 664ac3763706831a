#include "engine/run_events.h"

namespace easel {
namespace {

json::array Names(const std::vector<std::int32_t>& blocks, const Canvas& canvas) {
  json::array out;
  out.reserve(blocks.size());
  for (const std::int32_t block : blocks) out.emplace_back(canvas.blocks[block].name);
  return out;
}

/// Length of the character that begins at `at`: 0 if it is cut off by the end, -1 if it is invalid.
int CharacterLength(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const int length = first >= 0xc2 && first < 0xe0   ? 2
                     : first >= 0xe0 && first < 0xf0 ? 3
                     : first >= 0xf0 && first < 0xf5 ? 4
                                                     : -1;
  if (length < 0) return -1;
  for (int i = 1; i < length; ++i) {
    if (at + static_cast<std::size_t>(i) >= bytes.size()) return 0;
    const unsigned char next = byte(at + static_cast<std::size_t>(i));
    unsigned char low = 0x80, high = 0xbf;
    if (i == 1 && first == 0xe0) low = 0xa0;
    if (i == 1 && first == 0xed) high = 0x9f;
    if (i == 1 && first == 0xf0) low = 0x90;
    if (i == 1 && first == 0xf4) high = 0x8f;
    if (next < low || next > high) return -1;
  }
  return length;
}

}  // namespace

std::string ToUtf8(std::string_view bytes, std::string& carry) {
  std::string joined;
  if (!carry.empty()) {
    joined = std::exchange(carry, {}) + std::string(bytes);
    bytes = joined;
  }
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t run = at;
    while (run < bytes.size() && static_cast<unsigned char>(bytes[run]) < 0x80) ++run;
    out.append(bytes, at, run - at);
    at = run;
    if (at == bytes.size()) break;
    const int length = CharacterLength(bytes, at);
    if (length == 0) {
      carry.assign(bytes.substr(at));
      break;
    }
    if (length > 0) {
      out.append(bytes, at, static_cast<std::size_t>(length));
      at += static_cast<std::size_t>(length);
    } else {
      out += "\xef\xbf\xbd";
      ++at;
    }
  }
  return out;
}

json::object FailureEvent(const json::object& failure, std::string_view block) {
  const auto text = [&](std::string_view field) {
    const json::value* value = failure.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  static const std::map<std::string, std::string> kNames{
      {"memory", "OutOfMemory"}, {"timeout", "Timeout"},     {"crash", "Crash"},
      {"exit", "Exit"},          {"disk_full", "DiskFull"},  {"capture", "CaptureError"},
      {"damaged", "Damaged"},    {"sandbox", "SandboxError"}};
  const auto name = kNames.find(text("kind"));
  const json::value* line = failure.if_contains("line");
  return {{"event", "block.error"},
          {"block", block},
          {"ename", name == kNames.end() ? "Failure" : name->second},
          {"evalue", text("message")},
          {"traceback", ""},
          {"line", line == nullptr ? json::value() : *line},
          {"kind", text("kind")}};
}

std::string StartedBy(std::string_view request) {
  const auto value = ParseJson(request, "run request");
  const json::object* object = value ? value->if_object() : nullptr;
  const json::value* by = object == nullptr ? nullptr : object->if_contains("by");
  return by == nullptr || !by->is_string() ? std::string() : std::string(by->get_string());
}

json::object ToEvent(const Announcement& what, const RunId& run, const Canvas& canvas) {
  const auto name = [&](std::int32_t block) { return json::string(canvas.blocks[block].name); };
  return std::visit(
      [&](const auto& e) -> json::object {
        using E = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<E, RunStarted>) {
          json::object out{{"event", "run.started"},
                           {"run", run.value},
                           {"canvas", canvas.root},
                           {"name", canvas.name},
                           {"mode", RunModeName(e.mode)}};
          if (!e.at.empty()) out["at"] = e.at;
          return out;
        } else if constexpr (std::is_same_v<E, BlockStarted>) {
          return {
              {"event", "block.started"}, {"block", name(e.block)}, {"attempt", e.attempt}, {"warm", e.warm}};
        } else if constexpr (std::is_same_v<E, BlockPhase>) {
          return {{"event", "block.phase"}, {"block", name(e.block)}, {"phase", e.phase}};
        } else if constexpr (std::is_same_v<E, BlockNotice>) {
          return {
              {"event", "block.notice"}, {"block", name(e.block)}, {"kind", e.kind}, {"message", e.message}};
        } else if constexpr (std::is_same_v<E, BlockFinished>) {
          json::object out{{"event", "block.finished"},
                           {"block", name(e.block)},
                           {"status", OutcomeName(e.outcome)},
                           {"reason", e.reason},
                           {"phases_ms", e.phases_ms}};
          if (!e.attempt.empty()) out["attempt"] = e.attempt;
          if (!e.failure.empty()) out["failure"] = e.failure;
          return out;
        } else if constexpr (std::is_same_v<E, BlocksUpToDate>) {
          return ToEvent(
              BlockFinished{.block = e.blocks.at(0), .outcome = Outcome::kUpToDate, .reason = e.reason}, run,
              canvas);
        } else {
          json::object out{{"event", "run.finished"},
                           {"run", run.value},
                           {"status", e.status},
                           {"ran", Names(e.ran, canvas)},
                           {"up_to_date", Names(e.up_to_date, canvas)},
                           {"restored", Names(e.restored, canvas)},
                           {"failed", Names(e.failed, canvas)},
                           {"skipped", Names(e.skipped, canvas)},
                           {"cancelled", Names(e.cancelled, canvas)},
                           {"seconds", e.seconds}};
          if (!e.error.empty()) out["error"] = e.error;
          return out;
        }
      },
      what);
}

std::string JournalPlace::Pass(const JournalRecord& record) {
  if (record.stream == JournalStream::kEnd) return "";
  if (record.stream != JournalStream::kStdout && record.stream != JournalStream::kStderr) {
    ++frames_;
    return "";
  }
  const std::size_t which = record.stream == JournalStream::kStderr ? 1 : 0;
  std::string text = ToUtf8(record.payload, carry_[which]);
  std::int64_t units = 0;  // one for the first byte of a character, two where it has four bytes
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += static_cast<std::int64_t>((byte & 0xc0) != 0x80) + static_cast<std::int64_t>(byte >= 0xf0);
  }
  units_[which] += units;
  return text;
}

JournalPlace JournalPlace::Back(std::int64_t frames) const {
  JournalPlace out = *this;
  out.frames_ -= frames;
  return out;
}

void JournalEvents::Add(const JournalRecord& record, std::vector<json::object>& events) {
  const std::string text = place_.Pass(record);
  if (record.stream == JournalStream::kStdout || record.stream == JournalStream::kStderr) {
    if (text.empty()) return;
    const char* stream = record.stream == JournalStream::kStderr ? "stderr" : "stdout";
    const std::int64_t end = place_.units(record.stream);
    if (!events.empty() && events.back().at("event") == "block.output" &&
        events.back().at("stream") == stream) {
      json::string& before = events.back().at("text").get_string();
      if (before.size() < (std::size_t{1} << 20)) {
        before.append(text);
        events.back()["end"] = end;
        return;
      }
    }
    events.push_back(
        {{"event", "block.output"}, {"block", block_}, {"stream", stream}, {"text", text}, {"end", end}});
    return;
  }
  if (record.stream == JournalStream::kEnd) return;
  auto parsed = ParseJson(record.payload, "journal");
  if (!parsed || !parsed->is_object()) return;
  json::object frame = std::move(parsed->get_object());
  frame["event"] = record.stream == JournalStream::kDisplay ? "block.display"
                   : record.stream == JournalStream::kError ? "block.error"
                                                            : "block.notice";
  frame["block"] = block_;
  frame["end"] = place_.frames();
  events.push_back(std::move(frame));
}

}  // namespace easel
