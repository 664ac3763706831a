// Views of tables: the input is a question and an Arrow file. Whatever the file says, opening, selecting, sorting, summing
// and export end with an answer or an error, inside the file's bytes; a filter and its opposite never meet.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "state/table/abi.h"

extern "C" const EaselTableViews* easel_table_views(void);

namespace {

int Count(void* context, const char*, std::size_t size) {
  *static_cast<std::size_t*>(context) += size;
  return *static_cast<std::size_t*>(context) > (1 << 24) ? 1 : 0;
}

/// The first bytes of the input, one at a time; then zeros.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  std::uint8_t Next() { return at_ < size_ ? data_[at_++] : 0; }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // One byte says how long the question is; what follows it is the file.
  if (size < 1) return 0;
  const std::size_t question = std::min<std::size_t>(data[0] % 64, size - 1);
  Choices choices(data + 1, question);
  const std::string file(reinterpret_cast<const char*>(data) + 1 + question, size - 1 - question);
  const EaselTableViews& table = *easel_table_views();
  char text[512];
  const EaselTableError error{text, sizeof text};
  const EaselTableBytes bytes{file.data(), static_cast<std::int64_t>(file.size())};
  EaselTableView* view = nullptr;
  if (table.open(&bytes, &view, error) != EASEL_TABLE_OK) return 0;
  std::size_t written = 0;
  const EaselTableWriter writer{&written, Count};
  table.describe(view, writer, error);

  const std::int32_t columns[] = {choices.Next() % 8, choices.Next() % 8, 0};
  std::string value;
  for (int n = choices.Next() % 12; n > 0; --n) value += static_cast<char>(choices.Next());
  const EaselTableText values[] = {{value.data(), value.size()}, {"5", 1}};
  const std::int32_t operation = choices.Next() % 12;
  const EaselTableCondition condition{columns[0], operation, choices.Next() % 2, values,
                                      operation == EASEL_TABLE_BETWEEN   ? 2
                                      : operation >= EASEL_TABLE_MISSING ? 0
                                                                         : 1};
  const EaselTableSort sorts[] = {{columns[1], choices.Next() % 2}, {columns[0], 0}};
  const EaselTableControl control{nullptr, nullptr, 1};
  const EaselTablePageRequest page{choices.Next(), 50, columns, 3};
  const int parts = choices.Next();
  const EaselTableQuery query{
      &condition, parts % 2, sorts, parts / 2 % 3, {value.data(), parts / 8 % 2 * value.size()}};
  EaselTableSelection* selection = nullptr;
  std::int64_t rows = 0;
  if (table.select(view, &query, &control, &selection, &rows, error) == EASEL_TABLE_OK) {
    table.page(view, selection, &page, &control, writer, error);
    table.summary(view, selection, columns[0], &control, writer, error);
    table.cells(view, selection, &page, &control, writer, error);
    table.csv(view, selection, &page, &control, writer, error);
    table.free_selection(selection);
  }
  // What is below a value is not above it, and what is missing is neither.
  std::int64_t counts[4] = {};
  int known = 0;
  for (const std::int32_t one :
       {EASEL_TABLE_LESS, EASEL_TABLE_GREATER_EQUAL, EASEL_TABLE_MISSING, EASEL_TABLE_NOT_MISSING}) {
    const EaselTableCondition side{columns[0], one, 0, values, one >= EASEL_TABLE_MISSING ? 0 : 1};
    const EaselTableQuery half{&side, 1, nullptr, 0, {nullptr, 0}};
    if (table.select(view, &half, &control, &selection, &counts[known], error) != EASEL_TABLE_OK) break;
    table.free_selection(selection);
    ++known;
  }
  if (known == 4 && (counts[0] + counts[1] != counts[3] || counts[0] < 0 || counts[1] < 0)) std::abort();
  table.close(view);
  return 0;
}
