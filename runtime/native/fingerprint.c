/* The fingerprint: 128 bits over all that the members of a slot hold, to tell at the end of a block whether it changed them.
 *
 * The walk writes a preorder of what it meets into a hash: types, lengths, values of atoms, and for an object met again
 * the number that it got when it was first met. Each token says what follows it, so different structures write different
 * sequences. Addresses are used only for what cannot change (a type, a code object, a Decimal), and those are kept
 * alive by `pins`, so that no other object can come to lie there. Where it meets something that it cannot see
 * completely it gives up: "do not know" is always right.
 *
 * An object with one reference has been reached by its only way and needs no number looked up: that makes it fast.
 * Its own stack; no Python code runs.
 */
#include <stdlib.h>
#include <string.h>

#include "known.h"

/* -- the hash ------------------------------------------------------------------------------------------------------ */

/* Each step is a bijection of the state for a given value and of the value for a given state: one changed value always
 * changes the result, several ones do but for a chance of 2^-128. */
typedef struct {
  uint64_t a, b;
} Hash;

static inline void Mix(Hash* h, uint64_t value) {
  h->a = (h->a ^ value) * 0x9E3779B97F4A7C15u;
  h->a ^= h->a >> 29;
  h->b = ((h->b << 23) | (h->b >> 41)) + value;
  h->b *= 0xD6E8FEB86659FD93u;
  h->b ^= h->b >> 32;
}

static void MixBytes(Hash* h, const char* data, size_t length) {
  uint64_t lane[4] = {h->a, h->b, ~h->a, ~h->b};
  size_t at = 0;
  for (; at + 32 <= length; at += 32) {
    uint64_t word[4];
    memcpy(word, data + at, sizeof word);
    for (int i = 0; i < 4; i++) {
      lane[i] = (lane[i] ^ word[i]) * 0x9E3779B97F4A7C15u;
      lane[i] ^= lane[i] >> 32;
    }
  }
  if (at > 0) {
    for (int i = 0; i < 4; i++) Mix(h, lane[i]);
  }
  for (; at < length; at += 8) {
    uint64_t word = 0;
    memcpy(&word, data + at, length - at < 8 ? length - at : 8);
    Mix(h, word);
  }
}

/* -- the walk ------------------------------------------------------------------------------------------------------ */

enum Token {
  kNull = 1,
  kBack,
  kStop,
  kSingleton,
  kPin,
  kNumber,
  kLongNumber,
  kReal,
  kPair,
  kText,
  kRaw,
  kInstance,
  kKnown,
  kCallable,
  kHome,
  kModuleHome,
  kTypeObject,
  kClassEnd,
  kNdarray,
  kMappedArray,
  kObjectArray,
};

typedef enum {
  kOne,
  kItems,
  kFields,
  kEntries,
  kIterator,
  kOrderedEntries,
  kWords,
  kElements,
  kClassEntries
} Way;

typedef struct {
  PyObject* object; /* borrowed; kIterator and kOrderedEntries: owned */
  PyObject* more;   /* kOrderedEntries: the dict; kWords: unused */
  const char* data; /* kWords: PyObject* or NULL, each 8 bytes */
  Py_ssize_t at, end;
  Way way;
} Frame;

typedef struct {
  PyTypeObject* type;
  PyTypeObject* base; /* the type made in C that its layout begins with */
  EaselKind kind;     /* of the base */
  PyObject* attributes;
  int in_python; /* made by a class statement */
  int by_reference;
  int has_dict;
  int ranges;
  struct {
    Py_ssize_t at, words;
  } range[6];
} Info;

typedef struct {
  uintptr_t start, end;
} Range;

typedef struct {
  Hash hash;
  EaselTable met;    /* of this slot: object -> its number */
  EaselTable stops;  /* links to other slots */
  EaselTable types;  /* type -> Info* */
  Info* last;        /* what was asked last */
  EaselTable pinned; /* what is in pins by this call */
  uint64_t numbers;
  int again; /* what is visited may be reached again though it has one reference */
  Frame* frames;
  size_t depth, capacity;
  PyObject* pins;
  PyObject* home;
  PyObject* members; /* of this slot: what it holds itself is no link */
  Range* mapped;
  Py_ssize_t mapped_count;
} Walk;

#define DO(call)               \
  do {                         \
    if ((call) < 0) return -1; \
  } while (0)
