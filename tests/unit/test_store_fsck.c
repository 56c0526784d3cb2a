/* test_store_fsck.c - the audit finds each breach planted past the store, and none where there is none */
#include "store_fixture.h"
#include "store_postgres.h"
#include "transfer.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

/* ---- what an audit said ---- */
struct said { guint many; char invariant[8], id[256], remedy[256]; };

static void note(void *arg, const char *invariant, const char *id, const char *remedy)
{
	struct said *said = arg;

	if (!said->many++) {	/* the first one */
		g_strlcpy(said->invariant, invariant, sizeof(said->invariant));
		g_strlcpy(said->id, id, sizeof(said->id));
		g_strlcpy(said->remedy, remedy, sizeof(said->remedy));
	}
}

static struct said audit(struct world *w)
{
	struct said said = { 0 };
	g_autoptr(hg_store) reader = NULL;
	guint breaches = 99;

	/* Its limit does not hold for an audit; a server has to be asked within it before. */
	must((reader = hg_store_open_reader(&w->options, postgres_server() ? 10000 : 1, e)));
	must(hg_store_fsck(reader, w->options.attachments, note, &said, &breaches, e));
	assert_int_equal(breaches, said.many);
	return said;
}

static void expect(struct world *w, const char *invariant, const char *id_part)
{
	struct said said = audit(w);

	if (said.many != 1 || strcmp(said.invariant, invariant) != 0 || !strstr(said.id, id_part))
		fail_msg("%s: %u breaches, first %s %s", invariant, said.many, said.invariant, said.id);
	assert_true(strlen(said.remedy) > 10);
}

/* ---- a store with something of everything ---- */
struct day { hg_contact *ana, *bo; hg_thread *a, *b; hg_message *in, *out; hg_ticket ticket; hg_job *job; };

static hg_job *to_tell(struct world *w, hg_thread *thread)
{
	hg_job *job = hg_arena_alloc(w->arena, sizeof(*job));

	*job = (hg_job){ .target = HG_TO_BACKEND, .name = "desk", .lane = thread->id, .due_ms = T0, .thread_n = thread->n,
			 .event_n = thread->last_event_n, .file = -1 };
	must(hg_store_job_add(w->store, job, e));
	return job;
}

static struct day a_day(struct world *w)
{
	struct day d;
	hg_alias alias = { "tel:+1", 0, HG_PROVEN, T0 };
	hg_receipt_row receipt = { .channel = "wa", .external_id = "x", .state = HG_R_DELIVERED, .got_ms = T0 };
	hg_timer settle = { 0, "settle", T0, NULL };
	gint64 raw_n;

	must(hg_store_begin(w->store, e));
	d.ana = a_contact(w, "Ana");
	d.bo = a_contact(w, "Bo");
	alias.contact_n = d.ana->n;
	must(hg_store_alias_add(w->store, &alias, e));
	d.a = a_thread(w, d.ana, "");
	d.b = a_thread(w, d.bo, "");
	must(hg_store_raw_add(w->store, "wa", "webhook", T0, "x", 1, &raw_n, e));
	for (int i = 0; i < 3; i++) {
		d.in = a_message(w, i % 2 ? d.b : d.a, HG_INBOUND, "hi");
		an_event(w, i % 2 ? d.b : d.a, "message.received");
	}
	must(hg_store_seen_set(w->store, "wa", "x", T0, d.in->n, e));
	d.out = a_message(w, d.a, HG_OUTBOUND, "hello");
	d.out->delivery = HG_DLV_DELIVERED;
	d.out->raw_n = raw_n;
	must(hg_store_message_update(w->store, d.out, e));
	receipt.message_n = d.out->n;
	must(hg_store_receipt_add(w->store, &receipt, e));
	receipt.message_n = 0;
	must(hg_store_receipt_add(w->store, &receipt, e));
	d.ticket = (hg_ticket){ .thread_n = d.a->n, .state = HG_TICKET_OPEN, .subject = "s" };
	hg_id_new(&test_env, "tkt", d.ticket.id);
	must(hg_store_ticket_add(w->store, w->arena, &d.ticket, "TK-%d", 1, e));
	d.a->ticket_n = d.ticket.n;
	d.a->reply_to = "tel:+1";
	must(hg_store_thread_update(w->store, d.a, e));
	settle.thread_n = d.a->n;
	must(hg_store_timer_set(w->store, &settle, e));
	d.job = to_tell(w, d.a);
	to_tell(w, d.a);
	must(hg_store_cursor_set(w->store, "mail", "{\"folders\":{\"INBOX\":{\"v\":7,\"uid\":9,\"since\":1,\"to\":12}}}", e));
	must(hg_store_cursor_set(w->store, "sms", "4294967295000000", e));	/* its provider's own */
	must(hg_store_cursor_set(w->store, "backend:desk", "1700000000000 next", e));
	must(hg_store_commit(w->store, e));
	return d;
}

