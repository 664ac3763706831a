/* Object arrays of strings to Arrow's offsets and bytes, and back.
 *
 * An array is taken through the buffer protocol (format "O"), so nothing of numpy is needed. Strings that are many times
 * the same object become a dictionary: the memory after loading is what it was, and both ways are faster than pickle.
 * What decides is a look at 4,096 places that depend on the length only, so equal arrays give equal bytes.
 */
#include "easel.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { kNone = 1, kNotAvailable, kNotATime, kNotANumber }; /* the one kind of null that an array may hold */

static const uint64_t kPlainNan = 0x7ff8000000000000u;

typedef struct Objects {
  Py_buffer buffer;
  char* first;
  Py_ssize_t stride, count;
} Objects;

static bool Open(PyObject* array, int flags, Objects* out) {
  if (PyObject_GetBuffer(array, &out->buffer, PyBUF_STRIDES | PyBUF_FORMAT | flags) < 0) return false;
  const Py_buffer* b = &out->buffer;
  if (b->ndim != 1 || b->itemsize != (Py_ssize_t)sizeof(PyObject*) || b->format == NULL ||
      strcmp(b->format, "O") != 0) {
    PyBuffer_Release(&out->buffer);
    PyErr_SetString(PyExc_TypeError, "an array of objects with one dimension is needed");
    return false;
  }
  out->first = b->buf;
  out->stride = b->strides[0];
  out->count = b->shape[0];
  return true;
}

static inline PyObject** At(const Objects* objects, Py_ssize_t i) {
  return (PyObject**)(objects->first + i * objects->stride);
}

/* A bytearray that grows; `data` stays valid until the next Reserve. */
typedef struct Bytes {
  PyObject* object;
  char* data;
  Py_ssize_t size, room;
} Bytes;

static bool Make(Bytes* bytes, Py_ssize_t room) {
  bytes->object = PyByteArray_FromStringAndSize(NULL, room);
  bytes->size = 0;
  bytes->room = room;
  bytes->data = bytes->object == NULL ? NULL : PyByteArray_AsString(bytes->object);
  return bytes->object != NULL;
}

static bool Reserve(Bytes* bytes, Py_ssize_t more) {
  if (bytes->room - bytes->size >= more) return true;
  const Py_ssize_t room = bytes->size + more + bytes->room / 2 + 4096;
  if (PyByteArray_Resize(bytes->object, room) < 0) return false;
  bytes->data = PyByteArray_AsString(bytes->object);
  bytes->room = room;
  return true;
}

/* The kind of null that `object` is, 0 if it is none that can come back exactly. */
static int NullKind(PyObject* object, PyObject* not_available, PyObject* not_a_time) {
  if (object == NULL || object == Py_None) return kNone;
  if (object == not_available) return kNotAvailable;
  if (object == not_a_time) return kNotATime;
  if (Py_TYPE(object) == &PyFloat_Type) {
    const double value = PyFloat_AsDouble(object);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (bits == kPlainNan) return kNotANumber;
  }
  return 0;
}

static inline uint64_t Mix(const void* pointer) {
  uint64_t x = (uint64_t)(uintptr_t)pointer >> 4;
  x *= 0x9e3779b97f4a7c15u;
  return x ^ (x >> 29);
}

/* Whether the array refers to the same strings again and again, by 256 places of 16 neighbours each. */
static bool Repeats(const Objects* objects) {
  enum { kBursts = 256, kLength = 16, kRoom = 16384 };
  if (objects->count < 64) return false;
  PyObject** seen = PyMem_Calloc(kRoom, sizeof *seen);
  if (seen == NULL) return false;
  int repeated = 0, looked = 0;
  const Py_ssize_t length = objects->count < kLength ? objects->count : kLength;
  Py_ssize_t bursts = objects->count / length;
  if (bursts > kBursts) bursts = kBursts;
  for (Py_ssize_t burst = 0; burst < bursts; burst++) {
    const Py_ssize_t start = bursts == 1 ? 0 : (objects->count - length) / (bursts - 1) * burst;
    for (Py_ssize_t i = start; i < start + length; i++) {
      PyObject* object = *At(objects, i);
      if (object == NULL || Py_TYPE(object) != &PyUnicode_Type) continue;
      looked++;
      uint64_t place = Mix(object) % kRoom;
      while (seen[place] != NULL && seen[place] != object) place = (place + 1) % kRoom;
      if (seen[place] == object) repeated++;
      seen[place] = object;
    }
  }
  PyMem_Free(seen);
  return repeated >= 4 && repeated * 1000 >= looked;
}

