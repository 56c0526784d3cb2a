/* test_engine_queue.c - commands: copied whole, refused fairly, done by the engine's own thread */
#include "engine_fixture.h"

#include <string.h>

#include "queue.h"

#define ANA "tel:+447700900123"

static hg_command *batch_of(const char *channel)
{
	hg_command *command = hg_command_new(HG_CMD_INBOUND);

	command->channel = hg_arena_str(command->arena, channel);
	return command;
}

static gboolean put(hg_queue *queue, hg_command *command)
{
	g_autoptr(GError) error = NULL;

	if (hg_queue_put(queue, command, 1, &error))
		return TRUE;
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_BUSY));
	hg_command_free(command);
	return FALSE;
}

static void a_flood_of_one_channel_leaves_room_for_the_others(void **state)
{
	hg_queue *queue = hg_queue_new();
	guint flood = 0, calm = 0;
	(void)state;

	while (put(queue, batch_of("flood")))
		flood++;
	assert_in_range(flood, HG_QUEUE_INBOUND_MAX / 4, HG_QUEUE_INBOUND_MAX - 100);
	while (calm < 500 && put(queue, batch_of("calm")))
		calm++;
	assert_int_equal(calm, 500);
	hg_queue_free(queue);
}

static void channels_take_turns(void **state)
{
	hg_queue *queue = hg_queue_new();
	hg_command *list;
	guint calm = 0, n = 0;
	(void)state;

	for (int i = 0; i < 100; i++)
		assert_true(put(queue, batch_of("flood")));
	for (int i = 0; i < 3; i++)
		assert_true(put(queue, batch_of("calm")));
	list = hg_queue_take(queue, 10);
	for (hg_command *next; list; list = next, n++) {
		next = list->next;
		calm += strcmp(list->channel, "calm") == 0;
		hg_command_free(list);
	}
	assert_int_equal(n, 10);
	assert_int_equal(calm, 3);
	hg_queue_free(queue);
}

static void results_always_fit_and_go_first(void **state)
{
	hg_queue *queue = hg_queue_new();
	hg_command *list;
	(void)state;

	for (int i = 0; i < 20 * HG_QUEUE_API_MAX; i++)
		(void)put(queue, hg_command_new(HG_CMD_REPLY));
	for (int i = 0; i < 5000; i++)
		(void)put(queue, batch_of("wa"));
	for (int i = 0; i < 10000; i++)
		assert_true(put(queue, hg_command_new(HG_CMD_SENT)));
	list = hg_queue_take(queue, 1);
	assert_int_equal(list->kind, HG_CMD_SENT);
	hg_command_free(list);
	hg_queue_free(queue);
}

static void bytes_are_bounded_but_one_batch_always_fits(void **state)
{
	hg_queue *queue = hg_queue_new();
	hg_command *big = batch_of("wa");
	(void)state;

	hg_arena_alloc(big->arena, HG_QUEUE_BYTES_MAX);
	assert_true(put(queue, big));
	assert_false(put(queue, batch_of("wa")));
	assert_true(put(queue, batch_of("sms")));
	hg_queue_free(queue);
}

/* ---- copies ---- */

struct old_in {			/* a header that ended here */
	size_t size;
	int kind;
	const char *id;
};

static void arrays_of_older_and_newer_writers_are_read_by_their_stride(void **state)
{
	struct { struct hg_in in; char more[24]; } newer[2] = { 0 };
	struct old_in older[3] = { { sizeof(older[0]), HG_TEXT, "a" }, { sizeof(older[0]), HG_TEXT, "b" },
				   { sizeof(older[0]), HG_IMAGE, "c" } };
	struct hg_batch batch = { .size = sizeof(batch), .in = (const void *)older, .n_in = 3, .in_size = sizeof(older[0]) };
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_INBOUND);
	(void)state;

	must(hg_command_set_batch(command, &batch, e));
	assert_int_equal(command->batch.in_size, sizeof(struct hg_in));
	assert_string_equal(command->batch.in[1].id, "b");
	assert_int_equal(command->batch.in[2].kind, HG_IMAGE);
	assert_string_equal(command->batch.in[2].text, "");
	assert_null(command->batch.in[2].subject);
	newer[1].in = (struct hg_in){ .size = sizeof(newer[0]), .kind = HG_TEXT, .text = "second" };
	memset(newer[0].more, 0xff, sizeof(newer[0].more));
	batch = (struct hg_batch){ .size = sizeof(batch), .in = (const void *)newer, .n_in = 2, .in_size = sizeof(newer[0]) };
	must(hg_command_set_batch(command, &batch, e));
	assert_string_equal(command->batch.in[1].text, "second");
}