static void a_sound_store_has_no_breach(void **state)
{
	struct world *w = *state;
	struct said said = audit(w);

	assert_int_equal(said.many, 0);
	a_day(w);
	said = audit(w);
	if (said.many)
		fail_msg("%s %s", said.invariant, said.id);
	/* Also through the daemon's own connection, in between its transactions. */
	must(hg_store_fsck(w->store, w->options.attachments, note, &said, &said.many, e));
	assert_int_equal(said.many, 0);
}

#define JOINING "INSERT INTO joining (n, channel, sender, ours, ref, parts, state, since_ms) VALUES (7, 'sms', 'tel:+1', '', '1', 2, 1, 0); "
#define TIMER "INSERT INTO timer (thread_n, kind, due_ms) VALUES (0, 'pieces:7', 0); "
#define TOKEN(kind, name, hash, scopes) "INSERT INTO token VALUES (1, 'tok_1', " name ", " kind ", " hash ", " scopes \
	", NULL, 'x', 1, 0, 0, 0, 0)"
#define PIECE(part) "INSERT INTO piece (joining_n, part, item, own_raw, at_ms) VALUES (7, " #part ", x'00', 0, 0); "
#define EPISODE(n, number) "INSERT INTO episode VALUES (" #n ", 1, " #number ", 'wa', 'default', 0, 1, 1, 0, 0, 2, 1, 0, " \
	"1, 1, 0, 0, NULL, 0, 2, 1, 0, 0, 0, 0);"

