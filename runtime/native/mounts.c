/* Namespaces and mounts: thin wrappers of the system calls. */
#include "easel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> clash in glibc 2.36, so the two old calls are declared here. */
int mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data);
int umount2(const char* target, int flags);

static PyObject* Unshare(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned long flags;
  if (!PyArg_ParseTuple(arguments, "k", &flags)) return NULL;
  if (unshare((int)flags) != 0) return EaselRaise("unshare");
  Py_RETURN_NONE;
}

static PyObject* SetNamespace(PyObject* self, PyObject* arguments) {
  (void)self;
  int fd;
  unsigned long flags;
  if (!PyArg_ParseTuple(arguments, "ik", &fd, &flags)) return NULL;
  if (setns(fd, (int)flags) != 0) return EaselRaise("setns");
  Py_RETURN_NONE;
}

static PyObject* Mount(PyObject* self, PyObject* arguments) {
  (void)self;
  const char *source, *target, *type, *data;
  unsigned long flags;
  if (!PyArg_ParseTuple(arguments, "zszkz", &source, &target, &type, &flags, &data)) return NULL;
  if (mount(source, target, type, flags, data) != 0) return EaselRaise("mount");
  Py_RETURN_NONE;
}

static PyObject* Unmount(PyObject* self, PyObject* arguments) {
  (void)self;
  const char* target;
  int flags;
  if (!PyArg_ParseTuple(arguments, "si", &target, &flags)) return NULL;
  if (umount2(target, flags) != 0) return EaselRaise("umount2");
  Py_RETURN_NONE;
}

static PyObject* PivotRoot(PyObject* self, PyObject* arguments) {
  (void)self;
  const char *root, *old;
  if (!PyArg_ParseTuple(arguments, "ss", &root, &old)) return NULL;
  if (syscall(SYS_pivot_root, root, old) != 0) return EaselRaise("pivot_root");
  Py_RETURN_NONE;
}

static PyObject* OpenTree(PyObject* self, PyObject* arguments) {
  (void)self;
  int dirfd;
  const char* path;
  unsigned int flags;
  if (!PyArg_ParseTuple(arguments, "isI", &dirfd, &path, &flags)) return NULL;
  long fd = syscall(SYS_open_tree, dirfd, path, flags);
  if (fd < 0) return EaselRaise("open_tree");
  return PyLong_FromLong(fd);
}

static PyObject* MoveMount(PyObject* self, PyObject* arguments) {
  (void)self;
  int from, to;
  const char* path;
  if (!PyArg_ParseTuple(arguments, "iis", &from, &to, &path)) return NULL;
  unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH | (path[0] == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0u);
  if (syscall(SYS_move_mount, from, "", to, path, flags) != 0) return EaselRaise("move_mount");
  Py_RETURN_NONE;
}

static PyObject* MountSetAttributes(PyObject* self, PyObject* arguments) {
  (void)self;
  int dirfd;
  const char* path;
  unsigned int flags;
  unsigned long long set, clear;
  if (!PyArg_ParseTuple(arguments, "isIKK", &dirfd, &path, &flags, &set, &clear)) return NULL;
  struct mount_attr attributes = {.attr_set = set, .attr_clr = clear};
  if (syscall(SYS_mount_setattr, dirfd, path, flags, &attributes, sizeof attributes) != 0) {
    return EaselRaise("mount_setattr");
  }
  Py_RETURN_NONE;
}

PyMethodDef kMountMethods[] = {
    {"unshare", Unshare, METH_VARARGS, "unshare(flags)"},
    {"setns", SetNamespace, METH_VARARGS, "setns(fd, flags)"},
    {"mount", Mount, METH_VARARGS, "mount(source, target, type, flags, data)"},
    {"umount", Unmount, METH_VARARGS, "umount(target, flags)"},
    {"pivot_root", PivotRoot, METH_VARARGS, "pivot_root(new_root, put_old)"},
    {"open_tree", OpenTree, METH_VARARGS, "open_tree(dirfd, path, flags) -> fd"},
    {"move_mount", MoveMount, METH_VARARGS,
     "move_mount(from_fd, to_dirfd, to_path); an empty path names to_dirfd itself"},
    {"mount_setattr", MountSetAttributes, METH_VARARGS, "mount_setattr(dirfd, path, flags, set, clear)"},
    {0},
};
