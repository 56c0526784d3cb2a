/* test_command_pack.c - commands as bytes and back: every field, and no bytes that are none */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>
#include <cmocka.h>

#include "command_pack.h"

/* ---- a struct with something in every field, and two of them compared, by their tables ---- */

static void *at(void *of, guint offset)
{
	return (guint8 *)of + offset;
}

static void fill(const struct hg_shape *shape, void *of, hg_arena *arena, guint *count);

static void *fill_list(const struct hg_row *row, hg_arena *arena, guint *count)
{
	guint8 *items = hg_arena_alloc(arena, 2 * row->of->size);

	fill(row->of, items, arena, count);
	fill(row->of, items + row->of->size, arena, count);
	return items;
}

static const char *word(hg_arena *arena, guint n)
{
	g_autofree char *text = g_strdup_printf("word %u \xc3\xa4", n);

	return hg_arena_str(arena, text);
}

static void fill_row(const struct hg_row *row, void *of, hg_arena *arena, guint *count)
{
	void *slot = at(of, row->offset);
	const char **words;

	++*count;
	switch (row->type) {
	case HG_ROW_INT:
		*(int *)slot = *count % 2 ? (int)*count : -(int)*count;
		break;
	case HG_ROW_FLAG:
		*(bool *)slot = true;
		break;
	case HG_ROW_TRUTH:
		*(gboolean *)slot = TRUE;
		break;
	case HG_ROW_INT64:
		*(gint64 *)slot = 3 + *count % 7;	/* some are lengths */
		break;
	case HG_ROW_TEXT:
		*(const char **)slot = *count % 5 ? word(arena, *count) : "";
		break;
	case HG_ROW_BYTES:
		*(const void **)slot = hg_arena_mem(arena, "\0\377bytes bytes", *(gsize *)at(of, row->length));
		break;
	case HG_ROW_PRINT:
		memset(slot, (int)*count | 1, row->most);
		break;
	case HG_ROW_WORDS:
		words = hg_arena_alloc(arena, 3 * sizeof(*words));
		words[0] = word(arena, *count);
		words[1] = "";
		*(const char *const **)slot = words;
		break;
	case HG_ROW_STRUCT:
		fill(row->of, slot, arena, count);
		break;
	default:
		*(void **)slot = fill_list(row, arena, count);
		*(gsize *)at(of, row->length) = 2;
		if (row->stride != HG_ROW_NOWHERE)
			*(gsize *)at(of, row->stride) = row->of->size;
	}
}

static void fill(const struct hg_shape *shape, void *of, hg_arena *arena, guint *count)
{
	if (shape->size_at != HG_ROW_NOWHERE)
		*(gsize *)at(of, shape->size_at) = shape->size;
	for (const struct hg_row *row = shape->rows; row->tag; row++)
		fill_row(row, of, arena, count);
}

static void assert_same(const struct hg_shape *shape, void *a, void *b, unsigned without);

static void assert_row_same(const struct hg_row *row, void *a, void *b, unsigned without)
{
	void *x = at(a, row->offset), *y = at(b, row->offset);
	gsize n;

	switch (row->type) {
	case HG_ROW_INT:
	case HG_ROW_TRUTH:
		assert_int_equal(*(int *)x, *(int *)y);
		break;
	case HG_ROW_FLAG:
		assert_int_equal(*(bool *)x, *(bool *)y);
		break;
	case HG_ROW_INT64:
		assert_int_equal(*(gint64 *)x, *(gint64 *)y);
		break;
	case HG_ROW_TEXT:
		assert_string_equal(*(const char **)x, *(const char **)y);
		break;
	case HG_ROW_BYTES:
		assert_int_equal(*(gsize *)at(a, row->length), *(gsize *)at(b, row->length));
		assert_memory_equal(*(void **)x, *(void **)y, *(gsize *)at(a, row->length));
		break;
	case HG_ROW_PRINT:
		assert_memory_equal(x, y, row->most);
		break;
	case HG_ROW_WORDS:
		assert_true(g_strv_equal(*(const char *const **)x, *(const char *const **)y));
		break;
	case HG_ROW_STRUCT:
		assert_same(row->of, x, y, without);
		break;
	default:
		n = *(gsize *)at(a, row->length);
		assert_int_equal(n, *(gsize *)at(b, row->length));
		if (row->stride != HG_ROW_NOWHERE)
			assert_int_equal(row->of->size, *(gsize *)at(b, row->stride));
		for (gsize i = 0; i < n; i++)
			assert_same(row->of, *(guint8 **)x + i * row->of->size, *(guint8 **)y + i * row->of->size,
				    without);
	}
}