static int GiveUp(void) { return -1; }

static int Pin(Walk* w, PyObject* object) {
  int fresh;
  if (EaselTablePut(&w->pinned, object, &fresh) == NULL) return -1;
  return fresh ? PyList_Append(w->pins, object) : 0;
}

static int Push(Walk* w, Frame frame) {
  if (w->depth == w->capacity) {
    size_t capacity = w->capacity == 0 ? 64 : w->capacity * 2;
    Frame* frames = realloc(w->frames, capacity * sizeof *frames);
    if (frames == NULL) return -1;
    w->frames = frames;
    w->capacity = capacity;
  }
  w->frames[w->depth++] = frame;
  return 0;
}

static int PushOne(Walk* w, PyObject* object) { return Push(w, (Frame){.way = kOne, .object = object}); }

/* What `object` holds by an attribute: borrowed from it, or kept in the pins if it was made for the asking. */
static PyObject* Attribute(Walk* w, PyTypeObject* owner, const char* name, PyObject* object) {
  PyObject* value = EaselRead(owner, name, object);
  if (value == NULL) return NULL;
  if (Py_REFCNT(value) == 1 && PyList_Append(w->pins, value) < 0) {
    Py_DECREF(value);
    return NULL;
  }
  Py_DECREF(value);
  return value;
}

/* NULL: out of memory, or an error. */
static const Info* Classify(Walk* w, PyTypeObject* type) {
  if (w->last != NULL && w->last->type == type) return w->last;
  int fresh;
  uint64_t* place = EaselTablePut(&w->types, type, &fresh);
  if (place == NULL) return NULL;
  if (!fresh) return w->last = (Info*)(uintptr_t)*place;
  Info* kept = calloc(1, sizeof *kept);
  if (kept == NULL) return NULL;
  *place = (uint64_t)(uintptr_t)kept;
  Info info = {.type = type};
  PyTypeObject* at = type;
  if (PyType_IsSubtype(type, &PyType_Type)) {
    info.kind = kClass;
  } else {
    const EaselKnown* known;
    while ((known = EaselKnownType(at)) == NULL) {
      EaselLayout layout;
      if (EaselLayoutOf(at, &layout) < 0) {
        PyErr_Clear();
        break;
      }
      if (!layout.made_in_python) break;
      if (layout.slots > 0) {
        if (info.ranges == (int)(sizeof info.range / sizeof *info.range)) break;
        info.range[info.ranges].at = layout.slots_at;
        info.range[info.ranges++].words = layout.slots;
      }
      if (at == type) info.has_dict = layout.has_dict;
      at = PyType_GetSlot(at, Py_tp_base);
    }
    if (known != NULL) {
      info.kind = known->kind;
      info.attributes = known->attributes;
    }
    info.in_python = at != type;
    /* Types made in C may have one, too (an OrderedDict); where attributes are listed, it is among them if it counts. */
    if (!info.in_python &&
        (info.kind == kOrderedDict || info.kind == kDict || info.kind == kList || info.kind == kTuple ||
         info.kind == kSet || info.kind == kDeque || info.kind == kDefaultDict || info.kind == kArray ||
         info.kind == kBuffer || info.kind == kByteArray || info.kind == kReferents)) {
      info.has_dict = EaselHasDict(type);
    }
    /* Subclasses of these could see or do more than the type itself. */
    if (info.in_python && (info.kind == kBuffer || info.kind == kBuiltin || info.kind == kFunction))
      info.kind = kUnknown;
  }
  info.base = at;
  info.by_reference = EaselByReference((PyObject*)type);
  *kept = info;
  if (info.by_reference && Pin(w, (PyObject*)type) < 0) return NULL;
  return w->last = kept;
}

static int Text(Walk* w, PyObject* text) {
  static hashfunc hash = NULL;
  if (hash == NULL) hash = (hashfunc)PyType_GetSlot(&PyUnicode_Type, Py_tp_hash);
  /* The hash covers the characters' bytes and not their width: with the length it covers both. */
  Mix(&w->hash, kText);
  Mix(&w->hash, (uint64_t)PyUnicode_GetLength(text));
  Mix(&w->hash, (uint64_t)hash(text));
  return 0;
}

