// How many durable transitions a second: batches that queue up and share a commit, against one commit each.
//
// Prints one JSON object. A transition is what the engine writes when an attempt ends: attempt, publication, outcome,
// cursor. Run it on the file system that holds canvases: `metadata_bench [FOLDER]`.

#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "metadata/metadata_store.h"

namespace easel {
namespace {

Batch Transition(int i) {
  const std::string block = "block_" + std::to_string(i % 1000);
  const std::string digest(64, 'd');
  const AttemptRecord attempt{.attempt = "r00000000000000/" + block + "." + std::to_string(i / 1000 + 1),
                              .run = "r00000000000000",
                              .block = block,
                              .epoch = i / 1000 + 1,
                              .status = AttemptStatus::kSucceeded,
                              .base_key = digest,
                              .key = digest,
                              .manifest = digest};
  return {OpenAttempt{attempt}, Publish{block, attempt.epoch, attempt.attempt, digest, digest, "{}", 1},
          SetBlockOutcome{block, "succeeded", ""}, SetCursor{"executor", i}};
}

/// Transitions per second with at most `in_flight` waiting at a time.
double Measure(const std::string& folder, int count, int in_flight) {
  auto store = OpenSqliteMetadata(folder + "/" + std::to_string(in_flight) + ".db");
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    std::exit(1);
  }
  const SystemClock clock;
  const std::int64_t start = clock.MonotonicMs();
  std::atomic<int> waiting = 0, failed = 0;
  for (int i = 0; i < count; ++i) {
    for (int now = waiting; now >= in_flight; now = waiting) waiting.wait(now);
    ++waiting;
    (*store)->Commit(Transition(i), [&](Status status) {
      if (!status && failed++ == 0) std::fprintf(stderr, "%s\n", status.error().message.c_str());
      --waiting;
      waiting.notify_one();
    });
  }
  if (!(*store)->CommitNow({}) || failed != 0) std::exit(1);
  return count * 1000.0 / static_cast<double>(std::max<std::int64_t>(1, clock.MonotonicMs() - start));
}

}  // namespace
}  // namespace easel

int main(int argc, char** argv) {
  const std::string base = argc > 1 ? argv[1] : "/tmp";
  std::string folder = base + "/easel_metadata_bench.XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const double one = easel::Measure(folder, 1000, 1);
  const double few = easel::Measure(folder, 5000, 16);
  const double many = easel::Measure(folder, 50000, 1000);
  std::printf(
      "{\"measure\": \"durable transitions per second\", \"one_commit_each\": %.0f, \"16_in_flight\": %.0f, "
      "\"1000_in_flight\": %.0f, \"target\": 5000}\n",
      one, few, many);
  std::filesystem::remove_all(folder);
}
