// Tables of attempts that are being looked at: opened once, with what was found in them.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "state/table_view.h"

namespace easel {

/// A variable of an attempt's state as a table.
struct OpenTable {
  std::string attempt;
  std::string variable;
  std::string type;       ///< of the value: pandas.DataFrame
  std::int64_t rows = 0;  ///< of the value
  bool complete = true;   ///< false: the table has only its first rows
  std::string about;      ///< TableView::Describe
  std::shared_ptr<TableView> view;
};

/// Where a table is asked for.
struct TablePlace {
  std::string canvas_root;
  std::string block;    ///< its name
  std::string attempt;  ///< empty: the published one
  std::string variable;
};

/// Keeps the tables and selections that were used last, within bounds; what is in use lives on. Thread-safe.
class TableCache {
 public:
  TableCache(std::size_t tables, std::int64_t selection_bytes)
      : most_tables_(tables), most_bytes_(selection_bytes) {}

  /// Errors: kNotFound NO_STATE, ATTEMPT_UNKNOWN, VARIABLE_UNKNOWN (with the nearest name), NO_TABLE; those of reading.
  Result<std::shared_ptr<const OpenTable>> Open(const TablePlace& place);

  /// The name, as it is now, of the block that made a table of `place`'s canvas.
  ///
  /// Errors: those of reading.
  static Result<std::string> OriginOf(const TablePlace& place, const OpenTable& table);

  /// What `Keep` was given for this text, if it is still there.
  std::shared_ptr<TableSelection> Find(const OpenTable& table, const std::string& query);
  void Keep(const OpenTable& table, const std::string& query, std::shared_ptr<TableSelection> selection);

 private:
  struct Table {
    std::string key;
    std::shared_ptr<const OpenTable> table;
  };
  struct Kept {
    const TableView* view = nullptr;
    std::string query;
    std::shared_ptr<TableSelection> selection;
  };

  const std::size_t most_tables_;
  const std::int64_t most_bytes_;
  std::mutex mutex_;
  std::list<Table> tables_;  ///< the last used one first
  std::list<Kept> kept_;
};

}  // namespace easel
