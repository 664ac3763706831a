// libeasel_table.so: compares two Arrow IPC files, column by column and row by row.
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "state/table/abi.h"
#include "state/table/cell.h"
#include "state/table/frame.h"
#include "state/table/type_text.h"

namespace {

constexpr std::size_t kNameBytes = 400;

arrow::EqualOptions Exactly() {
  return arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
}

std::string NameText(std::string_view text) {
  std::string out;
  easel::table::AppendEscaped(text, kNameBytes, false, out);
  return out;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(const EaselTableBytes& bytes,
                                                        arrow::MemoryPool* pool) {
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool;
  options.use_threads = false;
  options.max_recursion_depth = 32;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  const auto file = std::make_shared<arrow::io::BufferReader>(
      std::make_shared<arrow::Buffer>(static_cast<const std::uint8_t*>(bytes.data), bytes.length));
  ARROW_ASSIGN_OR_RAISE(const auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int b = 0; b < reader->num_record_batches(); ++b) {
    ARROW_ASSIGN_OR_RAISE(batches.emplace_back(), reader->ReadRecordBatch(b));
    ARROW_RETURN_NOT_OK(batches.back()->ValidateFull());
  }
  if (batches.size() == 1) return batches[0];
  ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(reader->schema(), batches));
  return table->CombineChunksToBatch(pool);
}

/// Marks the rows in which two columns of one type differ.
class RowComparison {
 public:
  RowComparison(std::int64_t rows, std::vector<bool>& any) : rows_(rows), any_(any) {}

  std::int64_t Count(const arrow::Array& before, const arrow::Array& after) {
    count_ = 0;
    if (before.type_id() == arrow::Type::DICTIONARY) {
      CompareDictionaries(static_cast<const arrow::DictionaryArray&>(before),
                          static_cast<const arrow::DictionaryArray&>(after));
    } else {
      Search(before, after, 0, rows_);
    }
    return count_;
  }

 private:
  void Mark(std::int64_t row) {
    ++count_;
    any_[static_cast<std::size_t>(row)] = true;
  }

  /// Equal stretches cost one comparison of bytes; only around differences it goes down to rows.
  void Search(const arrow::Array& before, const arrow::Array& after, std::int64_t begin, std::int64_t end) {
    if (begin == end || before.RangeEquals(after, begin, end, begin, Exactly())) return;
    if (end - begin == 1) return Mark(begin);
    const std::int64_t middle = begin + (end - begin) / 2;
    Search(before, after, begin, middle);
    Search(before, after, middle, end);
  }

  /// By what the indices stand for: the same values may be numbered differently.
  void CompareDictionaries(const arrow::DictionaryArray& before, const arrow::DictionaryArray& after) {
    std::unordered_map<std::string, std::int64_t> place;
    const auto text = [](const arrow::Array& values, std::int64_t i) {
      const auto scalar = values.GetScalar(i);
      return scalar.ok() ? (*scalar)->ToString() : std::string();
    };
    const auto numbers = [&](const arrow::Array& values) {
      std::vector<std::int64_t> out;
      for (std::int64_t i = 0; i < values.length(); ++i)
        out.push_back(place.emplace(text(values, i), static_cast<std::int64_t>(place.size())).first->second);
      return out;
    };
    const std::vector<std::int64_t> was = numbers(*before.dictionary()), is = numbers(*after.dictionary());
    for (std::int64_t row = 0; row < rows_; ++row) {
      const bool valid = before.IsValid(row);
      if (valid != after.IsValid(row) ||
          (valid && was[static_cast<std::size_t>(before.GetValueIndex(row))] !=
                        is[static_cast<std::size_t>(after.GetValueIndex(row))]))
        Mark(row);
    }
  }

