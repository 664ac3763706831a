// D2: durable transitions a second through the engine and SQLite with an executor that does nothing.
// D3: a canvas of 100,000 blocks whose run does nothing, once it is loaded.
//
//   engine_bench [--folder FOLDER] [--blocks N] [--no-peers] [D2] [D3]
//
// One JSON object a line. FOLDER should be on the file system that holds canvases; everything made in it is removed.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "base/digest.h"
#include "base/file.h"
#include "canvas/graph.h"
#include "canvas/reader.h"
#include "engine/engine.h"
#include "engine/run_events.h"
#include "metadata/metadata_store.h"

namespace easel {
namespace {

using Clock = std::chrono::steady_clock;
double Ms(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

void Require(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "engine_bench: %s\n", what.c_str());
  std::exit(1);
}

void Print(const json::object& line) {
  std::printf("%s\n", json::serialize(line).c_str());
  std::fflush(stdout);
}

/// Nothing in it ever changes, and there is no history.
class StillWorld final : public Surroundings {
 public:
  std::string FileDigest(const std::string&) override { return "absent"; }
  std::vector<Past> FindPast(const std::string&, const std::string&) override { return {}; }
  std::int64_t UnixMs() override { return 1'700'000'000'000; }
};

std::string BlockName(int i) { return "block_" + std::to_string(i); }

/// Layers of `width` blocks; each has the two blocks above it, left and right, as parents.
struct Layers {
  int count = 0, width = 0;
  std::vector<NamedEdge> edges;

