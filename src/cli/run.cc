// easel run: bring blocks up to date, through an engine of our own or through the one of whoever owns the canvas.

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <ostream>
#include <stop_token>
#include <thread>

#include "backend/local_backend.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/processors.h"
#include "base/text.h"
#include "canvas/reader.h"
#include "canvas/values.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/continued_run.h"
#include "cli/retention_words.h"
#include "cli/run_request.h"
#include "cli/run_view.h"
#include "cli/run_words.h"
#include "cli/signals.h"
#include "cli/stop_on_signal.h"
#include "cli/store_words.h"
#include "engine/owner.h"
#include "executor/reachable.h"
#include "executor/runtime_folder.h"
#include "store/fetching_backend.h"

namespace easel {
namespace {

Result<RunRequest> RequestOf(const Invocation& invocation) {
  RunRequest request;
  int modes = 0;
  const auto mode = [&](const char* flag, RunMode value) {
    if (!invocation.Has(flag)) return;
    ++modes;
    request.mode = value;
    for (const std::string& given : invocation.Values(flag))
      for (const std::string& name : Split(given, ','))
        if (!name.empty()) request.blocks.push_back(name);
  };
  mode("only", RunMode::kOnly);
  mode("to", RunMode::kTo);
  mode("from", RunMode::kFrom);
  if (invocation.Has("changed")) ++modes, request.mode = RunMode::kChanged;
  if (modes > 1)
    return Fail(Code::kInvalidArgument, "USAGE",
                "--only, --to, --from and --changed exclude each other: give one of them");
  request.force = invocation.Has("force");
  EASEL_TRY(const std::int64_t jobs, invocation.Number("jobs", 0, 1));
  request.jobs = static_cast<std::int32_t>(std::min<std::int64_t>(jobs, 10'000));
  return request;
}

Result<SessionOptions> OptionsOf(const Invocation& invocation) {
  SessionOptions options;
  options.cores = UsableProcessors();
  options.memory_bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  options.isolation = invocation.Value("isolation", "local");
  options.network = !invocation.Has("no-network");
  options.egress = invocation.Values("reach");
  if (auto hosts = ParseReachables(options.egress); !hosts) return std::unexpected(hosts.error());
  if (!options.egress.empty() && (options.isolation != "strict" || !options.network))
    return Fail(Code::kInvalidArgument, "USAGE",
                options.network
                    ? "--reach lists the only hosts that blocks may reach, which needs --isolation strict"
                    : "--reach and --no-network exclude each other: give one of them");
  if (invocation.Has("disk")) {
    const auto bytes = ParseMemoryBytes(invocation.Value("disk"));
    if (!bytes)
      return Fail(Code::kInvalidArgument, "USAGE", "--disk: " + bytes.error() + " (for example 20GiB)");
    options.block_disk_bytes = *bytes;
  }
  for (const std::string& name : invocation.Values("env")) {
    const auto equals = name.find('=');
    if (equals != std::string::npos) {
      options.pass_env[name.substr(0, equals)] = name.substr(equals + 1);
      continue;
    }
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
      return Fail(Code::kInvalidArgument, "USAGE",
                  "--env " + name +
                      ": there is no such variable in your environment; set it, or give --env " + name +
                      "=VALUE");
    options.pass_env[name] = value;
  }
  return options;
}

/// Changes with whatever a run of the canvas depends on that the engine reads once.
std::string SourcesOf(const Canvas& canvas) {
  Sha256 hash;
  if (const auto page = ReadFile(canvas.root + "/" + std::string(kCanvasFile))) hash.Update(*page);
  for (const Block& block : canvas.blocks) hash.UpdateField(block.name).UpdateField(block.source);
  return hash.Finish();
}

/// How often to look for the owner of a canvas, 200 ms apart: half an hour, longer than any environment takes.
constexpr int kOwnerRounds = 9000;

class RunCommand {
 public:
  RunCommand(const Invocation& invocation, std::ostream& out, std::ostream& err)
      : invocation_(invocation),
        err_(err),
        json_(invocation.Has("json")),
        view_(invocation.Word("CANVAS"), invocation.terminal, STDOUT_FILENO, json_, out) {}

  int Run() {
    auto request = RequestOf(invocation_);
    if (!request) return ReportError(request.error(), err_);
    auto options = OptionsOf(invocation_);
    if (!options) return ReportError(options.error(), err_);
    request_ = *std::move(request);
    options_ = *std::move(options);
    auto at = RunToBeginFrom(invocation_);
    if (!at) return ReportError(at.error(), err_);
    at_ = *std::move(at);
    // A guest whose owner ends takes the canvas over, so this may go round a few times; an owner that still builds its
    // environment listens later.
    for (int round = 0; round < kOwnerRounds; ++round) {
      auto canvas = ReadCanvas(invocation_.Word("CANVAS"));
      if (!canvas) return ReportError(canvas.error(), err_);
      const std::string state_root = canvas->root + "/.easel";
      auto lock = EngineLock::TryAcquire(state_root);
      if (!lock) return ReportError(lock.error(), err_);
      if (*lock) return Own(**lock);
      if (round == 10) view_.Say("another command owns this canvas and is getting ready; waiting for it");
      if (const auto code = Visit(state_root, Sources(*canvas))) return KeepAsGuest(state_root, *code);
    }
    return ReportError(
        Error{Code::kUnavailable, "ENGINE_BUSY",
              "another command owns this canvas and does not answer; wait for it, or end it, and try again"},
        err_);
  }

 private:
  int Own(EngineLock& lock) {
    (void)lock;
    std::optional<StopOnSignal> stop(std::in_place, signals_);
    if (const Status brought = BringFromStore({stop->token()}); !brought)
      return ReportError(brought.error(), err_);
    auto world = World::Load({.folder = invocation_.Word("CANVAS"),
                              .runtime_folder = RuntimeFolderOfThisMachine(),
                              .environments = EnvironmentOptionsOfThisMachine(),
                              .at = at_,
                              .progress = [this](std::string_view line) { view_.Say(std::string(line)); },
                              .stop = stop->token(),
                              .elsewhere = ElsewhereOf(store_)});
    if (!world) return ReportError(world.error(), err_);
    std::unique_ptr<Backend> backend = std::make_unique<LocalBackend>(
        LocalBackendOptions{.canvas = (*world)->canvas_id(),
                            .build = BuildId(RuntimeFolderOfThisMachine()),
                            .isolation = options_.isolation,
                            .network = options_.network && options_.egress.empty()});
    if (store_ != nullptr) backend = MakeFetchingBackend(std::move(backend), store_);
    auto session = Session::Open(**world, std::move(backend), options_);
    if (!session) return ReportError(session.error(), err_);
    auto server = EngineServer::Listen((*world)->state_root(), **session, Sources(*(*world)->canvas()));
    if (!server) return ReportError(server.error(), err_);

    EventQueue events;
    UniqueFd arrived(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    auto run = (*session)->Start(request_, [&](const json::object& event) {
      events.Put(event);
      const std::uint64_t one = 1;
      (void)!::write(arrived.get(), &one, sizeof one);
    });
    if (!run) return ReportError(run.error(), err_);
    int interrupts = stop->stopped() ? 1 : 0;
    stop.reset();
    if (interrupts > 0) (*session)->Cancel(*run, false);
    while (view_.exit_code() < 0) {
      Wait(arrived.get());
      std::uint64_t n;
      (void)!::read(arrived.get(), &n, sizeof n);
      for (int taken = 0; taken < 256; ++taken) {
        auto line = events.Take(0);
        if (!line) break;
        if (taken == 255) Wake(arrived.get());
        const auto parsed = json::parse(*line);
        if (parsed.at("event") == "run.finished") {
          view_.Dropped(events.dropped_bytes());
          KeepInStore(*(*world)->store());
        }
        Show(*line, parsed.get_object());
      }
      for (int i = signals_.Take(); i > 0; --i)
        Interrupted(++interrupts, [&](bool kill) { (*session)->Cancel(*run, kill); });
      view_.Tick();
    }
    const bool alone = WaitForGuests(**server);
    server->reset();
    session->reset();
    if (alone)
      if (const auto said = TidyUp((*world)->state_root(), *(*world)->canvas(), *(*world)->store()))
        view_.Say(*said);
    return ExitCode();
  }

  /// Make the folder know what the store has, and see that it is there before anything runs.
  Status BringFromStore(const CallContext& context) {
    EASEL_TRY(const Canvas canvas, ReadCanvas(invocation_.Word("CANVAS")));
    EASEL_TRY(store_, StoreOf(invocation_, canvas.root, false, context));
    if (store_ == nullptr) return {};
    EASEL_TRY(const Moved moved, store_->Bring(context));
    for (const std::string& note : moved.notes) view_.Say("note: " + note);
    if (moved.attempts > 0) view_.Say("from " + store_->name() + ": " + MovedWords(moved));
    return {};
  }

  /// Before the run is said to have ended: what it left is in the store, or the command fails and says so.
  void KeepInStore(MetadataStore& metadata) {
    if (store_ == nullptr) return;
    const StopOnSignal stop(signals_);
    const auto moved = store_->Keep({stop.token()}, metadata);
    if (!moved) {
      not_kept_ = moved.error();
      return;
    }
    const json::object event{
        {"event", "run.kept"},         {"store", store_->name()},
        {"attempts", moved->attempts}, {"objects", moved->objects},
        {"bytes", moved->bytes},       {"notes", json::array(moved->notes.begin(), moved->notes.end())}};
    view_.Show(json::serialize(event), event);
    for (const std::string& note : moved->notes) view_.Say("note: " + note);
    view_.Say("kept in " + store_->name() + ": " + MovedWords(*moved));
  }

  /// The run's, unless its results are not where they were wanted.
  int ExitCode() {
    if (!not_kept_) return view_.exit_code();
    Error error = *not_kept_;
    error.message = "the results are in this folder, but not in the store: " + error.message +
                    "\n`easel push " + invocation_.Word("CANVAS") + " --store " + invocation_.Value("store") +
                    "` brings them there.";
    if (error.code == Code::kInvalidArgument) error.code = Code::kUnknown;
    return ReportError(error, err_);
  }

  /// After a run through somebody else's engine, which may know of no store.
  int KeepAsGuest(const std::string& state_root, int code) {
    if (!invocation_.Has("store")) return code;
    for (int round = 0; round < 150; ++round) {
      const auto lock = EngineLock::TryAcquire(state_root);
      if (lock && *lock) {
        const StopOnSignal stop(signals_);
        auto store = StoreOf(invocation_, ParentOf(state_root), false, {stop.token()});
        if (!store) return ReportError(store.error(), err_);
        store_ = *std::move(store);
        auto metadata = OpenSqliteMetadata(state_root + "/" + std::string(kMetadataFile));
        if (!metadata) return ReportError(metadata.error(), err_);
        if (auto moved = store_->Keep({stop.token()}, **metadata); !moved)
          not_kept_ = moved.error();
        else
          view_.Say("kept in " + store_->name() + ": " + MovedWords(*moved));
        return not_kept_ ? ExitCode() : code;
      }
      pollfd wait{signals_.fd(), POLLIN, 0};
      ::poll(&wait, 1, 200);
      if (signals_.Take() > 0) break;
    }
    not_kept_ = Error{Code::kUnavailable, "CANVAS_IN_USE", "whoever owns this canvas goes on with it"};
    return ExitCode();
  }

  /// Runs of guests end with this process's engine: so it stays for them, unless the person does not want to wait.
  /// False if somebody's run is left to them.
  bool WaitForGuests(EngineServer& server) {
    for (bool said = false; server.Busy(); said = true) {
      if (!said)
        view_.Say(
            "another command's run goes through this one; waiting for it (Ctrl-C leaves it to that command)");
      pollfd wait{signals_.fd(), POLLIN, 0};
      ::poll(&wait, 1, 50);
      if (signals_.Take() > 0) return false;
    }
    return true;
  }

  void Show(const std::string& line, const json::object& event) {
    if (event.at("event") == "block.output") return view_.Show(line, event);
    const auto told = run_.Tell(event);
    if (told) view_.Show(*told == event ? line : json::serialize(*told), *told);
  }

  /// Run through the owner's engine; nullopt if the owner went away before the run was over.
  std::optional<int> Visit(const std::string& state_root, const std::string& sources) {
    auto guest = EngineGuest::Connect(state_root, request_, sources, !at_.empty());
    if (!guest) {  // the owner is just starting or ending
      pollfd wait{signals_.fd(), POLLIN, 0};
      ::poll(&wait, 1, 200);
      if (signals_.Take() > 0) return kExitCancelled;
      return std::nullopt;
    }
    int interrupts = 0;
    for (bool gone = false; !gone;) {
      Wait((*guest)->fd());
      pollfd ready{(*guest)->fd(), POLLIN, 0};
      if (::poll(&ready, 1, 0) > 0)
        for (const std::string& line : (*guest)->Read(gone)) {
          const auto event = ParseJson(line, "event");
          if (!event || !event->is_object()) continue;
          if (const json::value* error = event->get_object().if_contains("error");
              error != nullptr && error->is_object()) {
            JsonReader reader(*error, "error");
            if (reader.StringOr("reason", "") == "CANVAS_CHANGED") return AwaitOwner(state_root);
            return ReportError(Error{static_cast<Code>(reader.IntOr("code", 2)),
                                     reader.StringOr("reason", ""), reader.StringOr("message", "")},
                               err_);
          }
          if (!said_) view_.Say("another command owns this canvas; running through it");
          said_ = true;
          Show(line, event->get_object());
        }
      for (int i = signals_.Take(); i > 0; --i)
        Interrupted(++interrupts, [&](bool kill) { (*guest)->Cancel(kill); });
      view_.Tick();
      if (view_.exit_code() >= 0) return view_.exit_code();
    }
    run_.EngineGone();
    return std::nullopt;
  }

  /// The owner runs an older version of the canvas, whose results are not what was asked for: wait for its end.
  std::optional<int> AwaitOwner(const std::string& state_root) {
    view_.Say(at_.empty()
                  ? "another command runs this canvas as it was before it was changed, or from an older "
                    "state; waiting for that to end"
                  : "another command runs this canvas; waiting for that to end");
    for (;;) {
      const auto lock = EngineLock::TryAcquire(state_root);
      if (!lock || *lock) return std::nullopt;  // free, and taken again in the next round
      pollfd wait{signals_.fd(), POLLIN, 0};
      ::poll(&wait, 1, 100);
      if (signals_.Take() > 0) return kExitCancelled;
    }
  }

  /// An engine that begins from an older state serves one run: no other command has the same.
  std::string Sources(const Canvas& canvas) const {
    return SourcesOf(canvas) + (at_.empty() ? "" : " at " + at_ + " " + token_);
  }

  void Wait(int fd) {
    pollfd wait[2] = {{fd, POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
    ::poll(wait, 2, view_.MillisecondsToTick());
  }

  static void Wake(int fd) {
    const std::uint64_t one = 1;
    (void)!::write(fd, &one, sizeof one);
  }

  void Interrupted(int times, const std::function<void(bool kill)>& cancel) {
    if (times == 1) view_.Say("cancelling; Ctrl-C once more kills what runs");
    cancel(times > 1);
  }

  Signals signals_;  // first: every thread made later has them blocked
  const Invocation& invocation_;
  std::ostream& err_;
  bool json_;
  RunView view_;
  RunRequest request_;
  SessionOptions options_;
  std::string at_;  ///< the run from whose results to begin; empty: from what is published
  const std::string token_ = RandomBase32(20);
  ContinuedRun run_;
  bool said_ = false;
  std::shared_ptr<CanvasStore> store_;  ///< where results are kept as well; null: nowhere
  std::optional<Error> not_kept_;       ///< why they are not there
};

}  // namespace

int RunRun(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  if (invocation.Has("dry-run") && invocation.Has("store"))
    return ReportError(
        Error{Code::kInvalidArgument, "USAGE",
              "--dry-run looks at what this folder has: `easel pull` first, and leave --store out"},
        err);
  if (invocation.Has("dry-run")) return RunPlan(invocation, out, err);
  return RunCommand(invocation, out, err).Run();
}

Result<RunRequest> RunRequestOf(const Invocation& invocation) { return RequestOf(invocation); }

Result<std::string> RunToBeginFrom(const Invocation& invocation) {
  if (!invocation.Has("at")) return std::string();
  EASEL_TRY(const StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  EASEL_TRY(const RunRecord run, FindRun(canvas, invocation.Value("at")));
  return run.run;
}

}  // namespace easel
