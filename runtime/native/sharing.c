/* The sharing walk: which roots reach a common mutable object, or memory that overlaps, and must be stored together.
 *
 * What counts: state/sharing.py says it, with the atoms and what frames show. An object with one reference has been reached
 * by its only way and is not remembered. Tuples and frozensets join nothing themselves, what lies in them does: one that is
 * shared is gone through once for each root, and what lies in it is remembered however few references it has.
 * Objects of unknown types are followed as garbage collection follows them. Its own stack; no code of a user's class runs.
 */
#include <stdlib.h>
#include <string.h>

#include "graph.h"

typedef enum {
  kAtom = 1,
  kImmutable,
  kCallable,
  kClass,
  kArray,
  kKindOfArray, /* a subclass: an array, and an instance */
  kRecord,
  kBytes,
  kBuiltin,
  kEnd,
  kOpaque,
  kOrdinary
} Way;

typedef struct {
  uintptr_t low, high;
  Py_ssize_t root;
} Span;

typedef struct {
  EaselTable ways;       /* type -> Way; kCarried: instances share the class; kHasDict: ask for their dict */
  EaselTable owners;     /* object -> number of the root that reached it first, plus 1 */
  EaselTable immutables; /* tuple -> number of the root that reached it last, plus 1 */
  EaselTable stops;
  EaselTable users; /* array that owns memory -> how many arrays look into it */
  PyObject* atoms;
  PyObject* unwrap;
  PyTypeObject* array_type;
  PyTypeObject* machine_type; /* array.array */
  PyObject* kept;             /* what was made for the walk */
  uintptr_t* stack; /* objects; kReachedAgain is added to those in a tuple that may be gone through again */
  uintptr_t again;
  size_t depth, capacity;
  Py_ssize_t* parent;
  Py_ssize_t root;
  PyObject* root_object;
  Span* spans;
  size_t span_count, span_capacity;
  PyTypeObject* skip; /* the class of what is being traversed */
  PyTypeObject* last_type;
  uint64_t last_way;
} Walk;

enum { kReachedAgain = 1, kCarried = 64, kHasDict = 128, kFlags = kCarried | kHasDict };

#define DO(call)               \
  do {                         \
    if ((call) < 0) return -1; \
  } while (0)

static Py_ssize_t Find(Walk* w, Py_ssize_t i) {
  while (w->parent[i] != i) i = w->parent[i] = w->parent[w->parent[i]];
  return i;
}

static void Join(Walk* w, Py_ssize_t a, Py_ssize_t b) {
  a = Find(w, a);
  b = Find(w, b);
  w->parent[a < b ? b : a] = a < b ? a : b;
}

static int ModuleIs(PyTypeObject* type, const char* const* roots) {
  PyObject* module = PyObject_GetAttrString((PyObject*)type, "__module__");
  PyObject* text = module != NULL && PyUnicode_CheckExact(module) ? PyUnicode_AsUTF8String(module) : NULL;
  int found = 0;
  if (text != NULL) {
    const char* name = PyBytes_AsString(text);
    size_t length = strcspn(name, ".");
    for (; *roots != NULL; roots++) found |= strlen(*roots) == length && strncmp(*roots, name, length) == 0;
  }
  PyErr_Clear();
  Py_XDECREF(module);
  Py_XDECREF(text);
  return found;
}

static int IsNamed(PyTypeObject* type, const char* name) {
  PyObject* text = PyType_GetName(type);
  int found = text != NULL && PyUnicode_CompareWithASCIIString(text, name) == 0;
  Py_XDECREF(text);
  return found;
}

static Way Classify(Walk* w, PyTypeObject* type) {
  static const char* const kFrames[] = {"pandas", "polars", "pyarrow", NULL};
  static const char* const kNumpy[] = {"numpy", NULL};
  int atom = PySet_Contains(w->atoms, (PyObject*)type);
  if (atom < 0) PyErr_Clear();
  if (atom > 0) return kAtom;
  if (type == &PyTuple_Type || type == &PyFrozenSet_Type) return kImmutable;
  if (PyType_IsSubtype(type, &PyType_Type)) return kClass;
  if (w->array_type != NULL && type == w->array_type) return kArray;
  if (w->array_type != NULL && PyType_IsSubtype(type, w->array_type)) return kKindOfArray;
  if (type == &PyByteArray_Type || type == w->machine_type) return kBytes;
  if (!(PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE)) {
    if (IsNamed(type, "function")) return kCallable;
    if (type == &PyCFunction_Type) return kBuiltin;
    if (IsNamed(type, "generator") || IsNamed(type, "frame") || IsNamed(type, "coroutine")) return kEnd;
  }
  if (ModuleIs(type, kNumpy) && (IsNamed(type, "void") || IsNamed(type, "record"))) return kRecord;
  if (ModuleIs(type, kNumpy)) return kEnd; /* other scalars, dtypes and ufuncs share nothing */
  if (ModuleIs(type, kFrames)) return kOpaque;
  return kOrdinary;
}