static int Bytes(Walk* w, PyObject* bytes) {
  static hashfunc hash = NULL;
  if (hash == NULL) hash = (hashfunc)PyType_GetSlot(&PyBytes_Type, Py_tp_hash);
  Mix(&w->hash, kRaw);
  Mix(&w->hash, (uint64_t)PyBytes_Size(bytes));
  Mix(&w->hash, (uint64_t)hash(bytes));
  return 0;
}

static int Integer(Walk* w, PyObject* number) {
  int overflow;
  long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (!overflow) {
    Mix(&w->hash, kNumber);
    Mix(&w->hash, (uint64_t)value);
    return 0;
  }
  PyObject* bits = PyObject_CallMethod((PyObject*)&PyLong_Type, "bit_length", "O", number);
  Py_ssize_t length = bits == NULL ? -1 : PyLong_AsSsize_t(bits);
  Py_XDECREF(bits);
  if (length < 0) return -1;
  PyObject* to_bytes = PyObject_GetAttrString((PyObject*)&PyLong_Type, "to_bytes");
  PyObject* arguments = Py_BuildValue("(Ons)", number, length / 8 + 1, "little");
  PyObject* options = Py_BuildValue("{sO}", "signed", Py_True);
  PyObject* bytes = NULL;
  if (to_bytes != NULL && arguments != NULL && options != NULL)
    bytes = PyObject_Call(to_bytes, arguments, options);
  Py_XDECREF(to_bytes);
  Py_XDECREF(arguments);
  Py_XDECREF(options);
  if (bytes == NULL) return -1;
  Mix(&w->hash, kLongNumber);
  Mix(&w->hash, (uint64_t)PyBytes_Size(bytes));
  MixBytes(&w->hash, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes));
  Py_DECREF(bytes);
  return 0;
}

static inline void Real(Walk* w, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  Mix(&w->hash, kReal);
  Mix(&w->hash, bits);
}

static int Function(Walk* w, PyObject* function) {
  static const char* const kParts[] = {"__defaults__", "__kwdefaults__", "__annotations__",
                                       "__closure__",  "__dict__",       "__name__",
                                       "__qualname__", "__module__",     "__doc__"};
  if (Py_Version >= 0x030E0000) return GiveUp(); /* asking for its annotations would run code */
  PyTypeObject* type = Py_TYPE(function);
  PyObject* code = Attribute(w, type, "__code__", function);
  PyObject* globals = Attribute(w, type, "__globals__", function);
  if (code == NULL || globals == NULL || !PyDict_CheckExact(globals)) return -1;
  Mix(&w->hash, kCallable);
  Mix(&w->hash, (uint64_t)(uintptr_t)code);
  DO(Pin(w, code));
  if (globals == w->home) {
    Mix(&w->hash, kHome);
  } else {
    PyObject* name = PyDict_GetItemString(globals, "__name__");
    PyObject* module = NULL;
    if (name != NULL && PyUnicode_CheckExact(name))
      module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);
    if (module == NULL || !PyModule_Check(module) || PyModule_GetDict(module) != globals) return GiveUp();
    Mix(&w->hash, kModuleHome);
    Mix(&w->hash, (uint64_t)(uintptr_t)globals);
    DO(Pin(w, globals));
  }
  for (size_t i = sizeof kParts / sizeof *kParts; i-- > 0;) {
    PyObject* part = Attribute(w, type, kParts[i], function);
    if (part == NULL) return -1;
    DO(PushOne(w, part));
  }
  return 0;
}

