/* A table of addresses, and questions about types that run no Python code. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

static size_t Slot(const EaselTable* table, const void* key) {
  uint64_t mixed = (uint64_t)(uintptr_t)key * 0x9E3779B97F4A7C15u;
  return (size_t)(mixed >> 20) & (table->capacity - 1);
}

static int Grow(EaselTable* table) {
  EaselTable bigger = {.capacity = table->capacity == 0 ? 64 : table->capacity * 2};
  bigger.keys = calloc(bigger.capacity, sizeof *bigger.keys);
  bigger.values = malloc(bigger.capacity * sizeof *bigger.values);
  if (bigger.keys == NULL || bigger.values == NULL) {
    EaselTableFree(&bigger);
    return 0;
  }
  for (size_t i = 0; i < table->capacity; i++) {
    if (table->keys[i] == NULL) continue;
    size_t at = Slot(&bigger, table->keys[i]);
    while (bigger.keys[at] != NULL) at = (at + 1) & (bigger.capacity - 1);
    bigger.keys[at] = table->keys[i];
    bigger.values[at] = table->values[i];
  }
  bigger.count = table->count;
  EaselTableFree(table);
  *table = bigger;
  return 1;
}

uint64_t* EaselTablePut(EaselTable* table, const void* key, int* fresh) {
  if (table->count * 2 >= table->capacity && !Grow(table)) return NULL;
  size_t at = Slot(table, key);
  while (table->keys[at] != NULL && table->keys[at] != key) at = (at + 1) & (table->capacity - 1);
  *fresh = table->keys[at] == NULL;
  if (*fresh) {
    table->keys[at] = key;
    table->values[at] = 0;
    table->count++;
  }
  return &table->values[at];
}

uint64_t* EaselTableGet(const EaselTable* table, const void* key) {
  if (table->count == 0) return NULL;
  size_t at = Slot(table, key);
  while (table->keys[at] != NULL && table->keys[at] != key) at = (at + 1) & (table->capacity - 1);
  return table->keys[at] == NULL ? NULL : &table->values[at];
}

void EaselTableClear(EaselTable* table) {
  if (table->count == 0) return;
  if (table->capacity > 4096) {
    EaselTableFree(table);
    return;
  }
  memset(table->keys, 0, table->capacity * sizeof *table->keys);
  table->count = 0;
}

void EaselTableFree(EaselTable* table) {
  free(table->keys);
  free(table->values);
  memset(table, 0, sizeof *table);
}

static PyObject* gClassDescriptors[7];
enum { kDict, kModule, kBases, kBasicSize, kDictOffset, kWeakOffset, kItemSize };

static PyObject* OfClass(PyTypeObject* type, int which, const char* name) {
  if (gClassDescriptors[which] == NULL) {
    /* `type.__dict__[name]`: `type.__module__` itself would be the attribute of `type`. */
    PyObject* all = PyObject_GetAttrString((PyObject*)&PyType_Type, "__dict__");
    if (all == NULL) return NULL;
    gClassDescriptors[which] = PyMapping_GetItemString(all, name);
    Py_DECREF(all);
    if (gClassDescriptors[which] == NULL) return NULL;
  }
  PyObject* descriptor = gClassDescriptors[which];
  descrgetfunc get = (descrgetfunc)PyType_GetSlot(Py_TYPE(descriptor), Py_tp_descr_get);
  return get(descriptor, (PyObject*)type, (PyObject*)Py_TYPE((PyObject*)type));
}

static int TakeFirst(PyObject* object, void* place) {
  PyObject** found = place;
  if (*found == NULL) *found = object;
  return 0;
}

PyObject* EaselClassDict(PyTypeObject* type) {
  PyObject* proxy = OfClass(type, kDict, "__dict__");
  if (proxy == NULL) return NULL;
  PyObject* dict = NULL;
  traverseproc traverse = (traverseproc)PyType_GetSlot(Py_TYPE(proxy), Py_tp_traverse);
  traverse(proxy, TakeFirst, &dict);
  Py_DECREF(proxy);
  if (dict == NULL || !PyDict_Check(dict)) {
    return PyErr_Format(PyExc_TypeError, "the class %R has no dict", type);
  }
  return dict;
}

