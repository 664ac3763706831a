/* Processes: a worker below its keeper (init.c), and memory given back before forking. */
#include "easel.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static PyObject* Trim(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  return PyLong_FromLong(malloc_trim(0));
}

static PyObject* ForkKept(PyObject* self, PyObject* arguments) {
  (void)self;
  const char* program;
  int status_fd;
  if (!PyArg_ParseTuple(arguments, "si", &program, &status_fd)) return NULL;
  PyOS_BeforeFork();
  /* Borrowing this memory until it becomes easel_init, the keeper costs no copy of the page tables (3 ms with pandas);
   * the worker's fork copies them once. Until then this process waits, and the keeper must not return from here. */
  pid_t keeper = vfork();
  if (keeper == 0) {
    /* Signals wait until the keeper has its handlers, so that an early one is passed on and not lost. */
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t worker = fork();
    if (worker < 0) _exit(127);
    if (worker > 0) {
      char number[16];
      snprintf(number, sizeof number, "%d", (int)worker);
      char* const command[] = {"easel_init", "keep", number, NULL};
      char* const environment[] = {NULL};
      if (status_fd != 3) dup2(status_fd, 3);
      execve(program, command, environment);
      _exit(127); /* the worker dies with it */
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    PyOS_AfterFork_Child();
    return PyLong_FromLong(0);
  }
  int number = errno;
  PyOS_AfterFork_Parent();
  errno = number;
  if (keeper < 0) return EaselRaise("fork");
  return PyLong_FromLong(keeper);
}

PyMethodDef kProcessMethods[] = {
    {"malloc_trim", Trim, METH_NOARGS, "malloc_trim() -> int"},
    {"fork_kept", ForkKept, METH_VARARGS,
     "fork_kept(easel_init, status_fd) -> pid of the keeper, or 0 in the worker, a child of the keeper"},
    {0},
};
