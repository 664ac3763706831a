// What pages say to an open canvas, and what they are told when they come.

#include <algorithm>

#include "hub/canvas_hub.h"
#include "hub/recorded_standings.h"

namespace easel {
namespace {

constexpr std::int64_t kMostResumed = 5000;

std::string TextOf(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}
std::int64_t NumberOf(const json::object& object, std::string_view field) {
  const json::value* value = object.if_contains(field);
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

}  // namespace

void CanvasHub::Join(std::shared_ptr<PeerLink> link, Visitor visitor, std::string epoch, std::int64_t after) {
  Post([this, link = std::move(link), visitor = std::move(visitor), epoch = std::move(epoch),
        after]() mutable {
    if (ended_) return link->End("CANVAS_CLOSED", "the canvas was closed meanwhile: join again");
    Welcome(std::move(link), std::move(visitor), epoch, after);
  });
}

void CanvasHub::Welcome(std::shared_ptr<PeerLink> link, Visitor visitor, const std::string& epoch,
                        std::int64_t after) {
  if (const Status committed = canvas_->Commit(); !committed) return EndNow(committed.error());
  for (const auto& answer : std::exchange(after_commit_, {})) answer();
  StartEngine();
  const PeerLink* key = link.get();
  Page page{.peer = peers_.Add(std::move(link), clock_.MonotonicMs()), .visitor = std::move(visitor)};
  const std::string connection = std::to_string(page.peer);
  page.person = {
      {"id", connection}, {"user", page.visitor.user.at("id")}, {"name", page.visitor.user.at("name")}};

  const std::int64_t seq = canvas_->seq();
  std::vector<OperationRecord> missing;
  bool resumed = epoch == canvas_->epoch() && after >= 0 && after <= seq && seq - after <= kMostResumed;
  if (resumed) {
    auto operations = canvas_->Operations(after, kMostResumed);
    resumed = operations && static_cast<std::int64_t>(operations->size()) == seq - after;
    if (resumed) missing = *std::move(operations);
  }
  json::object hello{{"type", "hello"},         {"epoch", canvas_->epoch()}, {"seq", seq},
                     {"resumed", resumed},      {"user", page.visitor.user}, {"role", page.visitor.role},
                     {"connection", connection}};
  Tick first;
  if (resumed) {
    json::array blocks;
    const auto standings = StandingsNow();
    for (const LiveBlock* block : canvas_->model().Blocks()) {
      json::object one = standings.at(block->id);
      one["block"] = block->id;
      one["version"] = canvas_->VersionOf(block->id);
      blocks.push_back(std::move(one));
    }
    hello["blocks"] = std::move(blocks);
    hello["runs"] = RunsNow();
    hello["canvas"] = canvas_->TitleJson();
    for (const OperationRecord& made : missing)
      first.AddOperation(
          "{\"seq\":" + std::to_string(made.seq) + ",\"token\":" + json::serialize(json::value(made.token)) +
          ",\"change\":" + made.change + ",\"actor\":" + json::serialize(json::value(made.actor)) +
          ",\"at_ms\":" + std::to_string(made.at_ms) + "}");
  } else {
    hello["snapshot"] = SnapshotNow(page.visitor.canvas, page.visitor.role);
  }
  peers_.SendTo(page.peer, json::serialize(hello));
  for (const auto& [other, there] : pages_)
    if (there.shown) first.SetPerson(there.peer, json::serialize(there.person));
  if (others_told_ > 0) first.SetOthers(others_told_);
  const std::string problem = !canvas_->problem().empty() ? canvas_->problem() : engine_problem_;
  if (!problem.empty()) first.SetProblem(problem);
  peers_.AddFor(page.peer, first);
  page.shown = shown_ < kMostShown;
  if (page.shown) {
    ++shown_;
    TellPerson(page);
  }
  pages_[key] = std::move(page);
  TellOthers();
}

void CanvasHub::TellPerson(const Page& page) {
  peers_.now().SetPerson(page.peer, json::serialize(page.person));
}

/// Two digits are said, so that a crowd that comes or goes is not told of each of it.
void CanvasHub::TellOthers() {
  auto others = static_cast<std::int64_t>(pages_.size() - shown_);
  std::int64_t unit = 1;
  while (others / unit >= 100) unit *= 10;
  others -= others % unit;
  if (others == others_told_) return;
  others_told_ = others;
  peers_.now().SetOthers(others);
}

void CanvasHub::Leave(const PeerLink* link) {
  Post([this, link] {
    const auto page = pages_.find(link);
    if (page == pages_.end()) return;
    peers_.Remove(page->second.peer);
    Gone(link);
  });
}

void CanvasHub::Gone(const PeerLink* link) {
  const auto page = pages_.find(link);
  if (page == pages_.end()) return;
  if (page->second.shown) {
    page->second.person["gone"] = true;
    TellPerson(page->second);
    --shown_;
  }
  pages_.erase(page);
  // Somebody who was only counted takes the place.
  for (auto& [other, there] : pages_) {
    if (shown_ >= kMostShown) break;
    if (there.shown) continue;
    there.shown = true;
    ++shown_;
    TellPerson(there);
  }
  TellOthers();
}

void CanvasHub::Receive(const PeerLink* link, std::string message) {
  auto parsed = ParseJson(message, "message");
  // Acknowledgements are most of what comes: one number each, and not each a letter of its own.
  if (parsed && parsed->is_object() && TextOf(parsed->get_object(), "op") == "ack") {
    const std::lock_guard lock(mutex_);
    acknowledged_.emplace_back(link, NumberOf(parsed->get_object(), "batch"));
    if (acknowledged_.size() == 1) Wake();
    return;
  }
  Post([this, link, parsed = std::move(parsed)] {
    const auto page = pages_.find(link);
    if (page == pages_.end() || ended_) return;
    if (!parsed || !parsed->is_object())
      return peers_.End(page->second.peer, "MESSAGE_INVALID", "a message is a JSON object");
    Take(link, page->second, parsed->get_object());
  });
}

void CanvasHub::Take(const PeerLink*, Page& page, const json::object& message) {
  const std::string op = TextOf(message, "op");
  if (op == "change") {
    TakeChange(page, message);
  } else if (op == "text") {
    if (!page.visitor.may_edit)
      return peers_.End(page.peer, "ROLE_TOO_LOW", "your role on this canvas does not let you edit");
    const json::value* updates = message.if_contains("updates");
    if (updates == nullptr || !updates->is_array())
      return peers_.End(page.peer, "MESSAGE_INVALID", "`updates` is a list");
    const auto typed = canvas_->Type(TextOf(page.visitor.user, "id"), TextOf(message, "block"),
                                     NumberOf(message, "version"), updates->get_array());
    if (!typed) peers_.End(page.peer, typed.error().reason, typed.error().message);
  } else if (op == "pull") {
    auto texts = canvas_->TextsSince(TextOf(message, "block"), NumberOf(message, "version"));
    if (!texts) return EndNow(texts.error());
    peers_.SendTo(page.peer, *std::move(texts));
  } else if (op == "cursor") {
    const json::value* block = message.if_contains("block");
    page.person["block"] = block != nullptr && block->is_string() ? *block : json::value();
    page.person["anchor"] = std::max<std::int64_t>(0, NumberOf(message, "anchor"));
    page.person["head"] = std::max<std::int64_t>(0, NumberOf(message, "head"));
    if (page.shown) TellPerson(page);
  } else {
    peers_.End(page.peer, "MESSAGE_INVALID", "there is no message `" + op.substr(0, 40) + "`");
  }
}

void CanvasHub::TakeChange(Page& page, const json::object& message) {
  const std::string token = TextOf(message, "token");
  const auto refuse = [&](const Refusal& refusal) {
    json::object out{{"token", token}, {"reason", refusal.reason}, {"message", refusal.message}};
    if (!refusal.path.empty()) out["path"] = json::array(refusal.path.begin(), refusal.path.end());
    peers_.Refuse(page.peer, json::serialize(out));
  };
  if (token.empty() || token.size() > 100)
    return peers_.End(page.peer, "MESSAGE_INVALID", "`token` is a text of 1 to 100 bytes");
  if (!page.visitor.may_edit)
    return refuse({"ROLE_TOO_LOW", "your role on this canvas does not let you edit", {}});
  const json::value* change = message.if_contains("change");
  auto parsed = ChangeFromJson(change == nullptr ? json::value() : *change);
  if (!parsed) return refuse({parsed.error().reason, parsed.error().message, {}});
  const std::int64_t before = canvas_->seq();
  auto made = canvas_->Change(TextOf(page.visitor.user, "id"), token, *parsed);
  if (!made) return refuse(made.error());
  if (made->seq > before) return;  // it is in the news
  Tick again;
  again.AddOperation(
      "{\"seq\":" + std::to_string(made->seq) + ",\"token\":" + json::serialize(json::value(made->token)) +
      ",\"change\":" + made->change + ",\"actor\":" + json::serialize(json::value(made->actor)) +
      ",\"at_ms\":" + std::to_string(made->at_ms) + "}");
  peers_.AddFor(page.peer, again);
}

// --- The canvas as it is now ---

void CanvasHub::Snapshot(std::string canvas, std::string role, Answer answer) {
  Post([this, canvas = std::move(canvas), role = std::move(role), answer = std::move(answer)] {
    const auto tell = [this, canvas, role, answer] {
      if (ended_)
        return answer(
            Fail(Code::kUnavailable, "CANVAS_CLOSED", "the canvas was closed meanwhile: try again"));
      if (const Status committed = canvas_->Commit(); !committed)
        return answer(std::unexpected(committed.error()));
      answer(SnapshotNow(canvas, role));
    };
    if (ended_) return tell();
    StartEngine();
    engine_answered_ ? tell() : after_engine_.push_back(tell);
  });
}

/// By block. While the engine is another process's, or waits for its environment, what is written down is what is known.
std::map<std::string, json::object> CanvasHub::StandingsNow() const {
  std::map<std::string, json::object> out, recorded;
  if (standings_.empty()) recorded = RecordedStandings(canvas_->folder().path(), canvas_->AsCanvas());
  for (const LiveBlock* block : canvas_->model().Blocks()) {
    json::object& one = out[block->id];
    if (const auto told = standings_.find(block->id); told != standings_.end())
      one = told->second;
    else if (const auto found = recorded.find(block->name); found != recorded.end())
      one = found->second;
    else
      one = {{"state", "never_run"}, {"reason", ""}};
  }
  return out;
}

json::array CanvasHub::RunsNow() const {
  json::array out;
  for (const auto& [run, of] : runs_) out.push_back(of);
  return out;
}

json::object CanvasHub::SnapshotNow(const std::string& canvas, const std::string& role) const {
  json::array blocks, edges;
  const auto standings = StandingsNow();
  for (const LiveBlock* block : canvas_->model().Blocks()) {
    json::object one = ToJson(*block);
    one["file"] = canvas_->FileOf(block->id);
    one["version"] = canvas_->VersionOf(block->id);
    for (const auto& member : standings.at(block->id)) one[member.key()] = member.value();
    blocks.push_back(std::move(one));
  }
  for (const LiveEdge& edge : canvas_->model().Edges())
    edges.push_back(json::object{{"parent", edge.parent}, {"child", edge.child}});
  return {{"id", canvas},
          {"name", canvas_->name()},
          {"role", role},
          {"epoch", canvas_->epoch()},
          {"seq", canvas_->seq()},
          {"environment", canvas_->environment()},
          {"blocks", std::move(blocks)},
          {"edges", std::move(edges)},
          {"runs", RunsNow()}};
}

}  // namespace easel
