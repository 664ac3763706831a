// An extent as one range of memory: the runs of one or several object files, mapped behind one another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "state/map_guard.h"
#include "state/object.h"

namespace easel {

/// A read-only view of an extent's bytes. What it maps is only as good as the files: verify the objects before. Where one is cut
/// short meanwhile, zeros are read, and cut() says so. Movable.
class ExtentMap {
 public:
  /// Map extent number `extent` of a component with this `head`, in the object `object` of `state_root`.
  ///
  /// Errors: kNotFound (a file of a run); kDataLoss OBJECT_DAMAGED (a run reaches out of its file's data region);
  ///         kResourceExhausted (address space).
  static Result<ExtentMap> Map(const std::string& state_root, const std::string& object,
                               const ComponentHead& head, std::size_t extent);
  ExtentMap(ExtentMap&& other) noexcept;
  ExtentMap& operator=(ExtentMap&& other) noexcept;
  ~ExtentMap();

  std::string_view bytes() const { return {address_ + shift_, size_}; }
  bool cut() const { return guard_.cut(); }

 private:
  ExtentMap() = default;

  char* address_ = nullptr;
  std::size_t mapped_ = 0;  ///< bytes from `address_` on
  std::size_t shift_ = 0;   ///< from there to the extent's first byte
  std::size_t size_ = 0;
  MapGuard guard_;
};

}  // namespace easel