typedef struct Encoding {
  const Objects* objects;
  PyObject *not_available, *not_a_time;
  bool wide; /* offsets of 8 bytes */
  Bytes offsets, data, valid, indices;
  Py_ssize_t nulls;
  int null_kind;
} Encoding;

static void Release(Encoding* e) {
  Py_CLEAR(e->offsets.object);
  Py_CLEAR(e->data.object);
  Py_CLEAR(e->valid.object);
  Py_CLEAR(e->indices.object);
}

enum { kFailed = -1, kDone, kDeclined, kTooLong, kNotRepeated };

/* Append the bytes of a string and where they end. */
static int Append(Encoding* e, PyObject* string) {
  Py_ssize_t size;
  const char* text = PyUnicode_AsUTF8AndSize(string, &size);
  if (text == NULL) { /* a lone surrogate, or no memory */
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) return kFailed;
    PyErr_Clear();
    return kDeclined;
  }
  if (!e->wide && e->data.size + size > INT32_MAX) return kTooLong;
  if (!Reserve(&e->data, size) || !Reserve(&e->offsets, 8)) return kFailed;
  memcpy(e->data.data + e->data.size, text, (size_t)size);
  e->data.size += size;
  if (e->wide) {
    const int64_t end = e->data.size;
    memcpy(e->offsets.data + e->offsets.size, &end, 8);
    e->offsets.size += 8;
  } else {
    const int32_t end = (int32_t)e->data.size;
    memcpy(e->offsets.data + e->offsets.size, &end, 4);
    e->offsets.size += 4;
  }
  return kDone;
}

/* Note that place `i` is null. */
static int AppendNull(Encoding* e, Py_ssize_t i, PyObject* object) {
  const int kind = NullKind(object, e->not_available, e->not_a_time);
  if (kind == 0 || (e->null_kind != 0 && kind != e->null_kind)) return kDeclined;
  if (e->nulls == 0) {
    const Py_ssize_t bytes = (e->objects->count + 7) / 8;
    if (!Make(&e->valid, bytes)) return kFailed;
    memset(e->valid.data, 0xff, (size_t)bytes);
    if (e->objects->count % 8 != 0) e->valid.data[bytes - 1] = (char)((1 << e->objects->count % 8) - 1);
    e->valid.size = bytes;
  }
  e->null_kind = kind;
  e->nulls++;
  e->valid.data[i / 8] &= (char)~(1 << i % 8);
  return kDone;
}

static int Begin(Encoding* e, Py_ssize_t strings, Py_ssize_t bytes) {
  Release(e);
  e->nulls = 0;
  e->null_kind = 0;
  if (!Make(&e->offsets, (strings + 1) * (e->wide ? 8 : 4)) || !Make(&e->data, bytes)) return kFailed;
  memset(e->offsets.data, 0, e->wide ? 8 : 4);
  e->offsets.size = e->wide ? 8 : 4;
  return kDone;
}

static int EncodePlain(Encoding* e) {
  const Py_ssize_t count = e->objects->count;
  int result = Begin(e, count, count * 8);
  for (Py_ssize_t i = 0; i < count && result == kDone; i++) {
    if (i + 12 < count) __builtin_prefetch(*At(e->objects, i + 12));
    PyObject* object = *At(e->objects, i);
    if (object != NULL && Py_TYPE(object) == &PyUnicode_Type) {
      result = Append(e, object);
    } else {
      result = AppendNull(e, i, object);
      const Py_ssize_t width = e->wide ? 8 : 4;
      if (result != kDone) break;
      if (!Reserve(&e->offsets, 8)) return kFailed;
      memcpy(e->offsets.data + e->offsets.size, e->offsets.data + e->offsets.size - width, (size_t)width);
      e->offsets.size += width;
    }
  }
  return result;
}