  std::int64_t rows_;
  std::vector<bool>& any_;
  std::int64_t count_ = 0;
};

bool SameType(const arrow::DataType& before, const arrow::DataType& after) {
  if (before.id() != arrow::Type::DICTIONARY || after.id() != arrow::Type::DICTIONARY)
    return before.Equals(after);
  const auto& was = static_cast<const arrow::DictionaryType&>(before);
  const auto& is = static_cast<const arrow::DictionaryType&>(after);
  return was.value_type()->Equals(is.value_type()) && was.ordered() == is.ordered();
}

/// Columns by name and by how many of that name came before: names need not be unique.
std::map<std::pair<std::string, int>, int> PlacesOf(const arrow::Schema& schema) {
  std::map<std::pair<std::string, int>, int> places;
  std::map<std::string, int> seen;
  for (int c = 0; c < schema.num_fields(); ++c) {
    const std::string& name = schema.field(c)->name();
    places[{name, seen[name]++}] = c;
  }
  return places;
}

arrow::Status Compare(const EaselTableBytes& before, const EaselTableBytes& after,
                      const EaselTableDifferenceSink& sink) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), easel::table::kMaxAllocatedBytes);
  ARROW_ASSIGN_OR_RAISE(const auto was, Read(before, &pool));
  ARROW_ASSIGN_OR_RAISE(const auto is, Read(after, &pool));
  const std::int64_t rows = std::min(was->num_rows(), is->num_rows());
  std::vector<bool> any(static_cast<std::size_t>(rows), false);
  const auto places_before = PlacesOf(*was->schema()), places_after = PlacesOf(*is->schema());
  const auto say = [&](char change, int c_before, int c_after, std::int64_t differing) {
    const auto field = [](const arrow::RecordBatch& batch, int c) { return batch.schema()->field(c); };
    const std::string name =
        NameText(c_after < 0 ? field(*was, c_before)->name() : field(*is, c_after)->name());
    const std::string type_before =
        c_before < 0 ? "" : NameText(easel::table::TypeText(*field(*was, c_before)));
    const std::string type_after = c_after < 0 ? "" : NameText(easel::table::TypeText(*field(*is, c_after)));
    sink.column(sink.context, change, name.c_str(), type_before.c_str(), type_after.c_str(), differing);
  };
  std::vector<int> common_before, common_after;
  for (const auto& [name, place] : places_before)
    if (places_after.contains(name)) common_before.push_back(place);
  for (const auto& [name, place] : places_after)
    if (places_before.contains(name)) common_after.push_back(place);
  std::ranges::sort(common_before);
  std::ranges::sort(common_after);
  bool moved = false;
  std::map<int, std::pair<std::string, int>> in_order;
  for (const auto& [name, place] : places_after) in_order[place] = name;
  for (std::size_t i = 0; i < common_after.size(); ++i)
    moved |= places_before.at(in_order.at(common_after[i])) != common_before[i];

  for (int c = 0; c < was->num_columns(); ++c)
    if (std::ranges::find(common_before, c) == common_before.end()) say('-', c, -1, 0);
  for (int c = 0; c < is->num_columns(); ++c) {
    const auto found = places_before.find(in_order.at(c));
    if (found == places_before.end()) {
      say('+', -1, c, 0);
      continue;
    }
    const arrow::Array& column_before = *was->column(found->second);
    const arrow::Array& column_after = *is->column(c);
    if (!SameType(*column_before.type(), *column_after.type())) {
      say('t', found->second, c, 0);
      continue;
    }
    const std::int64_t differing = RowComparison(rows, any).Count(column_before, column_after);
    if (differing > 0)
      say('v', found->second, c, differing);
    else if (column_before.type_id() == arrow::Type::DICTIONARY &&
             !static_cast<const arrow::DictionaryArray&>(column_before)
                  .dictionary()
                  ->Equals(*static_cast<const arrow::DictionaryArray&>(column_after).dictionary()))
      say('c', found->second, c, 0);
  }
  sink.shape(sink.context, was->num_rows(), is->num_rows(), rows,
             static_cast<std::int64_t>(std::ranges::count(any, true)), moved ? 1 : 0);
  return arrow::Status::OK();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int easel_table_compare(
    const EaselTableBytes* before, const EaselTableBytes* after, const EaselTableDifferenceSink* sink,
    char* error, size_t error_size) try {
  const arrow::Status status = Compare(*before, *after, *sink);
  if (status.ok()) return 0;
  std::snprintf(error, error_size, "%s", NameText(status.message()).c_str());
  return 1;
} catch (const std::exception& exception) {
  std::snprintf(error, error_size, "%s", exception.what());
  return 1;
}
