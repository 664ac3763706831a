// Texts of blocks: updates, versions, revisions.

#include <limits>

#include "hub/line_diff.h"
#include "hub/live_canvas.h"

namespace easel {
namespace {

constexpr std::int64_t kMaxPulled = EditStore::kKeptUpdates;
constexpr std::size_t kMaxCodeBytes = std::size_t{4} << 20;

std::string UpdateJson(const std::string& client, const std::string& changes) {
  return "{\"client\":" + json::serialize(json::value(client)) + ",\"changes\":" + changes + "}";
}

}  // namespace

Result<bool> LiveCanvas::Type(const std::string& actor, const std::string& block, std::int64_t version,
                              const json::array& updates) {
  const auto state = states_.find(block);
  if (state == states_.end() || state->second.version != version) return false;
  // All of them, or none.
  std::string code = model_.Find(block)->code;
  const std::string before = code;
  std::vector<std::pair<std::string, json::array>> taken;
  for (const json::value& one : updates) {
    JsonReader reader(one, "text update");
    const std::string client = reader.String("client");
    const json::value* changes = reader.Find("changes");
    EASEL_RETURN_IF_ERROR(reader.status());
    if (client.size() > 100) return Fail(Code::kInvalidArgument, "TEXT_INVALID", "`client` is too long");
    EASEL_TRY(const TextChange change, TextChange::FromJson(changes == nullptr ? json::value() : *changes));
    EASEL_TRY(code, change.Apply(code));
    if (code.size() > kMaxCodeBytes)
      return Fail(Code::kInvalidArgument, "TEXT_INVALID",
                  "a block's code has at most 4 MiB: keep data in files/");
    taken.emplace_back(client, change.ToJson());
  }
  if (taken.empty()) return true;
  Revise(actor, block, before);
  for (const auto& [client, changes] : taken) AddUpdate(actor, client, block, changes);
  model_.SetCode(block, std::move(code));
  dirty_.insert(block);
  ++generation_;
  MarkDirty();
  return true;
}

void LiveCanvas::AddUpdate(const std::string& actor, const std::string& client, const std::string& id,
                           const json::array& changes) {
  BlockState& state = states_.at(id);
  const std::string text = json::serialize(changes);
  batch_.updates.push_back({id, state.version, client, actor, text, clock_.UnixMs()});
  ++state.version;
  news_->AddText(id, state.version, UpdateJson(client, text));
}

/// The model has another text than `before`: editors get the difference.
void LiveCanvas::ReplaceText(const std::string& actor, const std::string& id, const std::string& before) {
  const std::string& code = model_.Find(id)->code;
  if (code == before) return;
  states_.at(id).revised_ms = -1;
  Revise(actor, id, before);
  AddUpdate(actor, actor, id, TextChange::Between(before, code).ToJson());
  Touch(id);
}

/// Note that `actor` changes the text `before`: a revision of its own, or the one that this person is writing.
void LiveCanvas::Revise(const std::string& actor, const std::string& id, const std::string& before) {
  BlockState& state = states_.at(id);
  const std::int64_t now = clock_.MonotonicMs();
  if (state.revised_ms < 0 || state.actor != actor || now - state.revised_ms >= kRevisionPauseMs) {
    if (state.revision_unsaved) SaveRevision(id, before);
    ++state.revision;
    state.actor = actor;
    state.revised_from = before;
  }
  state.revised_ms = now;
  state.revision_unsaved = true;
}

/// Put the newest revision, whose text is `code`, into the next batch.
void LiveCanvas::SaveRevision(const std::string& id, const std::string& code) {
  BlockState& state = states_.at(id);
  const LineCounts lines = CountDifference(state.revised_from, code);
  batch_.revisions.push_back(
      {id, state.revision, state.actor, clock_.UnixMs(), lines.added, lines.removed, code});
  state.revision_unsaved = false;
  Touch(id);
}

Result<std::string> LiveCanvas::TextsSince(const std::string& block, std::int64_t version) {
  EASEL_RETURN_IF_ERROR(Commit());
  const std::int64_t newest = VersionOf(block);
  std::string out = "{\"type\":\"texts\",\"block\":" + json::serialize(json::value(block)) +
                    ",\"version\":" + std::to_string(newest);
  const LiveBlock* there = model_.Find(block);
  if (there == nullptr) return out + ",\"updates\":[],\"gone\":true}";
  std::vector<TextUpdateRecord> updates;
  if (version >= 0 && version < newest && newest - version <= kMaxPulled) {
    EASEL_TRY(updates, store_->Updates(block, version, kMaxPulled));
  }
  out += ",\"updates\":[";
  if (static_cast<std::int64_t>(updates.size()) == newest - version) {
    for (std::size_t i = 0; i < updates.size(); ++i)
      out += (i == 0 ? "" : ",") + UpdateJson(updates[i].client, updates[i].changes);
    return out + "]}";
  }
  return out + "],\"code\":" + json::serialize(json::value(there->code)) + "}";
}

}  // namespace easel
