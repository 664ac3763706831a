/* easel_init: a tiny process, linked statically, in two roles.
 *
 * `easel_init keep PID`: the keeper of worker PID, its child, and the process by which the executor knows the attempt.
 * It reaps what the worker's processes leave behind, passes SIGINT and SIGTERM on, and ends when the worker has ended,
 * whose wait status it writes to descriptor 3 (an int). In mode `local` it is pid 1 of the worker's pid namespace, so
 * that the kernel ends the whole tree with it. The worker itself is not pid 1: on that one abort(), os.kill() and
 * SIGTERM would have no effect. The forked zygote becomes this program so that its memory is not held twice.
 *
 * `easel_init wait PID`: stands in for the zygote in the executor's pid namespace, and ends as the zygote ends.
 *
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

static pid_t g_child;

static void Forward(int number) { kill(g_child, number); }

static int WaitForChild(void) {
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid == g_child) return status;
    if (pid < 0 && errno != EINTR) return 1 << 8;
  }
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  g_child = (pid_t)atoi(arguments[2]);
  int keep = strcmp(arguments[1], "keep") == 0;
  if (keep) {
    syscall(SYS_close_range, 0u, 2u, 0u);
    syscall(SYS_close_range, 4u, ~0u, 0u);
    struct sigaction forward = {.sa_handler = Forward, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &forward, NULL);
    sigaction(SIGTERM, &forward, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
  } else {
    syscall(SYS_close_range, 0u, ~0u, 0u);
  }
  int status = WaitForChild();
  if (keep && write(3, &status, sizeof status) != sizeof status) return 1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