static int Class(Walk* w, PyTypeObject* type) {
  EaselLayout layout;
  DO(EaselLayoutOf(type, &layout));
  if (!layout.made_in_python) return GiveUp();
  PyObject* dict = EaselClassDict(type);
  PyObject* bases = EaselBases(type);
  if (dict == NULL || bases == NULL) return -1;
  if (!PyDict_CheckExact(dict)) return GiveUp(); /* ctypes hides its own data there */
  Mix(&w->hash, kTypeObject);
  for (int i = 0; i < 2; i++) {
    PyObject* name = i == 0 ? PyType_GetName(type) : PyType_GetQualName(type);
    int good = name == NULL ? -1 : PyUnicode_CheckExact(name) ? Text(w, name) : -1;
    Py_XDECREF(name);
    DO(good);
  }
  DO(Push(w, (Frame){.way = kClassEntries, .object = dict}));
  DO(PushOne(w, bases));
  return PushOne(w, (PyObject*)Py_TYPE((PyObject*)type));
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

static int IsMapped(Walk* w, uintptr_t start, uintptr_t end) {
  for (Py_ssize_t i = 0; i < w->mapped_count; i++) {
    if (start >= w->mapped[i].start && end <= w->mapped[i].end) return 1;
  }
  return 0;
}

static int PlainDtype(PyObject* dtype) {
  /* Only these cannot be changed in place, or show their change in the array interface. */
  PyObject* names = PyObject_GetAttrString(dtype, "names");
  PyObject* metadata = PyObject_GetAttrString(dtype, "metadata");
  int plain = names == Py_None && metadata == Py_None;
  Py_XDECREF(names);
  Py_XDECREF(metadata);
  if (PyErr_Occurred()) return -1;
  return plain;
}

static int ArrayContent(Walk* w, const ArrayInterface* array) {
  Py_ssize_t inner = array->itemsize;
  int outer = array->nd;
  if (array->flags & 3) { /* contiguous, in C's or Fortran's order */
    while (outer > 0) inner *= array->shape[--outer];
  }
  while (outer > 0 && (array->shape[outer - 1] == 1 || array->strides[outer - 1] == inner)) {
    inner *= array->shape[outer - 1];
    outer--;
  }
  Py_ssize_t rows = 1;
  for (int i = 0; i < outer; i++) rows *= array->shape[i];
  if (array->typekind == 'O' && rows > 1 << 16) return GiveUp();
  Py_ssize_t position[64] = {0};
  const char* row = array->data;
  for (Py_ssize_t n = 0; n < rows; n++) {
    if (array->typekind == 'O') {
      /* The last row pushed is the first one walked. */
      DO(Push(w, (Frame){.way = kElements, .data = row, .end = inner / (Py_ssize_t)sizeof(PyObject*)}));
    } else {
      MixBytes(&w->hash, row, (size_t)inner);
    }
    for (int i = outer - 1; i >= 0; i--) {
      row += array->strides[i];
      if (++position[i] < array->shape[i]) break;
      row -= array->strides[i] * array->shape[i];
      position[i] = 0;
    }
  }
  return 0;
}

static int Array(Walk* w, PyTypeObject* type, PyObject* object) {
  PyObject* capsule = EaselRead(type, "__array_struct__", object);
  if (capsule == NULL) return -1;
  ArrayInterface array = *(ArrayInterface*)PyCapsule_GetPointer(capsule, NULL);
  Py_ssize_t shape[64], strides[64];
  if (array.two != 2 || array.nd < 0 || array.nd > 64) {
    Py_DECREF(capsule);
    return GiveUp();
  }
  memcpy(shape, array.shape, sizeof *shape * (size_t)array.nd);
  memcpy(strides, array.strides, sizeof *strides * (size_t)array.nd);
  array.shape = shape;
  array.strides = strides;
  Py_DECREF(capsule); /* what it points to is copied; the data belong to the array */
  if (strchr("biufcSUmMO", array.typekind) == NULL || array.typekind == '\0') return GiveUp();
  PyObject* dtype = Attribute(w, type, "dtype", object);
  PyObject* base = Attribute(w, type, "base", object);
  if (dtype == NULL || base == NULL) return -1;
  int plain = PlainDtype(dtype);
  if (plain <= 0) return GiveUp();
  DO(Pin(w, dtype));
  Mix(&w->hash, kNdarray);
  Mix(&w->hash, (uint64_t)(uintptr_t)dtype);
  Mix(&w->hash, (uint64_t)array.flags);
  Mix(&w->hash, (uint64_t)array.nd);
  Py_ssize_t lowest = 0, highest = array.itemsize;
  int empty = 0;
  for (int i = 0; i < array.nd; i++) {
    Mix(&w->hash, (uint64_t)shape[i]);
    Mix(&w->hash, (uint64_t)strides[i]);
    if (shape[i] == 0) {
      empty = 1;
    } else {
      *(strides[i] < 0 ? &lowest : &highest) += strides[i] * (shape[i] - 1);
    }
  }
  uintptr_t data = (uintptr_t)array.data;
  /* Which memory it is, a change of which another array sees: the owner's; beyond arrays it is the place that counts. */
  PyObject* owner = NULL;
  const EaselKnown* known = EaselKnownType(Py_TYPE(base));
  if (base != Py_None && (known != NULL ? known->kind == kArray : PyType_IsSubtype(Py_TYPE(base), type)))
    owner = base;
  if (owner == NULL && base != Py_None) DO(Pin(w, base));
  Mix(&w->hash, base == Py_None ? kNull : (uint64_t)(uintptr_t)base);
  Mix(&w->hash, owner == NULL ? 0 : 1);
  if (owner != NULL) {
    DO(Pin(w, owner));
    DO(PushOne(w, owner));
  }
  if (empty) return 0;
  if (array.typekind == 'O') {
    if (array.itemsize != (int)sizeof(PyObject*)) return GiveUp();
    Mix(&w->hash, kObjectArray);
    return ArrayContent(w, &array);
  }
  if (IsMapped(w, data + (uintptr_t)lowest, data + (uintptr_t)highest)) {
    Mix(&w->hash, kMappedArray);
    Mix(&w->hash, data);
    return 0;
  }
  Mix(&w->hash, data);
  return ArrayContent(w, &array);
}

static int PushIterator(Walk* w, PyTypeObject* type, PyObject* object, Way way) {
  getiterfunc iterate = (getiterfunc)PyType_GetSlot(type, Py_tp_iter);
  PyObject* iterator = iterate == NULL ? NULL : iterate(object);
  if (iterator == NULL) return -1;
  if (Push(w, (Frame){.way = way, .object = iterator, .more = object}) < 0) {
    Py_DECREF(iterator);
    return -1;
  }
  return 0;
}

static int IsPlainKey(PyObject* key) {
  PyTypeObject* type = Py_TYPE(key);
  return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type || type == &PyBytes_Type ||
         type == &PyBool_Type || key == Py_None;
}

static int TakeFirst(PyObject* object, void* place) {
  PyObject** found = place;
  if (*found != NULL) return 1;
  *found = object;
  return 0;
}

static int PinnedOne(Walk* w, PyObject* object) {
  Mix(&w->hash, kPin);
  Mix(&w->hash, (uint64_t)(uintptr_t)object);
  return Pin(w, object);
}

static int Attributes(Walk* w, const Info* info, PyObject* object) {
  for (Py_ssize_t i = PyTuple_Size(info->attributes); i-- > 0;) {
    PyObject* name = PyUnicode_AsUTF8String(PyTuple_GetItem(info->attributes, i));
    if (name == NULL) return -1;
    PyObject* value = Attribute(w, info->base, PyBytes_AsString(name), object);
    Py_DECREF(name);
    if (value == NULL) return -1;
    DO(PushOne(w, value));
  }
  return 0;
}

/* The part that an instance of a type made in C, or of a class built on one, holds by that type. */
static int Content(Walk* w, const Info* info, PyObject* object) {
  switch (info->kind) {
    case kObject: return 0;
    case kInt: return Integer(w, object);
    case kFloat: Real(w, PyFloat_AsDouble(object)); return 0;
    case kComplex:
      Mix(&w->hash, kPair);
      Real(w, PyComplex_RealAsDouble(object));
      Real(w, PyComplex_ImagAsDouble(object));
      return 0;
    case kStr: return Text(w, object);
    case kBytes: return Bytes(w, object);
    case kByteArray: {
      size_t length = (size_t)PyByteArray_Size(object);
      Mix(&w->hash, length);
      MixBytes(&w->hash, PyByteArray_AsString(object), length);
      return 0;
    }
    case kBuffer: {
      Py_buffer view;
      if (PyObject_GetBuffer(object, &view, PyBUF_FORMAT | PyBUF_ND) < 0) return -1;
      size_t letters = view.format == NULL ? 0 : strlen(view.format);
      Mix(&w->hash, letters);
      if (letters > 0) MixBytes(&w->hash, view.format, letters);
      Mix(&w->hash, (uint64_t)view.len);
      MixBytes(&w->hash, view.buf, (size_t)view.len);
      PyBuffer_Release(&view);
      return 0;
    }
    case kList: {
      Py_ssize_t length = PyList_Size(object);
      Mix(&w->hash, (uint64_t)length);
      return length == 0 ? 0 : Push(w, (Frame){.way = kItems, .object = object, .end = length});
    }
    case kTuple: {
      Py_ssize_t length = PyTuple_Size(object);
      Mix(&w->hash, (uint64_t)length);
      return length == 0 ? 0 : Push(w, (Frame){.way = kFields, .object = object, .end = length});
    }
    case kDefaultDict: {
      PyObject* factory = Attribute(w, info->base, "default_factory", object);
      if (factory == NULL) return -1;
      DO(PushOne(w, factory));
    } /* fall through */
    case kDict: {
      Py_ssize_t length = PyDict_Size(object);
      Mix(&w->hash, (uint64_t)length);
      return length == 0 ? 0 : Push(w, (Frame){.way = kEntries, .object = object});
    }
    case kSet:
      Mix(&w->hash, (uint64_t)PySet_Size(object));
      return PushIterator(w, &PySet_Type, object, kIterator);
    case kDeque: {
      PyObject* most = Attribute(w, info->base, "maxlen", object);
      lenfunc measure = (lenfunc)PyType_GetSlot(info->base, Py_sq_length);
      if (most == NULL || measure == NULL) return -1;
      Mix(&w->hash, (uint64_t)measure(object));
      DO(PushIterator(w, info->base, object, kIterator));
      return PushOne(w, most);
    }
    case kOrderedDict: {
      PyObject *key, *value;
      Py_ssize_t at = 0;
      /* Its order is not that of the dict below it; following it looks keys up, which may run code of theirs. */
      while (PyDict_Next(object, &at, &key, &value)) {
        if (!IsPlainKey(key)) return GiveUp();
      }
      Mix(&w->hash, (uint64_t)PyDict_Size(object));
      return PushIterator(w, info->base, object, kOrderedEntries);
    }
    case kPinned: DO(PinnedOne(w, object)); return info->attributes == NULL ? 0 : Attributes(w, info, object);
    case kBuiltin: {
      PyObject* self = Attribute(w, info->base, "__self__", object);
      if (self == NULL || !(self == Py_None || PyModule_Check(self) || PyType_Check(self))) return GiveUp();
      return PinnedOne(w, object);
    }
    case kArray: return Array(w, info->base, object);
    case kFunction: return Function(w, object);
    case kAttributes: return Attributes(w, info, object);
    case kReferents: {
      PyObject* only = NULL;
      traverseproc traverse = (traverseproc)PyType_GetSlot(info->base, Py_tp_traverse);
      if (traverse == NULL || traverse(object, TakeFirst, &only) != 0) return GiveUp();
      Mix(&w->hash, only == NULL ? kNull : kKnown);
      return only == NULL ? 0 : PushOne(w, only);
    }
    case kUnknown:
    case kClass: break;
  }
  return GiveUp();
}

/* Whether `object` is a member of the slot itself. */
static int IsOwn(Walk* w, PyObject* object) {
  PyObject *key, *value;
  Py_ssize_t at = 0;
  while (PyDict_Next(w->members, &at, &key, &value)) {
    if (value == object) return 1;
  }
  return 0;
}

/* 1: `object` is new, its content follows; 0: all is said; -1: give up. */
static inline int Meet(Walk* w, PyObject* object) {
  if (Py_REFCNT(object) > 1 || w->again) {
    if (EaselTableGet(&w->stops, object) != NULL && !IsOwn(w, object)) {
      Mix(&w->hash, kStop);
      Mix(&w->hash, (uint64_t)(uintptr_t)object);
      return 0;
    }
    int fresh;
    uint64_t* number = EaselTablePut(&w->met, object, &fresh);
    if (number == NULL) return -1;
    if (!fresh) {
      Mix(&w->hash, kBack);
      Mix(&w->hash, *number);
      return 0;
    }
    *number = w->numbers;
  }
  w->numbers++; /* of all, so that numbers do not depend on who else refers to an object */
  return 1;
}

static int Visit(Walk* w, PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyUnicode_Type) return Text(w, object);
  if (type == &PyLong_Type) return Integer(w, object);
  if (type == &PyFloat_Type) {
    Real(w, PyFloat_AsDouble(object));
    return 0;
  }
  if (object == Py_None || type == &PyBool_Type) {
    Mix(&w->hash, kSingleton);
    Mix(&w->hash, (uint64_t)(uintptr_t)object);
    return 0;
  }
  if (type == &PyBytes_Type) return Bytes(w, object);
  const Info* info = Classify(w, type);
  if (info == NULL) return -1;
  if (info->kind != kPinned || info->in_python || info->attributes != NULL) {
    int new = Meet(w, object);
    if (new <= 0) return new;
  }
  if (info->kind == kUnknown) return GiveUp();
  if ((info->kind == kClass || info->kind == kFunction) && EaselByReference(object)) {
    return PinnedOne(w, object);
  }
  if (info->kind == kClass) return Class(w, (PyTypeObject*)object);
  Mix(&w->hash, info->in_python ? kInstance : kKnown);
  Mix(&w->hash, (uint64_t)(uintptr_t)type);
  if (info->has_dict) {
    PyObject* dict = PyObject_GenericGetDict(object, NULL);
    if (dict == NULL) return -1;
    Py_DECREF(dict); /* the instance has it */
    DO(PushOne(w, dict));
  }
  if (info->in_python) {
    for (int i = 0; i < info->ranges; i++) {
      DO(Push(w, (Frame){.way = kWords,
                         .data = (const char*)object + info->range[i].at,
                         .end = info->range[i].words}));
    }
    if (!info->by_reference) DO(PushOne(w, (PyObject*)type));
  }
  return Content(w, info, object);
}

