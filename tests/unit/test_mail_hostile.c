/* test_mail_hostile.c - every kind of hostile mail is read in bounded time and memory, and what can be read is right
 *
 * Each is read in a process of its own under limits, in a size and in four times that size: who takes the square of a
 * size takes sixteen times as long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/hostile_mail.h"
#include "mail_parse.h"
#include "reply_text.h"

#define SMALL (40 * 1024)
#define TIMES 4
#define DEARER 10			/* times as long for TIMES the bytes; linear is 4, square 16 */
#define CPU_MAX 60			/* seconds, with sanitizers on a slow machine */
#define STACK_MAX (512 * 1024)		/* who calls himself for each byte is found */
#define MEMORY_TIMES 60			/* bytes of memory for a byte of mail, sanitizers and all ... */
#define MEMORY_MORE (16 << 20)		/* ... and for whatever mail */
#define FEW_US 100000			/* what takes less is not compared: others share the machine */

/* What AddressSanitizer keeps of freed memory would be counted as the mail's; and its strstr() reads to the end of
 * the text for each call, which makes squares of what is linear. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:replace_str=0:intercept_strndup=0:intercept_strstr=0:intercept_strspn=0:intercept_strpbrk=0:intercept_strlen=0:"
	       "intercept_strchr=0:intercept_strcmp=0:intercept_memcmp=0:intercept_memmem=0";
}

struct cost { gint64 cpu_us, rss; };

static hg_reply_words *words;

static void check(const struct hostile_mail *kind, gsize size)
{
	g_autoptr(GString) bytes = kind->make(size);
	g_autofree char *exact = g_memdup2(bytes->str, bytes->len);
	struct hg_mail_ask ask = { .words = words, .authserv_ids = (const char *const[]){ "mx.example.org", NULL } };
	g_autoptr(hg_mail) mail = hg_mail_parse(exact, bytes->len, &ask);
	const char *wrong = NULL;

	if (!kind->no_head && (mail->from.n < 1 || strcmp(mail->from.of[0].address, "ana@example.com") != 0))
		wrong = "From";
	else if (!kind->no_head && strcmp(mail->subject, "still here") != 0)
		wrong = "Subject";
	else if (kind->text && !strstr(mail->text, kind->text))
		wrong = "the text";
	else if (mail->n_files > 1000 || mail->to.n > 1000 || mail->references.n > 1000 || mail->n_warnings > 100)
		wrong = "a limit";
	if (wrong)
		fprintf(stderr, "%s: %s is wrong\n", kind->name, wrong);
	fflush(stderr);
	_exit(wrong ? 1 : 0);
}

static struct cost run(const struct hostile_mail *kind, gsize size)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_MAX, CPU_MAX });
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		check(kind, size);
	}
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s, %zu bytes: did not live to tell (status %d)", kind->name, size, status);
	return (struct cost){ usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec, usage.ru_maxrss * 1024 };
}

static gint64 least(const struct hostile_mail *kind, gsize size, gint64 first)
{
	return MIN(first, MIN(run(kind, size).cpu_us, run(kind, size).cpu_us));
}

static void every_kind_is_survived_in_linear_time(void **state)
{
	gint64 bare = run(&hostile_mails[hostile_mails_n - 1], 1).rss;

	(void)state;
	assert_true(hostile_mails_n >= 40);
	for (gsize i = 0; i < hostile_mails_n; i++) {
		const struct hostile_mail *kind = &hostile_mails[i];
		struct cost small = run(kind, SMALL), big = run(kind, TIMES * SMALL);

		if (g_getenv("HG_HOSTILE_COSTS"))
			fprintf(stderr, "%s: %" G_GINT64_FORMAT " us, %" G_GINT64_FORMAT " us, %" G_GINT64_FORMAT " KiB\n", kind->name,
				small.cpu_us, big.cpu_us, (big.rss - bare) / 1024);
		if (big.rss - bare > (gint64)MEMORY_TIMES * TIMES * SMALL + MEMORY_MORE)
			fail_msg("%s: took %" G_GINT64_FORMAT " bytes of memory", kind->name, big.rss - bare);
		if (big.cpu_us > FEW_US && big.cpu_us > DEARER * small.cpu_us &&
		    least(kind, TIMES * SMALL, big.cpu_us) > DEARER * least(kind, SMALL, small.cpu_us))
			fail_msg("%s: %" G_GINT64_FORMAT " us for %d bytes, %" G_GINT64_FORMAT " for %d times that", kind->name,
				 small.cpu_us, SMALL, big.cpu_us, TIMES);
	}
}

/* GMime's reader of addresses dies of 50,000 groups on a stack of 8 MiB (150 kB of To): ours needs none. */
static void *parse_groups(void *data)
{
	const GString *bytes = data;
	hg_mail *mail = hg_mail_parse(bytes->str, bytes->len, &(struct hg_mail_ask){ 0 });

	hg_mail_free(mail);
	return NULL;
}

static void deep_groups_need_no_stack(void **state)
{
	g_autoptr(GString) bytes = hostile_mails[0].make(4 << 20);
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	assert_string_equal(hostile_mails[0].name, "groups");
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstacksize(&attr, STACK_MAX), 0);
	assert_int_equal(pthread_create(&thread, &attr, parse_groups, bytes), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
}

static int prepare(void **state)
{
	(void)state;
	hg_mail_parse_prepare();
	words = hg_reply_words_new(NULL);
	return words ? 0 : -1;
}

static int done(void **state)
{
	(void)state;
	hg_reply_words_free(words);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_survived_in_linear_time),
		cmocka_unit_test(deep_groups_need_no_stack),
	};

	return cmocka_run_group_tests(tests, prepare, done);
}
