/* easel_init: a tiny process, linked statically, in two roles.
 *
 * `easel_init reap`: pid 1 of a worker's pid namespace. It adopts and reaps what the worker's processes leave behind.
 * The worker is pid 2, so that signals act on it as on any process (the kernel ignores those of pid 1, SIGKILL and
 * abort() included), and its parent is the zygote, which therefore sees the worker's true wait status.
 * `easel_init wait PID`: stands in for the zygote in the executor's pid namespace, and ends as the zygote ends.
 * Both die with their parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char** arguments) {
  if (count < 2) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  syscall(SYS_close_range, 0u, ~0u, 0u);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (strcmp(arguments[1], "reap") == 0) {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_SETMASK, &children, NULL);
    for (;;) {
      int number;
      sigwait(&children, &number);
      while (waitpid(-1, NULL, WNOHANG) > 0) {
      }
    }
  }
  if (count < 3) return 2;
  pid_t zygote = (pid_t)atoi(arguments[2]);
  int status;
  while (waitpid(zygote, &status, 0) < 0) {
    if (errno != EINTR) return 1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
