/* What the files of the extension module `_easel` share.
 *
 * `_easel` gives the Python runtime the system calls that the standard library lacks. It holds no policy: what is
 * mounted, allowed or dropped is decided in easel_runtime/sandbox.py. Built for the stable ABI, so one file serves
 * every Python from 3.11 on. Each function raises OSError (errno and the name of the call) when the kernel refuses.
 */
#pragma once

#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Raise OSError for `errno`, naming the call; returns NULL for `return`. */
PyObject* EaselRaise(const char* call);

/* Method tables, one per file, ended by a zero entry; module.c joins them. */
extern PyMethodDef kFingerprintMethods[];
extern PyMethodDef kKnownMethods[];
extern PyMethodDef kMemoryMethods[];
extern PyMethodDef kMountMethods[];
extern PyMethodDef kPlainMethods[];
extern PyMethodDef kPrivilegeMethods[];
extern PyMethodDef kProcessMethods[];
extern PyMethodDef kSharingMethods[];
extern PyMethodDef kStringMethods[];
extern PyMethodDef kTraceMethods[];

/* Add the types of memory.c; -1 with an exception if that fails. */
int EaselAddMemory(PyObject* module);
