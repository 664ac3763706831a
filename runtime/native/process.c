/* Processes: the keeper of a worker where there are no pid namespaces, and memory given back before forking. */
#include "easel.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static PyObject* Trim(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  return PyLong_FromLong(malloc_trim(0));
}

static volatile pid_t kept_worker;

static void Forward(int number) {
  if (kept_worker > 0) kill(kept_worker, number);
}

/* Life of the keeper: adopt and reap everything below, pass signals on, end as the worker ended. */
static void Keep(void) {
  struct sigaction forward = {.sa_handler = Forward, .sa_flags = SA_RESTART};
  sigaction(SIGINT, &forward, NULL);
  sigaction(SIGTERM, &forward, NULL);
  syscall(SYS_close_range, 0u, ~0u, 0u);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) _exit(1);
    if (pid != kept_worker || !(WIFEXITED(status) || WIFSIGNALED(status))) continue;
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    signal(WTERMSIG(status), SIG_DFL);
    kill(getpid(), WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
  }
}

static PyObject* ForkKept(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  PyOS_BeforeFork();
  pid_t keeper = fork();
  if (keeper == 0) {
    /* Signals wait until the worker's pid is known, so that an early one is passed on and not lost. */
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t worker = fork();
    if (worker < 0) _exit(1);
    if (worker > 0) {
      kept_worker = worker;
      Keep();
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
    {"fork_kept", ForkKept, METH_NOARGS,
     "fork_kept() -> pid of the keeper, or 0 in the worker, a child of the keeper"},
    {0},
};
