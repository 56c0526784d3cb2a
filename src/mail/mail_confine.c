/* mail_confine.c - limits and a filter of system calls for who reads foreign mail */
#include "mail_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "fail.h"
#include "sanitized.h"
#include "text.h"

static gboolean limit(int resource, rlim_t most, const char *name, GError **error)
{
	const struct rlimit limits = { .rlim_cur = most, .rlim_max = most };

	return setrlimit((__rlimit_resource_t)resource, &limits) == 0 ||
	       hg_fail(error, HG_ERROR_BROKEN, "setrlimit(%s): %s", name, g_strerror(errno));
}

static gboolean set_limits(const struct hg_mail_limits *limits, GError **error)
{
#ifndef HG_SANITIZED	/* its shadow takes terabytes of addresses, and what it reports it reads from files */
	if (limits->memory && !limit(RLIMIT_AS, (rlim_t)limits->memory, "AS", error))
		return FALSE;
#endif
	/* Each mail has a timer of its own; this is for one that got rid of it. */
	return limit(RLIMIT_CPU, (rlim_t)(limits->cpu_ms / 1000 + 1) * 300, "CPU", error) &&
	       limit(RLIMIT_CORE, 0, "CORE", error) && limit(RLIMIT_FSIZE, 0, "FSIZE", error) &&
#ifndef HG_SANITIZED
	       limit(RLIMIT_NOFILE, 3, "NOFILE", error) &&
#endif
	       limit(RLIMIT_NPROC, 0, "NPROC", error);
}

/* What memory and time ask of the kernel; what they may not ask is in the arguments below. */
static const int calls[] = {
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid), SCMP_SYS(gettid),
#ifdef HG_SANITIZED	/* so that it can say what it found */
	SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(readlink), SCMP_SYS(lseek),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(sched_getaffinity), SCMP_SYS(prctl), SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64), SCMP_SYS(tgkill), SCMP_SYS(pipe2), SCMP_SYS(ioctl), SCMP_SYS(getuid), SCMP_SYS(process_vm_readv),
#endif
};

static gboolean add(scmp_filter_ctx filter, int call, guint n, const struct scmp_arg_cmp *args)
{
	/* A call that this kernel's table does not have needs no leave. */
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, n, args);

	return result == 0 || result == -EDOM || result == -EEXIST;
}

static gboolean allow(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp not_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp own[] = { not_code, SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS) };
	const struct scmp_arg_cmp wire = SCMP_A0(SCMP_CMP_EQ, 0), own_time = SCMP_A0(SCMP_CMP_EQ, 2 /* ITIMER_PROF */);
	gboolean fine = TRUE;

	for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
		fine = fine && add(filter, calls[i], 0, NULL);
#ifdef HG_SANITIZED
	fine = fine && add(filter, SCMP_SYS(write), 0, NULL) && add(filter, SCMP_SYS(read), 0, NULL) &&
	       add(filter, SCMP_SYS(mmap), 1, &not_code);
#endif
	return fine && add(filter, SCMP_SYS(mmap), 2, own) && add(filter, SCMP_SYS(mprotect), 1, &not_code) &&
	       add(filter, SCMP_SYS(read), 1, &wire) && add(filter, SCMP_SYS(write), 1, &wire) &&
	       add(filter, SCMP_SYS(setitimer), 1, &own_time);
}

static gboolean filter_calls(GError **error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	gboolean fine = filter && allow(filter);
	int result = fine ? seccomp_load(filter) : -EINVAL;

	seccomp_release(filter);
	return result == 0 || hg_fail(error, HG_ERROR_BROKEN, "the filter of system calls: %s", g_strerror(-result));
}

/* Libraries read files when they are first asked for something. */
static void warm_up(void)
{
	guint8 hash[32];

	hg_sha256("", 0, hash);
}

gboolean hg_mail_confine(const struct hg_mail_limits *limits, GError **error)
{
	warm_up();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return hg_fail(error, HG_ERROR_BROKEN, "no_new_privs: %s", g_strerror(errno));
#ifndef HG_SANITIZED
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);	/* nobody looks into other people's mail */
#endif
	return set_limits(limits, error) && filter_calls(error);
}
