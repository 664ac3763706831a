/* What a process gives away: capabilities, Landlock, seccomp, and prctl. */
#include "easel.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock as of ABI 6; older headers lack the later fields, older kernels take a shorter structure. */
struct RulesetAttributes {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};
struct __attribute__((packed)) PathRule {
  uint64_t allowed_access;
  int32_t parent_fd;
};
enum { kCreateRulesetVersion = 1, kRulePathBeneath = 1 };

static PyObject* Prctl(PyObject* self, PyObject* arguments) {
  (void)self;
  int option;
  unsigned long second = 0, third = 0, fourth = 0, fifth = 0;
  if (!PyArg_ParseTuple(arguments, "i|kkkk", &option, &second, &third, &fourth, &fifth)) return NULL;
  int result = prctl(option, second, third, fourth, fifth);
  if (result < 0) return EaselRaise("prctl");
  return PyLong_FromLong(result);
}

static PyObject* LandlockAbi(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, kCreateRulesetVersion);
  return PyLong_FromLong(abi < 0 ? 0 : abi);
}

static PyObject* LandlockCreate(PyObject* self, PyObject* arguments) {
  (void)self;
  int abi;
  unsigned long long files, scoped;
  if (!PyArg_ParseTuple(arguments, "iKK", &abi, &files, &scoped)) return NULL;
  struct RulesetAttributes attributes = {.handled_access_fs = files, .scoped = scoped};
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  long fd = syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
  if (fd < 0) return EaselRaise("landlock_create_ruleset");
  return PyLong_FromLong(fd);
}

static PyObject* LandlockAllow(PyObject* self, PyObject* arguments) {
  (void)self;
  int ruleset, fd;
  unsigned long long access;
  if (!PyArg_ParseTuple(arguments, "iiK", &ruleset, &fd, &access)) return NULL;
  struct PathRule rule = {.allowed_access = access, .parent_fd = fd};
  if (syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) != 0)
    return EaselRaise("landlock_add_rule");
  Py_RETURN_NONE;
}

static PyObject* LandlockRestrict(PyObject* self, PyObject* arguments) {
  (void)self;
  int ruleset;
  if (!PyArg_ParseTuple(arguments, "i", &ruleset)) return NULL;
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) return EaselRaise("landlock_restrict_self");
  Py_RETURN_NONE;
}

static PyObject* DropBounding(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned long long keep;
  if (!PyArg_ParseTuple(arguments, "K", &keep)) return NULL;
  for (int number = 0; number < 64; number++) {
    if (keep >> number & 1 || prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 1) continue;
    /* EPERM: without CAP_SETPCAP nothing can be dropped here; no_new_privs keeps it from being gained. */
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) break;
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Py_RETURN_NONE;
}

static PyObject* KeepCapabilities(PyObject* self, PyObject* arguments) {
  (void)self;
  unsigned long long keep;
  if (!PyArg_ParseTuple(arguments, "K", &keep)) return NULL;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &header, data) != 0) return EaselRaise("capget");
  for (int half = 0; half < 2; half++) {
    uint32_t mask = (uint32_t)(keep >> (32 * half));
    data[half].permitted &= mask;
    data[half].effective = data[half].permitted;
    data[half].inheritable = 0;
  }
  if (syscall(SYS_capset, &header, data) != 0) return EaselRaise("capset");
  Py_RETURN_NONE;
}

static PyObject* Seccomp(PyObject* self, PyObject* arguments) {
  (void)self;
  const char* bytes;
  Py_ssize_t size;
  if (!PyArg_ParseTuple(arguments, "y#", &bytes, &size)) return NULL;
  struct sock_fprog program = {.len = (unsigned short)(size / 8), .filter = (struct sock_filter*)bytes};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return EaselRaise("seccomp");
  Py_RETURN_NONE;
}

PyMethodDef kPrivilegeMethods[] = {
    {"prctl", Prctl, METH_VARARGS, "prctl(option, *arguments) -> int"},
    {"landlock_abi", LandlockAbi, METH_NOARGS, "landlock_abi() -> int; 0 when the kernel has no Landlock"},
    {"landlock_create", LandlockCreate, METH_VARARGS, "landlock_create(abi, files, scoped) -> fd"},
    {"landlock_allow", LandlockAllow, METH_VARARGS, "landlock_allow(ruleset, fd, access)"},
    {"landlock_restrict", LandlockRestrict, METH_VARARGS, "landlock_restrict(ruleset)"},
    {"drop_bounding", DropBounding, METH_VARARGS,
     "drop_bounding(mask): what is not in the mask can never be gained"},
    {"keep_capabilities", KeepCapabilities, METH_VARARGS,
     "keep_capabilities(mask): drop all other capabilities"},
    {"seccomp", Seccomp, METH_VARARGS, "seccomp(program): load a prebuilt filter"},
    {0},
};
