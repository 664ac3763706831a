#include "hub/canvas_hub.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "base/log.h"

namespace easel {

Result<std::shared_ptr<CanvasHub>> CanvasHub::Open(const std::string& folder, LinkOptions options) {
  static const SystemClock clock;
  EASEL_TRY(auto canvas, LiveCanvas::Open(folder, clock));
  return std::shared_ptr<CanvasHub>(new CanvasHub(std::move(canvas), std::move(options)));
}

CanvasHub::CanvasHub(std::unique_ptr<LiveCanvas> canvas, LinkOptions options)
    : canvas_(std::move(canvas)),
      options_(std::move(options)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  canvas_->SendNewsTo(peers_.now());
  alone_since_ms_ = clock_.MonotonicMs();
  thread_ = std::thread([this] { Loop(); });
}

CanvasHub::~CanvasHub() {
  End("SERVER_ENDS", "the server ends");
  thread_.join();
}

void CanvasHub::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  inbox_.push_back(std::move(work));
  if (inbox_.size() > 1) return;  // whoever put the first one in has woken it, and it takes all
  Wake();
}

void CanvasHub::Wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void CanvasHub::End(std::string reason, std::string message) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    ending_ = true;
    end_reason_ = std::move(reason);
    end_message_ = std::move(message);
  }
  ended_ = true;
  Post([] {});
}

void CanvasHub::EndNow(const Error& error) {
  Log(LogLevel::kWarning, "hub", canvas_->folder().path() + " is closed: " + error.message);
  after_commit_.clear();
  End(error.reason, error.message);
}

