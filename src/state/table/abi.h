// What libeasel_table.so offers to the rest: plain C, so that nothing of Arrow is needed before a table is shown.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EASEL_TABLE_ABI 6

typedef struct EaselTableRequest {
  const void* data; /* an Arrow IPC file; stays the caller's, and must stay where it is during the call */
  int64_t length;
  int64_t max_rows;
  int64_t max_columns;
} EaselTableRequest;

/* Where the result goes: shape first, then each column, then cells row by row. Texts are valid during the call only. */
typedef struct EaselTableSink {
  void* context;
  void (*shape)(void* context, int64_t rows, int64_t columns);
  void (*column)(void* context, const char* name, size_t name_size, const char* type, size_t type_size);
  void (*cell)(void* context, const char* text, size_t size);
} EaselTableSink;

/* 0, or an error whose text is in `error`. Never throws. */
typedef int EaselTablePreview(const EaselTableRequest* request, const EaselTableSink* sink, char* error,
                              size_t error_size);

/* An Arrow IPC file in memory; stays the caller's, and must stay where it is during the call. */
typedef struct EaselTableBytes {
  const void* data;
  int64_t length;
} EaselTableBytes;

/* Where differences go: each column that differs, then the shape. `change` is '-' removed, '+' added, 't' another type,
   'v' other values in `rows` rows, 'c' other categories. Texts end in a zero and are valid during the call only. */
typedef struct EaselTableDifferenceSink {
  void* context;
  void (*column)(void* context, char change, const char* name, const char* type_before,
                 const char* type_after, int64_t rows);
  void (*shape)(void* context, int64_t rows_before, int64_t rows_after, int64_t compared_rows,
                int64_t differing_rows, int reordered);
} EaselTableDifferenceSink;

typedef int EaselTableCompare(const EaselTableBytes* before, const EaselTableBytes* after,
                              const EaselTableDifferenceSink* sink, char* error, size_t error_size);
typedef int EaselTableAbi(void);

/* Views: a table that stays open, rows of it selected and ordered, pages of them. Handles are of the module; a view may be used
   by several threads, a selection by one at a time and not after its view is closed. */
typedef struct EaselTableView EaselTableView;
typedef struct EaselTableSelection EaselTableSelection;

/* What the functions below return. The error's text says what to do. */
#define EASEL_TABLE_OK 0
#define EASEL_TABLE_DAMAGED 1
#define EASEL_TABLE_BAD_QUERY 2
#define EASEL_TABLE_STOPPED 3
#define EASEL_TABLE_TOO_LARGE 4

typedef struct EaselTableError {
  char* text;
  size_t size;
} EaselTableError;

/* Called from any thread of the work, with the share that is done, 0 to 1; not 0 stops it. */
typedef struct EaselTableControl {
  void* context;
  int (*tick)(void* context, double done);
  int threads;
} EaselTableControl;

typedef struct EaselTableText {
  const char* data;
  size_t size;
} EaselTableText;

typedef enum EaselTableOperation {
  EASEL_TABLE_EQUAL,
  EASEL_TABLE_NOT_EQUAL,
  EASEL_TABLE_LESS,
  EASEL_TABLE_LESS_EQUAL,
  EASEL_TABLE_GREATER,
  EASEL_TABLE_GREATER_EQUAL,
  EASEL_TABLE_BETWEEN, /* both ends included */
  EASEL_TABLE_IN,
  EASEL_TABLE_CONTAINS,
  EASEL_TABLE_STARTS_WITH,
  EASEL_TABLE_MISSING,
  EASEL_TABLE_NOT_MISSING
} EaselTableOperation;

typedef struct EaselTableCondition {
  int32_t column;
  int32_t operation;
  int32_t match_case; /* for contains and starts with */
  const EaselTableText* values;
  int64_t value_count;
} EaselTableCondition;

typedef struct EaselTableSort {
  int32_t column;
  int32_t descending;
} EaselTableSort;

/* Rows that meet all conditions and hold `search` in a text; ordered by `sorts`, ties and no sorts in the file's order.
   Missing values (null, NaN) meet no comparison and come last in either direction. */
typedef struct EaselTableQuery {
  const EaselTableCondition* conditions;
  int64_t condition_count;
  const EaselTableSort* sorts;
  int64_t sort_count;
  EaselTableText search;
} EaselTableQuery;

/* Takes JSON, CSV or Parquet in pieces; not 0 stops. */
typedef struct EaselTableWriter {
  void* context;
  int (*write)(void* context, const char* text, size_t size);
} EaselTableWriter;

typedef struct EaselTablePageRequest {
  int64_t offset;
  int64_t limit;
  const int32_t* columns;
  int64_t column_count;
} EaselTablePageRequest;

/* `bytes` must stay where they are until the view is closed. */
typedef int EaselTableOpen(const EaselTableBytes* bytes, EaselTableView** view, EaselTableError error);
typedef void EaselTableClose(EaselTableView* view);
/* {"rows", "columns": [{"name", "type", "kind", "index"?}]} */
typedef int EaselTableDescribe(const EaselTableView* view, EaselTableWriter writer, EaselTableError error);
typedef int EaselTableSelect(EaselTableView* view, const EaselTableQuery* query,
                             const EaselTableControl* control, EaselTableSelection** selection, int64_t* rows,
                             EaselTableError error);
typedef void EaselTableFreeSelection(EaselTableSelection* selection);
typedef int64_t EaselTableSelectionBytes(const EaselTableSelection* selection);
/* {"rows": [row of the file], "columns": [[value]]}; long the first time that a part of a sorted selection is asked for. */
typedef int EaselTablePage(EaselTableView* view, EaselTableSelection* selection,
                           const EaselTablePageRequest* request, const EaselTableControl* control,
                           EaselTableWriter writer, EaselTableError error);
/* What a column holds in the selected rows. */
typedef int EaselTableSummary(EaselTableView* view, EaselTableSelection* selection, int32_t column,
                              const EaselTableControl* control, EaselTableWriter writer,
                              EaselTableError error);
/* {"count", "missing", "numbers", "sum"?, "mean"?, "min"?, "max"?} of a rectangle of cells. */
typedef int EaselTableCells(EaselTableView* view, EaselTableSelection* selection,
                            const EaselTablePageRequest* request, const EaselTableControl* control,
                            EaselTableWriter writer, EaselTableError error);
/* The selected rows as a file: RFC 4180, UTF-8, with a header line, missing values empty; or Parquet. */
typedef int EaselTableExport(EaselTableView* view, EaselTableSelection* selection,
                             const EaselTablePageRequest* request, const EaselTableControl* control,
                             EaselTableWriter writer, EaselTableError error);

/* What the module gives for views, in one piece. */
typedef struct EaselTableViews {
  EaselTableOpen* open;
  EaselTableClose* close;
  EaselTableDescribe* describe;
  EaselTableSelect* select;
  EaselTableFreeSelection* free_selection;
  EaselTableSelectionBytes* selection_bytes;
  EaselTablePage* page;
  EaselTableSummary* summary;
  EaselTableCells* cells;
  EaselTableExport* csv;
  EaselTableExport* parquet;
} EaselTableViews;
typedef const EaselTableViews* EaselTableViewsOf(void);

#ifdef __cplusplus
}
#endif
