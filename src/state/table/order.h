// Rows in sorted order, found a window at a time: a page at any place of 100 million rows costs a few scans and a few
// megabytes instead of a sort and a permutation.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <list>
#include <optional>
#include <utility>
#include <vector>

#include "state/table/abi.h"
#include "state/table/column.h"
#include "state/table/row_set.h"

namespace easel::table {

/// How: count keys in 65,536 bins; the bin of the wanted place tells where to look closer, until what is left fits into a
/// window, which is sorted. A sort by several columns, a long text or a 64-bit number with missing values is a sequence of
/// key **parts**; where many rows share one part's key, the next part decides, and at the end the place in the file.
/// Not thread-safe.
class Order {
 public:
  struct By {
    Column* column = nullptr;
    bool descending = false;
  };

  /// `columns` were checked and are sortable; `rows` outlives the order.
  Order(std::vector<By> columns, const RowSet& rows);

  /// The rows at places [begin, end) of the order, end at most rows.count(); at once if a window that was made before has
  /// them.
  ///
  /// Errors: as Scan.
  arrow::Result<std::vector<std::int64_t>> Rows(std::int64_t begin, std::int64_t end,
                                                const EaselTableControl& control);
  std::size_t bytes() const;

 private:
  /// Part `number` of the keys of column `by`.
  struct Part {
    std::size_t by = 0;
    std::size_t number = 0;
    bool operator==(const Part&) const = default;
  };
  /// Rows whose part's key is within [low, high].
  struct Limit {
    Part part;
    std::uint64_t low = 0, high = kLastKey;
  };
  /// Rows that meet `limits`: they are places [first, first + count) of the order. Their keys of `part` are counted in bins.
  struct Node {
    std::vector<Limit> limits;
    Part part;
    std::int64_t first = 0, count = 0;
    std::uint64_t low = 0, high = 0;  ///< of the keys but kLastKey
    int shift = 0;                    ///< a bin is 2^shift keys
    std::vector<std::int64_t> bins;   ///< the last one: kLastKey
  };
  struct Window {
    std::int64_t begin = 0;
    std::vector<std::int64_t> rows;
    std::int64_t end() const { return begin + static_cast<std::int64_t>(rows.size()); }
  };

  arrow::Result<const Window*> WindowWith(std::int64_t place, const EaselTableControl& control);
  arrow::Status Descend(std::int64_t place, const EaselTableControl& control);
  arrow::Result<Node> MakeNode(std::vector<Limit> limits, Part part, std::int64_t first, std::int64_t count,
                               std::optional<std::pair<std::uint64_t, std::uint64_t>> range,
                               const EaselTableControl& control, double from, double to);
  arrow::Result<Window> Collect(const std::vector<Limit>& limits, std::int64_t first,
                                const EaselTableControl& control);
  arrow::Result<Window> CollectTies(const std::vector<Limit>& limits, std::int64_t first, std::int64_t count,
                                    std::int64_t place, const EaselTableControl& control);
  std::optional<Part> PartBehind(Part part, std::uint64_t key) const;
  std::uint64_t KeyOf(Part part, std::int64_t row) const;
  void FillPart(Part part, std::int64_t begin, std::int64_t n, std::uint64_t* keys) const;
  bool Less(std::int64_t a, std::int64_t b, Part from) const;
  static std::size_t BinOf(const Node& node, std::uint64_t key);
  /// Call visit(row, key of `part`) for the rows of [begin, end) that meet the limits, in their order.
  template <typename Visit>
  void ForEach(const std::vector<Limit>& limits, Part part, std::int64_t begin, std::int64_t end,
               Visit visit) const;

  std::vector<By> columns_;
  const RowSet& set_;
  std::vector<Node> path_;     ///< from the top to the last one that was looked into
  std::list<Window> windows_;  ///< the last used one first
};

}  // namespace easel::table
