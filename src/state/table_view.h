// A stored table that is looked at: rows of it selected and ordered, pages, summaries, and export, without Python.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "state/slot_table.h"
#include "state/table/abi.h"

namespace easel {

struct TableCondition {
  int column = 0;
  EaselTableOperation operation = EASEL_TABLE_EQUAL;
  std::vector<std::string> values;
  bool match_case = false;  ///< of contains and starts with
};

struct TableSort {
  int column = 0;
  bool descending = false;
};

struct TableQuery {
  std::vector<TableCondition> conditions;  ///< all of them hold
  std::vector<TableSort> sorts;
  std::string search;  ///< in any text column, in any case
};

/// Places in a selection, and which columns of them.
struct TableCells {
  std::int64_t offset = 0;
  std::int64_t limit = 0;
  std::vector<int> columns;
};

/// How far a piece of work is; whoever holds it may stop the work. Thread-safe.
struct TableProgress {
  std::atomic<double> done{0};  ///< 0 to 1
  std::atomic<bool> stop{false};
  /// When the work stops by itself, on the steady clock: whoever still wants it puts this off.
  std::atomic<std::int64_t> deadline_ns{INT64_MAX};
  int threads = 1;  ///< that the work may use
};

class TableSelection;

/// An open table. Thread-safe. What it reads is mapped: the objects are verified before and never change; a file that
/// somebody cuts short under a reader ends the process (SIGBUS), as with every mapping.
class TableView : public std::enable_shared_from_this<TableView> {
 public:
  /// `where` is for messages.
  ///
  /// Errors: kUnimplemented TABLES_UNAVAILABLE; kDataLoss TABLE_DAMAGED; kResourceExhausted TABLE_TOO_LARGE.
  static Result<std::shared_ptr<TableView>> Open(SlotTable table, std::string where);
  /// The same for bytes in memory.
  static Result<std::shared_ptr<TableView>> Open(std::string bytes, std::string where);
  ~TableView();
  TableView(const TableView&) = delete;
  TableView& operator=(const TableView&) = delete;

  /// Its file was cut short while it was open: every call fails from now on. Thread-safe.
  bool cut() const { return table_.cut(); }

  /// {"rows", "columns": [{"name", "type", "kind", "sortable"?, "index"?}]} as JSON.
  Result<std::string> Describe() const;

  /// Select rows. Takes as long as the table is large; a sort alone costs nothing yet.
  ///
  /// Errors: kInvalidArgument TABLE_QUERY; kCancelled TABLE_WORK_CANCELLED; kDataLoss TABLE_CUT; as Open.
  Result<std::shared_ptr<TableSelection>> Select(const TableQuery& query, TableProgress& progress);

 private:
  friend class TableSelection;
  TableView() = default;
  Status Begin(std::string_view bytes);
  /// Is what was just read worth anything?
  Status CheckWhole() const;
  std::unexpected<Error> Failed(int code, const char* text) const;

  SlotTable table_;
  std::string bytes_, where_;
  const EaselTableViews* module_ = nullptr;
  EaselTableView* view_ = nullptr;
};

/// Rows of a view in an order; keeps the view. Thread-safe: one call at a time, others wait.
class TableSelection {
 public:
  ~TableSelection();
  TableSelection(const TableSelection&) = delete;
  TableSelection& operator=(const TableSelection&) = delete;

  std::int64_t rows() const { return rows_; }
  /// What it held in memory besides the file when the last call ended. Does not wait.
  std::int64_t bytes() const { return bytes_; }

  /// {"rows": [row of the file], "columns": [[value]]} as JSON; values as src/state/table/page.h says. Sorted, a page takes
  /// long where no page was asked for nearby before.
  ///
  /// Errors: as TableView::Select.
  Result<std::string> Page(const TableCells& cells, TableProgress& progress);
  /// What a column holds, as JSON (src/state/table/summary.h).
  Result<std::string> Summary(int column, TableProgress& progress);
  /// {"count", "missing", "numbers", "sum"?, "mean"?, "min"?, "max"?} as JSON.
  Result<std::string> Aggregate(const TableCells& cells, TableProgress& progress);
  using Write = std::function<bool(std::string_view)>;
  /// RFC 4180 in pieces; `write` returns false to stop.
  Status Csv(const TableCells& cells, TableProgress& progress, const Write& write) {
    return Export(&EaselTableViews::csv, cells, progress, write);
  }
  /// The same as a Parquet file; types are kept, categories are written as their values, nested values as text.
  Status Parquet(const TableCells& cells, TableProgress& progress, const Write& write) {
    return Export(&EaselTableViews::parquet, cells, progress, write);
  }

 private:
  friend class TableView;
  TableSelection() = default;

  std::shared_ptr<TableView> view_;
  /// One call of the module at a time; `call` gets what all of them take.
  Status Export(EaselTableExport* EaselTableViews::* format, const TableCells& cells, TableProgress& progress,
                const Write& write);
  template <typename Call>
  Status Do(TableProgress& progress, Call call);

  EaselTableSelection* selection_ = nullptr;
  std::int64_t rows_ = 0;
  std::atomic<std::int64_t> bytes_{0};
  std::mutex mutex_;
};

}  // namespace easel
