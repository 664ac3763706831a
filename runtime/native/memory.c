/* Memory of state: mapped runs of object files that live as long as somebody looks into them, and the kernel's page map,
 * which tells what of a mapping was written to. */
#include "easel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <structmember.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kMaxRuns = 1 << 16 };

typedef struct {
  PyObject_HEAD PyObject* weak;
  char* address;
  size_t length;
} Mapping;

static PyTypeObject* gMappingType;

static void Release(PyObject* object) {
  Mapping* self = (Mapping*)object;
  if (self->weak != NULL) PyObject_ClearWeakRefs(object);
  if (self->address != NULL) munmap(self->address, self->length);
  PyTypeObject* type = Py_TYPE(object);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

static int GetBuffer(PyObject* object, Py_buffer* view, int flags) {
  Mapping* self = (Mapping*)object;
  return PyBuffer_FillInfo(view, object, self->address, (Py_ssize_t)self->length, 0, flags);
}

static PyMemberDef kMappingMembers[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Mapping, weak), READONLY, NULL},
    {0},
};
static PyType_Slot kMappingSlots[] = {
    {Py_tp_doc, "Private, writable memory that begins as runs of files; ends with the last buffer of it."},
    {Py_tp_dealloc, Release},
    {Py_tp_members, kMappingMembers},
    {Py_bf_getbuffer, GetBuffer},
    {0, NULL},
};
static PyType_Spec kMappingSpec = {
    .name = "easel_runtime._easel.Mapping",
    .basicsize = sizeof(Mapping),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = kMappingSlots,
};

typedef struct {
  int fd;
  long long offset, length;
} Run;

/* Read [(fd, offset, length), …], whose lengths add up to `length`, into `runs`; returns their number, or -1. */
static Py_ssize_t ReadRuns(PyObject* list, long long length, Run** runs) {
  Py_ssize_t count = PyList_Check(list) ? PyList_Size(list) : -1;
  if (count < 1 || count > kMaxRuns) {
    PyErr_SetString(PyExc_ValueError, "runs must be a list of 1 to 65536 (fd, offset, length)");
    return -1;
  }
  Run* found = calloc((size_t)count, sizeof *found);
  if (found == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  const long long page = sysconf(_SC_PAGESIZE);
  long long sum = 0;
  for (Py_ssize_t i = 0; i < count; i++) {
    Run* run = &found[i];
    if (!PyArg_ParseTuple(PyList_GetItem(list, i), "iLL", &run->fd, &run->offset, &run->length)) goto failed;
    if (run->offset < 0 || run->offset % page != 0 || run->length <= 0 || run->length > length - sum ||
        (i + 1 < count && run->length % page != 0)) {
      PyErr_Format(PyExc_ValueError, "run %zd does not consist of pages, or is longer than its extent", i);
      goto failed;
    }
    sum += run->length;
  }
  if (sum == length) {
    *runs = found;
    return count;
  }
  PyErr_SetString(PyExc_ValueError, "the runs are shorter than their extent");
failed:
  free(found);
  return -1;
}

static PyObject* MapRuns(PyObject* self, PyObject* arguments) {
  (void)self;
  long long length;
  PyObject* list;
  if (!PyArg_ParseTuple(arguments, "LO", &length, &list)) return NULL;
  Run* runs;
  const Py_ssize_t count = ReadRuns(list, length, &runs);
  if (count < 0) return NULL;
  const int access = PROT_READ | PROT_WRITE, how = MAP_PRIVATE | MAP_NORESERVE;
  /* One run needs no reservation; several are laid over one, so that they are neighbours. */
  char* address = count == 1 ? mmap(NULL, (size_t)length, access, how, runs[0].fd, runs[0].offset)
                             : mmap(NULL, (size_t)length, PROT_NONE, how | MAP_ANONYMOUS, -1, 0);
  long long at = 0;
  for (Py_ssize_t i = 0; address != MAP_FAILED && count > 1 && i < count; i++) {
    if (mmap(address + at, (size_t)runs[i].length, access, how | MAP_FIXED, runs[i].fd, runs[i].offset) ==
        MAP_FAILED) {
      const int number = errno;
      munmap(address, (size_t)length);
      address = MAP_FAILED;
      errno = number;
    }
    at += runs[i].length;
  }
  free(runs);
  if (address == MAP_FAILED) return EaselRaise("mmap");
  allocfunc allocate = (allocfunc)PyType_GetSlot(gMappingType, Py_tp_alloc);
  Mapping* mapping = (Mapping*)allocate(gMappingType, 0);
  if (mapping == NULL) {
    munmap(address, (size_t)length);
    return NULL;
  }
  mapping->address = address;
  mapping->length = (size_t)length;
  return (PyObject*)mapping;
}

static PyObject* Address(PyObject* self, PyObject* object) {
  (void)self;
  Py_buffer view;
  if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) return NULL;
  PyObject* found = PyLong_FromVoidPtr(view.buf);
  PyBuffer_Release(&view);
  return found;
}

