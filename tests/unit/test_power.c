/* test_power.c - the power goes at every I/O operation of a day, in three ways: nothing acknowledged is lost
 *
 * A day of a gateway is played once (power_day.h); then, for every operation on its disk, what a power
 * loss during it leaves is built (power_image.h), opened as the daemon does at its start, and audited
 * (power_audit.h).  The same must find losses when SQLite syncs less (synchronous = NORMAL), and when the
 * engine acknowledges before it has committed: else it finds nothing.
 *
 * Alone it looks at each 31st operation.  --cuts N: at all, and at more days until there were N cuts;
 * --seed N: begins with another day; --jobs N: so many processes; --thin N: only each Nth operation;
 * --draws N: only N of five ways for each; --sample N: as --thin N, without those two;
 * --cut OPERATION LOSS DICE: this one cut of the day. */
#include "power_audit.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apart.h"
#include "power_image.h"
#include "sim_confs.h"
#include "record.h"

#ifdef __SANITIZE_ADDRESS__
/* Memory is looked after by other tests; here speed counts. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=0:thread_local_quarantine_size_kb=0:malloc_context_size=1";
}
#endif

#define TOLD_MAX 5	/* findings that are told in full */

static struct {
	gint64 cuts;		/* wanted; 0: one day */
	guint32 seed;
	guint jobs, thin;	/* thin: only each so many operations */
	guint draws;		/* of each: so many of the draws below */
	gboolean sample;	/* no looking whether losses are found */
	gboolean one;		/* only this cut: */
	guint operation, loss;
	guint32 dice;
	char *dir;		/* ours */
	hg_conf *confs[2];
} opts = { .seed = 1, .thin = 31, .draws = 5 };

/* What the processes that look at cuts tell the one that waits for them. */
struct share {
	gint cuts, disks, found, lost, redeliveries;
	gboolean quiet;		/* findings are what is looked for */
	guint at, draw;		/* of the one that is looked at */
};

/* ---- one cut ---- */
/* What is left to chance is tried twice, with --draws 3 once. */
static const enum power_loss draws[] = { POWER_ALL_LOST, POWER_PREFIX, POWER_TORN, POWER_PREFIX, POWER_TORN };
#define DRAWS ((guint)G_N_ELEMENTS(draws))

static guint32 dice_of(const struct power_day *day, guint cut, guint draw)
{
	return opts.one ? opts.dice : (day->seed * 2654435761u) ^ (cut * DRAWS + draw);
}

static char *look_at(struct power_auditor *auditor, const power_image *image, guint cut, guint draw)
{
	g_autoptr(GPtrArray) files = power_image_files(image, draws[draw], dice_of(auditor->day, cut, draw));

	return power_audit(auditor, files, cut);
}

static void count(struct share *share, const struct power_day *day, guint cut, guint draw, char *why)
{
	share->cuts++;
	if (!why)
		return;
	share->lost += g_str_has_prefix(why, "LOST");
	if (share->found++ < TOLD_MAX && !share->quiet)
		print_message("operation %u of %u (%s), %s: %s\n    again: test_power --seed %u --cut %u %u %u\n", cut,
			      day->trace->ops->len, (char *)day->trace->files->pdata[g_array_index(day->trace->ops,
			      struct power_op, MIN(cut, day->trace->ops->len - 1)).file], power_loss_names[draws[draw]], why,
			      day->seed, cut, draws[draw], dice_of(day, cut, draw));
	g_free(why);
}

/* ---- a share of a day's cuts ---- */
static void sweep(const struct power_day *day, struct share *share, guint number, guint from, guint to)
{
	struct power_auditor *auditor = power_auditor_new(day, g_strdup_printf("%s/%u", opts.dir, number));
	power_image *image = power_image_new(day->trace);

	for (guint cut = from; cut < to; cut++) {
		if (opts.one ? cut != opts.operation : cut % opts.thin)
			continue;
		power_image_go(image, cut);
		for (guint draw = 0; draw < opts.draws; draw++) {
			if (opts.one && draw != opts.loss)
				continue;
			share->at = cut;
			share->draw = draw;
			count(share, day, cut, draw, look_at(auditor, image, cut, draw));
		}
	}
	share->disks = (gint)g_hash_table_size(auditor->known);
	share->redeliveries = (gint)auditor->redeliveries;
	power_image_free(image);
	power_auditor_free(auditor);
}