/* 0: out of memory. */
static inline uint64_t WayOf(Walk* w, PyTypeObject* type) {
  if (type == w->last_type) return w->last_way;
  int fresh;
  uint64_t* way = EaselTablePut(&w->ways, type, &fresh);
  if (way == NULL) return 0;
  if (fresh) {
    uint64_t found = (uint64_t)Classify(w, type);
    int is_instance = found == kOrdinary || found == kKindOfArray;
    if (is_instance && !EaselByReference((PyObject*)type)) found |= kCarried;
    /* From Python 3.13 on, an instance's own traversal passes over its dict. */
    if (is_instance && Py_Version >= 0x030D0000 && EaselHasDict(type)) found |= kHasDict;
    *way = found;
  }
  w->last_type = type;
  w->last_way = *way;
  return *way;
}

static int Push(Walk* w, PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type || object == Py_None) return 0;
  uint64_t way = WayOf(w, type);
  if (way == 0) return -1;
  if (way == kAtom) return 0;
  if (w->depth == w->capacity) {
    size_t capacity = w->capacity == 0 ? 256 : w->capacity * 2;
    uintptr_t* stack = realloc(w->stack, capacity * sizeof *stack);
    if (stack == NULL) return -1;
    w->stack = stack;
    w->capacity = capacity;
  }
  w->stack[w->depth++] = (uintptr_t)object | w->again;
  return 0;
}

static int PushVisited(PyObject* object, void* walk) {
  Walk* w = walk;
  return object == (PyObject*)w->skip ? 0 : Push(w, object);
}

/* What `object` has by an attribute; made for the asking, it is kept. Borrowed; NULL without an error if it has none. */
static PyObject* Attribute(Walk* w, PyTypeObject* owner, const char* name, PyObject* object) {
  PyObject* value = EaselRead(owner, name, object);
  if (value == NULL) {
    PyErr_Clear();
    return NULL;
  }
  if (Py_REFCNT(value) == 1 && PyList_Append(w->kept, value) < 0) PyErr_Clear();
  Py_DECREF(value);
  return value;
}

static int AddSpan(Walk* w, uintptr_t low, uintptr_t high) {
  if (low >= high) return 0;
  if (w->span_count == w->span_capacity) {
    size_t capacity = w->span_capacity == 0 ? 64 : w->span_capacity * 2;
    Span* spans = realloc(w->spans, capacity * sizeof *spans);
    if (spans == NULL) return -1;
    w->spans = spans;
    w->span_capacity = capacity;
  }
  w->spans[w->span_count++] = (Span){low, high, w->root};
  return 0;
}

static int AddBuffer(Walk* w, PyObject* object) {
  Py_buffer view;
  if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) {
    PyErr_Clear();
    return 0;
  }
  int good = AddSpan(w, (uintptr_t)view.buf, (uintptr_t)view.buf + (uintptr_t)view.len);
  PyBuffer_Release(&view);
  return good;
}

/* numpy's array interface, version 3. Source: numpy "The array interface protocol", C-struct access. */
typedef struct {
  int two, nd;
  char typekind;
  int itemsize, flags;
  Py_intptr_t *shape, *strides;
  void* data;
  PyObject* descr;
} ArrayInterface;

