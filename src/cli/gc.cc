// easel gc: forgets old attempts, then removes what only they used.

#include <climits>
#include <optional>
#include <ostream>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/stored_canvas.h"
#include "engine/owner.h"
#include "state/reachability.h"

namespace easel {
namespace {

/// What retention says of each attempt.
struct Retention {
  std::vector<std::string> keep, forget;
  bool under_way = false;  ///< attempts of a run that has not ended, maybe of a killed one
};

/// Of each block stay: what is published, what is under way, the newest `count` attempts, and the newest `count`
/// successes, so that a series of failures does not push out the results that undoing an edit would restore.
Result<Retention> Decide(MetadataStore& metadata, int count) {
  EASEL_TRY(const MetadataSnapshot snapshot, metadata.Load());
  Retention out;
  out.under_way = !snapshot.open_attempts.empty();
  for (const BlockRecord& block : snapshot.blocks) {
    EASEL_TRY(const auto history, metadata.History(block.block, INT_MAX));
    int newest = 0, successes = 0;
    for (const AttemptRecord& attempt : history) {
      const bool open = attempt.status == AttemptStatus::kQueued || attempt.status == AttemptStatus::kRunning;
      const bool recent = ++newest <= count;
      const bool good = attempt.status == AttemptStatus::kSucceeded && ++successes <= count;
      const bool stays = open || recent || good || attempt.attempt == block.published_attempt;
      (stays ? out.keep : out.forget).push_back(attempt.attempt);
    }
    // Published, although its own row was lost.
    if (!block.published_attempt.empty()) out.keep.push_back(block.published_attempt);
  }
  return out;
}

json::object Document(const Collected& collected, std::size_t forgotten, bool dry_run) {
  return {{"dry_run", dry_run},
          {"forgotten", forgotten},
          {"attempts", json::array(collected.attempts.begin(), collected.attempts.end())},
          {"objects", collected.objects},
          {"bytes", collected.bytes},
          {"kept_objects", collected.kept_objects},
          {"kept_bytes", collected.kept_bytes},
          {"oddities", json::array(collected.oddities.begin(), collected.oddities.end())}};
}

Status Collect(const Invocation& invocation, std::ostream& out) {
  EASEL_TRY(const std::int64_t count, invocation.Number("keep", 10, 1));
  const bool dry_run = invocation.Has("dry-run");
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  Collected collected;
  Retention retention;
  std::optional<EngineLock> lock;
  if (canvas.HasRun()) {
    if (!dry_run) {
      EASEL_TRY(lock, EngineLock::TryAcquire(canvas.state_root));
      if (!lock)
        return Fail(
            Code::kFailedPrecondition, "CANVAS_IN_USE",
            canvas.shown + ": a run is under way; `easel gc` works when it has ended (--dry-run works now)");
      EASEL_TRY(canvas.metadata, OpenSqliteMetadata(canvas.state_root + "/" + std::string(kMetadataFile)));
    }
    EASEL_TRY(retention, Decide(*canvas.metadata, static_cast<int>(std::min<std::int64_t>(count, INT_MAX))));
    // First out of the database, then from the disk: what is left by a crash in between is collected the next time.
    if (!dry_run && !retention.forget.empty())
      EASEL_RETURN_IF_ERROR(canvas.metadata->CommitNow({ForgetAttempts{retention.forget}}));
    CollectOptions options{.keep = retention.keep, .now_ms = SystemClock().UnixMs(), .dry_run = dry_run};
    // Every writer is an open attempt, and no new one can begin while we hold the lock.
    if (!retention.under_way) options.grace_ms = 0;
    EASEL_TRY(collected, CollectGarbage(canvas.state_root, options));
  }
  if (invocation.Has("json")) {
    out << json::serialize(Document(collected, retention.forget.size(), dry_run)) << '\n';
    return {};
  }
  if (!canvas.HasRun()) {
    out << NothingHasRun(canvas);
    return {};
  }
  for (const std::string& oddity : collected.oddities) out << "note: " << EscapeValue(oddity) << '\n';
  out << (dry_run ? "Would free " : "Freed ") << HumanBytes(collected.bytes) << ": "
      << collected.attempts.size() << " attempts and " << collected.objects << " objects; "
      << HumanBytes(collected.kept_bytes) << " in " << collected.kept_objects << " objects "
      << (dry_run ? "would stay.\n" : "stay.\n");
  return {};
}

}  // namespace

int RunGc(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status collected = Collect(invocation, out);
  return collected ? kExitGood : ReportError(collected.error(), err);
}

}  // namespace easel
