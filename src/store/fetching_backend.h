// A backend before another: an attempt starts when the objects that it will load are in the canvas's folder.
#pragma once

#include <memory>

#include "backend/backend.h"
#include "store/canvas_store.h"

namespace easel {

/// What is missing is fetched on a thread of the attempt's own, each object once. One that cannot be fetched ends the attempt
/// as lost, with the reason; cancelling ends the fetching.
std::unique_ptr<Backend> MakeFetchingBackend(std::unique_ptr<Backend> inner,
                                             std::shared_ptr<CanvasStore> store);

}  // namespace easel
