#include "store/state_keeper.h"

#include <chrono>

#include "base/log.h"

namespace easel {
namespace {
constexpr std::chrono::seconds kAgainAfter{30};
}

StateKeeper::StateKeeper(std::shared_ptr<CanvasStore> store, MetadataStore& metadata,
                         std::function<void(const std::string& problem)> on_problem)
    : store_(std::move(store)),
      metadata_(metadata),
      on_problem_(std::move(on_problem)),
      thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

StateKeeper::~StateKeeper() {
  thread_.request_stop();
  thread_.join();
}

void StateKeeper::Ask() {
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  asked_.notify_all();
}

void StateKeeper::Bring(const std::stop_token& stop) {
  auto missing = store_->Missing(false);
  if (!missing) return;
  std::erase_if(*missing, [&](const std::string& object) { return !store_->Has(object); });
  if (const auto fetched = store_->Fetch({stop}, *missing); !fetched && !stop.stop_requested())
    Log(LogLevel::kWarning, "store", fetched.error().message);
}

void StateKeeper::Loop(const std::stop_token& stop) {
  bool told = false;
  for (bool first = true; !stop.stop_requested(); first = false) {
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [this] { return wanted_; };
      if (told)
        asked_.wait_for(lock, stop, kAgainAfter, wanted);
      else
        asked_.wait(lock, stop, wanted);
      if (stop.stop_requested()) return;
      wanted_ = false;
    }
    const auto moved = store_->Keep({stop}, metadata_);
    if (stop.stop_requested()) return;
    if (!moved) {
      const std::string problem =
          "results are on this machine, but not in " + store_->name() + " yet: " + moved.error().message;
      Log(LogLevel::kWarning, "store", problem);
      on_problem_(problem);
      told = true;
    } else if (std::exchange(told, false)) {
      on_problem_("");
    }
    if (first) Bring(stop);
  }
}

}  // namespace easel
