/* What the walks over Python objects share: a table of addresses, and questions about types that run no Python code.
 *
 * The walks (fingerprint.c, sharing.c) go over structures of any size and depth while the interpreter's lock is held and
 * cyclic collection is off. They never call `__hash__`, `__eq__`, `__iter__`, a property or any other code of a user's
 * class; attributes are read through the descriptors of C types only.
 */
#pragma once

#include <stdint.h>

#include "easel.h"

/* Addresses with a number each. All zero is an empty table. */
typedef struct {
  const void** keys;
  uint64_t* values;
  size_t capacity; /* a power of two, or 0 */
  size_t count;
} EaselTable;

/* The place of `key`'s value, made with value 0 if it was not there (`*fresh` says so); NULL: out of memory.
 * The place is good until the next call. */
uint64_t* EaselTablePut(EaselTable* table, const void* key, int* fresh);
/* The place of `key`'s value, or NULL. */
uint64_t* EaselTableGet(const EaselTable* table, const void* key);
/* Forget all keys; memory is kept for the next use if there is little of it. */
void EaselTableClear(EaselTable* table);
void EaselTableFree(EaselTable* table);

/* Look `name` up among the descriptors of the C type `owner`, and read that attribute of `object`.
 * A new reference, or NULL with an error set. */
PyObject* EaselRead(PyTypeObject* owner, const char* name, PyObject* object);

/* The dict of a class itself, borrowed; NULL with an error set. */
PyObject* EaselClassDict(PyTypeObject* type);

/* The tuple of a class's bases, borrowed (the class has it); NULL with an error set. */
PyObject* EaselBases(PyTypeObject* type);

/* Whether instances have a `__dict__`. */
int EaselHasDict(PyTypeObject* type);

/* What a class made by a `class` statement adds to its best base's layout. */
typedef struct {
  int made_in_python; /* 0: made in C, it may hold anything */
  Py_ssize_t
      slots_at; /* bytes from the object's start to the values of its `__slots__`, each an object or NULL */
  Py_ssize_t slots; /* how many */
  int has_dict;     /* instances have a `__dict__`, of this class's or of its base's */
} EaselLayout;
int EaselLayoutOf(PyTypeObject* type, EaselLayout* layout); /* -1 with an error set */

/* Whether a function or class is found under its name in the module that it names, so that it is stored by reference.
 * The same answer as `not pickling.is_by_value`, and "no" where that would have to run code. */
int EaselByReference(PyObject* definition);
