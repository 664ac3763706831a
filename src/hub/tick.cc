#include "hub/tick.h"

namespace easel {
namespace {

std::string Quoted(std::string_view text) { return json::serialize(json::value(text)); }

/// Drop the front of `text` so that at most `most` bytes are left, beginning with a whole line or at least character.
std::size_t CutFront(std::string& text, std::size_t most) {
  if (text.size() <= most) return 0;
  std::size_t cut = text.size() - most;
  if (const std::size_t newline = text.find('\n', cut); newline != std::string::npos && newline < cut + 4096)
    cut = newline + 1;
  while (cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) ++cut;
  text.erase(0, cut);
  return cut;
}

std::string_view TextOf(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

}  // namespace

void Tick::AddOperation(std::string operation) {
  bytes_ += operation.size() + 64;
  operations_.push_back(std::move(operation));
}

void Tick::AddText(const std::string& block, std::int64_t version, std::string update) {
  Text& text = texts_[block];
  bytes_ += update.size() + 64;
  text.version = version;
  text.updates.push_back(std::move(update));
}

void Tick::BeginText(const std::string& block) {
  texts_.erase(block);
  begun_.insert(block);
}

void Tick::SetState(const std::string& block, std::string state) {
  bytes_ += state.size() + 64;
  states_[block] = std::move(state);
}

void Tick::AddEvent(const json::object& event) {
  Shown shown{.block = std::string(TextOf(event, "block"))};
  if (TextOf(event, "event") == "block.output") {
    shown.stream = TextOf(event, "stream");
    shown.text = TextOf(event, "text");
    const json::value* end = event.if_contains("end");
    if (end != nullptr && end->is_int64()) shown.end = end->get_int64();
    AddOutput(std::move(shown));
  } else {
    shown.json = json::serialize(event);
    AddShown(std::move(shown));
  }
}

void Tick::AddOutput(Shown shown) {
  const auto last = last_of_.find(shown.block);
  if (last != last_of_.end() && events_[last->second].stream == shown.stream) {
    Shown& there = events_[last->second];
    there.cut_bytes += shown.cut_bytes;
    there.text += shown.text;
    there.end = shown.end;
    there.cut_bytes += static_cast<std::int64_t>(CutFront(there.text, kMaxText));
    return;
  }
  shown.cut_bytes += static_cast<std::int64_t>(CutFront(shown.text, kMaxText));
  AddShown(std::move(shown));
}

void Tick::AddShown(Shown shown) {
  const std::size_t size = shown.json.size() + (shown.stream.empty() ? 0 : kMaxText / 8) + 128;
  // A run's own events are few and small and always kept: a page must not wait for an end that was left out.
  if (shown_bytes_ + size > kMaxShown && (!shown.stream.empty() || shown.json.size() > 64 << 10)) {
    missed_.insert(shown.block);
    return;
  }
  shown_bytes_ += size;
  bytes_ += size;
  if (!shown.block.empty()) last_of_[shown.block] = events_.size();
  events_.push_back(std::move(shown));
}

void Tick::SetPerson(std::int64_t connection, std::string person) {
  bytes_ += person.size() + 64;
  people_[connection] = std::move(person);
}

void Tick::SetCanvas(std::string canvas) { canvas_ = std::move(canvas); }
void Tick::SetProblem(std::string problem) { problem_ = std::move(problem); }

void Tick::Append(const Tick& later) {
  for (const std::string& operation : later.operations_) AddOperation(operation);
  for (const std::string& block : later.begun_) BeginText(block);
  for (const auto& [block, text] : later.texts_)
    for (std::size_t i = 0; i < text.updates.size(); ++i)
      AddText(block, text.version - static_cast<std::int64_t>(text.updates.size() - i - 1), text.updates[i]);
  for (const auto& [block, state] : later.states_) SetState(block, state);
  for (const Shown& shown : later.events_) shown.stream.empty() ? AddShown(shown) : AddOutput(shown);
  missed_.insert(later.missed_.begin(), later.missed_.end());
  for (const auto& [connection, person] : later.people_) SetPerson(connection, person);
  if (later.others_ >= 0) others_ = later.others_;
  if (!later.canvas_.empty()) canvas_ = later.canvas_;
  if (later.problem_) problem_ = later.problem_;
}

bool Tick::empty() const {
  return operations_.empty() && texts_.empty() && states_.empty() && events_.empty() && missed_.empty() &&
         people_.empty() && others_ < 0 && canvas_.empty() && !problem_;
}

std::string Tick::Members() const {
  std::string out;
  const auto list = [&](std::string_view name, const auto& items, auto&& write) {
    if (items.empty()) return;
    out += (out.empty() ? "\"" : ",\"") + std::string(name) + "\":[";
    bool first = true;
    for (const auto& item : items) {
      if (!first) out += ',';
      first = false;
      write(item);
    }
    out += ']';
  };
  list("operations", operations_, [&](const std::string& operation) { out += operation; });
  list("texts", texts_, [&](const auto& item) {
    out += "{\"block\":" + Quoted(item.first) + ",\"version\":" + std::to_string(item.second.version) +
           ",\"updates\":[";
    for (std::size_t i = 0; i < item.second.updates.size(); ++i)
      out += (i == 0 ? "" : ",") + item.second.updates[i];
    out += "]}";
  });
  list("states", states_, [&](const auto& item) { out += item.second; });
  list("events", events_, [&](const Shown& shown) {
    if (shown.stream.empty()) {
      out += shown.json;
      return;
    }
    out += "{\"event\":\"block.output\",\"block\":" + Quoted(shown.block) +
           ",\"stream\":" + Quoted(shown.stream) + ",\"text\":" + Quoted(shown.text);
    if (shown.end >= 0) out += ",\"end\":" + std::to_string(shown.end);
    if (shown.cut_bytes > 0) out += ",\"cut_bytes\":" + std::to_string(shown.cut_bytes);
    out += '}';
  });
  list("missed", missed_, [&](const std::string& block) { out += Quoted(block); });
  list("people", people_, [&](const auto& item) { out += item.second; });
  if (others_ >= 0) out += (out.empty() ? "" : ",") + std::string("\"others\":") + std::to_string(others_);
  if (!canvas_.empty()) out += (out.empty() ? "" : ",") + std::string("\"canvas\":") + canvas_;
  if (problem_) {
    out += (out.empty() ? "" : ",") + std::string("\"problem\":") +
           (problem_->empty() ? "null" : Quoted(*problem_));
  }
  return out;
}

}  // namespace easel
