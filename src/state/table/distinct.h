// How many different values there are: exactly while they are few, about when they are many.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

namespace easel::table {

/// Takes hashes of values. Beyond kMostExact values it only estimates, with an error of about 0.8 percent.
/// Source: Flajolet and others, "HyperLogLog", 2007. Not thread-safe.
class Distinct {
 public:
  static constexpr std::size_t kMostExact = 1 << 14;

  void Add(std::uint64_t hash);
  void Merge(const Distinct& other);
  bool exact() const { return exact_; }
  std::int64_t count() const;

  /// A hash of a key: all bits depend on all bits.
  static std::uint64_t Mix(std::uint64_t key) {
    key += 0x9E3779B97F4A7C15;
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9;
    key = (key ^ key >> 27) * 0x94D049BB133111EB;
    return key ^ key >> 31;
  }

 private:
  static constexpr int kIndexBits = 14;
  void Estimate(std::uint64_t hash);
  void GiveUp();

  bool exact_ = true;
  std::uint64_t last_ = 0;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<std::uint8_t> longest_;
};

}  // namespace easel::table
