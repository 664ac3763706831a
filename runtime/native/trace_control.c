/* The extension's side of libeasel_trace.so, found by name at run time: absent when it was not preloaded. */
#include "easel.h"

#include <dlfcn.h>
#include <errno.h>

static PyObject* TraceStart(PyObject* self, PyObject* arguments) {
  (void)self;
  const char *file, *root, *skip;
  if (!PyArg_ParseTuple(arguments, "sss", &file, &root, &skip)) return NULL;
  int (*start)(const char*, const char*, const char*) =
      (int (*)(const char*, const char*, const char*))dlsym(RTLD_DEFAULT, "easel_trace_start");
  if (start == NULL) Py_RETURN_FALSE;
  if (start(file, root, skip) != 0) return EaselRaise("easel_trace_start");
  Py_RETURN_TRUE;
}

static PyObject* TracePause(PyObject* self, PyObject* arguments) {
  (void)self;
  int step;
  if (!PyArg_ParseTuple(arguments, "i", &step)) return NULL;
  static void (*pause)(int);
  if (pause == NULL) pause = (void (*)(int))dlsym(RTLD_DEFAULT, "easel_trace_pause");
  if (pause != NULL) pause(step);
  Py_RETURN_NONE;
}

PyMethodDef kTraceMethods[] = {
    {"trace_start", TraceStart, METH_VARARGS,
     "trace_start(file, root, skip) -> bool; False when the shim is not loaded"},
    {"trace_pause", TracePause, METH_VARARGS,
     "trace_pause(step): +1 pauses recording in this thread, -1 resumes it"},
    {0},
};
