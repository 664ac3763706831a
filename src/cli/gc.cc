// easel gc: forgets old attempts, then removes what only they used.

#include <optional>
#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "canvas/reader.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/retention_words.h"
#include "cli/stored_canvas.h"
#include "engine/owner.h"
#include "engine/retention.h"

namespace easel {
namespace {

json::object Document(const Retained& done, const RetentionOptions& options) {
  const Collected& collected = done.collected;
  return {{"dry_run", options.dry_run},
          {"keep", options.keep},
          {"max_bytes", options.max_bytes},
          {"forgotten", done.forgotten},
          {"runs", done.runs},
          {"analyses", done.analyses},
          {"under_way", done.under_way},
          {"over_limit", done.over_limit},
          {"attempts", json::array(collected.attempts.begin(), collected.attempts.end())},
          {"objects", collected.objects},
          {"bytes", collected.bytes},
          {"kept_objects", collected.kept_objects},
          {"kept_bytes", collected.kept_bytes},
          {"oddities", json::array(collected.oddities.begin(), collected.oddities.end())}};
}

void Tell(const Retained& done, const RetentionOptions& options, std::ostream& out) {
  const Collected& collected = done.collected;
  for (const std::string& oddity : collected.oddities) out << "note: " << EscapeValue(oddity) << '\n';
  if (done.under_way)
    out << "note: an attempt is under way, so that no attempt was let go; `easel run` settles it\n";
  out << (options.dry_run ? "Would free " : "Freed ") << HumanBytes(collected.bytes) << ": "
      << collected.attempts.size() << " attempts and " << collected.objects << " objects; "
      << HumanBytes(collected.kept_bytes) << " in " << collected.kept_objects << " objects "
      << (options.dry_run ? "would stay.\n" : "stay.\n");
  if (done.over_limit)
    out << "That is more than " << HumanBytes(options.max_bytes)
        << ": the results that stand need it. Blocks that are removed from the canvas, or make less, free "
           "it.\n";
}

Status Collect(const Invocation& invocation, std::ostream& out) {
  EASEL_TRY(RetentionOptions options, RetentionOf(invocation));
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  Retained done;
  std::optional<EngineLock> lock;
  if (canvas.HasRun()) {
    if (!options.dry_run) {
      EASEL_TRY(lock, EngineLock::TryAcquire(canvas.state_root));
      if (!lock)
        return Fail(
            Code::kFailedPrecondition, "CANVAS_IN_USE",
            canvas.shown + ": a run is under way; `easel gc` works when it has ended (--dry-run works now)");
      EASEL_TRY(canvas.metadata, OpenSqliteMetadata(canvas.state_root + "/" + std::string(kMetadataFile)));
    }
    // A canvas that cannot be read keeps its analyses.
    if (const auto whole = ReadCanvas(invocation.Word("CANVAS"))) options.sources = SourceDigests(*whole);
    EASEL_TRY(done, ApplyRetention(canvas.state_root, *canvas.metadata, options));
  }
  if (invocation.Has("json"))
    out << json::serialize(Document(done, options)) << '\n';
  else if (!canvas.HasRun())
    out << NothingHasRun(canvas);
  else
    Tell(done, options, out);
  return {};
}

}  // namespace

int RunGc(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status collected = Collect(invocation, out);
  return collected ? kExitGood : ReportError(collected.error(), err);
}

}  // namespace easel
