/* apart.c - a sweep's work in several processes at once */
#include "apart.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void *mine(const struct apart *apart, void *all, guint number)
{
	return (char *)all + number * apart->size;
}

static pid_t begin(const struct apart *apart, void *all, guint number)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		g_error("fork: %s", g_strerror(errno));
	if (pid)
		return pid;
	g_setenv("CMOCKA_TEST_ABORT", "1", TRUE);	/* a check that fails must not go on with the next test here */
	apart->work(apart->arg, number, mine(apart, all, number));
	fflush(NULL);
	_exit(0);
}

static void wait_for(const struct apart *apart, pid_t pid, void *all, guint number)
{
	int status = 0;

	while (apart->look && isatty(STDERR_FILENO) && waitpid(pid, &status, WNOHANG) == 0) {
		apart->look(apart->arg, all);
		g_usleep(200000);
	}
	while (!(apart->look && isatty(STDERR_FILENO)) && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		apart->died(apart->arg, mine(apart, all, number), status);
}

void *apart_run(const struct apart *apart)
{
	void *all = mmap(NULL, apart->size * apart->jobs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	g_autofree pid_t *pids = g_new(pid_t, apart->jobs);

	if (all == MAP_FAILED)
		g_error("mmap: %s", g_strerror(errno));
	for (guint i = 0; i < apart->jobs; i++)
		pids[i] = begin(apart, all, i);
	for (guint i = 0; i < apart->jobs; i++)
		wait_for(apart, pids[i], all, i);
	return all;
}

void apart_free(const struct apart *apart, void *all)
{
	munmap(all, apart->size * apart->jobs);
}
