/* The types made in C whose content the fingerprint can see completely, and how. Python registers them (`know`). */
#pragma once

#include "graph.h"

typedef enum {
  kUnknown = 0, /* holds what nobody here can see */
  kObject,      /* `object`: nothing */
  kPinned, /* never changes, and a pinned one's address is never used again: the address is the content */
  kInt,
  kFloat,
  kComplex,
  kStr,
  kBytes,
  kByteArray,
  kBuffer, /* array.array: its bytes through the buffer protocol */
  kList,
  kTuple,
  kDict,
  kSet,
  kDeque,
  kOrderedDict,
  kDefaultDict,
  kArray, /* numpy.ndarray */
  kFunction,
  kBuiltin,    /* a function of a module in C; a bound method of an object in C is unknown */
  kAttributes, /* what these attributes say is everything */
  kReferents,  /* what tp_traverse visits is everything, and at most one thing */
  kClass,      /* `type` and its subclasses; not registered */
} EaselKind;

typedef struct {
  EaselKind kind;
  PyObject* attributes; /* a tuple of str, or NULL */
} EaselKnown;

/* How the content of instances of exactly `type` is seen; NULL: not registered. */
const EaselKnown* EaselKnownType(PyTypeObject* type);