struct sweeping { const struct power_day *day; gboolean quiet; guint jobs; };

static void sweep_share(void *arg, guint number, void *mine)
{
	const struct sweeping *sweeping = arg;
	guint n = sweeping->day->trace->ops->len + 1;
	struct share *share = mine;

	share->quiet = sweeping->quiet;
	sweep(sweeping->day, share, number, n * number / sweeping->jobs, n * (number + 1) / sweeping->jobs);
}

static void died(void *arg, const void *his, int status)
{
	const struct power_day *day = ((const struct sweeping *)arg)->day;
	const struct share *share = his;

	fail_msg("operation %u, %s: the process that looked at it died (%d): test_power --seed %u --cut %u %u %u",
		 share->at, power_loss_names[draws[share->draw]], status, day->seed, share->at, draws[share->draw],
		 dice_of(day, share->at, share->draw));
}

static void tell_progress(void *arg, const void *all)
{
	const struct sweeping *sweeping = arg;
	const struct share *shares = all;
	gint cuts = 0;

	for (guint i = 0; i < sweeping->jobs; i++)
		cuts += shares[i].cuts;
	fprintf(stderr, "\r%d of %u cuts ", cuts, sweeping->day->trace->ops->len / opts.thin * opts.draws);
}

static struct share sweep_all(const struct power_day *day, gboolean quiet)
{
	struct sweeping sweeping = { day, quiet, opts.jobs };
	const struct apart apart = { sweep_share, died, tell_progress, &sweeping, opts.jobs, sizeof(struct share) };
	struct share *shares = apart_run(&apart), all = { 0 };

	for (guint i = 0; i < opts.jobs; i++) {
		all.cuts += shares[i].cuts;
		all.disks += shares[i].disks;
		all.found += shares[i].found;
		all.lost += shares[i].lost;
		all.redeliveries += shares[i].redeliveries;
	}
	apart_free(&apart, shares);
	return all;
}

/* ---- tests ---- */
static void tell_day(const struct power_day *day, const struct share *share)
{
	print_message("seed %u: %u operations, %u states, %u commands; %d cuts, which left %d different disks; %d findings, "
		      "%d commands sent again\n", day->seed, day->trace->ops->len, day->states->len, day->commands->len, share->cuts,
		      share->disks, share->found, share->redeliveries);
}

static void no_power_loss_takes_what_was_acknowledged(void **state)
{
	g_autofree char *figures = NULL;
	gint64 cuts = 0, disks = 0, found = 0, again = 0;
	guint days = 0;
	(void)state;

	do {
		struct power_day *day = power_day_new(opts.confs, opts.seed + days++, POWER_AS_IT_IS);
		struct share share = sweep_all(day, FALSE);

		tell_day(day, &share);
		cuts += share.cuts;
		disks += share.disks;
		found += share.found;
		again += share.redeliveries;
		power_day_free(day);
	} while (cuts < opts.cuts && !found);
	figures = g_strdup_printf("{\"seed\":%u,\"days\":%u,\"different_disks\":%" G_GINT64_FORMAT ",\"sent_again\":%" G_GINT64_FORMAT "}",
				  opts.seed, days, disks, again);
	record("power.cuts", cuts, found, figures);
	assert_int_equal(found, 0);
}