/* One breach each; %N stands for the numbers in a_day(): a's thread is 1, messages 1 3 4 in a and 2 in b. */
static const struct plant { const char *invariant, *id_part, *sql; } plants[] = {
	{ "I1", "msg_", "UPDATE message SET raw_n = 99 WHERE n = 1" },
	{ "I1", "msg_", "DELETE FROM raw" },
	{ "I2", "message 99", "UPDATE seen SET message_n = 99" },
	{ "I3", "msg_", "UPDATE message SET prev_n = 2 WHERE n = 3" },		/* another thread's */
	{ "I3", "msg_", "UPDATE message SET prev_n = 1 WHERE n = 4" },		/* two follow one */
	{ "I3", "thr_", "UPDATE thread SET last_message_n = 1 WHERE n = 1" },
	{ "I3", "thr_", "UPDATE thread SET last_seq = 9 WHERE n = 1" },
	{ "I3", "thr_", "UPDATE thread SET last_event_n = NULL WHERE n = 1" },
	{ "I3", "evt_", "UPDATE event SET seq = 5 WHERE n = 3" },
	{ "I3", "evt_", "UPDATE event SET prev_n = 2 WHERE n = 3" },
	{ "I4", "thr_", "DROP INDEX thread_open; INSERT INTO thread (n, id, contact_n, scope, key, state, "
		"resolution, version, opened_ms, last_ms, first_message_ms, last_customer_ms, first_response_ms, first_bot_ms, "
		"closed_ms, converted_ms, messages, inbound, outbound, last_seq, held, reopened, ep_opened_ms) SELECT 9, "
		"'thr_two', contact_n, scope, key, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 "
		"FROM thread WHERE n = 1" },
	{ "I5", "tkt_", "DROP INDEX ticket_open; INSERT INTO ticket (n, id, thread_n, number, state, subject, created_ms, "
		"changed_ms, confirmed) SELECT 9, 'tkt_two', thread_n, 'TK-9', 1, 's', 0, 0, 0 FROM ticket WHERE n = 1" },
	{ "I5", "thr_", "UPDATE thread SET ticket_n = 99 WHERE n = 1" },
	{ "I5", "thr_", "UPDATE thread SET ticket_n = 1 WHERE n = 2" },		/* it is another's */
	{ "I14", "episode 1 of thr_", "UPDATE thread SET episode = 2, episode_n = 1 WHERE n = 1; " EPISODE(1, 1)
		"UPDATE episode SET restored_ms = 5" },				/* nothing was dropped */
	{ "I14", "thr_", "UPDATE thread SET episode = 1, episode_n = 1, state = 2, ep_opened_ms = 0, ticket_n = NULL WHERE n = 1; "
		EPISODE(1, 1) "UPDATE episode SET resolution = 2" },		/* and nobody will look */
	{ "I6", "job 1 to desk", "UPDATE outbox SET event_n = NULL WHERE n = 1" },
	{ "I6", "job 2 to desk", "UPDATE outbox SET event_n = (SELECT last_event_n FROM thread WHERE n = 2) WHERE n = 2" },
	{ "I6", "msg_", "DELETE FROM receipt; UPDATE message SET delivery = 1 WHERE n = 4" },	/* nobody will send it */
	{ "I6", "msg_", "DELETE FROM receipt; UPDATE message SET delivery = 3 WHERE n = 4" },	/* nor ask about it */
	{ "I16", "mail", "UPDATE cursor SET value = '{\"folders\":{\"INBOX\":{\"v\":7,\"uid\":9,\"since\":9000000000000,\"to\":12}}}' "
		"WHERE channel = 'mail'" },
	{ "I16", "sms", "UPDATE cursor SET value = '{\"since\":9000000000000}' WHERE channel = 'sms'" },
	{ "I16", "backend:desk", "UPDATE cursor SET value = '9000000000000 next' WHERE channel = 'backend:desk'" },
	{ "I7", "lane desk", "UPDATE outbox SET state = 1" },			/* nobody is at work */
	{ "I7", "lane desk", "UPDATE outbox SET state = 2" },			/* two are */
	{ "I8", "job 1 to desk", "UPDATE outbox SET state = 3, changed_ms = changed_ms - 1000000 WHERE n = 1" },
	{ "I9", "receipt 2", "UPDATE receipt SET got_ms = got_ms - 86400000 * 32 WHERE n = 2" },
	{ "I10", "msg_", "UPDATE message SET delivery = 4 WHERE n = 4" },	/* shows sent, was delivered */
	{ "I10", "msg_", "INSERT INTO receipt SELECT 9, message_n, channel, external_id, key, 5, 0, 0, 0, 0, NULL, NULL, "
		"NULL FROM receipt WHERE n = 1" },				/* failed too, and not marked */
	{ "I11", "msg_", "UPDATE message SET direction = 3 WHERE n = 4; UPDATE outbox SET target = 1, message_n = 4 "
		"WHERE n = 1; DELETE FROM receipt; DELETE FROM outbox WHERE n = 2" },
	{ "I12", "thr_", "UPDATE address SET contact_n = 2" },
	{ "I17", "contact 1", "UPDATE contact SET merged_into = 1 WHERE n = 1" },
	{ "I21", "thr_", "UPDATE thread SET ep_opened_ms = 0, episode = 0 WHERE n = 2" },	/* open without one */
	{ "I21", "thr_", "UPDATE thread SET episode = 2 WHERE n = 2" },		/* one begun is nowhere */
	{ "I21", "thr_", "UPDATE thread SET episode_n = 5 WHERE n = 2" },
	{ "I21", "thr_", "UPDATE thread SET episode = 3, episode_n = 2 WHERE n = 1; " EPISODE(1, 1) EPISODE(2, 1) },
	{ "I22", "what waits of contact 1", "INSERT INTO waiting (n, contact_n, channel, item, own_raw, newcomer, at_ms, ready_ms) "
		"VALUES (1, 1, 'wa', x'00', 0, 0, 0, 0)" },			/* nobody's turn */
	{ "I22", "ask_lost", "INSERT INTO question (id, waiting_n, contact_n, hook, state, asked_ms, deadline_ms, ms) "
		"VALUES ('ask_lost', 7, 1, 'crm', 1, 0, 0, -1)" },
	{ "I23", "message in pieces 7", JOINING PIECE(1) },			/* no timer will end it */
	{ "I23", "message in pieces 7", JOINING TIMER },			/* none of it is there */
	{ "I23", "message in pieces 7", JOINING TIMER PIECE(1) PIECE(2) },	/* it is whole, and nobody was told */
	{ "I23", "timer pieces:7", TIMER },
	{ "I24", "con_", "INSERT INTO merging VALUES (1, 1, 2, 0, 'w', '{}', 0)" },	/* and the contact is its own */
	{ "I24", "con_", "INSERT INTO merging VALUES (1, 1, 2, 0, 'w', '{}', 5); UPDATE contact SET merged_into = 2 WHERE n = 1" },
	{ "I25", "visit of thread 99", "INSERT INTO visit VALUES ('widget:a', 99, 0, 0, 0, 0)" },
	{ "I25", "thr_", "INSERT INTO visit VALUES ('widget:a', 1, 2, 0, 0, 0)" },	/* what he has read is another's */
	{ "I27", "tag of thread 99", "INSERT INTO thread_tag VALUES ('vip', 99)" },
	{ "I27", "thr_", "INSERT INTO thread_tag VALUES ('vip', 1)" },		/* it has no such tag */
	{ "I27", "thr_", "UPDATE thread SET tags = '[\"vip\"]' WHERE n = 1" },	/* and is not found by it */
	{ "I26", "tok_1", TOKEN("1", "'x'", "X'00'", "'read'") },
	{ "I26", "tok_1", TOKEN("4", "'x'", "randomblob(32)", "'read'") },
	{ "I26", "tok_1", TOKEN("1", "''", "randomblob(32)", "'read'") },
	{ "I26", "tok_1", TOKEN("1", "'x'", "randomblob(32)", "''") },
	{ "I26", "tok_1", TOKEN("1", "'x'", "randomblob(32)", "'read'") "; INSERT INTO token SELECT 9, 'tok_0', name, kind, "
		"randomblob(32), scopes, NULL, made_by, 1, 0, 0, 0, 0 FROM token" },	/* two programs of one name */
	{ "I28", "audits: the newest rows are gone", "UPDATE audit_chain SET last_n = 3" },
	{ "I28", "audit aud_1: row 1 was added", "INSERT INTO audit VALUES (1, 'aud_1', 0, 'x', NULL, 'thread.note', 'thread', NULL, 'ok', "
		"NULL, NULL, NULL, randomblob(32))" },
	{ "I18", "timer settle", "UPDATE timer SET thread_n = 99" },
	{ "I18", "ticket", "PRAGMA foreign_keys = OFF; UPDATE ticket SET thread_n = 99" },
};

