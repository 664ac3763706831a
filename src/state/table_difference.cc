#include "state/table_difference.h"

#include "state/table_module.h"

namespace easel {
namespace {

TableDifference::Change ChangeOf(char change) {
  switch (change) {
    case '+': return TableDifference::Change::kAdded;
    case '-': return TableDifference::Change::kRemoved;
    case 't': return TableDifference::Change::kRetyped;
    case 'c': return TableDifference::Change::kCategories;
    default: return TableDifference::Change::kValues;
  }
}

EaselTableBytes BytesOf(std::string_view bytes) {
  return {bytes.data(), static_cast<std::int64_t>(bytes.size())};
}

}  // namespace

std::string_view TableChangeName(TableDifference::Change change) {
  switch (change) {
    case TableDifference::Change::kAdded: return "added";
    case TableDifference::Change::kRemoved: return "removed";
    case TableDifference::Change::kRetyped: return "retyped";
    case TableDifference::Change::kValues: return "values";
    case TableDifference::Change::kCategories: return "categories";
  }
  return "values";
}

Result<TableDifference> CompareTables(std::string_view before, std::string_view after,
                                      const std::string& where) {
  EASEL_TRY(const TableModule* module, LoadTableModule());
  TableDifference out;
  EaselTableDifferenceSink sink{};
  sink.context = &out;
  sink.column = [](void* context, char change, const char* name, const char* type_before,
                   const char* type_after, std::int64_t rows) {
    static_cast<TableDifference*>(context)->columns.push_back(
        {name, ChangeOf(change), type_before, type_after, rows});
  };
  sink.shape = [](void* context, std::int64_t rows_before, std::int64_t rows_after,
                  std::int64_t compared_rows, std::int64_t differing_rows, int reordered) {
    auto& difference = *static_cast<TableDifference*>(context);
    difference.rows_before = rows_before;
    difference.rows_after = rows_after;
    difference.compared_rows = compared_rows;
    difference.differing_rows = differing_rows;
    difference.reordered = reordered != 0;
  };
  const EaselTableBytes was = BytesOf(before), is = BytesOf(after);
  char error[1024] = {};
  if (module->compare(&was, &is, &sink, error, sizeof error) != 0)
    return Fail(Code::kDataLoss, "TABLE_DAMAGED", where + ": not readable Arrow tables: " + error);
  return out;
}

}  // namespace easel
