/* failpoint.c - what HEADGATE_FAIL asks for, in builds with test hooks */
#include <config.h>

#include "failpoint.h"

#ifdef HG_TEST_HOOKS
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define HOLD_LOOK_US 2000		/* is the file still there? */

enum may { C, E };			/* the table's words */

static const struct { const char *name; enum may may; } points[] = {
#define POINT(id, name, may, before) { name, may },
	HG_FAILPOINTS(POINT)
#undef POINT
};

G_STATIC_ASSERT(HG_FAILPOINT_COUNT <= HG_FAILPOINT_MOST);

enum action { CRASH, ERROR, DELAY, HOLD };

struct plan {				/* one item of HEADGATE_FAIL */
	enum hg_failpoint point;
	enum action action;
	gulong delay_ms;
	char *held;			/* HOLD: as long as there is a file of that name; for the process's life */
	gint64 from, to;		/* passings at which it happens, from 1 */
	double chance;			/* below 0: by from and to */
	guint64 seed;
	gint64 passed;			/* atomic */
};

static struct {
	GArray *plans;			/* of struct plan */
	struct hg_failpoint_trace *trace;	/* mapped; or NULL */
} hooks;

/* ---- reading: what is not understood would make its test pass for nothing, so it stops the process ---- */

static enum hg_failpoint point_of(const char *item, const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(points); i++)
		if (strcmp(points[i].name, name) == 0)
			return (enum hg_failpoint)i;
	g_error("HEADGATE_FAIL: \"%s\": there is no such point in failpoints.h", item);
}

static void read_action(struct plan *plan, const char *item, const char *word)
{
	guint64 ms = 0;

	if (strcmp(word, "crash") == 0)
		plan->action = CRASH;
	else if (strcmp(word, "error") == 0)
		plan->action = ERROR;
	else if (g_str_has_prefix(word, "hold:") && word[5])
		plan->action = HOLD;
	else if (g_str_has_prefix(word, "delay:") && g_ascii_string_to_unsigned(word + 6, 10, 1, 600000, &ms, NULL))
		plan->action = DELAY;
	else
		g_error("HEADGATE_FAIL: \"%s\": crash, error, delay:MS and hold:FILE are known", item);
	plan->delay_ms = (gulong)ms;
	plan->held = plan->action == HOLD ? g_strdup(word + 5) : NULL;
	if (plan->action == ERROR && points[plan->point].may != E)
		g_error("HEADGATE_FAIL: \"%s\": nothing can fail at this point", item);
}

static void read_chance(struct plan *plan, const char *item, const char *word)
{
	g_auto(GStrv) parts = g_strsplit(word, ":", 2);
	char *end = NULL;

	plan->chance = g_ascii_strtod(parts[0], &end);
	if (!*parts[0] || *end || !(plan->chance > 0 && plan->chance <= 1))
		g_error("HEADGATE_FAIL: \"%s\": a chance is above 0 and at most 1", item);
	if (parts[1] && !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXUINT64, &plan->seed, NULL))
		g_error("HEADGATE_FAIL: \"%s\": a seed is a whole number", item);
}

static void read_when(struct plan *plan, const char *item, const char *word)
{
	gsize len = strlen(word);
	g_autofree char *digits = g_strndup(word, len && word[len - 1] == '+' ? len - 1 : len);

	if (*word == 'p') {
		read_chance(plan, item, word + 1);
		return;
	}
	if (!g_ascii_string_to_signed(digits, 10, 1, G_MAXINT, &plan->from, NULL))
		g_error("HEADGATE_FAIL: \"%s\": the number after @ counts from 1", item);
	plan->to = strlen(digits) < len ? G_MAXINT64 : plan->from;
}

static void read_plan(struct plan *plan, const char *item)
{
	g_auto(GStrv) parts = g_strsplit(item, "=", 2);
	g_auto(GStrv) action = NULL;

	if (!parts[0] || !parts[1])
		g_error("HEADGATE_FAIL: \"%s\" is not name=action", item);
	action = g_strsplit(parts[1], "@", 2);
	*plan = (struct plan){ .point = point_of(item, parts[0]), .from = 1, .to = 1, .chance = -1 };
	read_action(plan, item, action[0] ?: "");
	if (action[0] && action[1])
		read_when(plan, item, action[1]);
}

