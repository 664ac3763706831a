/* The register of types made in C whose content is seen completely. Types stay registered, and alive, for ever. */
#include "known.h"

#include <string.h>

enum { kMost = 256 };
static EaselTable gIndex;
static EaselKnown gKnown[kMost];
static size_t gCount;

const EaselKnown* EaselKnownType(PyTypeObject* type) {
  uint64_t* index = EaselTableGet(&gIndex, type);
  return index == NULL ? NULL : &gKnown[*index];
}

static const char* const kNames[] = {
    [kObject] = "object",
    [kPinned] = "pinned",
    [kInt] = "int",
    [kFloat] = "float",
    [kComplex] = "complex",
    [kStr] = "str",
    [kBytes] = "bytes",
    [kByteArray] = "bytearray",
    [kBuffer] = "buffer",
    [kList] = "list",
    [kTuple] = "tuple",
    [kDict] = "dict",
    [kSet] = "set",
    [kDeque] = "deque",
    [kOrderedDict] = "ordered_dict",
    [kDefaultDict] = "default_dict",
    [kArray] = "array",
    [kFunction] = "function",
    [kBuiltin] = "builtin",
    [kReferents] = "referents",
    [kAttributes] = "attributes",
};

static PyObject* Know(PyObject* self, PyObject* arguments) {
  (void)self;
  PyObject *type, *how, *attributes = NULL;
  if (!PyArg_ParseTuple(arguments, "O!U|O!", &PyType_Type, &type, &how, &PyTuple_Type, &attributes))
    return NULL;
  EaselKind kind = kUnknown;
  for (size_t i = 1; i < sizeof kNames / sizeof *kNames; i++) {
    if (kNames[i] != NULL && PyUnicode_CompareWithASCIIString(how, kNames[i]) == 0) kind = (EaselKind)i;
  }
  if (kind == kAttributes && attributes == NULL) kind = kUnknown;
  if (kind == kUnknown) return PyErr_Format(PyExc_ValueError, "no way to see a type: %R", how);
  int fresh = 0;
  uint64_t* index = gCount < kMost ? EaselTablePut(&gIndex, type, &fresh) : NULL;
  if (index == NULL) return PyErr_NoMemory();
  if (fresh) {
    Py_INCREF(type);
    gKnown[gCount].kind = kind;
    gKnown[gCount].attributes = Py_XNewRef(attributes);
    *index = gCount++;
  }
  Py_RETURN_NONE;
}

PyMethodDef kKnownMethods[] = {
    {"know", Know, METH_VARARGS,
     "know(type, how, attributes=()): the fingerprint sees the content of exactly this type made in C. `how` "
     "is a word of "
     "known.c; \"attributes\" are everything it holds, and those of a \"pinned\" one may change though it "
     "cannot. The first "
     "word about a type stands."},
    {0},
};
