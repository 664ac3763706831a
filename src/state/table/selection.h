// Rows of a frame that a query selects, in its order.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <vector>

#include "state/table/abi.h"
#include "state/table/frame.h"
#include "state/table/order.h"
#include "state/table/row_set.h"

namespace easel::table {

/// One thread at a time. Its frame must outlive it.
class Selection {
 public:
  /// Filter the rows; their order is found when pages are asked for. A filter costs one bit a row.
  ///
  /// Errors: Invalid (the query; before any long work); SerializationError (damage); Cancelled.
  static arrow::Result<std::unique_ptr<Selection>> Make(Frame& frame, const EaselTableQuery& query,
                                                        const EaselTableControl& control);

  const RowSet& rows() const { return rows_; }
  /// The file's rows at places [begin, end) of the selection; places that it does not have are left out.
  arrow::Result<std::vector<std::int64_t>> Rows(std::int64_t begin, std::int64_t end,
                                                const EaselTableControl& control);
  std::size_t bytes() const { return rows_.bytes() + (order_ ? order_->bytes() : 0); }

 private:
  explicit Selection(std::int64_t rows) : rows_(rows) {}

  RowSet rows_;
  std::optional<Order> order_;
};

}  // namespace easel::table