static void a_copy_outlives_what_it_was_made_from(void **state)
{
	char text[] = "hello", uri[] = "tel:+1", ref[] = "r1", raw[] = "raw";
	struct hg_address address = { uri, HG_PROVEN };
	struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .ref = ref, .data = raw, .bytes = 3 };
	const char *refs[] = { ref, NULL };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .text = text, .from = &address, .n_from = 1,
			    .files = &file, .n_files = 1, .refs = refs };
	struct hg_receipt receipt = { .size = sizeof(receipt), .state = HG_R_SENT, .id = ref };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .receipts = &receipt, .n_receipts = 1,
				  .raw = raw, .raw_len = 3 };
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_INBOUND);
	(void)state;

	must(hg_command_set_batch(command, &batch, e));
	memset(text, 'x', 5);
	memset(uri, 'x', 6);
	memset(ref, 'x', 2);
	memset(raw, 'x', 3);
	assert_string_equal(command->batch.in[0].text, "hello");
	assert_string_equal(command->batch.in[0].from[0].uri, "tel:+1");
	assert_string_equal(command->batch.in[0].files[0].ref, "r1");
	assert_memory_equal(command->batch.in[0].files[0].data, "raw", 3);
	assert_string_equal(command->batch.in[0].refs[0], "r1");
	assert_null(command->batch.in[0].refs[1]);
	assert_string_equal(command->batch.receipts[0].id, "r1");
	assert_memory_equal(command->batch.raw, "raw", 3);
}

static void text_becomes_valid_and_is_cut_between_characters(void **state)
{
	g_autofree char *big = g_malloc(400 * 1024 + 1);
	struct hg_in in[2] = { { .size = sizeof(in[0]), .kind = HG_TEXT, .text = "caf\xe9" } };
	struct hg_batch batch = { .size = sizeof(batch), .in = in, .n_in = 2, .in_size = sizeof(in[0]) };
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_INBOUND);
	(void)state;

	for (gsize i = 0; i < 400 * 1024; i += 2)
		memcpy(big + i, "\xc3\xa9", 2);
	big[400 * 1024] = '\0';
	in[1] = in[0];
	in[1].text = big;
	must(hg_command_set_batch(command, &batch, e));
	assert_string_equal(command->batch.in[0].text, "caf\xef\xbf\xbd");
	assert_in_range(strlen(command->batch.in[1].text), 250 * 1024, 256 * 1024);
	assert_true(g_utf8_validate(command->batch.in[1].text, -1, NULL));
}

static void what_is_beyond_all_bounds_is_refused(void **state)
{
	struct hg_address many[17] = { { "tel:+1", HG_PROVEN } };
	struct hg_file files[65] = { 0 };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .from = many, .n_from = 17 };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1 };
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_INBOUND);
	(void)state;

	must_fail(HG_ERROR_LIMIT, hg_command_set_batch(command, &batch, e));
	in.n_from = 1;
	in.files = files;
	in.n_files = 65;
	in.file_size = sizeof(files[0]);
	must_fail(HG_ERROR_LIMIT, hg_command_set_batch(command, &batch, e));
	batch.n_in = 1001;
	must_fail(HG_ERROR_LIMIT, hg_command_set_batch(command, &batch, e));
	batch = (struct hg_batch){ .size = sizeof(batch), .n_in = 1 };
	must_fail(HG_ERROR_INPUT, hg_command_set_batch(command, &batch, e));
	batch = (struct hg_batch){ .size = sizeof(batch), .raw = "x", .raw_len = 1u << 30 };
	must_fail(HG_ERROR_LIMIT, hg_command_set_batch(command, &batch, e));
}

/* ---- the thread ---- */

#define WRITERS 4
#define EACH	200

static gint answered;		/* atomic */

static void counted(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	(void)arg;
	(void)command;
	(void)answer;
	if (!error)
		g_atomic_int_inc(&answered);
}

static gpointer write_many(gpointer arg)
{
	hg_lab *lab = arg;

	for (int i = 0; i < EACH; i++) {
		/* Each id comes from all the threads: one of them is first. */
		g_autofree char *id = g_strdup_printf("wamid.%d", i);
		g_autofree char *uri = g_strdup_printf("tel:+44770090%04d", i % 10);
		struct hg_address address = { uri, HG_PROVEN };
		struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = id, .text = "hello", .from = &address,
				    .n_from = 1 };
		hg_command *command = batch_of("wa");

		command->space = "fake";
		command->done = counted;
		must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in,
					  .n_in = 1 }, e));
		must(hg_engine_submit(lab->engine, command, e));
	}
	return NULL;
}

/* Whose arg is told of an answer, or that something leaves. */
static void heard_when_kept(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	hg_lab *lab = arg;
	gint64 last_n;
	(void)command;
	(void)answer;
	(void)error;

	must(hg_store_event_last(lab->w->store, &last_n, e));
	assert_true(last_n > 0);
	assert_int_equal(lab->kept_n, last_n);
	g_atomic_int_inc(&answered);
}

