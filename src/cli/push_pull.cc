// easel push, easel pull: a canvas's state to a store and from there.

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "canvas/reader.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/stop_on_signal.h"
#include "cli/store_words.h"
#include "engine/owner.h"

namespace easel {
namespace {

Result<EngineLock> LockOf(const std::string& state_root, const std::string& shown) {
  EASEL_TRY(auto lock, EngineLock::TryAcquire(state_root));
  if (lock) return *std::move(lock);
  return Fail(Code::kFailedPrecondition, "CANVAS_IN_USE",
              shown + ": a run or a server has this canvas; try again when it has ended");
}

Result<std::shared_ptr<CanvasStore>> NeededStore(const Invocation& invocation, const std::string& root,
                                                 const CallContext& context) {
  EASEL_TRY(auto store, StoreOf(invocation, root, true, context));
  if (store != nullptr) return store;
  return Fail(
      Code::kInvalidArgument, "USAGE",
      "say where: --store gs://BUCKET or --store gs://BUCKET/FOLDER (the canvas went with no store yet)");
}

/// `moved` with what else a person should know.
void Tell(const Invocation& invocation, const Moved& moved, const std::string& verb, const std::string& where,
          std::ostream& out) {
  if (invocation.Has("json")) {
    out << json::serialize(json::object{{"store", where},
                                        {"attempts", moved.attempts},
                                        {"objects", moved.objects},
                                        {"bytes", moved.bytes},
                                        {"notes", json::array(moved.notes.begin(), moved.notes.end())}})
        << '\n';
    return;
  }
  for (const std::string& note : moved.notes) out << "note: " << EscapeValue(note) << '\n';
  if (moved.attempts == 0 && moved.objects == 0)
    out << "Both had the same already: " << where << '\n';
  else
    out << verb << " " << where << ": " << MovedWords(moved) << '\n';
}

/// `work` on the canvas that the command line names, until a signal stops it; returns the exit code.
template <typename Work>
int OnCanvas(const Invocation& invocation, std::ostream& err, const Work& work) {
  const std::string shown = invocation.Word("CANVAS");
  Signals signals;
  const StopOnSignal stop(signals);
  const CallContext context{stop.token()};
  const auto done = [&]() -> Status {
    EASEL_TRY(const Canvas canvas, ReadCanvas(shown));
    return work(canvas, shown, context);
  }();
  return done ? kExitGood : ReportError(done.error(), err);
}

Status Push(const Invocation& invocation, const Canvas& canvas, const std::string& shown,
            const CallContext& context, std::ostream& out) {
  const std::string state_root = canvas.root + "/.easel";
  if (const auto id = ReadFile(state_root + "/canvas_id", 64); !id)
    return Fail(Code::kNotFound, "NOTHING_HAS_RUN",
                shown + ": nothing has run here yet, so there is nothing to push");
  EASEL_TRY(const auto store, NeededStore(invocation, canvas.root, context));
  EASEL_TRY(const EngineLock lock, LockOf(state_root, shown));
  auto metadata = OpenSqliteMetadata(state_root + "/" + std::string(kMetadataFile));
  if (!metadata) return std::unexpected(metadata.error());
  EASEL_TRY(const Moved moved, store->Keep(context, **metadata));
  Tell(invocation, moved, "Pushed to", store->name(), out);
  return {};
}

/// The id under which the folder goes in stores, chosen once. A folder that has none gets that of the stored canvas that is meant.
Status ChooseId(const Invocation& invocation, const Canvas& canvas, CanvasStore& store,
                const CallContext& context, std::ostream& out) {
  const std::string state_root = canvas.root + "/.easel", path = state_root + "/canvas_id";
  const std::string wanted = invocation.Value("id");
  if (const auto has = ReadFile(path, 64)) {
    const std::string own = has->substr(0, has->find('\n'));
    if (wanted.empty() || wanted == own) return {};
    return Fail(Code::kFailedPrecondition, "CANVAS_HAS_ID",
                canvas.root + ": has results of its own, under the id " + own +
                    ". Pull into a folder without `.easel/`, or remove that to let them go.");
  }
  EASEL_TRY(std::vector<StoredCanvasName> there, store.Canvases(context));
  std::erase_if(there, [&](const StoredCanvasName& one) {
    return wanted.empty() ? one.name != canvas.name : one.id != wanted;
  });
  if (there.size() != 1) {
    std::ranges::sort(there, std::greater(), &StoredCanvasName::updated_ms);
    std::string known;
    for (const StoredCanvasName& one : there) known += "\n  --id " + one.id + "  " + one.name;
    return Fail(
        Code::kNotFound, "CANVAS_NOT_STORED",
        store.name() +
            (there.empty()
                 ? ": has no canvas " + (wanted.empty() ? "of the name `" + canvas.name + "`" : wanted)
                 : ": has several canvases of this name; say which, newest first:" + known));
  }
  EASEL_RETURN_IF_ERROR(MakeDirectories(state_root));
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(state_root + "/.gitignore", "*\n"));
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(path, there[0].id + "\n", {.sync = true}));
  if (!invocation.Has("json")) out << "This folder is canvas " << there[0].id << " from now on.\n";
  return {};
}

Status Pull(const Invocation& invocation, const Canvas& canvas, const std::string& shown,
            const CallContext& context, std::ostream& out) {
  EASEL_TRY(const auto store, NeededStore(invocation, canvas.root, context));
  EASEL_RETURN_IF_ERROR(ChooseId(invocation, canvas, *store, context, out));
  EASEL_TRY(const EngineLock lock, LockOf(canvas.root + "/.easel", shown));
  EASEL_TRY(Moved moved, store->Bring(context));
  if (!moved.stored)
    return Fail(Code::kNotFound, "CANVAS_NOT_STORED",
                store->name() + ": has nothing of this canvas yet; `easel push " + shown + "` puts it there");
  EASEL_TRY(std::vector<std::string> missing, store->Missing(invocation.Has("all")));
  std::erase_if(missing, [&](const std::string& object) { return !store->Has(object); });
  EASEL_TRY(const Moved fetched, store->Fetch(context, missing));
  moved.objects += fetched.objects;
  moved.bytes += fetched.bytes;
  Tell(invocation, moved, "Pulled from", store->name(), out);
  return {};
}

}  // namespace

int RunPush(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  return OnCanvas(invocation, err,
                  [&](const Canvas& canvas, const std::string& shown, const CallContext& context) {
                    return Push(invocation, canvas, shown, context, out);
                  });
}

int RunPull(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  return OnCanvas(invocation, err,
                  [&](const Canvas& canvas, const std::string& shown, const CallContext& context) {
                    return Pull(invocation, canvas, shown, context, out);
                  });
}

}  // namespace easel