void CanvasHub::Loop() {
  std::int64_t next_ms = 0;
  bool engine_told = false;
  for (;;) {
    const std::int64_t now = clock_.MonotonicMs();
    const int timeout =
        next_ms < 0 ? -1 : static_cast<int>(std::clamp<std::int64_t>(next_ms - now, 0, 60'000));
    pollfd wait[2] = {{wake_.get(), POLLIN, 0}, {canvas_->folder().watch_fd(), POLLIN, 0}};
    ::poll(wait, 2, timeout);
    std::uint64_t count;
    (void)!::read(wake_.get(), &count, sizeof count);
    std::deque<std::function<void()>> letters;
    std::vector<std::pair<const PeerLink*, std::int64_t>> acknowledged;
    bool ending = false;
    {
      const std::lock_guard lock(mutex_);
      letters.swap(inbox_);
      acknowledged.swap(acknowledged_);
      ending = ending_;
    }
    for (const auto& letter : letters) letter();
    for (const auto& [link, batch] : acknowledged)
      if (const auto page = pages_.find(link); page != pages_.end())
        peers_.Acknowledge(page->second.peer, batch, now);
    if (!ending) {
      if (wait[1].revents != 0) canvas_->FolderChanged();
      if (const Status stepped = Step(next_ms); !stepped) {
        EndNow(stepped.error());
        next_ms = 0;
      }
      continue;
    }
    // The engine ends on its own threads, which may still ask this one.
    if (!engine_told) {
      engine_told = true;
      (void)canvas_->Flush();
      for (const auto& answer : std::exchange(after_commit_, {})) answer();
      for (const auto& answer : std::exchange(after_engine_, {})) answer();
      peers_.EndAll(end_reason_, end_message_);
      if (engine_ != nullptr) engine_->End([this] { Post([this] { engine_ended_ = true; }); });
    }
    if (engine_ended_) break;
    next_ms = -1;
  }
  engine_.reset();
  canvas_.reset();
  over_ = true;
  over_.notify_all();
}

void CanvasHub::WaitForEnd() { over_.wait(false); }

std::optional<std::string> CanvasHub::NameOf(const std::string& block) {
  std::promise<std::optional<std::string>> name;
  Ask(
      [&name](Result<json::object> answer) {
        name.set_value(answer && answer->contains("name")
                           ? std::optional(std::string(answer->at("name").get_string()))
                           : std::nullopt);
      },
      [this, block]() -> Result<json::object> {
        const LiveBlock* there = canvas_->model().Find(block);
        return there == nullptr ? json::object{} : json::object{{"name", there->name}};
      });
  return name.get_future().get();
}

Status CanvasHub::Save() {
  std::promise<Status> saved;
  Ask(
      [&saved](Result<json::object> answer) {
        saved.set_value(answer ? Status{} : std::unexpected(answer.error()));
      },
      [this]() -> Result<json::object> {
        EASEL_RETURN_IF_ERROR(canvas_->Flush());
        return json::object{};
      });
  return saved.get_future().get();
}

Status CanvasHub::Step(std::int64_t& next_ms) {
  const std::int64_t now = clock_.MonotonicMs();
  EASEL_RETURN_IF_ERROR(canvas_->Commit());
  for (const auto& answer : std::exchange(after_commit_, {})) answer();
  EASEL_TRY(next_ms, canvas_->Work());
  const auto also = [&](std::int64_t at) {
    if (at >= 0 && (next_ms < 0 || at < next_ms)) next_ms = at;
  };
  // The engine hears of edits when typing pauses, or before a run.
  if (canvas_->generation() != seen_generation_) {
    seen_generation_ = canvas_->generation();
    changed_ms_ = now;
  }
  if (engine_ != nullptr && canvas_->generation() != engine_generation_) {
    if (now - changed_ms_ >= kAnalyseAfterMs)
      engine_->Edit(EditNow());
    else
      also(changed_ms_ + kAnalyseAfterMs);
  }
  also(peers_.Flush(now));
  for (const PeerId ended : peers_.TakeEnded()) {
    const auto page =
        std::ranges::find_if(pages_, [&](const auto& item) { return item.second.peer == ended; });
    if (page != pages_.end()) Gone(page->first);
  }
  if (!peers_.empty() || !runs_.empty()) {
    alone_since_ms_ = now;
  } else if (now - alone_since_ms_ >= kLingerMs) {
    End("CANVAS_IDLE", "nobody looked at the canvas");
    next_ms = 0;
  } else {
    also(alone_since_ms_ + kLingerMs);
  }
  return {};
}

void CanvasHub::Ask(Answer answer, std::function<Result<json::object>()> work) {
  Post([this, answer = std::move(answer), work = std::move(work)] {
    if (ended_)
      return answer(Fail(Code::kUnavailable, "CANVAS_CLOSED", "the canvas was closed meanwhile: try again"));
    answer(work());
  });
}

void CanvasHub::Change(std::string actor, std::string token, json::value change, Answer answer) {
  Post([this, actor = std::move(actor), token = std::move(token), change = std::move(change),
        answer = std::move(answer)] {
    if (ended_)
      return answer(Fail(Code::kUnavailable, "CANVAS_CLOSED", "the canvas was closed meanwhile: try again"));
    auto parsed = ChangeFromJson(change);
    if (!parsed) return answer(std::unexpected(parsed.error()));
    auto made = canvas_->Change(actor, token, *parsed);
    if (!made) {
      const Refusal& refusal = made.error();
      const Code code = refusal.reason.starts_with("NO_SUCH") ? Code::kNotFound
                        : refusal.reason.ends_with("EXISTS") || refusal.reason == "NAME_TAKEN"
                            ? Code::kAlreadyExists
                        : refusal.reason == "NAME_INVALID" ? Code::kInvalidArgument
                                                           : Code::kFailedPrecondition;
      return answer(Fail(code, refusal.reason, refusal.message));
    }
    after_commit_.push_back([answer, made = *std::move(made)] {
      const auto parsed_change = ParseJson(made.change, "change");
      answer(json::object{{"seq", made.seq},
                          {"token", made.token},
                          {"change", parsed_change ? *parsed_change : json::value()},
                          {"actor", made.actor},
                          {"at_ms", made.at_ms}});
    });
  });
}

void CanvasHub::Operations(std::int64_t after, std::int64_t limit, Answer answer) {
  Ask(std::move(answer), [this, after, limit]() -> Result<json::object> {
    EASEL_RETURN_IF_ERROR(canvas_->Commit());
    EASEL_TRY(const auto operations, canvas_->Operations(after, limit));
    json::array items;
    for (const OperationRecord& made : operations) {
      EASEL_TRY(json::value change, ParseJson(made.change, "change"));
      items.push_back(json::object{{"seq", made.seq},
                                   {"token", made.token},
                                   {"change", std::move(change)},
                                   {"actor", made.actor},
                                   {"at_ms", made.at_ms}});
    }
    const bool more = static_cast<std::int64_t>(operations.size()) == limit;
    return json::object{{"items", std::move(items)},
                        {"next", more ? json::value(std::to_string(operations.back().seq)) : json::value()}};
  });
}

namespace {

json::object RevisionJson(const RevisionRecord& revision) {
  return {{"revision", revision.revision},
          {"at_ms", revision.at_ms},
          {"actor", revision.actor},
          {"lines_added", revision.lines_added},
          {"lines_removed", revision.lines_removed}};
}

}  // namespace

void CanvasHub::Revisions(std::string block, std::int64_t before, std::int64_t limit, Answer answer) {
  Ask(std::move(answer), [this, block = std::move(block), before, limit]() -> Result<json::object> {
    EASEL_TRY(const auto revisions, canvas_->Revisions(block, before, limit));
    json::array items;
    for (const RevisionRecord& revision : revisions) items.push_back(RevisionJson(revision));
    const bool more = static_cast<std::int64_t>(revisions.size()) == limit;
    return json::object{
        {"items", std::move(items)},
        {"next", more ? json::value(std::to_string(revisions.back().revision)) : json::value()}};
  });
}

void CanvasHub::Revision(std::string block, std::int64_t number, Answer answer) {
  Ask(std::move(answer), [this, block = std::move(block), number]() -> Result<json::object> {
    EASEL_TRY(const auto revision, canvas_->FindRevision(block, number));
    if (!revision)
      return Fail(Code::kNotFound, "REVISION_UNKNOWN", "there is no such revision of this block");
    json::object out = RevisionJson(*revision);
    out["code"] = revision->code;
    return out;
  });
}

}  // namespace easel