/* Take the memory that an array looks into, and the objects that lie there if it holds objects. */
static int TakeArray(Walk* w, PyObject* object, int with_content) {
  PyObject* capsule = EaselRead(w->array_type, "__array_struct__", object);
  ArrayInterface* array = capsule == NULL ? NULL : PyCapsule_GetPointer(capsule, NULL);
  if (array == NULL) {
    Py_XDECREF(capsule);
    return -1;
  }
  Py_ssize_t low = 0, high = array->itemsize, count = 1;
  for (int i = 0; i < array->nd; i++) {
    count *= array->shape[i];
    if (array->shape[i] > 0)
      *(array->strides[i] < 0 ? &low : &high) += array->strides[i] * (array->shape[i] - 1);
  }
  int good = count == 0 ? 0
                        : AddSpan(w, (uintptr_t)array->data + (uintptr_t)low,
                                  (uintptr_t)array->data + (uintptr_t)high);
  if (good == 0 && with_content && count > 0 && array->typekind == 'O' &&
      array->itemsize == (int)sizeof(PyObject*)) {
    Py_ssize_t position[64] = {0};
    const char* element = array->data;
    for (Py_ssize_t n = 0; good == 0 && n < count; n++) {
      PyObject* value = *(PyObject* const*)element;
      w->again = kReachedAgain; /* another array may look into this memory, too */
      if (value != NULL) good = Push(w, value);
      w->again = 0;
      for (int i = array->nd - 1; i >= 0; i--) {
        element += array->strides[i];
        if (++position[i] < array->shape[i]) break;
        element -= array->strides[i] * array->shape[i];
        position[i] = 0;
      }
    }
  }
  Py_DECREF(capsule);
  return good;
}

/* What the memory of `array` belongs to: its base, through the stand-in of numpy's as_strided and the record whose field
 * it is. Borrowed, or NULL. */
static PyObject* BaseOf(Walk* w, PyObject* array) {
  static const char* const kNumpy[] = {"numpy", NULL};
  PyObject* base = Attribute(w, w->array_type, "base", array);
  while (base != NULL && WayOf(w, Py_TYPE(base)) == kRecord) base = Attribute(w, Py_TYPE(base), "base", base);
  if (base == NULL || !IsNamed(Py_TYPE(base), "DummyArray") || !ModuleIs(Py_TYPE(base), kNumpy)) return base;
  PyObject* dict = PyObject_GenericGetDict(base, NULL);
  PyObject* inner = dict != NULL && PyDict_CheckExact(dict) ? PyDict_GetItemString(dict, "base") : NULL;
  PyErr_Clear();
  Py_XDECREF(dict);
  return inner;
}

static int Array(Walk* w, PyObject* object) {
  PyObject *owner = object, *base;
  while ((base = BaseOf(w, owner)) != NULL && PyType_IsSubtype(Py_TYPE(base), w->array_type)) owner = base;
  while (base != NULL && PyMemoryView_Check(base)) base = Attribute(w, Py_TYPE(base), "obj", base);
  if (base != NULL && WayOf(w, Py_TYPE(base)) == kBytes) DO(Push(w, base));
  int fresh;
  uint64_t* users = EaselTablePut(&w->users, owner, &fresh);
  if (users == NULL) return -1;
  ++*users;
  if (owner != object) DO(TakeArray(w, owner, 0));
  return TakeArray(w, object, 1);
}

/* An element of a structured array looks into it, as a view does. */
static int Record(Walk* w, PyObject* object) {
  PyObject* base = w->array_type == NULL ? NULL : Attribute(w, Py_TYPE(object), "base", object);
  return base == NULL || !PyType_IsSubtype(Py_TYPE(base), w->array_type) ? 0 : Array(w, base);
}

static int Class(Walk* w, PyTypeObject* type) {
  PyObject *key, *value, *dict = EaselClassDict(type), *bases = EaselBases(type);
  if (dict == NULL || bases == NULL) return -1;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict, &at, &key, &value)) DO(Push(w, value));
  for (Py_ssize_t i = 0; i < PyTuple_Size(bases); i++) DO(Push(w, PyTuple_GetItem(bases, i)));
  PyTypeObject* meta = Py_TYPE((PyObject*)type);
  return EaselByReference((PyObject*)meta) ? 0 : Push(w, (PyObject*)meta);
}