/* ---- does the day pass by everything the store does? ---- */
/* Names of the store's statements in their order, from the header that numbers them. */
static char **slot_names(void)
{
	g_autofree char *path = g_build_filename(g_getenv("srcdir") ?: ".", "src/store/sql.h", NULL);
	g_autoptr(GRegex) name = g_regex_new("\\bHG_SQL_[A-Z_0-9]+", 0, 0, NULL);
	GPtrArray *names = g_ptr_array_new();
	g_autoptr(GMatchInfo) found = NULL;
	g_autofree char *text = NULL;
	char *begin;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	begin = strstr(text, "enum hg_sql_slot {");
	assert_non_null(begin);
	*strstr(begin, "};") = '\0';
	for (g_regex_match(name, begin, 0, &found); g_match_info_matches(found); g_match_info_next(found, NULL))
		g_ptr_array_add(names, g_match_info_fetch(found, 0));
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

/* Statements that the engine does not run: */
static const char *const outside[] = {
	/* they only read: for the API, fsck, reports, rebuild and tools */
	"HG_SQL_ONCE", "HG_SQL_WALK", "HG_SQL_CURSOR_GET", "HG_SQL_CONTACT_BY_ID", "HG_SQL_THREAD_TAG_GET", "HG_SQL_EVENT_FROM",
	"HG_SQL_MESSAGE_BY_ID", "HG_SQL_FILE_BY_ID", "HG_SQL_EPISODE_ENDED",
	"HG_SQL_EPISODE_DROPPED", "HG_SQL_EPISODE_DROPS_OPEN", "HG_SQL_EVENT_BY_ID", "HG_SQL_EVENT_AFTER", "HG_SQL_EVENT_LOG",
	"HG_SQL_DECISION_AFTER", "HG_SQL_DECISION_BEFORE", "HG_SQL_DECISION_LAST", "HG_SQL_DECISION_FROM", "HG_SQL_CONFIG_GET", "HG_SQL_JOB_COUNTS",
	"HG_SQL_CSAT_LIST", "HG_SQL_JOURNAL_AFTER", "HG_SQL_JOURNAL_LAST", "HG_SQL_STATS", "HG_SQL_TRANSFER", "HG_SQL_TICKET_BY_LINK",
	"HG_SQL_TICKET_BY_LINK_ANY", "HG_SQL_THREAD_OF_KEY", "HG_SQL_WAITING_GET", "HG_SQL_WAITING_UNTIL", "HG_SQL_JOB_LIST_LANE",
	"HG_SQL_QUESTION_OPEN_OF", "HG_SQL_CONSENT_LIST",
	"HG_SQL_CONTACT_LIST", "HG_SQL_ALIAS_NEXT", "HG_SQL_ALIAS_BEGIN", "HG_SQL_MERGE_LIST", "HG_SQL_UNLINK_COUNT", "HG_SQL_UNLINK_NEEDED",
	"HG_SQL_RETAIN_CLOSED", "HG_SQL_RETAIN_RAW",
	"HG_SQL_ERASURE_BY_ID", "HG_SQL_ERASURE_OF",
	"HG_SQL_TOKEN_LIST", "HG_SQL_TOKEN_CHANGED",
	"HG_SQL_AUDIT_BY_ID", "HG_SQL_AUDIT_LIST", "HG_SQL_AUDIT_LIST_OBJECT", "HG_SQL_AUDIT_LIST_ACTION", "HG_SQL_AUDIT_LIST_PRINCIPAL",
	"HG_SQL_AUDIT_WALK", "HG_SQL_TICKET_LIST", "HG_SQL_TICKET_LIST_WORK", "HG_SQL_DECISION_RULES",
	"HG_SQL_VISITOR_ENDED", "HG_SQL_THREAD_VIEWED", "HG_SQL_THREAD_VISITED",
	/* they run while the store is opened, before it is known here */
	"HG_SQL_SCHEMA_ANY", "HG_SQL_NEWEST", "HG_SQL_INSTANCE_GET", "HG_SQL_INSTANCE_ADD",
	/* only when a thousand people are signed in */
	"HG_SQL_TOKEN_IDLEST",
	/* for nodes that share a database: a file has none */
	"HG_SQL_NODE_JOIN", "HG_SQL_NODE_BEAT", "HG_SQL_NODE_STATE", "HG_SQL_NODE_BY_NAME", "HG_SQL_NODE_LIST", "HG_SQL_LEASE_LIST",
	"HG_SQL_LEASE_SET", "HG_SQL_STALE_ADD", "HG_SQL_STALE_LIST",
	/* no command of today takes an address away */
	"HG_SQL_ALIAS_DELETE",
	/* no statement is behind these */
	"HG_SQL_SEEN_ADD", "HG_SQL_SEEN_AGAIN", "HG_SQL_N",
	NULL
};

static void cuts_pass_every_statement_that_writes(void **state)
{
	struct power_day *day = power_day_new(opts.confs, opts.seed, POWER_AS_IT_IS);
	g_auto(GStrv) names = slot_names();
	GHashTableIter iter;
	gpointer sql, cuts;
	guint missed = 0;
	(void)state;

	for (guint i = 0; names[i]; i++)
		if (!day->slots[i] && !g_strv_contains(outside, names[i])) {
			print_message("no cut lies in %s\n", names[i]);
			missed++;
		}
	g_hash_table_iter_init(&iter, day->ran);
	while (g_hash_table_iter_next(&iter, &sql, &cuts))
		if (!GPOINTER_TO_UINT(cuts)) {
			print_message("no cut lies in: %s\n", (char *)sql);
			missed++;
		}
	power_day_free(day);
	assert_int_equal(missed, 0);
}

/* What is wrong on purpose must be found; found by what is lost, nothing else being wrong. */
static void find_losses(enum power_how how, const char *name)
{
	struct power_day *day;
	struct share share;
	guint thin = opts.thin;

	opts.thin = 29;
	day = power_day_new(opts.confs, opts.seed, how);
	share = sweep_all(day, TRUE);
	opts.thin = thin;
	print_message("%s: ", name);
	tell_day(day, &share);
	power_day_free(day);
	record(name, share.lost, 0, NULL);
	assert_true(share.lost > share.cuts / 50);
	assert_int_equal(share.found, share.lost);
}

static void less_syncing_is_found_out(void **state)
{
	(void)state;
	find_losses(POWER_NORMAL, "power.normal");
}

static void acknowledging_before_the_commit_is_found_out(void **state)
{
	(void)state;
	find_losses(POWER_EARLY, "power.early");
}

/* ---- all of it ---- */
static int all_new(void **state)
{
	(void)state;
	opts.dir = lab_dir();
	opts.confs[0] = lab_conf_of(opts.dir, sim_chatty);
	opts.confs[1] = lab_conf_of(opts.dir, sim_strict);
	opts.confs[0]->store.journal_ms = opts.confs[1]->store.journal_ms = 20 * DAY_MS;	/* some of it expires */
	opts.confs[0]->store.audit_ms = opts.confs[1]->store.audit_ms = 20 * DAY_MS;
	return 0;
}

static int all_free(void **state)
{
	(void)state;
	hg_conf_unref(opts.confs[0]);
	hg_conf_unref(opts.confs[1]);
	assert_int_equal(g_rmdir(opts.dir), 0);
	g_free(opts.dir);
	return 0;
}

static gboolean number_of(const char *text, gint64 *ret)
{
	return text && g_ascii_string_to_signed(text, 10, 0, G_MAXUINT32, ret, NULL);
}

static gboolean read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		gint64 a = 0, b = 0, c = 0;

		if (!number_of(argv[i + 1], &a))
			return FALSE;
		if (strcmp(argv[i], "--cut") == 0) {
			if (i + 3 >= argc || !number_of(argv[i + 2], &b) || !number_of(argv[i + 3], &c))
				return FALSE;
			opts.one = TRUE;
			opts.operation = (guint)a;
			opts.loss = (guint)b;
			opts.dice = (guint32)c;
			opts.jobs = 1;
			i += 2;
		} else if (strcmp(argv[i], "--cuts") == 0) {
			opts.cuts = a;
			opts.thin = 1;
		} else if (strcmp(argv[i], "--seed") == 0) {
			opts.seed = (guint32)a;
		} else if (strcmp(argv[i], "--jobs") == 0) {
			opts.jobs = (guint)MAX(a, 1);
		} else if (strcmp(argv[i], "--thin") == 0) {
			opts.thin = (guint)MAX(a, 1);
		} else if (strcmp(argv[i], "--sample") == 0) {
			opts.sample = TRUE;
			opts.thin = (guint)MAX(a, 1);
		} else if (strcmp(argv[i], "--draws") == 0) {
			opts.draws = (guint)CLAMP(a, 1, DRAWS);
		} else {
			return FALSE;
		}
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_power_loss_takes_what_was_acknowledged),
		cmocka_unit_test(cuts_pass_every_statement_that_writes),
		cmocka_unit_test(less_syncing_is_found_out),
		cmocka_unit_test(acknowledging_before_the_commit_is_found_out),
	};
	const struct CMUnitTest one[] = { cmocka_unit_test(no_power_loss_takes_what_was_acknowledged) };

	opts.jobs = (guint)g_get_num_processors();
	if (!read_options(argc, argv)) {
		fprintf(stderr, "test_power [--cuts N] [--seed N] [--jobs N] [--thin N] [--sample N] [--draws N] [--cut OPERATION LOSS DICE]\n");
		return 64;
	}
	power_day_prepare();
	if (opts.one || opts.sample)
		return cmocka_run_group_tests(one, all_new, all_free);
	return cmocka_run_group_tests(tests, all_new, all_free);
}
