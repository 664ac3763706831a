// Work on tables that may take long: asked for again until it is done, stopped when nobody asks any more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/error.h"
#include "state/table_view.h"

namespace easel {

/// A piece of work is known by what it is for (its key): the same question joins the work that is under way, and once
/// gets the answer of work that was done meanwhile.
///
///   Ask ──> queued ──> running ──> done ──(asked again, or 30 s)──> gone
///              └─────────┴─ Stop, or nobody asked for 10 s ──> gone
///
/// Thread-safe.
class TableWork {
 public:
  using Job = std::function<Result<std::string>(TableProgress& progress)>;
  struct Pending {
    std::string id;
    double done = 0;  ///< 0 to 1
  };
  using Answer = std::variant<std::string, Pending>;

  /// `threads` pieces of work run at once, each on up to `scan_threads` threads; `queued` more wait.
  TableWork(int threads, int scan_threads, std::size_t queued);
  ~TableWork();
  TableWork(const TableWork&) = delete;
  TableWork& operator=(const TableWork&) = delete;

  /// The answer of `job`, if it is there within `patience`; otherwise how far it is: ask again.
  ///
  /// Errors: those of the job; kResourceExhausted TABLE_BUSY.
  Result<Answer> Ask(const std::string& key, std::chrono::milliseconds patience, Job job);

  /// Stop the work `id` of a key that begins with `scope`; false if there is none.
  bool Stop(const std::string& scope, const std::string& id);

 private:
  struct Piece {
    std::string key, id;
    Job job;
    TableProgress progress;
    bool finished = false;
    Result<std::string> result;
    std::chrono::steady_clock::time_point since;  ///< when it finished
  };
  void Serve();
  void PutOff(Piece& piece) const;
  void Sweep();

  const int scan_threads_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::list<std::shared_ptr<Piece>> queue_;
  std::unordered_map<std::string, std::shared_ptr<Piece>> pieces_;  ///< by key
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace easel