static int Descend(Walk* w, PyObject* object, uint64_t way) {
  PyTypeObject* type = Py_TYPE(object);
  switch (way & ~(uint64_t)kFlags) {
    case kCallable: {
      static const char* const kParts[] = {"__defaults__", "__kwdefaults__", "__dict__", "__closure__",
                                           "__annotations__"};
      size_t parts = Py_Version >= 0x030E0000 ? 4 : 5; /* from then on, asking for annotations runs code */
      for (size_t i = 0; i < parts; i++) {
        PyObject* part = Attribute(w, type, kParts[i], object);
        if (part != NULL) DO(Push(w, part));
      }
      return 0;
    }
    case kClass: return Class(w, (PyTypeObject*)object);
    case kArray: return Array(w, object);
    case kKindOfArray: DO(Array(w, object)); break;
    case kRecord: return Record(w, object);
    case kBytes: return AddBuffer(w, object);
    case kBuiltin: {
      PyObject* self = Attribute(w, type, "__self__", object);
      return self == NULL || PyModule_Check(self) ? 0 : Push(w, self);
    }
    case kEnd: return 0;
    case kOpaque: {
      PyObject* found = PyObject_CallFunctionObjArgs(w->unwrap, object, NULL);
      if (found == NULL || !PyList_Check(found) || PyList_Append(w->kept, found) < 0) {
        Py_XDECREF(found);
        return -1;
      }
      Py_DECREF(found);
      for (Py_ssize_t i = 0; i < PyList_Size(found); i++) {
        PyObject* one = PyList_GetItem(found, i);
        if (w->array_type != NULL && Py_TYPE(one) == w->array_type) {
          size_t spans = w->span_count;
          DO(TakeArray(w, one, 1));
          w->span_count = spans; /* copied when written: only the objects in it are shared visibly */
        } else {
          DO(Push(w, one));
        }
      }
      return 0;
    }
    default: break;
  }
  if (way & kCarried) DO(Push(w, (PyObject*)type));
  if (way & kHasDict) {
    PyObject* dict = PyObject_GenericGetDict(object, NULL);
    if (dict == NULL) return -1;
    Py_DECREF(dict); /* the instance has it */
    DO(Push(w, dict));
  }
  if (type == &PyDict_Type) { /* its own traversal passes over the values of an instance's dict */
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(object, &at, &key, &value)) {
      DO(Push(w, key));
      DO(Push(w, value));
    }
    return 0;
  }
  if (!(PyType_GetFlags(type) & Py_TPFLAGS_HAVE_GC)) return 0;
  traverseproc traverse = (traverseproc)PyType_GetSlot(type, Py_tp_traverse);
  w->skip = type;
  return traverse == NULL ? 0 : traverse(object, PushVisited, w);
}

static int Immutable(Walk* w, PyObject* object) {
  if (PyTuple_CheckExact(object)) {
    Py_ssize_t length = PyTuple_Size(object);
    for (Py_ssize_t i = 0; i < length; i++) DO(Push(w, PyTuple_GetItem(object, i)));
    return 0;
  }
  traverseproc traverse = (traverseproc)PyType_GetSlot(&PyFrozenSet_Type, Py_tp_traverse);
  w->skip = NULL;
  return traverse(object, PushVisited, w);
}

static int Root(Walk* w, PyObject* root) {
  w->root_object = root;
  DO(Push(w, root));
  while (w->depth > 0) {
    uintptr_t top = w->stack[--w->depth];
    PyObject* object = (PyObject*)(top & ~(uintptr_t)kReachedAgain);
    uint64_t way = WayOf(w, Py_TYPE(object));
    int fresh = 1;
    int is_definition = way == kClass || way == kCallable;
    if (Py_REFCNT(object) > 1 || (top & kReachedAgain)) {
      if (object != root && EaselTableGet(&w->stops, object) != NULL) continue;
      uint64_t* first = EaselTablePut(way == kImmutable ? &w->immutables : &w->owners, object, &fresh);
      if (first == NULL) return -1;
      if (way == kImmutable) {
        if (*first == (uint64_t)w->root + 1) continue;
        *first = (uint64_t)w->root + 1;
      } else if (fresh) {
        if (is_definition && EaselByReference(object)) continue; /* with 0 in the table */
        *first = (uint64_t)w->root + 1;
      } else {
        if (*first != 0) Join(w, w->root, (Py_ssize_t)*first - 1);
        continue;
      }
    } else if (is_definition && EaselByReference(object)) {
      continue;
    }
    if (way == kImmutable) {
      w->again = Py_REFCNT(object) > 1 || (top & kReachedAgain) ? kReachedAgain : 0;
      DO(Immutable(w, object));
      w->again = 0;
    } else {
      DO(Descend(w, object, way));
    }
  }
  return 0;
}

