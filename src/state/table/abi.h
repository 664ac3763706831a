// What libeasel_table.so offers to the rest: plain C, so that nothing of Arrow is needed before a table is shown.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EASEL_TABLE_ABI 4

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

#ifdef __cplusplus
}
#endif
