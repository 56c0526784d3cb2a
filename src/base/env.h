/* env.h - clock, random numbers and ids, so that tests can set them */
#pragma once
#include <glib.h>

/* The outside world as the engine, the store and the dispatcher see it.  Nothing else in
 * headgate calls time(), clock_gettime(), rand() or getrandom(). */
struct hg_env {
	gint64 (*wall_ms)(struct hg_env *env);	/* UTC milliseconds since 1970 */
	gint64 (*mono_ms)(struct hg_env *env);	/* never goes back, goes on while the machine sleeps; for waits */
	void   (*random)(struct hg_env *env, void *ret, gsize size);
	gboolean (*vouched)(struct hg_env *env);	/* a time source stands behind wall_ms; NULL: none does */
	guint64 id_high, id_low;	/* hg_id_new's own: the last id it gave; begin with 0 */
};

/* The real one: one for the process, thread-safe.  In builds with --enable-test-hooks the file named by
 * HEADGATE_TEST_CLOCK may be changed while the process runs, and holds three int64 (native order): milliseconds
 * that are added to both clocks, milliseconds that are added to wall_ms alone, and whether nothing vouches for it
 * (not 0). */
struct hg_env *hg_env_system(void);

static inline gint64 hg_now(struct hg_env *env) { return env->wall_ms(env); }
static inline gint64 hg_mono(struct hg_env *env) { return env->mono_ms(env); }

/* Waits that grow: 1 s, 2 s, 4 s ... to most, each with jitter. */
gint64 hg_backoff(struct hg_env *env, guint attempt, gint64 most_ms);

/* TypeID 0.3: a prefix, "_" and a UUIDv7 (RFC 9562 section 5.7) in 26 letters of Crockford's
 * base32.  Sorts by creation time; ids of one millisecond keep their order within a process. */
#define HG_ID_SIZE 40		/* with the terminating NUL; prefixes have at most 12 letters */
void hg_id_new(struct hg_env *env, const char *prefix, char ret_id[HG_ID_SIZE]);
/* TRUE when id is prefix_ and 26 valid letters.  For ids that strangers name. */
gboolean hg_id_is(const char *id, const char *prefix);
