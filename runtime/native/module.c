/* The extension module `_easel`: joins the method tables of the other files. */
#include "easel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

PyObject* EaselRaise(const char* call) {
  int number = errno;
  char text[160];
  snprintf(text, sizeof text, "%s: %s", call, strerror(number));
  PyObject* error = PyObject_CallFunction(PyExc_OSError, "is", number, text);
  if (error != NULL) {
    PyErr_SetObject((PyObject*)Py_TYPE(error), error);
    Py_DECREF(error);
  }
  return NULL;
}

static int Execute(PyObject* module) {
  PyMethodDef* tables[] = {kFingerprintMethods, kKnownMethods,     kMemoryMethods,  kMountMethods,
                           kPlainMethods,       kPrivilegeMethods, kProcessMethods, kSharingMethods,
                           kStringMethods,      kTraceMethods};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    if (PyModule_AddFunctions(module, tables[i]) < 0) return -1;
  }
  return EaselAddMemory(module);
}

static PyModuleDef_Slot kSlots[] = {{Py_mod_exec, Execute}, {0, NULL}};
static struct PyModuleDef kModule = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_easel",
    .m_doc = "System calls of the sandbox and the worker.",
    .m_slots = kSlots,
};

PyMODINIT_FUNC PyInit__easel(void) { return PyModuleDef_Init(&kModule); }
