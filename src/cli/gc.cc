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
#include "cli/stop_on_signal.h"
#include "cli/store_words.h"
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

constexpr std::int64_t kDay_ms = 24 * 3600 * 1000;

/// What went from a store, and its name.
struct Emptied {
  std::string store;
  Removed removed;
};

/// Make the store forget what was let go here, then remove there what nothing names.
Result<Emptied> CollectThere(const Invocation& invocation, CanvasStore& store, MetadataStore& metadata,
                             const CallContext& context) {
  EASEL_TRY(const std::int64_t days, invocation.Number("unused-days", 7, 1));
  EASEL_TRY(const Moved moved, store.Keep(context, metadata));
  EASEL_TRY(const Removed removed, store.RemoveUnused(context, days * kDay_ms));
  return Emptied{store.name(), removed};
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
  if (invocation.Has("dry-run") && invocation.Has("store"))
    return Fail(Code::kInvalidArgument, "USAGE",
                "--dry-run looks at what this folder has: leave --store out, or --dry-run");
  if (invocation.Has("unused-days") && !invocation.Has("store"))
    return Fail(Code::kInvalidArgument, "USAGE",
                "--unused-days is about a bucket: name it by --store gs://BUCKET");
  Signals signals;
  const StopOnSignal stop(signals);
  const CallContext context{stop.token()};
  EASEL_TRY(RetentionOptions options, RetentionOf(invocation));
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  Retained done;
  std::shared_ptr<CanvasStore> store;
  std::optional<EngineLock> lock;
  std::optional<Emptied> there;
  if (canvas.HasRun()) {
    if (!options.dry_run) {
      EASEL_TRY(lock, EngineLock::TryAcquire(canvas.state_root));
      if (!lock)
        return Fail(
            Code::kFailedPrecondition, "CANVAS_IN_USE",
            canvas.shown + ": a run is under way; `easel gc` works when it has ended (--dry-run works now)");
      EASEL_TRY(store, StoreOf(invocation, ParentOf(canvas.state_root), false, context));
      if (store != nullptr) EASEL_RETURN_IF_ERROR(store->Bring(context));
      EASEL_TRY(canvas.metadata, OpenSqliteMetadata(canvas.state_root + "/" + std::string(kMetadataFile)));
    }
    // A canvas that cannot be read keeps its analyses.
    if (const auto whole = ReadCanvas(invocation.Word("CANVAS"))) options.sources = SourceDigests(*whole);
    EASEL_TRY(done, ApplyRetention(canvas.state_root, *canvas.metadata, options));
    if (store != nullptr) {
      EASEL_TRY(there, CollectThere(invocation, *store, *canvas.metadata, context));
    }
  }
  json::object document = Document(done, options);
  if (there)
    document["there"] = json::object{{"store", there->store},
                                     {"objects", there->removed.objects},
                                     {"bytes", there->removed.bytes},
                                     {"kept_objects", there->removed.kept_objects},
                                     {"kept_bytes", there->removed.kept_bytes}};
  if (invocation.Has("json"))
    out << json::serialize(document) << '\n';
  else if (!canvas.HasRun())
    out << NothingHasRun(canvas);
  else
    Tell(done, options, out);
  if (there && !invocation.Has("json"))
    out << there->store << ": freed " << HumanBytes(there->removed.bytes) << " in " << there->removed.objects
        << " objects that nothing needs; " << HumanBytes(there->removed.kept_bytes) << " in "
        << there->removed.kept_objects << " objects stay.\n";
  return {};
}

}  // namespace

int RunGc(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status collected = Collect(invocation, out);
  return collected ? kExitGood : ReportError(collected.error(), err);
}

}  // namespace easel