static const char* const kOfNoAccount[] = {"__dict__", "__weakref__", "__slotnames__"};

static int IsOfNoAccount(PyObject* name) {
  for (size_t i = 0; i < sizeof kOfNoAccount / sizeof *kOfNoAccount; i++) {
    if (PyUnicode_CheckExact(name) && PyUnicode_CompareWithASCIIString(name, kOfNoAccount[i]) == 0) return 1;
  }
  return 0;
}

/* Go on with the topmost frame until it is done or something lies above it. */
static int Step(Walk* w) {
  size_t depth = w->depth;
  Frame frame = w->frames[depth - 1];
  int done = 0, good = 0;
  PyObject *key, *value;
  while (good == 0 && !done && w->depth == depth) {
    switch (frame.way) {
      case kOne: w->depth--; return Visit(w, frame.object);
      case kItems:
        good = Visit(w, PyList_GetItem(frame.object, frame.at++));
        done = frame.at == frame.end;
        break;
      case kFields:
        good = Visit(w, PyTuple_GetItem(frame.object, frame.at++));
        done = frame.at == frame.end;
        break;
      case kWords:
        if (frame.at == frame.end) {
          done = 1;
          break;
        }
        value = ((PyObject* const*)frame.data)[frame.at++];
        if (value == NULL) {
          Mix(&w->hash, kNull);
        } else {
          good = Visit(w, value);
        }
        break;
      case kElements:
        if (frame.at == frame.end) {
          done = 1;
          break;
        }
        value = ((PyObject* const*)frame.data)[frame.at++];
        w->again = 1;
        if (value != NULL) good = Visit(w, value);
        if (value == NULL) Mix(&w->hash, kNull);
        w->again = 0;
        break;
      case kEntries:
        if (!PyDict_Next(frame.object, &frame.at, &key, &value)) {
          done = 1;
          break;
        }
        good = Visit(w, key);
        if (good == 0) good = Visit(w, value);
        break;
      case kClassEntries:
        if (!PyDict_Next(frame.object, &frame.at, &key, &value)) {
          Mix(&w->hash, kClassEnd);
          done = 1;
          break;
        }
        if (PyUnicode_CheckExact(key) && PyUnicode_CompareWithASCIIString(key, "_abc_impl") == 0)
          return GiveUp();
        if (IsOfNoAccount(key)) break;
        good = Visit(w, key);
        if (good == 0) good = Visit(w, value);
        break;
      case kIterator:
        value = PyIter_Next(frame.object);
        if (value == NULL) {
          done = 1;
          break;
        }
        Py_DECREF(value); /* the container has it */
        good = Visit(w, value);
        break;
      case kOrderedEntries:
        key = PyIter_Next(frame.object);
        if (key == NULL) {
          done = 1;
          break;
        }
        Py_DECREF(key);
        value = PyDict_GetItemWithError(frame.more, key);
        if (value == NULL) return GiveUp();
        good = Visit(w, key);
        if (good == 0) good = Visit(w, value);
        break;
    }
  }
  if (good < 0) return -1;
  if (done && (frame.way == kIterator || frame.way == kOrderedEntries)) {
    Py_DECREF(frame.object);
    if (PyErr_Occurred()) {
      memmove(&w->frames[depth - 1], &w->frames[depth], (w->depth - depth) * sizeof(Frame));
      w->depth--;
      return -1;
    }
  }
  if (!done) {
    w->frames[depth - 1].at = frame.at;
  } else {
    /* What was pushed by the last entry moves down onto the place of what is done. */
    memmove(&w->frames[depth - 1], &w->frames[depth], (w->depth - depth) * sizeof(Frame));
    w->depth--;
  }
  return 0;
}