/* Who was answered, and then asks how far the search index is, must not hear that all is in it. */
static void nobody_is_answered_before_it_is_said_up_to_where_all_is_kept(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	g_atomic_int_set(&answered, 0);
	lab->told = heard_when_kept;
	lab->told_arg = lab;
	for (int i = 1; i <= 3; i++) {
		lab_say(lab, "tel:+447700900123", "hello");
		assert_true(g_atomic_int_get(&answered) >= i);
	}
}

static void many_threads_write_and_each_message_is_there_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_engine_stats stats;
	GThread *threads[WRITERS];
	(void)state;

	g_atomic_int_set(&answered, 0);
	must(hg_engine_start(lab->engine, e));
	for (gsize i = 0; i < WRITERS; i++)
		threads[i] = g_thread_new("writer", write_many, lab);
	for (gsize i = 0; i < WRITERS; i++)
		g_thread_join(threads[i]);
	/* Stopping does what waits. */
	hg_engine_stop(lab->engine);
	assert_int_equal(g_atomic_int_get(&answered), WRITERS * EACH);
	lab_counts(lab, EACH, "SELECT count(*) FROM message");
	lab_counts(lab, 10, "SELECT count(*) FROM thread");
	hg_engine_get_stats(lab->engine, &stats);
	assert_int_equal(stats.inbound, WRITERS * EACH);
	assert_int_equal(stats.duplicates, (WRITERS - 1) * EACH);
	assert_true(stats.groups < stats.commands);
	assert_int_equal(stats.queue, 0);
	lab_audit(lab);
}

static void with_the_disk_nearly_full_only_results_are_taken(void **state)
{
	only_on_sqlite();
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_command *command;
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_reply(lab, lab_thread(lab), "hi");
	lab->conf->store.min_free = G_MAXINT64;
	lab_wait(lab, MINUTE_MS);
	command = batch_of("wa");
	must_fail(HG_ERROR_BUSY, hg_engine_submit(lab->engine, command, e));
	hg_command_free(command);
	command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));
	must_fail(HG_ERROR_BUSY, hg_engine_submit(lab->engine, command, e));
	hg_command_free(command);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_SENT, .id = "p1" });
	lab_counts(lab, HG_DLV_SENT, "SELECT delivery FROM message WHERE direction = 2 AND author = 2");
	/* There is room again: no restart is needed. */
	lab->conf->store.min_free = 1 << 20;
	lab_wait(lab, MINUTE_MS);
	lab_say(lab, ANA, "hello again");
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 1");
}

static void a_new_configuration_takes_effect_between_two_rounds(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_say(lab, ANA, "hello");
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_reload(lab, "rules:\n  - name: none\n    do: { ignore: noise }\n");
	lab_reload(lab, "rules:\n  - name: all\n    do: { convert: {} }\n");
	lab_say(lab, ANA, "hello again");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_counts(lab, 2, "SELECT count(DISTINCT config_hash) FROM decision");
}

/* By the journal what is done before that would have been done by the rules before. */
static void nothing_is_done_before_a_new_configuration_is_on_disk(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "hello");
	gboolean ok = TRUE;
	(void)state;

	lab_run(lab);
	world_plant(lab->w, "CREATE TRIGGER no_more BEFORE INSERT ON journal WHEN new.kind = 5 BEGIN SELECT RAISE(ABORT, 'no more'); END");
	lab_reload(lab, "default: hold\n");
	lab_queue(lab, "wa", &in, 1);
	assert_true(hg_engine_step(lab->engine, &ok) > 0 && !ok);
	assert_true(hg_engine_step(lab->engine, &ok) > 0 && !ok);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message");
	assert_int_equal(lab->refused + lab->stored, 0);
	world_plant(lab->w, "DROP TRIGGER no_more");
	lab_run(lab);
	assert_int_equal(lab->stored, 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message");
	lab_counts(lab, 1, "SELECT (SELECT n FROM journal WHERE kind = 5) < (SELECT n FROM journal WHERE kind = 1)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_of_one_channel_leaves_room_for_the_others),
		cmocka_unit_test(channels_take_turns),
		cmocka_unit_test(results_always_fit_and_go_first),
		cmocka_unit_test(bytes_are_bounded_but_one_batch_always_fits),
		cmocka_unit_test(arrays_of_older_and_newer_writers_are_read_by_their_stride),
		cmocka_unit_test(a_copy_outlives_what_it_was_made_from),
		cmocka_unit_test(text_becomes_valid_and_is_cut_between_characters),
		cmocka_unit_test(what_is_beyond_all_bounds_is_refused),
		cmocka_unit_test(nobody_is_answered_before_it_is_said_up_to_where_all_is_kept),
		cmocka_unit_test(many_threads_write_and_each_message_is_there_once),
		cmocka_unit_test(with_the_disk_nearly_full_only_results_are_taken),
		cmocka_unit_test(a_new_configuration_takes_effect_between_two_rounds),
		cmocka_unit_test(nothing_is_done_before_a_new_configuration_is_on_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
