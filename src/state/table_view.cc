#include "state/table_view.h"

#include <chrono>
#include <utility>

#include "state/table_module.h"

namespace easel {
namespace {

struct Told {
  char text[1024] = {};
  EaselTableError error() { return {text, sizeof text}; }
};

EaselTableControl ControlOf(TableProgress& progress) {
  return {.context = &progress,
          .tick =
              [](void* context, double done) {
                auto& mine = *static_cast<TableProgress*>(context);
                mine.done = done;
                const auto now = std::chrono::steady_clock::now().time_since_epoch();
                return mine.stop || now > std::chrono::nanoseconds(mine.deadline_ns) ? 1 : 0;
              },
          .threads = progress.threads};
}

EaselTableWriter WriterTo(std::string& out) {
  return {.context = &out, .write = [](void* context, const char* text, std::size_t size) {
            static_cast<std::string*>(context)->append(text, size);
            return 0;
          }};
}

/// The module's form of `cells`; `columns` must outlive it.
EaselTablePageRequest RequestOf(const TableCells& cells, std::vector<std::int32_t>& columns) {
  columns.assign(cells.columns.begin(), cells.columns.end());
  return {cells.offset, cells.limit, columns.data(), static_cast<std::int64_t>(columns.size())};
}

}  // namespace

std::unexpected<Error> TableView::Failed(int code, const char* text) const {
  switch (code) {
    case EASEL_TABLE_BAD_QUERY: return Fail(Code::kInvalidArgument, "TABLE_QUERY", text);
    case EASEL_TABLE_STOPPED: return Fail(Code::kCancelled, "TABLE_WORK_CANCELLED", "the work was cancelled");
    case EASEL_TABLE_TOO_LARGE:
      return Fail(Code::kResourceExhausted, "TABLE_TOO_LARGE", where_ + ": " + text);
    default: return Fail(Code::kDataLoss, "TABLE_DAMAGED", where_ + ": not a readable Arrow table: " + text);
  }
}

Status TableView::Begin(std::string_view bytes) {
  EASEL_TRY(const TableModule* module, LoadTableModule());
  module_ = module->views;
  const EaselTableBytes place{bytes.data(), static_cast<std::int64_t>(bytes.size())};
  Told told;
  if (const int code = module_->open(&place, &view_, told.error()); code != 0) return Failed(code, told.text);
  return {};
}

Result<std::shared_ptr<TableView>> TableView::Open(SlotTable table, std::string where) {
  std::shared_ptr<TableView> out(new TableView);
  out->table_ = std::move(table);
  out->where_ = std::move(where);
  EASEL_RETURN_IF_ERROR(out->Begin(out->table_.bytes()));
  return out;
}

Result<std::shared_ptr<TableView>> TableView::Open(std::string bytes, std::string where) {
  std::shared_ptr<TableView> out(new TableView);
  out->bytes_ = std::move(bytes);
  out->where_ = std::move(where);
  EASEL_RETURN_IF_ERROR(out->Begin(out->bytes_));
  return out;
}

Status TableView::CheckWhole() const {
  if (!cut()) return {};
  return Fail(Code::kDataLoss, "TABLE_CUT",
              where_ + ": the file was cut short by somebody while it was open; run the block again");
}

TableView::~TableView() {
  if (view_ != nullptr) module_->close(view_);
}

Result<std::string> TableView::Describe() const {
  std::string out;
  Told told;
  const int code = module_->describe(view_, WriterTo(out), told.error());
  EASEL_RETURN_IF_ERROR(CheckWhole());
  if (code != 0) return Failed(code, told.text);
  return out;
}

Result<std::shared_ptr<TableSelection>> TableView::Select(const TableQuery& query, TableProgress& progress) {
  std::vector<std::vector<EaselTableText>> values;
  for (const TableCondition& condition : query.conditions) {
    values.emplace_back();
    for (const std::string& value : condition.values) values.back().push_back({value.data(), value.size()});
  }
  std::vector<EaselTableCondition> conditions;
  for (std::size_t i = 0; i < query.conditions.size(); ++i)
    conditions.push_back({query.conditions[i].column, query.conditions[i].operation,
                          query.conditions[i].match_case ? 1 : 0, values[i].data(),
                          static_cast<std::int64_t>(values[i].size())});
  std::vector<EaselTableSort> sorts;
  for (const TableSort& sort : query.sorts) sorts.push_back({sort.column, sort.descending ? 1 : 0});
  const EaselTableQuery form{.conditions = conditions.data(),
                             .condition_count = static_cast<std::int64_t>(conditions.size()),
                             .sorts = sorts.data(),
                             .sort_count = static_cast<std::int64_t>(sorts.size()),
                             .search = {query.search.data(), query.search.size()}};
  const EaselTableControl control = ControlOf(progress);
  std::shared_ptr<TableSelection> out(new TableSelection);
  Told told;
  const int code = module_->select(view_, &form, &control, &out->selection_, &out->rows_, told.error());
  if (code == 0) out->view_ = shared_from_this();
  EASEL_RETURN_IF_ERROR(CheckWhole());
  if (code != 0) return Failed(code, told.text);
  out->bytes_ = module_->selection_bytes(out->selection_);
  return out;
}

TableSelection::~TableSelection() {
  if (selection_ != nullptr) view_->module_->free_selection(selection_);
}

template <typename Call>
Status TableSelection::Do(TableProgress& progress, Call call) {
  const std::lock_guard lock(mutex_);
  const EaselTableControl control = ControlOf(progress);
  Told told;
  const int code = call(*view_->module_, &control, told.error());
  bytes_ = view_->module_->selection_bytes(selection_);
  EASEL_RETURN_IF_ERROR(view_->CheckWhole());
  if (code != 0) return view_->Failed(code, told.text);
  return {};
}

Result<std::string> TableSelection::Page(const TableCells& cells, TableProgress& progress) {
  std::vector<std::int32_t> columns;
  const EaselTablePageRequest request = RequestOf(cells, columns);
  std::string out;
  EASEL_RETURN_IF_ERROR(Do(
      progress, [&](const EaselTableViews& module, const EaselTableControl* control, EaselTableError error) {
        return module.page(view_->view_, selection_, &request, control, WriterTo(out), error);
      }));
  return out;
}

Result<std::string> TableSelection::Summary(int column, TableProgress& progress) {
  std::string out;
  EASEL_RETURN_IF_ERROR(Do(
      progress, [&](const EaselTableViews& module, const EaselTableControl* control, EaselTableError error) {
        return module.summary(view_->view_, selection_, column, control, WriterTo(out), error);
      }));
  return out;
}

Result<std::string> TableSelection::Aggregate(const TableCells& cells, TableProgress& progress) {
  std::vector<std::int32_t> columns;
  const EaselTablePageRequest request = RequestOf(cells, columns);
  std::string out;
  EASEL_RETURN_IF_ERROR(Do(
      progress, [&](const EaselTableViews& module, const EaselTableControl* control, EaselTableError error) {
        return module.cells(view_->view_, selection_, &request, control, WriterTo(out), error);
      }));
  return out;
}

Status TableSelection::Export(EaselTableExport* EaselTableViews::* format, const TableCells& cells,
                              TableProgress& progress, const Write& write) {
  std::vector<std::int32_t> columns;
  const EaselTablePageRequest request = RequestOf(cells, columns);
  const EaselTableWriter writer{
      .context = const_cast<void*>(static_cast<const void*>(&write)),
      .write = [](void* context, const char* text, std::size_t size) {
        return (*static_cast<const std::function<bool(std::string_view)>*>(context))({text, size}) ? 0 : 1;
      }};
  return Do(progress,
            [&](const EaselTableViews& module, const EaselTableControl* control, EaselTableError error) {
              return (module.*format)(view_->view_, selection_, &request, control, writer, error);
            });
}

}  // namespace easel
