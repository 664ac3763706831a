// Keeps a served canvas's state in its store, beside the engine: after each run, and again when that failed.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/canvas_store.h"

namespace easel {

/// One thread. What it had not done when it ends is done by the next one: nothing is named in the store that is not there.
class StateKeeper {
 public:
  /// Begins with what an earlier process may have left undone, and brings the objects of what stands, for readers. `metadata`
  /// must outlive it. `on_problem` is called on its thread: a sentence for people, or "" when all is well again.
  StateKeeper(std::shared_ptr<CanvasStore> store, MetadataStore& metadata,
              std::function<void(const std::string& problem)> on_problem);
  ~StateKeeper();

  /// Something has ended: keep it soon. Thread-safe, does not wait.
  void Ask();

 private:
  void Loop(const std::stop_token& stop);
  void Bring(const std::stop_token& stop);

  const std::shared_ptr<CanvasStore> store_;
  MetadataStore& metadata_;
  const std::function<void(const std::string& problem)> on_problem_;
  std::mutex mutex_;
  std::condition_variable_any asked_;
  bool wanted_ = true;
  std::jthread thread_;
};

}  // namespace easel
