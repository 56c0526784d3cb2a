/* env.c - the system's clock and random numbers, and the ids made from them */
#include <config.h>

#include "env.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>

#ifdef HG_TEST_HOOKS
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct moved { gint64 both_ms, wall_ms, unvouched; };

/* Maps the file a test moves the clock with; a file that cannot be used stops the process,
 * because a test that believes in it would otherwise test nothing. */
static gpointer moved_map(gpointer unused G_GNUC_UNUSED)
{
	const char *path = g_getenv("HEADGATE_TEST_CLOCK");
	struct stat st;
	void *map;
	int fd;

	if (!path)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct moved))
		g_error("HEADGATE_TEST_CLOCK: %s must hold 24 bytes: %s", path, g_strerror(errno));
	map = mmap(NULL, sizeof(struct moved), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		g_error("HEADGATE_TEST_CLOCK: cannot map %s: %s", path, g_strerror(errno));
	close(fd);
	return map;
}

static const struct moved *moved(void)
{
	static const struct moved unmoved;
	static GOnce once = G_ONCE_INIT;
	const struct moved *map = g_once(&once, moved_map, NULL);

	return map ? map : &unmoved;
}

#define MOVED(field) __atomic_load_n(&moved()->field, __ATOMIC_RELAXED)
#else
#define MOVED(field) 0
#endif

static gint64 clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (gint64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + MOVED(both_ms);
}

static gint64 system_wall_ms(struct hg_env *env G_GNUC_UNUSED)
{
	return clock_ms(CLOCK_REALTIME) + MOVED(wall_ms);
}

static gint64 system_mono_ms(struct hg_env *env G_GNUC_UNUSED)
{
	return clock_ms(CLOCK_BOOTTIME);
}

/* The kernel knows whether somebody keeps its clock: NTP daemons say so, and whoever sets it by hand takes it back. */
static gboolean system_vouched(struct hg_env *env G_GNUC_UNUSED)
{
#ifdef HG_TEST_HOOKS
	if (g_getenv("HEADGATE_TEST_CLOCK"))
		return !MOVED(unvouched);
#endif
	struct timex kept = { 0 };

	return adjtimex(&kept) >= 0 && !(kept.status & STA_UNSYNC);
}

/* Random bytes are fetched ahead, per thread: getrandom() gives up to 256 without EINTR.  A
 * forked child must not hand out its parent's bytes again, so it begins with none. */
static _Thread_local struct {
	guint8 bytes[256];
	gsize left;
} pool;

static void pool_empty(void)
{
	pool.left = 0;
}

static void kernel_random(guint8 *ret, gsize size)
{
	while (size) {
		ssize_t got = getrandom(ret, size, 0);

		if (got < 0 && errno != EINTR)
			g_error("getrandom: %s", g_strerror(errno));
		if (got > 0) {
			ret += got;
			size -= (gsize)got;
		}
	}
}

static void system_random(struct hg_env *env G_GNUC_UNUSED, void *ret, gsize size)
{
	guint8 *next;

	if (size > sizeof(pool.bytes) / 4) {
		kernel_random(ret, size);
		return;
	}
	if (pool.left < size) {
		kernel_random(pool.bytes, sizeof(pool.bytes));
		pool.left = sizeof(pool.bytes);
	}
	next = pool.bytes + sizeof(pool.bytes) - pool.left;
	memcpy(ret, next, size);
	memset(next, 0, size);		/* what was given out is not found in memory again */
	pool.left -= size;
}

struct hg_env *hg_env_system(void)
{
	static struct hg_env env = {
		.wall_ms = system_wall_ms,
		.mono_ms = system_mono_ms,
		.random = system_random,
		.vouched = system_vouched,
	};
	static gsize ready;

	if (g_once_init_enter(&ready)) {
		pthread_atfork(NULL, NULL, pool_empty);
		g_once_init_leave(&ready, 1);
	}
	return &env;
}

/* ---- ids ---- */
static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

#define RAND_B_BITS 62
#define RAND_B_MASK ((G_GUINT64_CONSTANT(1) << RAND_B_BITS) - 1)
#define ID_LETTERS 26

/* A UUIDv7 as time and counter: high is 48 bits of milliseconds and the 12 of rand_a, low the 62
 * of rand_b.  Within a millisecond, or when the clock went back, the last one is counted on by a
 * random step (RFC 9562 section 6.2, method 2), which may carry into the milliseconds. */
static void id_next(struct hg_env *env, guint64 *ret_high, guint64 *ret_low)
{
	static GMutex lock;
	guint64 ms = (guint64)env->wall_ms(env) & ((G_GUINT64_CONSTANT(1) << 48) - 1);
	struct { guint64 low; guint32 step; guint16 high; } fresh;

	env->random(env, &fresh, sizeof(fresh));
	g_mutex_lock(&lock);
	if (ms > env->id_high >> 12) {
		env->id_high = ms << 12 | (fresh.high & 0xfff);
		env->id_low = fresh.low & RAND_B_MASK;
	} else {
		env->id_low += 1 + (guint64)fresh.step;
		env->id_high += env->id_low >> RAND_B_BITS;
		env->id_low &= RAND_B_MASK;
	}
	*ret_high = env->id_high;
	*ret_low = env->id_low;
	g_mutex_unlock(&lock);
}

void hg_id_new(struct hg_env *env, const char *prefix, char ret_id[HG_ID_SIZE])
{
	gsize len = strlen(prefix);
	guint64 high, low;
	char *end;

	g_assert(len > 0 && len + 1 + ID_LETTERS < HG_ID_SIZE);
	id_next(env, &high, &low);
	/* Put version 7 and variant 10 in their places. */
	low |= G_GUINT64_CONSTANT(1) << 63;
	high = (high >> 12) << 16 | 0x7000 | (high & 0xfff);
	memcpy(ret_id, prefix, len);
	ret_id[len] = '_';
	end = ret_id + len + 1 + ID_LETTERS;
	*end = '\0';
	for (int i = 0; i < ID_LETTERS; i++) {
		*--end = letters[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
}

gboolean hg_id_is(const char *id, const char *prefix)
{
	gsize len = strlen(prefix);

	if (!id || strncmp(id, prefix, len) != 0 || id[len] != '_')
		return FALSE;
	id += len + 1;
	/* 26 letters hold 130 bits: the first may not use its upper two. */
	return *id >= '0' && *id <= '7' && strspn(id, letters) == ID_LETTERS &&
	       id[ID_LETTERS] == '\0';
}

gint64 hg_backoff(struct hg_env *env, guint attempt, gint64 most_ms)
{
	gint64 wait = MIN(most_ms, (gint64)1000 << MIN(attempt, 20));
	guint32 dice;

	/* From half of it to all: peers that failed together do not come back together. */
	env->random(env, &dice, sizeof(dice));
	return wait / 2 + (gint64)(dice % (guint64)(wait / 2 + 1));
}