  static Layers Make(int count, int width) {
    Layers out{count, width, {}};
    for (int i = width; i < count; ++i) {
      const int layer = i / width, column = i % width;
      out.edges.emplace_back(BlockName((layer - 1) * width + column), BlockName(i));
      out.edges.emplace_back(BlockName((layer - 1) * width + (column + 1) % width), BlockName(i));
    }
    return out;
  }
};

/// What an attempt of `block` leaves: one variable, its own.
std::shared_ptr<Manifest> MakeManifest(const std::string& block, const std::string& attempt,
                                       const std::string& run, std::int64_t epoch) {
  auto manifest = std::make_shared<Manifest>();
  manifest->canvas = "bench";
  manifest->attempt = attempt;
  manifest->run = run;
  manifest->block = block;
  manifest->epoch = epoch;
  manifest->key = manifest->environment = std::string(64, 'e');
  manifest->python = "3.11";
  manifest->platform = "linux-x86_64";
  manifest->started_ms = 1;
  manifest->finished_ms = 2;
  const std::string slot = attempt + "#0";
  manifest->state.variables["value"] = {
      .slot = slot, .origin = block, .type = "int", .bytes = 28, .preview = "1"};
  manifest->state.slots[slot] = {.object = std::string(64, 'a'),
                                 .length = 64,
                                 .codec = "pickle5",
                                 .digest = DigestOf(block),
                                 .names = {"value"}};
  return manifest;
}

std::shared_ptr<const Analysis> MakeAnalysis() {
  auto analysis = std::make_shared<Analysis>();
  analysis->digest = std::string(64, 'c');
  analysis->reads = {"value"};
  return analysis;
}

// --- D2 ---

/// Runs a canvas of `width` chains with `jobs` attempts at once; every attempt finishes as soon as it is told to start.
void DurableTransitions(const std::string& folder, int blocks, int jobs, double one_commit_each) {
  const Layers layers = Layers::Make(blocks, 1000);
  std::vector<Block> list;
  for (int i = 0; i < blocks; ++i) list.push_back({.name = BlockName(i)});
  const Canvas canvas = *MakeCanvas(std::move(list), layers.edges);
  std::vector<BlockKnowledge> knowledge(canvas.blocks.size());
  for (BlockKnowledge& known : knowledge) known.analysis = MakeAnalysis(), known.environment = "e";
  StillWorld world;
  Engine engine(std::make_shared<const Canvas>(canvas), std::move(knowledge), world,
                {.canvas_id = "bench", .cores = 2});
  auto store = OpenSqliteMetadata(folder + "/d2.db");
  Require(store.has_value(), store ? "" : store.error().message);

  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<Event> inbox;
  std::vector<double> decisions, durable;  // ms
  std::map<std::int64_t, Clock::time_point> committed_at;
  int attempts = 0, transitions = 0;
  std::string status;
  std::vector<Command> commands;
  const auto feed = [&](Event event) {
    const auto began = Clock::now();
    commands.clear();
    engine.Handle(std::move(event), commands);
    decisions.push_back(Ms(began));
    for (Command& command : commands) {
      if (auto* commit = std::get_if<CommitChanges>(&command)) {
        committed_at[commit->ticket] = Clock::now();
        (*store)->Commit(std::move(commit->batch), [&, ticket = commit->ticket](Status stored) {
          const std::lock_guard lock(mutex);
          inbox.push_back(Committed{ticket, std::move(stored)});
          arrived.notify_one();
        });
        ++transitions;
      } else if (auto* start = std::get_if<StartAttempt>(&command)) {
        ++attempts;
        const AttemptRecord& record = start->record;
        const std::lock_guard lock(mutex);
        inbox.push_back(AttemptFinished{
            .attempt = record.attempt,
            .status = "succeeded",
            .manifest_digest = std::string(64, 'd'),
            .manifest = MakeManifest(record.block, record.attempt, record.run, record.epoch)});
      } else if (auto* announce = std::get_if<Announce>(&command)) {
        if (const auto* end = std::get_if<RunFinished>(&announce->what)) status = end->status;
      }
    }
  };
  const auto began = Clock::now();
  feed(RunRequested{RunId{"r00000000000001"}, {.mode = RunMode::kAll, .jobs = jobs}});
  while (status.empty()) {
    std::deque<Event> events;
    {
      std::unique_lock lock(mutex);
      arrived.wait(lock, [&] { return !inbox.empty(); });
      events.swap(inbox);
    }
    for (Event& event : events) {
      if (const auto* stored = std::get_if<Committed>(&event))
        durable.push_back(Ms(committed_at.at(stored->ticket)));
      feed(std::move(event));
    }
  }
  const double seconds = Ms(began) / 1e3;
  Require(status == "succeeded" && attempts == blocks, "D2 run ended " + status);
  Print({{"id", "D2"},
         {"measure", "durable transitions per second, no-op executor"},
         {"unit", "1/s"},
         {"target", 5000},
         {"value", transitions / seconds},
         {"attempts_per_second", attempts / seconds},
         {"attempts", attempts},
         {"jobs", jobs},
         {"decision_ms_p50", Quantile(decisions, 0.5)},
         {"decision_ms_p99", Quantile(decisions, 0.99)},
         {"decision_target_ms_p50", 0.5},
         {"commit_ms_p50", Quantile(durable, 0.5)},
         {"commit_ms_p99", Quantile(durable, 0.99)},
         {"peers", {{"sqlite_one_commit_each", one_commit_each}}},
         {"ratio", transitions / seconds / one_commit_each}});
}

/// The peer: the same records, one transaction and one sync each.
double OneCommitEach(const std::string& folder, int count) {
  auto store = OpenSqliteMetadata(folder + "/peer.db");
  Require(store.has_value(), store ? "" : store.error().message);
  const auto began = Clock::now();
  for (int i = 0; i < count; ++i) {
    const AttemptRecord attempt{
        .attempt = "r1/" + BlockName(i) + ".1", .run = "r1", .block = BlockName(i), .epoch = 1};
    const Status stored =
        i % 2 == 0
            ? (*store)->CommitNow({OpenAttempt{attempt}})
            : (*store)->CommitNow({PutAttempt{attempt}, SetBlockOutcome{BlockName(i), "succeeded", ""}});
    Require(stored.has_value(), stored ? "" : stored.error().message);
  }
  return count / (Ms(began) / 1e3);
}

// --- D3 ---

void WriteCanvas(const std::string& folder, const Layers& layers) {
  std::filesystem::create_directories(folder + "/blocks");
  std::string text = "easel: 1\nname: Bench\nblocks:\n";
  for (int i = 0; i < layers.count; ++i) {
    const std::string name = BlockName(i);
    text += "  " + name + ": {kind: python, file: blocks/" + name + ".py, at: [" +
            std::to_string(i % layers.width) + ", " + std::to_string(i / layers.width) + "]}\n";
    std::ofstream(folder + "/blocks/" + name + ".py") << "value = value + " << i << "\n";
  }
  text += "edges:\n";
  for (const auto& [from, to] : layers.edges) text += "  - " + from + " -> " + to + "\n";
  std::ofstream(folder + "/canvas.yaml") << text;
}

/// Store what a first run would have left: rows in the database, a manifest file each.
void PublishAll(const std::string& root, const Canvas& canvas, MetadataStore& store) {
  StillWorld world;
  std::vector<BlockKnowledge> knowledge(canvas.blocks.size());
  for (BlockKnowledge& known : knowledge) known.analysis = MakeAnalysis(), known.environment = "e";
  Engine engine(std::make_shared<const Canvas>(canvas), std::move(knowledge), world,
                {.canvas_id = "bench", .cores = 2});
  std::deque<Event> inbox{RunRequested{RunId{"r00000000000001"}, {.mode = RunMode::kAll, .jobs = 1000}}};
  std::string status;
  Batch all;
  while (!inbox.empty()) {
    std::vector<Command> commands;
    engine.Handle(std::move(inbox.front()), commands);
    inbox.pop_front();
    for (Command& command : commands) {
      if (auto* commit = std::get_if<CommitChanges>(&command)) {
        for (Change& change : commit->batch) all.push_back(std::move(change));
        inbox.push_back(Committed{commit->ticket, {}});
      } else if (auto* start = std::get_if<StartAttempt>(&command)) {
        const AttemptRecord& record = start->record;
        auto manifest = MakeManifest(record.block, record.attempt, record.run, record.epoch);
        const std::string text = SerializeManifest(*manifest), path = ManifestPath(root, record.attempt);
        std::filesystem::create_directories(ParentOf(path));
        std::ofstream(path) << text;
        inbox.push_back(AttemptFinished{.attempt = record.attempt,
                                        .status = "succeeded",
                                        .manifest_digest = DigestOf(text),
                                        .manifest = std::move(manifest)});
      } else if (auto* announce = std::get_if<Announce>(&command)) {
        if (const auto* end = std::get_if<RunFinished>(&announce->what)) status = end->status;
      }
    }
  }
  Require(status == "succeeded", "the first run of D3 ended " + status);
  const Status stored = store.CommitNow(std::move(all));
  Require(stored.has_value(), stored ? "" : stored.error().message);
}

/// Wall time of a command in ms, the median of three after one warm-up; negative if it fails.
double Time(const std::string& folder, std::vector<std::string> command) {
  std::vector<double> times;
  for (int i = 0; i < 4; ++i) {
    const auto began = Clock::now();
    const pid_t child = ::fork();
    if (child == 0) {
      if (::chdir(folder.c_str()) != 0 || std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(127);
      std::vector<char*> argv;
      for (std::string& word : command) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return -1;
    if (i > 0) times.push_back(Ms(began));
  }
  return Quantile(times, 0.5);
}

json::object Peers(const std::string& folder, const Layers& layers) {
  std::filesystem::create_directories(folder);
  std::ofstream ninja(folder + "/build.ninja"), make(folder + "/Makefile");
  // As a generator's, so that ninja asks for times only and not for its log of a first build, 100,000 processes long.
  ninja << "rule touch\n  command = touch $out\n  generator = 1\n";
  std::vector<std::string> inputs(static_cast<std::size_t>(layers.count));
  for (const auto& [from, to] : layers.edges)
    inputs[static_cast<std::size_t>(std::stoi(to.substr(6)))] += " " + from;
  make << "all:";
  for (int i = 0; i < layers.count; ++i) make << " " << BlockName(i);
  make << "\n";
  for (int i = 0; i < layers.count; ++i) {
    ninja << "build " << BlockName(i) << ": touch" << inputs[static_cast<std::size_t>(i)] << "\n";
    make << BlockName(i) << ":" << inputs[static_cast<std::size_t>(i)] << "\n\ttouch $@\n";
  }
  ninja.close();
  make.close();
  // Every target is there with one time, so that nothing is to do; a peer that does something gives no number.
  for (int i = 0; i < layers.count; ++i) std::ofstream(folder + "/" + BlockName(i)).flush();
  const auto now = std::filesystem::file_time_type::clock::now();
  for (int i = 0; i < layers.count; ++i) std::filesystem::last_write_time(folder + "/" + BlockName(i), now);
  json::object out;
  if (const double ms = Time(folder, {"make", "-q"}); ms >= 0) out["make_q_ms"] = ms;
  if (const double ms = Time(folder, {"ninja"}); ms >= 0) out["ninja_ms"] = ms;
  return out;
}

void NoOpRun(const std::string& folder, int blocks, bool peers) {
  const Layers layers = Layers::Make(blocks, std::max(2, blocks / 100));
  const std::string root = folder + "/canvas", state = root + "/.easel";
  WriteCanvas(root, layers);
  std::filesystem::create_directories(state);
  {
    auto canvas = ReadCanvas(root);
    Require(canvas.has_value(), canvas ? "" : canvas.error().message);
    auto store = OpenSqliteMetadata(state + "/metadata.db");
    Require(store.has_value(), store ? "" : store.error().message);
    PublishAll(state, *canvas, **store);
  }
  auto began = Clock::now();
  const Canvas canvas = *ReadCanvas(root);
  const double read_canvas_ms = Ms(began);
  began = Clock::now();
  auto store = OpenSqliteMetadata(state + "/metadata.db");
  Require(store.has_value(), store ? "" : store.error().message);
  const MetadataSnapshot snapshot = *(*store)->Load();
  const double database_ms = Ms(began);
  began = Clock::now();
  std::vector<BlockKnowledge> knowledge(canvas.blocks.size());
  const auto analysis = MakeAnalysis();
  for (BlockKnowledge& known : knowledge) known.analysis = analysis, known.environment = "e";
  for (const BlockRecord& record : snapshot.blocks) {
    BlockKnowledge& known = knowledge[static_cast<std::size_t>(*canvas.Find(record.block))];
    known.record = record;
    auto manifest = LoadManifest(ManifestPath(state, record.published_attempt), record.published_manifest);
    Require(manifest.has_value(), manifest ? "" : manifest.error().message);
    known.published = std::make_shared<const Manifest>(*std::move(manifest));
  }
  const double manifests_ms = Ms(began);
  StillWorld world;
  const auto shared = std::make_shared<const Canvas>(canvas);
  began = Clock::now();
  Engine engine(shared, std::move(knowledge), world, {.canvas_id = "bench", .cores = 2});
  Require(engine.Plan({}).has_value(), "no plan");
  const double keys_ms = Ms(began);

  std::vector<double> runs, plans, events;
  std::size_t up_to_date = 0, bytes = 0;
  for (int i = 0; i < 9; ++i) {
    began = Clock::now();
    Require(engine.Plan({}).has_value(), "no plan");
    plans.push_back(Ms(began));
    const RunId run{"r0000000000001" + std::to_string(i)};
    std::vector<Command> commands;
    began = Clock::now();
    engine.Handle(RunRequested{run, {.mode = RunMode::kAll}}, commands);
    for (std::int64_t ticket = 2 * i + 1; ticket <= 2 * i + 2; ++ticket)
      engine.Handle(Committed{ticket, {}}, commands);
    runs.push_back(Ms(began));
    const auto* end = commands.empty() ? nullptr : std::get_if<Announce>(&commands.back());
    const auto* finished = end == nullptr ? nullptr : std::get_if<RunFinished>(&end->what);
    Require(finished != nullptr && finished->status == "succeeded", "the no-op run did not end");
    up_to_date = finished->up_to_date.size();
    began = Clock::now();
    for (const Command& command : commands)
      if (const auto* announce = std::get_if<Announce>(&command))
        ForEachEvent(announce->what, run, canvas,
                     [&](const json::object& event) { bytes += json::serialize(event).size(); });
    events.push_back(Ms(began));
  }
  Require(up_to_date == canvas.blocks.size() && bytes > 0, "not everything was up to date");

  // One block's code is edited while the engine lives: the canvas that was read is merged, the engine takes it.
  began = Clock::now();
  Require(engine.ReportStandings().size() == canvas.blocks.size(), "standings are missing");
  const double standings_ms = Ms(began);
  std::vector<double> merges, edits;
  for (int i = 0; i < 9; ++i) {
    auto other = std::make_shared<Analysis>(*analysis);
    other->digest = "code " + std::to_string(i);
    Canvas next = canvas;
    began = Clock::now();
    CanvasEdit edit;
    edit.canvas = std::make_shared<const Canvas>(MergeCanvas(engine.canvas(), std::move(next)));
    merges.push_back(Ms(began));
    edit.reread.push_back({canvas.topological.front(), other, "e", ""});
    std::vector<Command> commands;
    began = Clock::now();
    engine.Edit(std::move(edit), commands);
    Require(engine.ChangedStandings().size() == (i == 0 ? 1u : 0u),
            "one block should have become stale, once");
    edits.push_back(Ms(began));
  }
  json::object line{{"id", "D3"},
                    {"measure", "no-op run of " + std::to_string(blocks) + " blocks once loaded"},
                    {"unit", "ms"},
                    {"target", 20},
                    {"value", Quantile(runs, 0.5)},
                    {"min", *std::ranges::min_element(runs)},
                    {"max", *std::ranges::max_element(runs)},
                    {"plan_ms", Quantile(plans, 0.5)},
                    {"json_events_ms", Quantile(events, 0.5)},
                    {"edit",
                     {{"standings_ms", standings_ms},
                      {"merge_ms", Quantile(merges, 0.5)},
                      {"engine_ms", Quantile(edits, 0.5)}}},
                    {"load",
                     {{"read_canvas_ms", read_canvas_ms},
                      {"database_ms", database_ms},
                      {"manifests_ms", manifests_ms},
                      {"keys_ms", keys_ms},
                      {"total_ms", read_canvas_ms + database_ms + manifests_ms + keys_ms}}},
                    {"blocks", blocks},
                    {"edges", layers.edges.size()}};
  if (peers) line["peers"] = Peers(folder + "/peers", layers);
  Print(line);
}

}  // namespace
}  // namespace easel

int main(int argc, char** argv) {
  std::string base = "/tmp", which;
  int blocks = 100'000;
  bool peers = true;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--folder" && i + 1 < argc)
      base = argv[++i];
    else if (word == "--blocks" && i + 1 < argc)
      blocks = std::atoi(argv[++i]);
    else if (word == "--no-peers")
      peers = false;
    else
      which += word;
  }
  std::string folder = base + "/easel_engine_bench.XXXXXX";
  easel::Require(::mkdtemp(folder.data()) != nullptr, "cannot make a folder in " + base);
  if (which.empty() || which.find("D2") != std::string::npos)
    easel::DurableTransitions(folder, 20'000, 1000, easel::OneCommitEach(folder, 1000));
  if (which.empty() || which.find("D3") != std::string::npos) easel::NoOpRun(folder, blocks, peers);
  std::filesystem::remove_all(folder);
}
