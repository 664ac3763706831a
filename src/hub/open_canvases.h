// The open canvases of a server: opened when somebody asks, closed by themselves.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hub/canvas_hub.h"

namespace easel {

/// Thread-safe.
class OpenCanvases {
 public:
  explicit OpenCanvases(SessionOptions options) : options_(std::move(options)) {}

  /// The hub of a canvas, opened if it is not. Blocks for reading: not for a thread that does I/O.
  ///
  /// Errors: those of CanvasHub::Open.
  Result<std::shared_ptr<CanvasHub>> Get(const std::string& folder);
  /// The hub of a canvas if it is open.
  std::shared_ptr<CanvasHub> Find(const std::string& folder);
  /// Close a canvas and wait for it: before its folder goes.
  void Close(const std::string& folder, const std::string& reason, const std::string& message);
  void CloseAll();

 private:
  const SessionOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<CanvasHub>> hubs_;  ///< by folder
};

}  // namespace easel