static void each_planted_breach_is_found(void **state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(plants); i++) {
		void *world = NULL;

		if (postgres_server() && strstr(plants[i].sql, "PRAGMA"))
			continue;	/* that server keeps its references itself */
		world_new(&world);
		a_day(world);
		world_plant(world, plants[i].sql);
		expect(world, plants[i].invariant, plants[i].id_part);
		world_free(&world);
	}
	(void)state;
}

static void merges_that_go_round_are_told_for_each_of_them(void **state)
{
	struct world *w = *state;
	struct said said;

	a_day(w);
	world_plant(w, "UPDATE contact SET merged_into = 3 - n");
	said = audit(w);
	assert_int_equal(said.many, 2);
	assert_string_equal(said.invariant, "I17");
}

static void the_address_of_a_merged_contact_is_ones_own(void **state)
{
	struct world *w = *state;

	a_day(w);
	/* Bo was merged into Ana, and the thread went with him. */
	world_plant(w, "UPDATE contact SET merged_into = 1 WHERE n = 2; UPDATE address SET contact_n = 2");
	assert_int_equal(audit(w).many, 0);
}

static void a_wrong_schema_number_is_found(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	struct said said = { 0 };
	guint breaches;

	/* A reader would refuse it: the running daemon's own connection sees it. */
	world_plant(w, "PRAGMA user_version = 999");
	must(hg_store_fsck(w->store, NULL, note, &said, &breaches, e));
	assert_int_equal(breaches, 1);
	assert_string_equal(said.invariant, "I19");
	world_plant(w, "PRAGMA user_version = 1");
}

