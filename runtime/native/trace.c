/* Filtering and recording; the functions of libc that lead here are in trace_hooks.c. */
#define _GNU_SOURCE
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kSeen = 1 << 14, kProbes = 8, kSkipBytes = 1 << 14, kFirstFd = 900 };

static atomic_bool g_active;
static _Thread_local int g_paused __attribute__((tls_model("initial-exec")));
static char g_file[kTracePathBytes];
static char g_root[kTracePathBytes];
static size_t g_root_length;
static char g_skip[kSkipBytes];
static char g_listing_operation = 'l';
static atomic_int g_fd = -1;
static _Atomic uint64_t g_inode;
static _Atomic uint64_t g_seen[kSeen];

bool TraceActive(void) { return atomic_load_explicit(&g_active, memory_order_acquire) && g_paused == 0; }

static bool Below(const char* path, const char* folder, size_t length) {
  return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static bool UnderRoot(const char* path) { return Below(path, g_root, g_root_length); }

static bool Skipped(const char* path) {
  const char* rest = path + g_root_length;
  if (UnderRoot(path)) return Below(rest, "/.easel", 7) || strstr(rest, "/__pycache__") != NULL;
  for (const char* line = g_skip; *line != '\0';) {
    size_t length = strcspn(line, "\n");
    if (length > 0 && Below(path, line, length)) return true;
    line += length + (line[length] == '\n');
  }
  return false;
}

/* Take out "", "." and ".." by their text alone: a link is recorded as the link that was named. */
static void Normalise(char* path) {
  char* end = path;
  for (const char* part = path; *part != '\0';) {
    while (*part == '/') part++;
    size_t length = strcspn(part, "/");
    if (length == 0) break;
    if (length == 2 && part[0] == '.' && part[1] == '.') {
      while (end > path && *--end != '/') {
      }
    } else if (!(length == 1 && part[0] == '.')) {
      *end++ = '/';
      memmove(end, part, length);
      end += length;
    }
    part += length;
  }
  if (end == path) *end++ = '/';
  *end = '\0';
}

bool TraceResolve(int dirfd, const char* path, TraceTarget* target) {
  target->path[0] = '\0';
  if (path == NULL) return false;
  size_t used = 0;
  if (path[0] != '/') {
    long length;
    if (dirfd == AT_FDCWD) {
      length = syscall(SYS_getcwd, target->path, kTracePathBytes) - 1;
    } else {
      char link[40];
      snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
      length = syscall(SYS_readlinkat, AT_FDCWD, link, target->path, kTracePathBytes - 1);
    }
    if (length <= 0 || target->path[0] != '/') return target->path[0] = '\0', false;
    used = (size_t)length;
    target->path[used++] = '/';
  }
  size_t length = strlen(path);
  if (used + length + 1 > kTracePathBytes) return target->path[0] = '\0', false;
  memcpy(target->path + used, path, length + 1);
  Normalise(target->path);
  if (Skipped(target->path)) return target->path[0] = '\0', false;
  return true;
}

bool TraceLook(int dirfd, const char* path, TraceTarget* target) {
  int saved = errno;
  bool wanted = TraceResolve(dirfd, path, target) && UnderRoot(target->path);
  if (wanted) target->existed = syscall(SYS_newfstatat, AT_FDCWD, target->path, &target->before, 0) == 0;
  errno = saved;
  if (!wanted) target->path[0] = '\0';
  return wanted;
}

/* Tell whether the pair is new in this process; a full neighbourhood counts as new. */
static bool FirstTime(char operation, const char* path) {
  uint64_t hash = 1469598103934665603ull ^ (unsigned char)operation;
  for (const char* at = path; *at != '\0'; at++) hash = (hash ^ (unsigned char)*at) * 1099511628211ull;
  if (hash == 0) hash = 1;
  for (int probe = 0; probe < kProbes; probe++) {
    _Atomic uint64_t* slot = &g_seen[(hash + (uint64_t)probe) & (kSeen - 1)];
    uint64_t found = 0;
    if (atomic_compare_exchange_strong(slot, &found, hash)) return true;
    if (found == hash) return false;
  }
  return true;
}

/* Return the record file's descriptor, opened again if the program closed it or put another file in its place. */
static int RecordFile(void) {
  int fd = atomic_load(&g_fd);
  struct stat is;
  if (fd >= 0 && syscall(SYS_fstat, fd, &is) == 0 && is.st_ino == atomic_load(&g_inode)) return fd;
  int low = (int)syscall(SYS_openat, AT_FDCWD, g_file, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
  if (low < 0) return -1;
  fd = (int)syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, kFirstFd);
  if (fd < 0) {
    fd = low;
  } else {
    syscall(SYS_close, low);
  }
  if (syscall(SYS_fstat, fd, &is) == 0) atomic_store(&g_inode, is.st_ino);
  atomic_store(&g_fd, fd);
  return fd;
}

static void Record(char operation, const char* path, const struct stat* is) {
  if (path[0] == '\0' || !FirstTime(operation, path)) return;
  char record[kTracePathBytes + 100];
  long long size = is == NULL ? -1 : (long long)is->st_size;
  long long time = is == NULL ? 0 : is->st_mtim.tv_sec * 1000000000ll + is->st_mtim.tv_nsec;
  unsigned long long inode = is == NULL ? 0 : (unsigned long long)is->st_ino;
  int length = snprintf(record, sizeof record, "%c %lld %lld %llu %s", operation, size, time, inode, path);
  int fd = RecordFile();
  if (fd >= 0 && length > 0 && syscall(SYS_write, fd, record, (size_t)length + 1) < 0) {
  }
}

void TraceOpened(const TraceTarget* target, int fd, bool writing) {
  if (target->path[0] == '\0') return;
  int saved = errno;
  struct stat is;
  if (fd < 0) {
    if (!writing && (saved == ENOENT || saved == ENOTDIR) && UnderRoot(target->path))
      Record('a', target->path, NULL);
  } else if (syscall(SYS_fstat, fd, &is) == 0 && S_ISREG(is.st_mode)) {
    if (writing) {
      TraceChanged(target);
    } else {
      Record('r', target->path, &is);
    }
  }
  errno = saved;
}

void TraceMissed(int dirfd, const char* path) {
  if ((errno != ENOENT && errno != ENOTDIR) || path == NULL || path[0] == '\0') return;
  int saved = errno;
  TraceTarget target;
  if (TraceResolve(dirfd, path, &target) && UnderRoot(target.path)) Record('a', target.path, NULL);
  errno = saved;
}

void TraceListed(int dirfd, const char* path) {
  int saved = errno;
  TraceTarget target;
  if (TraceResolve(dirfd, path, &target) && UnderRoot(target.path))
    Record(g_listing_operation, target.path, NULL);
  errno = saved;
}

void TraceChanged(const TraceTarget* target) {
  int saved = errno;
  Record('w', target->path, target->existed ? &target->before : NULL);
  errno = saved;
}

void TraceRemoved(const TraceTarget* target) {
  int saved = errno;
  bool folder = target->existed && S_ISDIR(target->before.st_mode);
  Record(folder ? 'd' : 'u', target->path, target->existed ? &target->before : NULL);
  errno = saved;
}

/* Start recording to `file` what happens below `root` and, for files opened to be read, outside of the folders in
 * `skip` (one a line). Returns 0, or -1 when the file cannot be opened or a path is too long. */
__attribute__((visibility("default"))) int easel_trace_start(const char* file, const char* root,
                                                             const char* skip) {
  if (strlen(file) >= sizeof g_file || strlen(root) >= sizeof g_root || strlen(skip) >= sizeof g_skip) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(g_file, file);
  strcpy(g_root, root);
  g_root_length = strlen(root);
  strcpy(g_skip, skip);
  if (RecordFile() < 0) return -1;
  atomic_store_explicit(&g_active, true, memory_order_release);
  return 0;
}

/* Pause recording in the calling thread (+1), or resume it (-1). */
__attribute__((visibility("default"))) void easel_trace_pause(int step) { g_paused += step; }

__attribute__((constructor)) static void StartFromEnvironment(void) {
  const char* file = getenv("EASEL_TRACE_FILE");
  const char* root = getenv("EASEL_TRACE_ROOT");
  const char* skip = getenv("EASEL_TRACE_SKIP");
  if (file == NULL || root == NULL || skip == NULL || file[0] == '\0') return;
  char program[kTracePathBytes];
  long length = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", program, sizeof program - 1);
  if (length > 0) {
    program[length] = '\0';
    const char* name = strrchr(program, '/');
    if (name != NULL && strncmp(name, "/python", 7) == 0) g_listing_operation = 'L';
  }
  easel_trace_start(file, root, skip);
}