static int Slot(Walk* w, PyObject* members) {
  EaselTableClear(&w->met);
  w->hash = (Hash){0x243F6A8885A308D3u, 0x13198A2E03707344u};
  w->numbers = 0;
  w->again = 0;
  w->members = members;
  int good = Push(w, (Frame){.way = kEntries, .object = members});
  while (good == 0 && w->depth > 0) good = Step(w);
  while (w->depth > 0) {
    Frame* frame = &w->frames[--w->depth];
    if (frame->way == kIterator || frame->way == kOrderedEntries) Py_DECREF(frame->object);
  }
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return -1;
  }
  return good;
}

static int TakeMapped(Walk* w, PyObject* mapped) {
  w->mapped_count = PyList_Size(mapped);
  if (w->mapped_count < 0) return -1;
  w->mapped = calloc((size_t)w->mapped_count + 1, sizeof *w->mapped);
  if (w->mapped == NULL) return -1;
  for (Py_ssize_t i = 0; i < w->mapped_count; i++) {
    unsigned long long start, length;
    if (!PyArg_ParseTuple(PyList_GetItem(mapped, i), "KK", &start, &length)) return -1;
    w->mapped[i] = (Range){(uintptr_t)start, (uintptr_t)(start + length)};
  }
  return 0;
}

