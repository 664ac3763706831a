/* libeasel_trace.so: records which files the processes of a block open, miss, list, change and remove.
 *
 * Preloaded into the worker and, through its environment, into every dynamically linked program that it starts, so
 * that native readers and subprocesses count like Python's own. It does nothing until easel_trace_start() is called
 * (the worker, at hand-over) or EASEL_TRACE_FILE, EASEL_TRACE_ROOT and EASEL_TRACE_SKIP are found in the environment
 * (what the worker starts). Known gap: programs that make system calls without libc (static ones, Go).
 *
 * The record file holds one record per path and operation and process, ended by a NUL byte:
 *     <operation> <size> <mtime ns> <inode> <path>
 * Operations: r opened for reading; w opened for writing, or made by rename or link (size, time and inode are those
 * from before, "-1 0 0" if there was no file); u removed or renamed away (from before, too), d the same for a folder;
 * a looked for and absent; l folder listed; L folder listed by a Python other than the worker (easel_runtime/filetrace.py sorts out imports).
 *
 * Thread-safe and fork-safe: no locks, no allocation; one append per record. Keeps errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { kTracePathBytes = 4096 };

/* What a file was before the call that is being recorded. */
typedef struct {
  char path[kTracePathBytes]; /* absolute, without "." and ".."; empty: not to be recorded */
  struct stat before;
  bool existed;
} TraceTarget;

/* Whether this thread records. One load when tracing is off. */
bool TraceActive(void);

/* Resolve `path` against `dirfd` into `target`; false when paths like it are not recorded. */
bool TraceResolve(int dirfd, const char* path, TraceTarget* target);

/* Resolve, and look at the file as it is now, before it may change. */
bool TraceLook(int dirfd, const char* path, TraceTarget* target);

/* Record what an open for reading (`fd` >= 0) or a failed lookup (`fd` < 0, errno set) came to. */
void TraceOpened(const TraceTarget* target, int fd, bool writing);
void TraceMissed(int dirfd, const char* path);
void TraceListed(int dirfd, const char* path);
void TraceChanged(const TraceTarget* target);
void TraceRemoved(const TraceTarget* target);