typedef struct Entry {
  PyObject* object;
  int32_t index;
} Entry;

/* Make the table twice as large. */
static bool Grow(Entry** table, size_t* room) {
  const size_t larger = *room * 2;
  Entry* made = PyMem_Calloc(larger, sizeof *made);
  if (made == NULL) {
    PyErr_NoMemory();
    return false;
  }
  for (size_t i = 0; i < *room; i++) {
    if ((*table)[i].object == NULL) continue;
    size_t place = Mix((*table)[i].object) & (larger - 1);
    while (made[place].object != NULL) place = (place + 1) & (larger - 1);
    made[place] = (*table)[i];
  }
  PyMem_Free(*table);
  *table = made;
  *room = larger;
  return true;
}

/* The index of a string that was not seen as this object; equal ones share it. */
static int NewIndex(Encoding* e, PyObject* by_value, PyObject* string, int32_t* index) {
  PyObject* known = PyDict_GetItemWithError(by_value, string);
  if (known != NULL) {
    *index = (int32_t)PyLong_AsLong(known);
    return kDone;
  }
  if (PyErr_Occurred()) return kFailed;
  const Py_ssize_t next = PyDict_Size(by_value);
  if (next >= INT32_MAX) return kNotRepeated;
  const int result = Append(e, string);
  if (result != kDone) return result;
  PyObject* number = PyLong_FromSsize_t(next);
  if (number == NULL || PyDict_SetItem(by_value, string, number) < 0) {
    Py_XDECREF(number);
    return kFailed;
  }
  Py_DECREF(number);
  *index = (int32_t)next;
  return kDone;
}

static int EncodeDictionary(Encoding* e) {
  const Py_ssize_t count = e->objects->count;
  int result = Begin(e, 1024, 8192);
  PyObject* by_value = PyDict_New();
  size_t room = 4096, used = 0;
  Entry* table = PyMem_Calloc(room, sizeof *table);
  if (result != kDone || by_value == NULL || table == NULL || !Make(&e->indices, count * 4)) result = kFailed;
  int32_t* indices = result == kDone ? (int32_t*)(void*)e->indices.data : NULL;
  for (Py_ssize_t i = 0; i < count && result == kDone; i++) {
    PyObject* object = *At(e->objects, i);
    if (object == NULL || Py_TYPE(object) != &PyUnicode_Type) {
      result = AppendNull(e, i, object);
      indices[i] = 0;
      continue;
    }
    size_t place = Mix(object) & (room - 1);
    while (table[place].object != NULL && table[place].object != object) place = (place + 1) & (room - 1);
    if (table[place].object == NULL) {
      int32_t index = 0;
      result = NewIndex(e, by_value, object, &index);
      if (result != kDone) break;
      table[place] = (Entry){object, index};
      indices[i] = index;
      used++;
      if (used > (size_t)count / 2 + 64) result = kNotRepeated;
      if (used * 2 > room && !Grow(&table, &room)) result = kFailed;
    } else {
      indices[i] = table[place].index;
    }
  }
  e->indices.size = count * 4;
  PyMem_Free(table);
  Py_XDECREF(by_value);
  if (result == kFailed && !PyErr_Occurred()) PyErr_NoMemory();
  return result;
}

/* Give back what was reserved and not used. */
static PyObject* Take(Bytes* bytes) {
  if (bytes->object == NULL) Py_RETURN_NONE;
  if (PyByteArray_Resize(bytes->object, bytes->size) < 0) return NULL;
  PyObject* out = bytes->object;
  bytes->object = NULL;
  return out;
}