/* Fill out[i] with whether a page of the i-th `grain` bytes was written to; 0, or an errno. */
static int ReadPageMap(uintptr_t address, size_t length, size_t grain, size_t page, char* out) {
  enum { kEntries = 1 << 15 };
  uint64_t* entries = malloc(kEntries * sizeof *entries);
  if (entries == NULL) return ENOMEM;
  const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  int failed = fd < 0 ? errno : 0;
  const size_t first = address / page, count = (length + page - 1) / page, pages_a_grain = grain / page;
  for (size_t done = 0; failed == 0 && done < count;) {
    const size_t wanted = count - done < kEntries ? count - done : kEntries;
    const ssize_t n = pread(fd, entries, wanted * sizeof *entries, (off_t)((first + done) * sizeof *entries));
    if (n < 0 && errno == EINTR) continue;
    if (n < (ssize_t)sizeof *entries) {
      failed = n < 0 ? errno : EIO;
      break;
    }
    const size_t have = (size_t)n / sizeof *entries;
    for (size_t i = 0; i < have; i++) {
      /* Bits of proc(5): 63 present, 62 swapped, 61 of a file or shared. A page of a private mapping that is there and
       * of no file is the process's own copy. */
      const uint64_t entry = entries[i];
      if ((entry >> 62) != 0 && ((entry >> 61) & 1) == 0) out[(done + i) / pages_a_grain] = 1;
    }
    done += have;
  }
  if (fd >= 0) close(fd);
  free(entries);
  return failed;
}

static PyObject* WrittenTo(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned long long address;
  long long length, grain;
  if (!PyArg_ParseTuple(arguments, "KLL", &address, &length, &grain)) return NULL;
  const long long page = sysconf(_SC_PAGESIZE);
  if (address % (unsigned long long)page != 0 || length <= 0 || grain <= 0 || grain % page != 0) {
    PyErr_SetString(PyExc_ValueError, "address and grain must be multiples of the page size");
    return NULL;
  }
  const long long count = (length + grain - 1) / grain;
  char* out = calloc(1, (size_t)count);
  if (out == NULL) return PyErr_NoMemory();
  int failed;
  Py_BEGIN_ALLOW_THREADS;
  failed = ReadPageMap((uintptr_t)address, (size_t)length, (size_t)grain, (size_t)page, out);
  Py_END_ALLOW_THREADS;
  PyObject* found = NULL;
  if (failed == 0) {
    found = PyBytes_FromStringAndSize(out, (Py_ssize_t)count);
  } else {
    errno = failed;
    EaselRaise("/proc/self/pagemap");
  }
  free(out);
  return found;
}

int EaselAddMemory(PyObject* module) {
  gMappingType = (PyTypeObject*)PyType_FromSpec(&kMappingSpec);
  return gMappingType == NULL ? -1 : PyModule_AddObjectRef(module, "Mapping", (PyObject*)gMappingType);
}

PyMethodDef kMemoryMethods[] = {
    {"map_runs", MapRuns, METH_VARARGS,
     "map_runs(length, [(fd, offset, length), ...]) -> Mapping: the runs, one after the other, privately"},
    {"address", Address, METH_O, "address(buffer) -> where its bytes begin"},
    {"written_to", WrittenTo, METH_VARARGS,
     "written_to(address, length, grain) -> bytes: for each `grain` bytes 1 if a page of them was written "
     "to"},
    {0},
};