static void a_missing_reserve_is_found(void **state)
{
	only_on_sqlite();
	struct world *w = *state;

	w->options.ballast = 1 << 20;
	world_reopen(w);
	assert_int_equal(audit(w).many, 0);
	g_remove(world_path(w, "-ballast"));
	expect(w, "I20", "-ballast");
}

static void a_damaged_page_is_found(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	gint64 page = world_count(w, "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_event_1'");
	guint8 junk[64];
	struct said said;
	int fd;

	a_day(w);
	hg_store_close(g_steal_pointer(&w->store));
	fd = open(w->options.path, O_WRONLY);
	memset(junk, 0x5a, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096 - 64), 64);	/* the last cell's bytes */
	close(fd);
	said = audit(w);
	assert_true(said.many > 0);
	assert_string_equal(said.invariant, "I18");
}

/* ---- attachment files ---- */
static hg_attachment a_file(struct world *w, const char *bytes)
{
	hg_attachment a = { .kind = HG_FILE, .state = HG_FILE_STORED };
	char *sha256 = hg_arena_alloc(w->arena, 65);
	hg_upload *upload;

	must((upload = hg_upload_new(w->options.attachments, e)));
	must(hg_upload_write(upload, bytes, strlen(bytes), e));
	must(hg_upload_finish(upload, sha256, &a.bytes, e));
	a.sha256 = sha256;
	hg_id_new(&test_env, "att", a.id);
	in_txn(w, a.message_n = a_message(w, a_thread(w, a_contact(w, "Ana"), ""), HG_INBOUND, "")->n;
	       must(hg_store_attachment_add(w->store, &a, e)));
	return a;
}