static PyObject* Result(Encoding* e) {
  Py_ssize_t strings = e->offsets.size / (e->wide ? 8 : 4) - 1;
  int width = 0;
  if (e->indices.object != NULL) {
    const int32_t* from = (const int32_t*)(const void*)e->indices.data;
    width = strings <= INT8_MAX ? 1 : strings <= INT16_MAX ? 2 : 4;
    for (Py_ssize_t i = 0; width < 4 && i < e->objects->count; i++) {
      const int32_t index = from[i];
      if (width == 1)
        e->indices.data[i] = (char)index;
      else
        memcpy(e->indices.data + 2 * i, &(int16_t){(int16_t)index}, 2);
    }
    e->indices.size = e->objects->count * width;
  }
  PyObject *offsets = Take(&e->offsets), *data = NULL, *valid = NULL, *indices = NULL, *out = NULL;
  if (offsets != NULL && (data = Take(&e->data)) != NULL && (valid = Take(&e->valid)) != NULL &&
      (indices = Take(&e->indices)) != NULL)
    out = Py_BuildValue("OOOOinii", offsets, data, valid, indices, e->null_kind, e->nulls, e->wide ? 8 : 4,
                        width);
  Py_XDECREF(offsets);
  Py_XDECREF(data);
  Py_XDECREF(valid);
  Py_XDECREF(indices);
  return out;
}

PyDoc_STRVAR(kEncodeDoc,
             "strings_encode(objects, not_available, not_a_time)\n--\n\n"
             "Arrow buffers of an array of exact `str` and at most one kind of null: (offsets, data, "
             "validity or None,\n"
             "indices or None, kind of null, number of nulls, bytes of an offset, bytes of an index). None "
             "if the array\n"
             "holds anything else. With indices, offsets and data are those of the dictionary.");

static PyObject* StringsEncode(PyObject* self, PyObject* args) {
  (void)self;
  PyObject *array, *not_available, *not_a_time;
  Objects objects;
  if (!PyArg_ParseTuple(args, "OOO", &array, &not_available, &not_a_time) || !Open(array, 0, &objects))
    return NULL;
  Encoding e = {.objects = &objects, .not_available = not_available, .not_a_time = not_a_time};
  int result = Repeats(&objects) ? EncodeDictionary(&e) : kNotRepeated;
  if (result == kNotRepeated || result == kTooLong) result = EncodePlain(&e);
  if (result == kTooLong) {
    e.wide = true;
    result = EncodePlain(&e);
  }
  PyObject* out = result == kDone ? Result(&e) : result == kDeclined ? Py_NewRef(Py_None) : NULL;
  Release(&e);
  PyBuffer_Release(&objects.buffer);
  if (out == NULL && !PyErr_Occurred()) PyErr_NoMemory();
  return out;
}

static inline void Put(const Objects* out, Py_ssize_t i, PyObject* object) {
  PyObject** place = At(out, i);
  PyObject* before = *place;
  *place = object;
  Py_XDECREF(before);
}

static inline int64_t Offset(const char* offsets, int width, Py_ssize_t i) {
  int64_t wide;
  int32_t narrow;
  if (width == 8) {
    memcpy(&wide, offsets + 8 * i, 8);
    return wide;
  }
  memcpy(&narrow, offsets + 4 * i, 4);
  return narrow;
}

static PyObject* String(const Py_buffer* offsets, int width, const Py_buffer* data, Py_ssize_t i) {
  const int64_t begin = Offset(offsets->buf, width, i), end = Offset(offsets->buf, width, i + 1);
  if (begin < 0 || end < begin || end > data->len) {
    PyErr_Format(PyExc_ValueError, "string %zd lies outside of its bytes", i);
    return NULL;
  }
  return PyUnicode_DecodeUTF8((const char*)data->buf + begin, (Py_ssize_t)(end - begin), NULL);
}

static inline bool IsValid(const Py_buffer* valid, Py_ssize_t i) {
  return valid->buf == NULL || (((const uint8_t*)valid->buf)[i / 8] >> i % 8 & 1) != 0;
}

