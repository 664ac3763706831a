// An Arrow IPC file that stays open: its columns, of one piece each.
#pragma once

#include <arrow/api.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "state/table/column.h"

namespace easel::table {

/// What reading may allocate: buffers that are compressed say their own size, and the bytes come from user code.
inline constexpr std::int64_t kMaxAllocatedBytes = std::int64_t{1} << 30;
inline constexpr std::int64_t kMaxRows = std::int64_t{1} << 40;

/// Reads in place what is one record batch, not compressed, as Easel stores frames; other files are put together in memory,
/// which is capped. Thread-safe.
class Frame {
 public:
  /// `data` must outlive the frame. Lengths and offsets are checked, the values are not (see Column).
  static arrow::Result<std::unique_ptr<Frame>> Open(const void* data, std::int64_t length);

  std::int64_t rows() const { return rows_; }
  int columns() const { return static_cast<int>(columns_.size()); }
  Column& column(int i) const { return *columns_[static_cast<std::size_t>(i)]; }
  bool has_column(std::int64_t i) const { return i >= 0 && i < columns(); }

 private:
  Frame() = default;

  std::unique_ptr<arrow::CappedMemoryPool> pool_;
  std::int64_t rows_ = 0;
  std::vector<std::unique_ptr<Column>> columns_;
};

}  // namespace easel::table
