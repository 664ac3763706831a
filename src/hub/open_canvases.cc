#include "hub/open_canvases.h"

namespace easel {

Result<std::shared_ptr<CanvasHub>> OpenCanvases::Get(const std::string& folder) {
  std::vector<std::shared_ptr<CanvasHub>> over;
  const std::lock_guard lock(mutex_);
  for (auto hub = hubs_.begin(); hub != hubs_.end();) {
    if (!hub->second->ended()) {
      ++hub;
      continue;
    }
    hub->second->WaitForEnd();
    over.push_back(std::move(hub->second));
    hub = hubs_.erase(hub);
  }
  over.clear();  // what has ended must have let go of its lock before it is opened again
  if (const auto there = hubs_.find(folder); there != hubs_.end()) return there->second;
  EASEL_TRY(auto hub, CanvasHub::Open(folder, options_));
  return hubs_[folder] = std::move(hub);
}

std::shared_ptr<CanvasHub> OpenCanvases::Find(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  const auto hub = hubs_.find(folder);
  return hub == hubs_.end() || hub->second->ended() ? nullptr : hub->second;
}

void OpenCanvases::Close(const std::string& folder, const std::string& reason, const std::string& message) {
  std::shared_ptr<CanvasHub> hub;
  {
    const std::lock_guard lock(mutex_);
    const auto found = hubs_.find(folder);
    if (found == hubs_.end()) return;
    hub = std::move(found->second);
    hubs_.erase(found);
  }
  hub->End(reason, message);
  hub->WaitForEnd();
}

void OpenCanvases::CloseAll() {
  std::map<std::string, std::shared_ptr<CanvasHub>> hubs;
  {
    const std::lock_guard lock(mutex_);
    hubs.swap(hubs_);
  }
  for (const auto& [folder, hub] : hubs) hub->End("SERVER_ENDS", "the server ends");
  for (const auto& [folder, hub] : hubs) hub->WaitForEnd();
}

}  // namespace easel
