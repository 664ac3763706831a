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

/// Thread-safe. A canvas that opens or ends slowly holds up those who ask for it, and nobody else.
class OpenCanvases {
 public:
  explicit OpenCanvases(LinkOptions options) : options_(std::move(options)) {}

  /// The hub of a canvas, opened if it is not. Blocks for reading: not for a thread that does I/O.
  ///
  /// Errors: those of CanvasHub::Open.
  Result<std::shared_ptr<CanvasHub>> Get(const std::string& folder);
  /// The same for callers that are many: while one of them opens the canvas on its thread, the others are called back from
  /// there, and hold no thread.
  using Then = std::function<void(Result<std::shared_ptr<CanvasHub>> hub)>;
  void With(const std::string& folder, Then then);
  /// The hub of a canvas if it is open.
  std::shared_ptr<CanvasHub> Find(const std::string& folder);
  /// Close a canvas and wait for it: before its folder goes.
  void Close(const std::string& folder, const std::string& reason, const std::string& message);
  void CloseAll();

 private:
  struct Place {
    std::mutex changing;  ///< held while it is opened or closed; taken before the registry's, never in it
    // Guarded by the registry's mutex:
    std::shared_ptr<CanvasHub> hub;
    bool asked = false;         ///< somebody opens it for With
    std::vector<Then> waiting;  ///< others
  };
  /// The place of a canvas: whoever has it keeps it in the registry.
  std::shared_ptr<Place> PlaceOf(const std::string& folder);
  /// Wait for canvases that end just now; false if there are none.
  bool WaitForEnded();
  /// Take out what has ended, to be let go without the lock.
  std::vector<std::shared_ptr<CanvasHub>> TakeOver();

  const LinkOptions options_;
  std::mutex mutex_;                                      ///< for moments
  std::map<std::string, std::shared_ptr<Place>> places_;  ///< by folder
};

}  // namespace easel