static struct hg_failpoint_trace *map_trace(const char *path)
{
	gsize size = sizeof(struct hg_failpoint_trace);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct hg_failpoint_trace *trace;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		g_error("HEADGATE_FAIL_TRACE: %s: %s", path, g_strerror(errno));
	trace = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (trace == MAP_FAILED)
		g_error("HEADGATE_FAIL_TRACE: %s: %s", path, g_strerror(errno));
	close(fd);
	trace->points = HG_FAILPOINT_COUNT;
	return trace;
}

static gpointer read_hooks(gpointer unused G_GNUC_UNUSED)
{
	const char *path = g_getenv("HEADGATE_FAIL_TRACE");
	g_auto(GStrv) items = g_strsplit(g_getenv("HEADGATE_FAIL") ?: "", ",", -1);

	hooks.plans = g_array_new(FALSE, TRUE, sizeof(struct plan));
	for (char **item = items; *item; item++) {
		struct plan plan;

		if (!**item)
			continue;
		read_plan(&plan, *item);
		g_array_append_val(hooks.plans, plan);
	}
	if (path && *path)
		hooks.trace = map_trace(path);
	return &hooks;
}

/* ---- the trace ---- */

/* A thread that has ended is nowhere any more. */
static void leave_lane(gpointer lane)
{
	__atomic_store_n(&hooks.trace->lanes[GPOINTER_TO_UINT(lane) - 1].last, 0, __ATOMIC_RELAXED);
}

/* Threads of one name share a lane: a thread for each download would soon have taken them all. */
static guint lane_of(struct hg_failpoint_trace *trace)
{
	static GPrivate mine = G_PRIVATE_INIT(leave_lane);	/* 1 + its number; 0: not looked for */
	static GMutex lock;
	char name[16] = "";
	guint i = GPOINTER_TO_UINT(g_private_get(&mine));

	if (i)
		return i - 1;
	prctl(PR_GET_NAME, name);
	g_mutex_lock(&lock);
	for (i = 0; i < HG_FAILPOINT_LANES - 1; i++)
		if (!*trace->lanes[i].thread || strncmp(trace->lanes[i].thread, name, sizeof(name)) == 0)
			break;
	memcpy(trace->lanes[i].thread, name, sizeof(name));
	g_mutex_unlock(&lock);
	g_private_set(&mine, GUINT_TO_POINTER(i + 1));
	return i;
}

static void note(struct hg_failpoint_trace *trace, enum hg_failpoint point)
{
	guint lane = lane_of(trace);

	__atomic_fetch_add(&trace->passed[point], 1, __ATOMIC_RELAXED);
	__atomic_store_n(&trace->lanes[lane].last, 1 + (gint64)point, __ATOMIC_RELAXED);
	__atomic_fetch_add(&trace->lanes[lane].passings, 1, __ATOMIC_RELAXED);
}

/* ---- acting ---- */

/* SplitMix64 (Steele, Lea, Flood 2014): one step is a good hash of its input. */
static guint64 scatter(guint64 x)
{
	x += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static gboolean is_time(struct plan *plan)
{
	gint64 n = __atomic_add_fetch(&plan->passed, 1, __ATOMIC_RELAXED);

	if (plan->chance < 0)
		return n >= plan->from && n <= plan->to;
	/* By the passing's number: the same seed strikes at the same ones, whatever the threads do. */
	return (double)(scatter(scatter(plan->seed) ^ (guint64)n) >> 11) / (double)(1LL << 53) < plan->chance;
}

static gboolean act(const struct plan *plan)
{
	if (plan->action == CRASH)
		kill(getpid(), SIGKILL);
	else if (plan->action == DELAY)
		g_usleep(plan->delay_ms * 1000);
	while (plan->action == HOLD && access(plan->held, F_OK) == 0)
		g_usleep(HOLD_LOOK_US);
	return plan->action == ERROR;
}

gboolean hg_failpoint(enum hg_failpoint point)
{
	static GOnce once = G_ONCE_INIT;
	gboolean fails = FALSE;

	g_once(&once, read_hooks, NULL);
	if (hooks.trace)
		note(hooks.trace, point);
	for (guint i = 0; i < hooks.plans->len; i++) {
		struct plan *plan = &g_array_index(hooks.plans, struct plan, i);

		if (plan->point == point && is_time(plan))
			fails |= act(plan);
	}
	return fails;
}
#endif