static PyObject* Fingerprints(PyObject* self, PyObject* arguments) {
  (void)self;
  PyObject *slots, *stops, *mapped;
  Walk w = {0};
  if (!PyArg_ParseTuple(arguments, "O!O!O!O!O!", &PyList_Type, &slots, &PyList_Type, &stops, &PyDict_Type,
                        &w.home, &PyList_Type, &mapped, &PyList_Type, &w.pins)) {
    return NULL;
  }
  int collecting = PyGC_Disable(); /* a collection would run finalizers */
  PyObject* found = PyList_New(0);
  int good = found == NULL ? -1 : TakeMapped(&w, mapped);
  for (Py_ssize_t i = 0; good == 0 && i < PyList_Size(stops); i++) {
    int fresh;
    if (EaselTablePut(&w.stops, PyList_GetItem(stops, i), &fresh) == NULL) good = -1;
  }
  for (Py_ssize_t i = 0; good == 0 && i < PyList_Size(slots); i++) {
    PyObject* members = PyList_GetItem(slots, i);
    PyObject* one = NULL;
    if (PyDict_CheckExact(members) && Slot(&w, members) == 0) {
      one = PyBytes_FromStringAndSize((const char*)&w.hash, sizeof w.hash);
    } else {
      one = Py_NewRef(Py_None);
    }
    good = one == NULL ? -1 : PyList_Append(found, one);
    Py_XDECREF(one);
  }
  EaselTableFree(&w.met);
  EaselTableFree(&w.stops);
  for (size_t i = 0; i < w.types.capacity; i++) {
    if (w.types.keys[i] != NULL) free((void*)(uintptr_t)w.types.values[i]);
  }
  EaselTableFree(&w.types);
  EaselTableFree(&w.pinned);
  free(w.frames);
  free(w.mapped);
  if (collecting) PyGC_Enable();
  if (good == 0) return found;
  Py_XDECREF(found);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

PyMethodDef kFingerprintMethods[] = {
    {"fingerprints", Fingerprints, METH_VARARGS,
     "fingerprints(slots: list of dicts, stops: list, home: dict, mapped: list of (address, length), pins: "
     "list) -> list of "
     "bytes or None (not known): one for all that a slot's members hold. `stops` are objects of other slots, "
     "`home` the "
     "block's namespace; bytes of arrays in `mapped` memory are left to its page map. As long as `pins` "
     "lives, equal "
     "fingerprints of a slot mean equal content."},
    {0},
};
