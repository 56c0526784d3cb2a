/* store_fixture.h - a store on disk in a directory of its own, with a clock that tests set */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store.h"

#define DAY_MS G_GINT64_CONSTANT(86400000)
#define T0 G_GINT64_CONSTANT(1763632931004)	/* when all tests begin */

struct world {
	char *dir;				/* ours */
	struct hg_store_options options;	/* strings ours */
	hg_store *store;			/* ours; no transaction open */
	hg_arena *arena;			/* ours */
	gboolean unplanned;			/* how its statements go about their work is not looked at */
};

extern struct hg_env test_env;
extern gint64 test_now_ms;		/* both clocks ... */
extern gint64 test_apart_ms;		/* ... but for what the wall clock is off */
extern gboolean world_makes_store;	/* each store is made by its first start, not copied: whoever looks at every write sets it */

/* cmocka's set-up and tear-down: *state is a struct world. */
int world_new(void **state);
int world_free(void **state);
struct world *world_at(char *dir);	/* takes the name of its directory; the store is not opened yet */
void world_reopen(struct world *w);
/* path, or path with a suffix; lent until the next call. */
const char *world_path(struct world *w, const char *suffix);
/* Runs SQL past the store, on a connection of its own: what no verb would write. */
void world_plant(struct world *w, const char *sql);
gint64 world_count(struct world *w, const char *sql);

/* Fail the test with the error's text. */
#define must(call) do {									\
	g_autoptr(GError) error_ = NULL; GError **e = &error_;				\
	if (!(call))									\
		fail_msg("%s: %s", #call, error_ ? error_->message : "no error said");	\
} while (0)
/* Must fail with this code; e is the GError ** to pass on. */
#define must_fail(code_, call) do {							\
	g_autoptr(GError) error_ = NULL; GError **e = &error_;				\
	if (call)									\
		fail_msg("%s: succeeded", #call);					\
	if (!g_error_matches(error_, HG_ERROR, (code_)))				\
		fail_msg("%s: %s", #call, error_ ? error_->message : "no error said");	\
} while (0)
#define in_txn(w, ...) do { must(hg_store_begin((w)->store, e)); __VA_ARGS__; must(hg_store_commit((w)->store, e)); } while (0)

/* What is about SQLite itself (its file, its log, one node without a clock but ours): first in a test, before it has anything. */
#define only_on_sqlite() do {								\
	const char *server_ = g_getenv("HEADGATE_TEST_POSTGRESQL");			\
	if (server_ && *server_) {							\
		print_message("only on SQLite: %s\n", __func__);			\
		skip();									\
	}										\
} while (0)

/* Of a whole program: first in main(). */
#define all_only_on_sqlite() do {							\
	const char *server_ = g_getenv("HEADGATE_TEST_POSTGRESQL");			\
	if (server_ && *server_) {							\
		print_message("1..1\nok 1 # SKIP only on SQLite: %s\n", __FILE__);	\
		return 0;								\
	}										\
} while (0)

/* Rows as tests need them; added in the open transaction. */
hg_contact *a_contact(struct world *w, const char *name);
hg_thread *a_thread(struct world *w, const hg_contact *contact, const char *key);
/* At the end of the thread's chain; the thread is updated. */
hg_message *a_message(struct world *w, hg_thread *thread, int direction, const char *text);
hg_event *an_event(struct world *w, hg_thread *thread, const char *type);
hg_job *a_job(struct world *w, int target, const char *name, const char *lane, gint64 due_ms);