static void a_missing_a_changed_and_an_orphan_file_are_found(void **state)
{
	struct world *w = *state;
	hg_attachment a = a_file(w, "hello");
	g_autofree char *path = hg_attachment_path(w->options.attachments, a.sha256);
	g_autofree char *other = g_strdup(path);

	assert_int_equal(audit(w).many, 0);
	assert_true(g_file_set_contents(path, "HELLO", 5, NULL));
	expect(w, "I13", a.id);
	assert_true(g_file_set_contents(path, "hello", 5, NULL));
	assert_int_equal(audit(w).many, 0);

	/* An orphan counts only when it is older than any upload under way. */
	other[strlen(other) - 1] ^= 1;
	assert_true(g_file_set_contents(other, "x", 1, NULL));
	assert_int_equal(utime(other, &(struct utimbuf){ T0 / 1000, T0 / 1000 }), 0);
	assert_int_equal(audit(w).many, 0);
	assert_int_equal(utime(other, &(struct utimbuf){ T0 / 1000 - 7200, T0 / 1000 - 7200 }), 0);
	expect(w, "I13", other);
	g_remove(other);

	/* What visitors send is of others' keeping, as long as it takes. */
	g_free(other);
	other = g_build_filename(w->options.attachments, HG_STORE_UPLOADS, NULL);
	assert_int_equal(g_mkdir(other, 0700), 0);
	g_free(other);
	other = g_build_filename(w->options.attachments, HG_STORE_UPLOADS, "sent", NULL);
	assert_true(g_file_set_contents(other, "x", 1, NULL));
	assert_int_equal(utime(other, &(struct utimbuf){ T0 / 1000 - 7200, T0 / 1000 - 7200 }), 0);
	assert_int_equal(audit(w).many, 0);

	g_remove(path);
	expect(w, "I13", a.id);
	world_plant(w, "UPDATE attachment SET sha256 = '../../../etc/passwd'");
	expect(w, "I13", a.id);
}

/* Where a folder is shared nobody can tell for a day whether another node is at it. */
static void what_a_dead_node_was_writing_is_left_to_a_start(void **state)
{
	struct world *w = *state;
	g_autofree char *path = g_build_filename(w->options.attachments, "tmp", "upload-1", NULL);

	assert_true(g_file_set_contents(path, "x", 1, NULL));
	assert_int_equal(utime(path, &(struct utimbuf){ T0 / 1000 - 7200, T0 / 1000 - 7200 }), 0);
	if (!postgres_server())
		expect(w, "I13", path);
	w->options.shared_for_test = TRUE;
	assert_int_equal(audit(w).many, 0);
	assert_int_equal(utime(path, &(struct utimbuf){ T0 / 1000 - 3 * 86400, T0 / 1000 - 3 * 86400 }), 0);
	expect(w, "I13", path);
}

/* On a server, whose answers would else come whole: copying, comparing and auditing hold a part of a table at a time. */
static void long_reads_hold_few_rows(void **state)
{
	struct world *w = *state;
	struct hg_store_options beside = { .driver = "sqlite", .path = world_path(w, "-copy"), .env = &test_env };
	struct hg_transfer_sum sum;
	struct said said = { 0 };
	hg_store *copy;
	guint breaches;

	if (!w->options.url)
		skip();
	world_plant(w, "INSERT INTO raw (channel, kind, at_ms, bytes, file) SELECT 'wa', 'x', i, CAST('x' AS BLOB), 'no hash' "
		    "FROM generate_series(1, 1000) AS s(i)");
	beside.key = hg_store_instance_key(w->store);
	must((copy = hg_store_open(&beside, e)));
	must(hg_store_transfer(w->store, copy, NULL, NULL, &sum, e));
	assert_in_range(sum.new_rows, 1000, 1100);
	assert_in_range(hg_store_cost(w->store).most_rows, 2, 100);
	must(hg_store_fsck(w->store, w->options.attachments, note, &said, &breaches, e));
	assert_int_equal(breaches, 1000);
	assert_in_range(hg_store_cost(w->store).most_rows, 2, 100);
	hg_store_close(copy);
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(a_sound_store_has_no_breach),
		cmocka_unit_test(each_planted_breach_is_found),
		store_test(merges_that_go_round_are_told_for_each_of_them),
		store_test(the_address_of_a_merged_contact_is_ones_own),
		store_test(a_wrong_schema_number_is_found),
		store_test(a_missing_reserve_is_found),
		store_test(a_damaged_page_is_found),
		store_test(a_missing_a_changed_and_an_orphan_file_are_found),
		store_test(what_a_dead_node_was_writing_is_left_to_a_start),
		store_test(long_reads_hold_few_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