/* The descriptor in the dict of `owner` or a base of it, borrowed; NULL with an error set. Asking the type for an attribute
 * would find those of `type` first (`__name__`, `__doc__`). */
static PyObject* Descriptor(PyTypeObject* owner, const char* name) {
  static struct {
    PyTypeObject* owner;
    char name[32];
    PyObject* descriptor;
  } known[64];
  static size_t count = 0;
  for (size_t i = 0; i < count; i++) {
    if (known[i].owner == owner && strcmp(known[i].name, name) == 0) return known[i].descriptor;
  }
  PyObject* descriptor = NULL;
  for (PyTypeObject* at = owner; at != NULL && descriptor == NULL; at = PyType_GetSlot(at, Py_tp_base)) {
    PyObject* dict = EaselClassDict(at);
    if (dict == NULL) return NULL;
    descriptor = PyDict_GetItemString(dict, name);
  }
  if (descriptor == NULL) {
    PyErr_SetString(PyExc_AttributeError, name);
  } else if (count < sizeof known / sizeof *known && strlen(name) < sizeof known->name &&
             !(PyType_GetFlags(owner) & Py_TPFLAGS_HEAPTYPE)) {
    known[count].owner = owner;
    strcpy(known[count].name, name);
    known[count++].descriptor = Py_NewRef(descriptor);
  }
  return descriptor;
}

PyObject* EaselRead(PyTypeObject* owner, const char* name, PyObject* object) {
  PyObject* descriptor = Descriptor(owner, name);
  if (descriptor == NULL) return NULL;
  descrgetfunc get = (descrgetfunc)PyType_GetSlot(Py_TYPE(descriptor), Py_tp_descr_get);
  if (get == NULL) return PyErr_Format(PyExc_TypeError, "%s is not a descriptor", name);
  return get(descriptor, object, (PyObject*)Py_TYPE(object));
}

/* Borrowed, or NULL without an error. */
static PyObject* Member(PyObject* holder, PyObject* name) {
  PyObject* found = NULL;
  if (PyModule_Check(holder)) {
    PyObject* dict = PyModule_GetDict(holder);
    if (dict != NULL) found = PyDict_GetItemWithError(dict, name);
  } else if (PyType_Check(holder)) {
    PyObject* dict = EaselClassDict((PyTypeObject*)holder);
    if (dict != NULL) found = PyDict_GetItemWithError(dict, name);
  }
  if (found == NULL) PyErr_Clear();
  return found;
}

static int IsFoundAs(PyObject* definition, PyObject* module, PyObject* qualname) {
  PyObject* modules = PyImport_GetModuleDict();
  if (modules == NULL || !PyDict_CheckExact(modules)) return 0;
  PyObject* found = PyDict_GetItemWithError(modules, module);
  if (found == NULL) {
    PyErr_Clear();
    return 0;
  }
  PyObject* dot = PyUnicode_FromString(".");
  PyObject* parts = dot == NULL ? NULL : PyUnicode_Split(qualname, dot, -1);
  Py_XDECREF(dot);
  if (parts == NULL) {
    PyErr_Clear();
    return 0;
  }
  for (Py_ssize_t i = 0; found != NULL && i < PyList_Size(parts); i++) {
    found = Member(found, PyList_GetItem(parts, i));
  }
  Py_DECREF(parts);
  return found == definition;
}

PyObject* EaselBases(PyTypeObject* type) {
  PyObject* bases = OfClass(type, kBases, "__bases__");
  Py_XDECREF(bases);
  return bases;
}

static Py_ssize_t Number(PyTypeObject* type, int which, const char* name) {
  PyObject* number = OfClass(type, which, name);
  if (number == NULL) return -1;
  Py_ssize_t value = PyLong_AsSsize_t(number);
  Py_DECREF(number);
  return value;
}

int EaselHasDict(PyTypeObject* type) {
  Py_ssize_t at = Number(type, kDictOffset, "__dictoffset__");
  PyErr_Clear();
  return at != 0;
}

/* A class made by a `class` statement is known by its destructor, which only such classes have, and by its size: the
 * base's, one word for each of `__slots__`, then those of `__weakref__` and `__dict__`. A class made in C without a
 * destructor of its own has the same one, but then its size says that there is something that nobody here can see. */