static void assert_same(const struct hg_shape *shape, void *a, void *b, unsigned without)
{
	if (shape->size_at != HG_ROW_NOWHERE)
		assert_int_equal(*(gsize *)at(b, shape->size_at), shape->size);
	for (const struct hg_row *row = shape->rows; row->tag; row++)
		if (row->flags & without)
			assert_null(*(void **)at(b, row->offset));
		else
			assert_row_same(row, a, b, without);
}

static hg_command *filled(void)
{
	hg_command *command = hg_command_new(0);
	hg_arena *arena = command->arena;
	guint count = 0;

	fill(&hg_shape_command, command, arena, &count);
	command->arena = arena;
	return command;
}

static void every_field_comes_back(void **state)
{
	g_autoptr(hg_command) command = filled(), back = NULL, bare = NULL;
	g_autoptr(GString) bytes = g_string_new(NULL), again = g_string_new(NULL), few = g_string_new(NULL);
	(void)state;

	hg_command_pack(command, HG_PACK_ALL, bytes);
	assert_true(hg_command_unpack(bytes->str, bytes->len, &back, NULL));
	assert_same(&hg_shape_command, command, back, 0);
	hg_command_pack(back, HG_PACK_ALL, again);
	assert_true(g_string_equal(bytes, again));

	hg_command_pack(command, HG_PACK_WITHOUT_RAW, few);
	assert_true(few->len < bytes->len);
	assert_true(hg_command_unpack(few->str, few->len, &bare, NULL));
	assert_same(&hg_shape_command, command, bare, HG_ROW_RAW);
	assert_int_equal(bare->batch.raw_len, command->batch.raw_len);
}

static void an_item_comes_back_alone(void **state)
{
	g_autoptr(hg_command) command = filled();
	g_autoptr(GString) bytes = g_string_new(NULL);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_in *in = (struct hg_in *)(void *)command->batch.in, back;
	(void)state;

	hg_in_pack(in, HG_PACK_ALL, bytes);
	assert_true(hg_in_unpack(bytes->str, bytes->len, arena, &back, NULL));
	assert_same(&hg_shape_in, in, &back, 0);
}

/* A result of two words costs little more than its two words. */
static void what_is_not_said_costs_nothing(void **state)
{
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_SENT);
	g_autoptr(GString) bytes = g_string_new(NULL);
	(void)state;

	command->channel = "wa";
	command->job_n = 5;
	command->sent.id = "wamid.1";
	hg_command_pack(command, HG_PACK_ALL, bytes);
	assert_true(bytes->len < 22);
}

/* ---- the tables against the headers ---- */

