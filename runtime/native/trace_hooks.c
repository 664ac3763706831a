/* The functions of libc that libeasel_trace.so stands in front of: each calls the real one and records the outcome. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace.h"

#define HOOK __attribute__((visibility("default")))
/* Declare `real_name`, the next definition of `name` in the order of loading. */
#define REAL(type, name, ...)              \
  static type (*real_##name)(__VA_ARGS__); \
  if (real_##name == NULL) *(void**)&real_##name = dlsym(RTLD_NEXT, #name)

static bool Writes(int flags) {
  return (flags & O_PATH) == 0 && ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_TRUNC | O_CREAT)) != 0);
}

static mode_t ModeOf(int flags, va_list list) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

/* Prepare for an open; `target` is empty when it is not to be recorded. */
static void BeforeOpen(int dirfd, const char* path, bool writing, TraceTarget* target) {
  target->path[0] = '\0';
  if (!TraceActive()) return;
  int saved = errno;
  if (writing) {
    TraceLook(dirfd, path, target);
  } else {
    TraceResolve(dirfd, path, target);
  }
  errno = saved;
}

static void AfterOpen(const TraceTarget* target, int fd, bool writing) {
  if (target->path[0] != '\0') TraceOpened(target, fd, writing);
}

#define OPEN(name)                                      \
  HOOK int name(const char* path, int flags, ...) {     \
    REAL(int, name, const char*, int, ...);             \
    va_list list;                                       \
    va_start(list, flags);                              \
    mode_t mode = ModeOf(flags, list);                  \
    va_end(list);                                       \
    TraceTarget target;                                 \
    BeforeOpen(AT_FDCWD, path, Writes(flags), &target); \
    int fd = real_##name(path, flags, mode);            \
    AfterOpen(&target, fd, Writes(flags));              \
    return fd;                                          \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                           \
  HOOK int name(int dirfd, const char* path, int flags, ...) { \
    REAL(int, name, int, const char*, int, ...);               \
    va_list list;                                              \
    va_start(list, flags);                                     \
    mode_t mode = ModeOf(flags, list);                         \
    va_end(list);                                              \
    TraceTarget target;                                        \
    BeforeOpen(dirfd, path, Writes(flags), &target);           \
    int fd = real_##name(dirfd, path, flags, mode);            \
    AfterOpen(&target, fd, Writes(flags));                     \
    return fd;                                                 \
  }
OPENAT(openat)
OPENAT(openat64)

/* What _FORTIFY_SOURCE makes of open(). */
#define OPEN_2(name)                                    \
  HOOK int name(const char* path, int flags) {          \
    REAL(int, name, const char*, int);                  \
    TraceTarget target;                                 \
    BeforeOpen(AT_FDCWD, path, Writes(flags), &target); \
    int fd = real_##name(path, flags);                  \
    AfterOpen(&target, fd, Writes(flags));              \
    return fd;                                          \
  }
OPEN_2(__open_2)
OPEN_2(__open64_2)

#define OPENAT_2(name)                                    \
  HOOK int name(int dirfd, const char* path, int flags) { \
    REAL(int, name, int, const char*, int);               \
    TraceTarget target;                                   \
    BeforeOpen(dirfd, path, Writes(flags), &target);      \
    int fd = real_##name(dirfd, path, flags);             \
    AfterOpen(&target, fd, Writes(flags));                \
    return fd;                                            \
  }
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

#define CREAT(name)                              \
  HOOK int name(const char* path, mode_t mode) { \
    REAL(int, name, const char*, mode_t);        \
    TraceTarget target;                          \
    BeforeOpen(AT_FDCWD, path, true, &target);   \
    int fd = real_##name(path, mode);            \
    AfterOpen(&target, fd, true);                \
    return fd;                                   \
  }
CREAT(creat)
CREAT(creat64)

static bool ModeWrites(const char* mode) { return mode != NULL && strpbrk(mode, "wa+") != NULL; }

#define FOPEN(name)                                                \
  HOOK FILE* name(const char* path, const char* mode) {            \
    REAL(FILE*, name, const char*, const char*);                   \
    bool writing = ModeWrites(mode);                               \
    TraceTarget target;                                            \
    BeforeOpen(AT_FDCWD, path, writing, &target);                  \
    FILE* file = real_##name(path, mode);                          \
    AfterOpen(&target, file == NULL ? -1 : fileno(file), writing); \
    return file;                                                   \
  }
FOPEN(fopen)
FOPEN(fopen64)

#define FREOPEN(name)                                                 \
  HOOK FILE* name(const char* path, const char* mode, FILE* stream) { \
    REAL(FILE*, name, const char*, const char*, FILE*);               \
    bool writing = ModeWrites(mode);                                  \
    TraceTarget target;                                               \
    BeforeOpen(AT_FDCWD, path, writing, &target);                     \
    FILE* file = real_##name(path, mode, stream);                     \
    AfterOpen(&target, file == NULL ? -1 : fileno(file), writing);    \
    return file;                                                      \
  }
FREOPEN(freopen)
FREOPEN(freopen64)

HOOK DIR* opendir(const char* path) {
  REAL(DIR*, opendir, const char*);
  DIR* folder = real_opendir(path);
  if (TraceActive()) folder == NULL ? TraceMissed(AT_FDCWD, path) : TraceListed(AT_FDCWD, path);
  return folder;
}

HOOK DIR* fdopendir(int fd) {
  REAL(DIR*, fdopendir, int);
  DIR* folder = real_fdopendir(fd);
  if (folder != NULL && TraceActive()) TraceListed(fd, ".");
  return folder;
}

#define SCANDIR(name, entry)                                                                  \
  HOOK int name(const char* path, struct entry*** list, int (*filter)(const struct entry*),   \
                int (*compare)(const struct entry**, const struct entry**)) {                 \
    REAL(int, name, const char*, struct entry***, int (*)(const struct entry*),               \
         int (*)(const struct entry**, const struct entry**));                                \
    int count = real_##name(path, list, filter, compare);                                     \
    if (TraceActive()) count < 0 ? TraceMissed(AT_FDCWD, path) : TraceListed(AT_FDCWD, path); \
    return count;                                                                             \
  }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

/* Lookups count when they fail; one that succeeds is followed by an open if the content matters. */
#define LOOKUP(dirfd, path, call)                             \
  int result = call;                                          \
  if (result != 0 && TraceActive()) TraceMissed(dirfd, path); \
  return result

#define STAT(name, buffer)                             \
  HOOK int name(const char* path, struct buffer* is) { \
    REAL(int, name, const char*, struct buffer*);      \
    LOOKUP(AT_FDCWD, path, real_##name(path, is));     \
  }
STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)

#define FSTATAT(name, buffer)                                                \
  HOOK int name(int dirfd, const char* path, struct buffer* is, int flags) { \
    REAL(int, name, int, const char*, struct buffer*, int);                  \
    LOOKUP(dirfd, path, real_##name(dirfd, path, is, flags));                \
  }
FSTATAT(fstatat, stat)
FSTATAT(fstatat64, stat64)

/* Programs built before glibc 2.33 call these. */
#define XSTAT(name, buffer)                                         \
  HOOK int name(int version, const char* path, struct buffer* is) { \
    REAL(int, name, int, const char*, struct buffer*);              \
    LOOKUP(AT_FDCWD, path, real_##name(version, path, is));         \
  }
XSTAT(__xstat, stat)
XSTAT(__xstat64, stat64)
XSTAT(__lxstat, stat)
XSTAT(__lxstat64, stat64)

#define FXSTATAT(name, buffer)                                                            \
  HOOK int name(int version, int dirfd, const char* path, struct buffer* is, int flags) { \
    REAL(int, name, int, int, const char*, struct buffer*, int);                          \
    LOOKUP(dirfd, path, real_##name(version, dirfd, path, is, flags));                    \
  }
FXSTATAT(__fxstatat, stat)
FXSTATAT(__fxstatat64, stat64)

HOOK int statx(int dirfd, const char* restrict path, int flags, unsigned mask, struct statx* restrict is) {
  REAL(int, statx, int, const char*, int, unsigned, struct statx*);
  LOOKUP(dirfd, path, real_statx(dirfd, path, flags, mask, is));
}

HOOK int access(const char* path, int mode) {
  REAL(int, access, const char*, int);
  LOOKUP(AT_FDCWD, path, real_access(path, mode));
}

HOOK int euidaccess(const char* path, int mode) {
  REAL(int, euidaccess, const char*, int);
  LOOKUP(AT_FDCWD, path, real_euidaccess(path, mode));
}

HOOK int faccessat(int dirfd, const char* path, int mode, int flags) {
  REAL(int, faccessat, int, const char*, int, int);
  LOOKUP(dirfd, path, real_faccessat(dirfd, path, mode, flags));
}

/* What a call that gives `new` a file, and takes one from `old` unless that is NULL, came to. */
#define MOVE(old_fd, old, new_fd, new, call)          \
  TraceTarget from = {.path = ""}, to = {.path = ""}; \
  if (TraceActive()) {                                \
    if ((old) != NULL) TraceLook(old_fd, old, &from); \
    TraceLook(new_fd, new, &to);                      \
  }                                                   \
  int result = call;                                  \
  if (result == 0) {                                  \
    TraceRemoved(&from);                              \
    TraceChanged(&to);                                \
  }                                                   \
  return result

HOOK int rename(const char* old, const char* new) {
  REAL(int, rename, const char*, const char*);
  MOVE(AT_FDCWD, old, AT_FDCWD, new, real_rename(old, new));
}

HOOK int renameat(int old_fd, const char* old, int new_fd, const char* new) {
  REAL(int, renameat, int, const char*, int, const char*);
  MOVE(old_fd, old, new_fd, new, real_renameat(old_fd, old, new_fd, new));
}

HOOK int renameat2(int old_fd, const char* old, int new_fd, const char* new, unsigned flags) {
  REAL(int, renameat2, int, const char*, int, const char*, unsigned);
  MOVE(old_fd, old, new_fd, new, real_renameat2(old_fd, old, new_fd, new, flags));
}

static const char* const kNothing = NULL;

HOOK int link(const char* old, const char* new) {
  REAL(int, link, const char*, const char*);
  MOVE(AT_FDCWD, kNothing, AT_FDCWD, new, real_link(old, new));
}

HOOK int linkat(int old_fd, const char* old, int new_fd, const char* new, int flags) {
  REAL(int, linkat, int, const char*, int, const char*, int);
  MOVE(AT_FDCWD, kNothing, new_fd, new, real_linkat(old_fd, old, new_fd, new, flags));
}

HOOK int symlink(const char* target, const char* new) {
  REAL(int, symlink, const char*, const char*);
  MOVE(AT_FDCWD, kNothing, AT_FDCWD, new, real_symlink(target, new));
}

HOOK int symlinkat(const char* target, int new_fd, const char* new) {
  REAL(int, symlinkat, const char*, int, const char*);
  MOVE(AT_FDCWD, kNothing, new_fd, new, real_symlinkat(target, new_fd, new));
}

#define TRUNCATE(name, type)                                             \
  HOOK int name(const char* path, type length) {                         \
    REAL(int, name, const char*, type);                                  \
    MOVE(AT_FDCWD, kNothing, AT_FDCWD, path, real_##name(path, length)); \
  }
TRUNCATE(truncate, off_t)
TRUNCATE(truncate64, off64_t)

#define REMOVE(dirfd, path, call)                     \
  TraceTarget target = {.path = ""};                  \
  if (TraceActive()) TraceLook(dirfd, path, &target); \
  int result = call;                                  \
  if (result == 0) TraceRemoved(&target);             \
  return result

HOOK int unlink(const char* path) {
  REAL(int, unlink, const char*);
  REMOVE(AT_FDCWD, path, real_unlink(path));
}

HOOK int unlinkat(int dirfd, const char* path, int flags) {
  REAL(int, unlinkat, int, const char*, int);
  REMOVE(dirfd, path, real_unlinkat(dirfd, path, flags));
}

HOOK int remove(const char* path) {
  REAL(int, remove, const char*);
  REMOVE(AT_FDCWD, path, real_remove(path));
}
