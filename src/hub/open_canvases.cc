#include "hub/open_canvases.h"

namespace easel {

std::shared_ptr<OpenCanvases::Place> OpenCanvases::PlaceOf(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Place>& place = places_[folder];
  if (place == nullptr) place = std::make_shared<Place>();
  return place;
}

std::vector<std::shared_ptr<CanvasHub>> OpenCanvases::TakeOver() {
  std::vector<std::shared_ptr<CanvasHub>> over;
  const std::lock_guard lock(mutex_);
  std::erase_if(places_, [&](auto& item) {
    Place& place = *item.second;
    if (place.hub != nullptr && place.hub->over()) over.push_back(std::move(place.hub));
    // Places are handed out under the lock: one that only the registry has is nobody's.
    return place.hub == nullptr && item.second.use_count() == 1;
  });
  return over;
}

Result<std::shared_ptr<CanvasHub>> OpenCanvases::Get(const std::string& folder) {
  if (auto there = Find(folder)) return there;
  TakeOver().clear();
  const std::shared_ptr<Place> place = PlaceOf(folder);
  const std::lock_guard changing(place->changing);
  std::shared_ptr<CanvasHub> before;
  {
    const std::lock_guard lock(mutex_);
    if (place->hub != nullptr && !place->hub->ended()) return place->hub;
    before = std::move(place->hub);
  }
  // What has ended must have let go of its lock before it is opened again.
  if (before != nullptr) before->WaitForEnd();
  before.reset();
  auto hub = CanvasHub::Open(folder, options_);
  // A folder that was moved a moment ago: its hub, known by the old path, is about to let go.
  if (!hub && hub.error().reason == "CANVAS_OPEN_ELSEWHERE" && WaitForEnded())
    hub = CanvasHub::Open(folder, options_);
  if (!hub) return std::unexpected(hub.error());
  const std::lock_guard lock(mutex_);
  return place->hub = *std::move(hub);
}

bool OpenCanvases::WaitForEnded() {
  std::vector<std::shared_ptr<CanvasHub>> ending;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [folder, place] : places_)
      if (place->hub != nullptr && place->hub->ended()) ending.push_back(place->hub);
  }
  for (const auto& hub : ending) hub->WaitForEnd();
  return !ending.empty();
}

void OpenCanvases::With(const std::string& folder, Then then) {
  if (auto there = Find(folder)) return then(std::move(there));
  const std::shared_ptr<Place> place = PlaceOf(folder);
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(place->asked, true)) return place->waiting.push_back(std::move(then));
  }
  const auto hub = Get(folder);
  std::vector<Then> waiting;
  {
    const std::lock_guard lock(mutex_);
    place->asked = false;
    waiting.swap(place->waiting);
  }
  then(hub);
  for (const Then& other : waiting) other(hub);
}

std::shared_ptr<CanvasHub> OpenCanvases::Find(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(folder);
  if (place == places_.end()) return nullptr;
  const std::shared_ptr<CanvasHub>& hub = place->second->hub;
  return hub == nullptr || hub->ended() ? nullptr : hub;
}

void OpenCanvases::Close(const std::string& folder, const std::string& reason, const std::string& message) {
  const std::shared_ptr<Place> place = PlaceOf(folder);
  const std::lock_guard changing(place->changing);
  std::shared_ptr<CanvasHub> hub;
  {
    const std::lock_guard lock(mutex_);
    hub = std::move(place->hub);
  }
  if (hub == nullptr) return;
  hub->End(reason, message);
  hub->WaitForEnd();
}

void OpenCanvases::CloseAll() {
  std::vector<std::shared_ptr<Place>> places;
  std::vector<std::shared_ptr<CanvasHub>> hubs;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [folder, place] : places_) places.push_back(place);
  }
  for (const auto& place : places) {
    const std::lock_guard changing(place->changing);
    const std::lock_guard lock(mutex_);
    if (place->hub != nullptr) hubs.push_back(std::move(place->hub));
  }
  for (const auto& hub : hubs) hub->End("SERVER_ENDS", "the server ends");
  for (const auto& hub : hubs) hub->WaitForEnd();
}

}  // namespace easel