static char *body_of(const char *text, const char *name)
{
	g_autofree char *pattern = g_strdup_printf("^struct %s \\{(.*?)^\\};", name);
	g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE | G_REGEX_DOTALL, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	return g_regex_match(regex, text, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

static gboolean shape_names(const struct hg_shape *shape, const char *field)
{
	for (const char *const *name = shape->without; name && *name; name++)
		if (strcmp(*name, field) == 0)
			return TRUE;
	for (const struct hg_row *row = shape->rows; row->tag; row++)
		if (strcmp(row->name, field) == 0)
			return TRUE;
	return FALSE;
}

/* What says how many there are, or how big one is, goes with its list. */
static gboolean is_of_a_list(const char *field)
{
	return g_str_has_prefix(field, "n_") || g_str_has_suffix(field, "_size");
}

static void check_field(const struct hg_shape *shape, const char *declarator)
{
	g_autoptr(GRegex) regex = g_regex_new("(\\w+)(\\[\\w*\\])?\\s*$", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *field = NULL;

	if (!g_regex_match(regex, declarator, 0, &match))
		return;
	field = g_match_info_fetch(match, 1);
	if (!is_of_a_list(field) && !shape_names(shape, field))
		fail_msg("struct %s: %s has no row in command_pack.c", shape->name, field);
}

static guint check_shape(const struct hg_shape *shape, const char *text)
{
	g_autofree char *body = body_of(text, shape->name), *code = NULL;
	g_autoptr(GRegex) comments = g_regex_new("/\\*.*?\\*/", G_REGEX_DOTALL, 0, NULL);
	g_auto(GStrv) declarators = NULL;

	if (!body)
		return 0;
	code = g_regex_replace(comments, body, -1, 0, "", 0, NULL);
	declarators = g_strsplit_set(code, ";,", -1);
	for (char **declarator = declarators; *declarator; declarator++)
		check_field(shape, *declarator);
	return 1;
}

static char *header(const char *name)
{
	g_autofree char *path = g_build_filename(g_getenv("srcdir") ?: ".", name, NULL);
	char *text;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void no_field_lacks_a_row(void **state)
{
	g_autofree char *ours = header("src/engine/command.h"), *border = header("include/headgate/adapter.h");
	g_autofree char *model = header("src/model/change.h");
	(void)state;

	for (const struct hg_shape *const *shape = hg_command_shapes; *shape; shape++) {
		guint8 last = 0;

		assert_int_equal(check_shape(*shape, ours) + check_shape(*shape, border) + check_shape(*shape, model), 1);
		for (const struct hg_row *row = (*shape)->rows; row->tag; row++) {
			assert_true(row->tag > last);
			last = row->tag;
		}
	}
}

/* ---- bytes that are none ---- */

static int refused_as(const void *bytes, gsize len)
{
	g_autoptr(hg_command) command = NULL;
	g_autoptr(GError) error = NULL;

	if (hg_command_unpack(bytes, len, &command, &error))
		return 0;
	assert_null(command);
	return error->code;
}

static void bytes_of_no_command_are_refused(void **state)
{
	static const struct { const char *bytes; gsize len; int code; } wrong[] = {
		{ "", 0, HG_ERROR_INPUT },			/* nothing */
		{ "\2", 1, HG_ERROR_INPUT },			/* of another form */
		{ "\1\2", 2, HG_ERROR_INPUT },			/* ends within a number */
		{ "\1\2\2\2\2", 5, HG_ERROR_INPUT },		/* the same field twice */
		{ "\1\2\202\0", 4, HG_ERROR_INPUT },		/* a number longer than it has to be */
		{ "\1\2\0", 3, HG_ERROR_INPUT },		/* 0 is not written */
		{ "\1\5\2ab\2\2", 7, HG_ERROR_INPUT },		/* fields out of order */
		{ "\1\5\11ab", 5, HG_ERROR_INPUT },		/* longer than there are bytes */
		{ "\1\5\2a\0", 5, HG_ERROR_INPUT },		/* NUL in a text */
		{ "\1\4\2", 3, HG_ERROR_INPUT },		/* a number where a text is */
		{ "\1\374\1\2", 4, HG_ERROR_INPUT },		/* a field nobody knows */
		{ "\1\17\2ab", 5, HG_ERROR_INPUT },		/* a fingerprint of two bytes */
		{ "\1\2\200\200\200\200\100", 7, HG_ERROR_INPUT },	/* more than an int holds */
		/* a delivery of more raw bytes than any has, which were left out */
		{ "\1\53\6\10\200\200\200\200\4", 9, HG_ERROR_LIMIT },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		if (refused_as(wrong[i].bytes, wrong[i].len) != wrong[i].code)
			fail_msg("case %zu", i);
}

static void too_many_items_are_refused(void **state)
{
	g_autoptr(GString) list = g_string_new(NULL), batch = g_string_new(NULL), bytes = g_string_new("\1");
	(void)state;

	for (int i = 0; i < 1001; i++)
		g_string_append_c(list, '\0');
	hg_pack_number(batch, 1 << 1 | 1);
	hg_pack_bytes(batch, list->str, list->len);
	hg_pack_number(bytes, 21 << 1 | 1);
	hg_pack_bytes(bytes, batch->str, batch->len);
	assert_int_equal(refused_as(bytes->str, bytes->len), HG_ERROR_LIMIT);
}

static void no_part_of_a_command_is_one_too_long(void **state)
{
	g_autoptr(hg_command) command = filled();
	g_autoptr(GString) bytes = g_string_new(NULL);
	(void)state;

	hg_command_pack(command, HG_PACK_ALL, bytes);
	for (gsize len = 0; len < bytes->len; len++) {
		g_autofree guint8 *part = g_memdup2(bytes->str, len);	/* so that a byte too far is seen */

		(void)refused_as(part, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(an_item_comes_back_alone),
		cmocka_unit_test(what_is_not_said_costs_nothing),
		cmocka_unit_test(no_field_lacks_a_row),
		cmocka_unit_test(bytes_of_no_command_are_refused),
		cmocka_unit_test(too_many_items_are_refused),
		cmocka_unit_test(no_part_of_a_command_is_one_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