static bool DecodePlain(const Objects* out, const Py_buffer* offsets, int width, const Py_buffer* data,
                        const Py_buffer* valid, PyObject* null) {
  for (Py_ssize_t i = 0; i < out->count; i++) {
    PyObject* object = IsValid(valid, i) ? String(offsets, width, data, i) : Py_NewRef(null);
    if (object == NULL) return false;
    Put(out, i, object);
  }
  return true;
}

static int64_t Index(const void* indices, int width, Py_ssize_t i) {
  switch (width) {
    case 1: return ((const int8_t*)indices)[i];
    case 2: return ((const int16_t*)indices)[i];
    default: return ((const int32_t*)indices)[i];
  }
}

static bool DecodeDictionary(const Objects* out, const Py_buffer* offsets, int width, const Py_buffer* data,
                             const Py_buffer* valid, const Py_buffer* indices, int index_width,
                             PyObject* null) {
  const Py_ssize_t strings = offsets->len / width - 1;
  PyObject** made = PyMem_Calloc((size_t)strings + 1, sizeof *made);
  if (made == NULL) {
    PyErr_NoMemory();
    return false;
  }
  bool ok = true;
  for (Py_ssize_t i = 0; i < strings && ok; i++) ok = (made[i] = String(offsets, width, data, i)) != NULL;
  for (Py_ssize_t i = 0; i < out->count && ok; i++) {
    PyObject* object = null;
    if (IsValid(valid, i)) {
      const int64_t index = Index(indices->buf, index_width, i);
      if (index < 0 || index >= strings) {
        PyErr_Format(PyExc_ValueError, "index %zd points outside of the dictionary", i);
        ok = false;
        break;
      }
      object = made[index];
    }
    Put(out, i, Py_NewRef(object));
  }
  for (Py_ssize_t i = 0; i < strings; i++) Py_XDECREF(made[i]);
  PyMem_Free(made);
  return ok;
}

PyDoc_STRVAR(
    kDecodeDoc,
    "strings_decode(out, offsets, offset_bytes, data, validity, null, indices, index_bytes)\n--\n\n"
    "Fill the object array `out` from Arrow buffers; `null` where the validity bitmap (or None) has no bit.\n"
    "ValueError if an offset, an index or the text is not what it must be.");

static PyObject* StringsDecode(PyObject* self, PyObject* args) {
  (void)self;
  PyObject *array, *null;
  Py_buffer offsets, data, valid, indices;
  int width, index_width;
  if (!PyArg_ParseTuple(args, "Oy*iy*z*Oz*i", &array, &offsets, &width, &data, &valid, &null, &indices,
                        &index_width))
    return NULL;
  Objects out;
  bool ok = Open(array, PyBUF_WRITABLE, &out);
  if (ok) {
    const bool dictionary = indices.buf != NULL;
    const Py_ssize_t strings =
        (width == 4 || width == 8) && offsets.len % width == 0 ? offsets.len / width - 1 : -1;
    if (strings < 0 || (!dictionary && strings != out.count) ||
        (dictionary && (index_width < 1 || index_width > 4 || index_width == 3 ||
                        indices.len / index_width != out.count || indices.len % index_width != 0)) ||
        (valid.buf != NULL && valid.len < (out.count + 7) / 8)) {
      PyErr_SetString(PyExc_ValueError, "the buffers of a string column do not fit its rows");
      ok = false;
    } else if (dictionary) {
      ok = DecodeDictionary(&out, &offsets, width, &data, &valid, &indices, index_width, null);
    } else {
      ok = DecodePlain(&out, &offsets, width, &data, &valid, null);
    }
    PyBuffer_Release(&out.buffer);
  }
  PyBuffer_Release(&offsets);
  PyBuffer_Release(&data);
  if (valid.obj != NULL) PyBuffer_Release(&valid);
  if (indices.obj != NULL) PyBuffer_Release(&indices);
  if (!ok) return NULL;
  Py_RETURN_NONE;
}

PyMethodDef kStringMethods[] = {{"strings_encode", StringsEncode, METH_VARARGS, kEncodeDoc},
                                {"strings_decode", StringsDecode, METH_VARARGS, kDecodeDoc},
                                {NULL, NULL, 0, NULL}};
