// libeasel_table.so: views of tables, the functions behind EaselTableViews. No exception and no type of Arrow leaves them.
#include <arrow/api.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "state/table/abi.h"
#include "state/table/cell.h"
#include "state/table/frame.h"
#include "state/table/page.h"
#include "state/table/parquet.h"
#include "state/table/selection.h"
#include "state/table/summary.h"

struct EaselTableView {
  std::unique_ptr<easel::table::Frame> frame;
};
struct EaselTableSelection {
  std::unique_ptr<easel::table::Selection> selection;
};

namespace {

void Say(const EaselTableError& error, std::string_view message) {
  std::string text;
  easel::table::AppendEscaped(message, error.size, false, text);
  std::snprintf(error.text, error.size, "%s", text.c_str());
}

/// `invalid` is what an Invalid of Arrow means here: damage of the file, or a query that the table does not take.
template <typename Work>
int Do(const EaselTableError& error, int invalid, Work work) {
  try {
    const arrow::Status status = work();
    if (status.ok()) return EASEL_TABLE_OK;
    Say(error, status.message());
    if (status.IsCancelled()) return EASEL_TABLE_STOPPED;
    if (status.IsOutOfMemory() || status.IsCapacityError()) return EASEL_TABLE_TOO_LARGE;
    return status.IsInvalid() ? invalid : EASEL_TABLE_DAMAGED;
  } catch (const std::bad_alloc&) {
    Say(error, "there is not enough memory");
    return EASEL_TABLE_TOO_LARGE;
  } catch (const std::exception& exception) {
    Say(error, exception.what());
    return EASEL_TABLE_DAMAGED;
  }
}

int Open(const EaselTableBytes* bytes, EaselTableView** view, EaselTableError error) {
  return Do(error, EASEL_TABLE_DAMAGED, [&]() -> arrow::Status {
    auto made = std::make_unique<EaselTableView>();
    ARROW_ASSIGN_OR_RAISE(made->frame, easel::table::Frame::Open(bytes->data, bytes->length));
    *view = made.release();
    return arrow::Status::OK();
  });
}

void Close(EaselTableView* view) { delete view; }

int Describe(const EaselTableView* view, EaselTableWriter writer, EaselTableError error) {
  return Do(error, EASEL_TABLE_DAMAGED, [&] { return easel::table::WriteDescription(*view->frame, writer); });
}

int Select(EaselTableView* view, const EaselTableQuery* query, const EaselTableControl* control,
           EaselTableSelection** selection, int64_t* rows, EaselTableError error) {
  return Do(error, EASEL_TABLE_BAD_QUERY, [&]() -> arrow::Status {
    auto made = std::make_unique<EaselTableSelection>();
    ARROW_ASSIGN_OR_RAISE(made->selection, easel::table::Selection::Make(*view->frame, *query, *control));
    *rows = made->selection->rows().count();
    *selection = made.release();
    return arrow::Status::OK();
  });
}

void FreeSelection(EaselTableSelection* selection) { delete selection; }

int64_t SelectionBytes(const EaselTableSelection* selection) {
  return static_cast<int64_t>(selection->selection->bytes());
}

int Page(EaselTableView* view, EaselTableSelection* selection, const EaselTablePageRequest* request,
         const EaselTableControl* control, EaselTableWriter writer, EaselTableError error) {
  return Do(error, EASEL_TABLE_BAD_QUERY, [&] {
    return easel::table::WritePage(*view->frame, *selection->selection, *request, *control, writer);
  });
}

int Summary(EaselTableView* view, EaselTableSelection* selection, int32_t column,
            const EaselTableControl* control, EaselTableWriter writer, EaselTableError error) {
  return Do(error, EASEL_TABLE_BAD_QUERY, [&] {
    return easel::table::WriteSummary(*view->frame, *selection->selection, column, *control, writer);
  });
}

int Cells(EaselTableView* view, EaselTableSelection* selection, const EaselTablePageRequest* request,
          const EaselTableControl* control, EaselTableWriter writer, EaselTableError error) {
  return Do(error, EASEL_TABLE_BAD_QUERY, [&] {
    return easel::table::WriteCells(*view->frame, *selection->selection, *request, *control, writer);
  });
}

int Csv(EaselTableView* view, EaselTableSelection* selection, const EaselTablePageRequest* request,
        const EaselTableControl* control, EaselTableWriter writer, EaselTableError error) {
  return Do(error, EASEL_TABLE_BAD_QUERY, [&] {
    return easel::table::WriteCsv(*view->frame, *selection->selection, *request, *control, writer);
  });
}

int Parquet(EaselTableView* view, EaselTableSelection* selection, const EaselTablePageRequest* request,
            const EaselTableControl* control, EaselTableWriter writer, EaselTableError error) {
  return Do(error, EASEL_TABLE_BAD_QUERY, [&] {
    return easel::table::WriteParquet(*view->frame, *selection->selection, *request, *control, writer);
  });
}

constexpr EaselTableViews kViews{
    .open = Open,
    .close = Close,
    .describe = Describe,
    .select = Select,
    .free_selection = FreeSelection,
    .selection_bytes = SelectionBytes,
    .page = Page,
    .summary = Summary,
    .cells = Cells,
    .csv = Csv,
    .parquet = Parquet,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const EaselTableViews* easel_table_views(void) {
  return &kViews;
}