int EaselLayoutOf(PyTypeObject* type, EaselLayout* layout) {
  static destructor python_destructor = NULL;
  static PyTypeObject* member_descriptor = NULL;
  memset(layout, 0, sizeof *layout);
  if (python_destructor == NULL) {
    PyObject* example =
        PyObject_CallFunction((PyObject*)&PyType_Type, "s(){s(s)}", "Example", "__slots__", "x");
    if (example == NULL) return -1;
    PyObject* member = PyObject_GetAttrString(example, "x");
    if (member != NULL) member_descriptor = (PyTypeObject*)Py_NewRef((PyObject*)Py_TYPE(member));
    python_destructor = (destructor)PyType_GetSlot((PyTypeObject*)example, Py_tp_dealloc);
    Py_XDECREF(member);
    Py_DECREF(example);
    if (member == NULL) return -1;
  }
  unsigned long flags = PyType_GetFlags(type);
  if (!(flags & Py_TPFLAGS_HEAPTYPE) || (flags & Py_TPFLAGS_IMMUTABLETYPE) ||
      (destructor)PyType_GetSlot(type, Py_tp_dealloc) != python_destructor) {
    return 0;
  }
  PyTypeObject* base = PyType_GetSlot(type, Py_tp_base);
  PyObject* dict = EaselClassDict(type);
  if (base == NULL || dict == NULL) return -1;
  PyObject *key, *value;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict, &at, &key, &value)) {
    if (Py_TYPE(value) != member_descriptor) continue;
    /* Another class's descriptor may lie here under any name (`B.x = A.x`). */
    PyObject* owner = EaselRead(member_descriptor, "__objclass__", value);
    if (owner == NULL) return -1;
    if (owner == (PyObject*)type) layout->slots++;
    Py_DECREF(owner);
  }
  Py_ssize_t size = Number(type, kBasicSize, "__basicsize__"),
             base_size = Number(base, kBasicSize, "__basicsize__");
  Py_ssize_t dict_at = Number(type, kDictOffset, "__dictoffset__");
  Py_ssize_t base_dict_at = Number(base, kDictOffset, "__dictoffset__");
  Py_ssize_t weak_at = Number(type, kWeakOffset, "__weakrefoffset__");
  Py_ssize_t base_weak_at = Number(base, kWeakOffset, "__weakrefoffset__");
  Py_ssize_t item_size = Number(type, kItemSize, "__itemsize__");
  if (PyErr_Occurred()) return -1;
  Py_ssize_t other_words = (weak_at > 0 && base_weak_at <= 0) +
                           (dict_at != base_dict_at && (dict_at > 0 || (item_size > 0 && dict_at != -1)));
  Py_ssize_t more = size - base_size - layout->slots * (Py_ssize_t)sizeof(PyObject*);
  layout->slots_at = base_size;
  layout->has_dict = dict_at != 0;
  layout->made_in_python = more == other_words * (Py_ssize_t)sizeof(PyObject*);
  return 0;
}

int EaselByReference(PyObject* definition) {
  int is_class = PyType_Check(definition);
  PyObject *module = NULL, *qualname = NULL;
  if (is_class) {
    if (!(PyType_GetFlags((PyTypeObject*)definition) & Py_TPFLAGS_HEAPTYPE)) return 1;
    module = OfClass((PyTypeObject*)definition, kModule, "__module__");
    qualname = PyType_GetQualName((PyTypeObject*)definition);
  } else {
    module = PyObject_GetAttrString(definition, "__module__");
    qualname = PyObject_GetAttrString(definition, "__qualname__");
  }
  int found = 0;
  if (module == NULL || qualname == NULL) {
    PyErr_Clear();
  } else if (!PyUnicode_CheckExact(module) || !PyUnicode_CheckExact(qualname)) {
    found = is_class;
  } else if (PyUnicode_CompareWithASCIIString(module, "__main__") != 0) {
    found = IsFoundAs(definition, module, qualname);
  }
  Py_XDECREF(module);
  Py_XDECREF(qualname);
  return found;
}
