// Identifiers as types, so that a block's name cannot be passed where a run's id is meant.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace easel {

/// A string that is an identifier of one kind. Ordered and hashable.
template <typename Tag>
struct Id {
  std::string value;

  bool empty() const { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

using RunId = Id<struct RunTag>;  ///< "r" + 9 base-32 digits of milliseconds + 6 random ones: sorts by time
using AttemptId =
    Id<struct AttemptTag>;  ///< "<run>/<block>.<epoch>", also the attempt's folder below attempts/
using CanvasId = Id<struct CanvasTag>;  ///< 20 random base-32 digits, kept in .easel/canvas_id

/// New ids. `now_ms` is Unix time in milliseconds.
RunId NewRunId(long long now_ms);
CanvasId NewCanvasId();
AttemptId MakeAttemptId(const RunId& run, std::string_view block, long long epoch);

/// `n` characters of base 32 (0-9a-v) from the kernel's random numbers.
std::string RandomBase32(int n);

}  // namespace easel

template <typename Tag>
struct std::hash<easel::Id<Tag>> {
  std::size_t operator()(const easel::Id<Tag>& id) const noexcept {
    return std::hash<std::string>()(id.value);
  }
};