static int CompareSpans(const void* a, const void* b) {
  uintptr_t x = ((const Span*)a)->low, y = ((const Span*)b)->low;
  return x < y ? -1 : x > y;
}

static void JoinSpans(Walk* w) {
  if (w->span_count == 0) return;
  qsort(w->spans, w->span_count, sizeof *w->spans, CompareSpans);
  Span reach = w->spans[0];
  for (size_t i = 1; i < w->span_count; i++) {
    Span span = w->spans[i];
    if (span.low < reach.high) {
      Join(w, span.root, reach.root);
      if (span.high > reach.high) reach.high = span.high;
    } else {
      reach = span;
    }
  }
}

static PyObject* Result(Walk* w, Py_ssize_t count) {
  PyObject* groups = PyList_New(0);
  PyObject* shared = PyList_New(0);
  int good = groups == NULL || shared == NULL ? -1 : 0;
  for (Py_ssize_t i = 0; good == 0 && i < count; i++) {
    PyObject* group = PyLong_FromSsize_t(Find(w, i));
    good = group == NULL ? -1 : PyList_Append(groups, group);
    Py_XDECREF(group);
  }
  for (size_t i = 0; good == 0 && i < w->users.capacity; i++) {
    if (w->users.keys[i] == NULL || w->users.values[i] < 2) continue;
    PyObject* id = PyLong_FromVoidPtr((void*)w->users.keys[i]);
    good = id == NULL ? -1 : PyList_Append(shared, id);
    Py_XDECREF(id);
  }
  PyObject* result = good == 0 ? PyTuple_Pack(2, groups, shared) : NULL;
  Py_XDECREF(groups);
  Py_XDECREF(shared);
  return result;
}

static PyObject* Sharing(PyObject* self, PyObject* arguments) {
  (void)self;
  PyObject *roots, *stops, *array_type, *machine_type, *result = NULL;
  Walk w = {0};
  if (!PyArg_ParseTuple(arguments, "O!O!O!OO!O", &PyList_Type, &roots, &PyList_Type, &stops,
                        &PyFrozenSet_Type, &w.atoms, &array_type, &PyType_Type, &machine_type, &w.unwrap)) {
    return NULL;
  }
  if (PyType_Check(array_type)) w.array_type = (PyTypeObject*)array_type;
  w.machine_type = (PyTypeObject*)machine_type;
  Py_ssize_t count = PyList_Size(roots);
  w.parent = malloc((size_t)(count + 1) * sizeof *w.parent);
  w.kept = PyList_New(0);
  int good = w.parent == NULL || w.kept == NULL ? -1 : 0;
  int collecting = PyGC_Disable(); /* a collection would run finalizers */
  for (Py_ssize_t i = 0; good == 0 && i < PyList_Size(stops); i++) {
    int fresh;
    if (EaselTablePut(&w.stops, PyList_GetItem(stops, i), &fresh) == NULL) good = -1;
  }
  for (Py_ssize_t i = 0; good == 0 && i < count; i++) w.parent[i] = i;
  for (; good == 0 && w.root < count; w.root++) good = Root(&w, PyList_GetItem(roots, w.root));
  if (good == 0) {
    JoinSpans(&w);
    result = Result(&w, count);
  }
  EaselTableFree(&w.ways);
  EaselTableFree(&w.owners);
  EaselTableFree(&w.immutables);
  EaselTableFree(&w.stops);
  EaselTableFree(&w.users);
  free(w.stack);
  free(w.parent);
  free(w.spans);
  Py_XDECREF(w.kept);
  if (collecting) PyGC_Enable();
  return result != NULL || PyErr_Occurred() ? result : PyErr_NoMemory();
}

PyMethodDef kSharingMethods[] = {
    {"sharing", Sharing, METH_VARARGS,
     "sharing(roots: list, stops: list, atoms: frozenset of types, ndarray: type or None, array: type, "
     "unwrap) -> (list[int], "
     "list[int]): for each root the first root that it shares something with, and the ids of arrays whose "
     "memory at least "
     "two arrays look into. The walk ends at `stops`, but not at a root that is one. `unwrap(frame)` gives "
     "the objects in a "
     "frame that are shared visibly, object arrays standing for what lies in them."},
    {0},
};
