/* Plain values: numbers, text and bytes, alone or in the built-in containers, and few of them. Nothing of a user's or a
 * library's runs when they are shown or pickled, so neither needs a time limit or a hook. */
#include "easel.h"

enum { kMostDepth = 16, kMostItems = 1000 };

static int IsPlain(PyObject* value, int depth, int* left) {
  PyTypeObject* type = Py_TYPE(value);
  if (--*left < 0 || depth > kMostDepth) return 0;
  if (value == Py_None || type == &PyBool_Type || type == &PyLong_Type || type == &PyFloat_Type ||
      type == &PyUnicode_Type || type == &PyBytes_Type) {
    return 1;
  }
  if (type == &PyList_Type || type == &PyTuple_Type) {
    Py_ssize_t length = type == &PyList_Type ? PyList_Size(value) : PyTuple_Size(value);
    for (Py_ssize_t i = 0; i < length; i++) {
      PyObject* item = type == &PyList_Type ? PyList_GetItem(value, i) : PyTuple_GetItem(value, i);
      if (!IsPlain(item, depth + 1, left)) return 0;
    }
    return 1;
  }
  if (type == &PyDict_Type) {
    PyObject *key, *item;
    Py_ssize_t at = 0;
    while (PyDict_Next(value, &at, &key, &item)) {
      if (!IsPlain(key, depth + 1, left) || !IsPlain(item, depth + 1, left)) return 0;
    }
    return 1;
  }
  if (type == &PySet_Type || type == &PyFrozenSet_Type) {
    if (PySet_Size(value) > *left) return 0;
    PyObject* iterator = PyObject_GetIter(value);
    int plain = iterator != NULL;
    PyObject* item;
    while (plain && (item = PyIter_Next(iterator)) != NULL) {
      plain = IsPlain(item, depth + 1, left);
      Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    PyErr_Clear();
    return plain;
  }
  return 0;
}

static PyObject* Plain(PyObject* self, PyObject* value) {
  (void)self;
  int left = kMostItems;
  return PyBool_FromLong(IsPlain(value, 0, &left));
}

PyMethodDef kPlainMethods[] = {
    {"is_plain", Plain, METH_O,
     "is_plain(value) -> whether it is a number, text, bytes or None, or a built-in container of at most "
     "1,000 such"},
    {0},
};
