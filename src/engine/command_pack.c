/* command_pack.c - the tables of what a command consists of
 *
 * A field more in struct hg_command (or what it holds) is a row more here, with a tag of its own;
 * test_command_pack fails until there is one. */
#include "command_pack.h"

#include <stdbool.h>
#include <stddef.h>

#define FORM	      1
#define ITEMS_MOST    1000
#define ADDRESSES_MOST 16
#define FILES_MOST    64
#define WORDS_MOST    64
#define MARKS_MOST    200		/* 100 fields with their values */
#define BYTES_MOST    (48 << 20)

G_STATIC_ASSERT(sizeof(gsize) == sizeof(gint64));	/* lengths are read and written as INT64 */

static const char *const says_size[] = { "size", NULL };

static const struct hg_row address_rows[] = {
	HG_ROW(struct hg_address, 1, uri, TEXT),
	HG_ROW(struct hg_address, 2, proof, INT),
	HG_ROW_END
};
static const struct hg_shape address = {
	"hg_address", address_rows, sizeof(struct hg_address), HG_ROW_NOWHERE, NULL
};

static const struct hg_row file_rows[] = {
	HG_ROW(struct hg_file, 1, kind, INT),
	HG_ROW(struct hg_file, 2, name, TEXT),
	HG_ROW(struct hg_file, 3, type, TEXT),
	HG_ROW(struct hg_file, 4, sha256, TEXT),
	HG_ROW(struct hg_file, 5, bytes, INT64),
	HG_ROW_BYTES_OF(struct hg_file, 6, data, bytes, BYTES_MOST, 0),
	HG_ROW(struct hg_file, 7, ref, TEXT),
	HG_ROW(struct hg_file, 8, path, TEXT),
	HG_ROW(struct hg_file, 9, expires_ms, INT64),
	HG_ROW(struct hg_file, 10, voice, FLAG),
	HG_ROW(struct hg_file, 11, content_id, TEXT),
	HG_ROW_END
};
static const struct hg_shape file = {
	"hg_file", file_rows, sizeof(struct hg_file), offsetof(struct hg_file, size), says_size
};

static const struct hg_row in_rows[] = {
	HG_ROW(struct hg_in, 1, kind, INT),
	HG_ROW(struct hg_in, 2, id, TEXT),
	HG_ROW(struct hg_in, 3, dedupe, TEXT),
	HG_ROW(struct hg_in, 4, wide, FLAG),
	HG_ROW(struct hg_in, 5, echo, FLAG),
	HG_ROW(struct hg_in, 6, automatic, FLAG),
	HG_ROW(struct hg_in, 7, forwarded, FLAG),
	HG_ROW(struct hg_in, 8, to, TEXT),
	HG_ROW_LIST_OF(struct hg_in, 9, from, n_from, HG_ROW_NOWHERE, ADDRESSES_MOST, &address),
	HG_ROW(struct hg_in, 10, name, TEXT),
	HG_ROW(struct hg_in, 11, username, TEXT),
	HG_ROW(struct hg_in, 12, group, TEXT),
	HG_ROW(struct hg_in, 13, subject, TEXT),
	HG_ROW(struct hg_in, 14, text, TEXT),
	HG_ROW(struct hg_in, 15, payload, TEXT),
	HG_ROW_LIST_OF(struct hg_in, 16, files, n_files, offsetof(struct hg_in, file_size), FILES_MOST, &file),
	HG_ROW_WORDS_OF(struct hg_in, 17, refs, WORDS_MOST),
	HG_ROW(struct hg_in, 18, target, TEXT),
	HG_ROW(struct hg_in, 19, note, TEXT),
	HG_ROW(struct hg_in, 20, code, INT),
	HG_ROW(struct hg_in, 21, sent_ms, INT64),
	HG_ROW(struct hg_in, 22, raw_len, INT64),
	HG_ROW_BYTES_OF(struct hg_in, 23, raw, raw_len, BYTES_MOST, HG_ROW_RAW),
	HG_ROW(struct hg_in, 24, reply_text, TEXT),
	HG_ROW(struct hg_in, 25, sender, INT),
	HG_ROW(struct hg_in, 26, vouched, INT64),
	HG_ROW_WORDS_OF(struct hg_in, 27, also, WORDS_MOST),
	HG_ROW(struct hg_in, 28, part_ref, TEXT),
	HG_ROW(struct hg_in, 29, part, INT),
	HG_ROW(struct hg_in, 30, parts, INT),
	HG_ROW(struct hg_in, 31, part_wait_ms, INT64),
	HG_ROW(struct hg_in, 32, answered, FLAG),
	HG_ROW(struct hg_in, 33, profile, TEXT),
	HG_ROW_END
};
const struct hg_shape hg_shape_in = {
	"hg_in", in_rows, sizeof(struct hg_in), offsetof(struct hg_in, size), says_size
};

static const struct hg_row receipt_rows[] = {
	HG_ROW(struct hg_receipt, 1, state, INT),
	HG_ROW(struct hg_receipt, 2, id, TEXT),
	HG_ROW(struct hg_receipt, 3, key, TEXT),
	HG_ROW(struct hg_receipt, 4, to, TEXT),
	HG_ROW(struct hg_receipt, 5, at_ms, INT64),
	HG_ROW(struct hg_receipt, 6, code, INT),
	HG_ROW(struct hg_receipt, 7, reach, INT),
	HG_ROW(struct hg_receipt, 8, text, TEXT),
	HG_ROW(struct hg_receipt, 9, advice, TEXT),
	HG_ROW(struct hg_receipt, 10, detail, TEXT),
	HG_ROW_END
};
static const struct hg_shape receipt = {
	"hg_receipt", receipt_rows, sizeof(struct hg_receipt), offsetof(struct hg_receipt, size), says_size
};

static const struct hg_row batch_rows[] = {
	HG_ROW_LIST_OF(struct hg_batch, 1, in, n_in, offsetof(struct hg_batch, in_size), ITEMS_MOST, &hg_shape_in),
	HG_ROW_LIST_OF(struct hg_batch, 2, receipts, n_receipts, offsetof(struct hg_batch, receipt_size), ITEMS_MOST,
		       &receipt),
	HG_ROW(struct hg_batch, 3, cursor, TEXT),
	HG_ROW(struct hg_batch, 4, raw_len, INT64),
	HG_ROW_BYTES_OF(struct hg_batch, 5, raw, raw_len, BYTES_MOST, HG_ROW_RAW),
	HG_ROW_END
};
static const struct hg_shape batch = {
	"hg_batch", batch_rows, sizeof(struct hg_batch), offsetof(struct hg_batch, size), says_size
};

static const struct hg_row reply_rows[] = {
	HG_ROW(struct hg_reply, 1, thread_id, TEXT),
	HG_ROW(struct hg_reply, 2, agent, TEXT),
	HG_ROW(struct hg_reply, 3, bot, TRUTH),
	HG_ROW(struct hg_reply, 4, text, TEXT),
	HG_ROW(struct hg_reply, 5, html, TEXT),
	HG_ROW(struct hg_reply, 6, template_json, TEXT),
	HG_ROW(struct hg_reply, 7, payload, TEXT),
	HG_ROW_LIST_OF(struct hg_reply, 8, files, n_files, HG_ROW_NOWHERE, FILES_MOST, &file),
	HG_ROW(struct hg_reply, 9, channel, TEXT),
	HG_ROW(struct hg_reply, 10, to, TEXT),
	HG_ROW(struct hg_reply, 11, answers_id, TEXT),
	HG_ROW(struct hg_reply, 12, kind, INT),
	HG_ROW_END
};
static const struct hg_shape reply = {
	"hg_reply", reply_rows, sizeof(struct hg_reply), HG_ROW_NOWHERE, NULL
};

static const struct hg_row sent_rows[] = {
	HG_ROW(struct hg_result, 1, fate, INT),
	HG_ROW(struct hg_result, 2, reach, INT),
	HG_ROW(struct hg_result, 3, id, TEXT),
	HG_ROW(struct hg_result, 4, retry_ms, INT64),
	HG_ROW(struct hg_result, 5, code, INT),
	HG_ROW(struct hg_result, 6, text, TEXT),
	HG_ROW(struct hg_result, 7, advice, TEXT),
	HG_ROW(struct hg_result, 8, len, INT64),
	HG_ROW_BYTES_OF(struct hg_result, 9, body, len, BYTES_MOST, 0),
	HG_ROW_WORDS_OF(struct hg_result, 10, also, WORDS_MOST),
	HG_ROW_END
};
static const struct hg_shape sent = {
	"hg_result", sent_rows, sizeof(struct hg_result), offsetof(struct hg_result, size), says_size
};

static const struct hg_row forwarded_rows[] = {
	HG_ROW(struct hg_forward_result, 1, fate, INT),
	HG_ROW(struct hg_forward_result, 2, status, INT),
	HG_ROW(struct hg_forward_result, 3, retry_ms, INT64),
	HG_ROW(struct hg_forward_result, 4, gone, TRUTH),
	HG_ROW(struct hg_forward_result, 5, objects, TRUTH),
	HG_ROW(struct hg_forward_result, 6, text, TEXT),
	HG_ROW(struct hg_forward_result, 7, external_id, TEXT),
	HG_ROW(struct hg_forward_result, 8, number, TEXT),
	HG_ROW(struct hg_forward_result, 9, url, TEXT),
	HG_ROW(struct hg_forward_result, 10, len, INT64),
	HG_ROW_BYTES_OF(struct hg_forward_result, 11, body, len, BYTES_MOST, 0),
	HG_ROW_WORDS_OF(struct hg_forward_result, 12, made, WORDS_MOST),
	HG_ROW(struct hg_forward_result, 13, account, TRUTH),
	HG_ROW(struct hg_forward_result, 14, lost, TRUTH),
	HG_ROW(struct hg_forward_result, 15, doubt, TRUTH),
	HG_ROW_END
};
static const struct hg_shape forwarded = {
	"hg_forward_result", forwarded_rows, sizeof(struct hg_forward_result), HG_ROW_NOWHERE, NULL
};

static const struct hg_row fetched_rows[] = {
	HG_ROW(struct hg_fetch_result, 1, fate, INT),
	HG_ROW(struct hg_fetch_result, 2, retry_ms, INT64),
	HG_ROW(struct hg_fetch_result, 3, sha256, TEXT),
	HG_ROW(struct hg_fetch_result, 4, bytes, INT64),
	HG_ROW(struct hg_fetch_result, 5, type, TEXT),
	HG_ROW(struct hg_fetch_result, 6, text, TEXT),
	HG_ROW_END
};
static const struct hg_shape fetched = {
	"hg_fetch_result", fetched_rows, sizeof(struct hg_fetch_result), HG_ROW_NOWHERE, NULL
};

static const struct hg_row facts_rows[] = {
	HG_ROW(struct hg_facts_result, 1, len, INT64),
	HG_ROW_BYTES_OF(struct hg_facts_result, 2, body, len, BYTES_MOST, 0),
	HG_ROW(struct hg_facts_result, 3, text, TEXT),
	HG_ROW_END
};
static const struct hg_shape facts = {
	"hg_facts_result", facts_rows, sizeof(struct hg_facts_result), HG_ROW_NOWHERE, NULL
};

static const struct hg_row visiting_rows[] = {
	HG_ROW(struct hg_visiting, 1, uri, TEXT),
	HG_ROW(struct hg_visiting, 2, browser, TEXT),
	HG_ROW(struct hg_visiting, 3, jti, TEXT),
	HG_ROW(struct hg_visiting, 4, message_id, TEXT),
	HG_ROW(struct hg_visiting, 5, state, INT),
	HG_ROW(struct hg_visiting, 6, score, INT64),
	HG_ROW(struct hg_visiting, 7, profile, TEXT),
	HG_ROW_END
};
static const struct hg_shape visiting = {
	"hg_visiting", visiting_rows, sizeof(struct hg_visiting), HG_ROW_NOWHERE, NULL
};

static const struct hg_row wish_rows[] = {
	HG_ROW(struct hg_token_wish, 1, kind, INT),
	HG_ROW(struct hg_token_wish, 2, name, TEXT),
	HG_ROW(struct hg_token_wish, 3, scopes, TEXT),
	HG_ROW(struct hg_token_wish, 4, channels, TEXT),
	HG_ROW_PRINT_OF(struct hg_token_wish, 5, hash),
	HG_ROW(struct hg_token_wish, 6, expires_ms, INT64),
	HG_ROW_PRINT_OF(struct hg_token_wish, 7, link),
	HG_ROW_END
};
static const struct hg_shape wish = {
	"hg_token_wish", wish_rows, sizeof(struct hg_token_wish), HG_ROW_NOWHERE, NULL
};

static const struct hg_row auditing_rows[] = {
	HG_ROW(struct hg_auditing, 1, action, TEXT),
	HG_ROW(struct hg_auditing, 2, capacity, TEXT),
	HG_ROW(struct hg_auditing, 3, object, TEXT),
	HG_ROW(struct hg_auditing, 4, request, TEXT),
	HG_ROW(struct hg_auditing, 5, source, TEXT),
	HG_ROW(struct hg_auditing, 6, outcome, TEXT),
	HG_ROW(struct hg_auditing, 7, facts, TEXT),
	HG_ROW_END
};
static const struct hg_shape auditing = {
	"hg_auditing", auditing_rows, sizeof(struct hg_auditing), HG_ROW_NOWHERE, NULL
};

static const struct hg_row change_rows[] = {
	HG_ROW(struct hg_change, 1, kind, INT),
	HG_ROW(struct hg_change, 2, id, TEXT),
	HG_ROW(struct hg_change, 3, ticket, TEXT),
	HG_ROW(struct hg_change, 4, external, TEXT),
	HG_ROW(struct hg_change, 5, number, TEXT),
	HG_ROW(struct hg_change, 6, url, TEXT),
	HG_ROW(struct hg_change, 7, text, TEXT),
	HG_ROW(struct hg_change, 8, html, TEXT),
	HG_ROW(struct hg_change, 9, agent, TEXT),
	HG_ROW(struct hg_change, 10, status, TEXT),
	HG_ROW(struct hg_change, 11, said, TEXT),
	HG_ROW(struct hg_change, 12, assignee, TEXT),
	HG_ROW(struct hg_change, 13, into, TEXT),
	HG_ROW(struct hg_change, 14, missing, TEXT),
	HG_ROW(struct hg_change, 15, order, INT64),
	HG_ROW(struct hg_change, 16, at_ms, INT64),
	HG_ROW_LIST_OF(struct hg_change, 17, files, n_files, HG_ROW_NOWHERE, FILES_MOST, &file),
	HG_ROW_END
};
static const struct hg_shape change = {
	"hg_change", change_rows, sizeof(struct hg_change), HG_ROW_NOWHERE, NULL
};

static const struct hg_row command_rows[] = {
	HG_ROW(struct hg_command, 1, kind, INT),
	HG_ROW(struct hg_command, 2, channel, TEXT),
	HG_ROW(struct hg_command, 3, space, TEXT),
	HG_ROW(struct hg_command, 4, backend, TEXT),
	HG_ROW(struct hg_command, 5, principal, TEXT),
	HG_ROW(struct hg_command, 6, idem_key, TEXT),
	HG_ROW_PRINT_OF(struct hg_command, 7, idem_print),
	HG_ROW(struct hg_command, 8, thread_id, TEXT),
	HG_ROW(struct hg_command, 9, ticket_ref, TEXT),
	HG_ROW(struct hg_command, 10, text, TEXT),
	HG_ROW(struct hg_command, 11, agent, TEXT),
	HG_ROW(struct hg_command, 12, resolution, INT),
	HG_ROW(struct hg_command, 13, priority, TEXT),
	HG_ROW(struct hg_command, 14, category, TEXT),
	HG_ROW(struct hg_command, 15, subject, TEXT),
	HG_ROW(struct hg_command, 16, external_id, TEXT),
	HG_ROW(struct hg_command, 17, number, TEXT),
	HG_ROW(struct hg_command, 18, url, TEXT),
	HG_ROW(struct hg_command, 19, job_n, INT64),
	HG_ROW(struct hg_command, 20, condition, INT),
	HG_ROW_STRUCT_OF(struct hg_command, 21, batch, &batch),
	HG_ROW_STRUCT_OF(struct hg_command, 22, reply, &reply),
	HG_ROW_STRUCT_OF(struct hg_command, 23, sent, &sent),
	HG_ROW_STRUCT_OF(struct hg_command, 24, forwarded, &forwarded),
	HG_ROW_STRUCT_OF(struct hg_command, 25, fetched, &fetched),
	HG_ROW(struct hg_command, 26, type, TEXT),
	HG_ROW(struct hg_command, 27, queue, TEXT),
	HG_ROW(struct hg_command, 28, status, TEXT),
	HG_ROW(struct hg_command, 29, assignee, TEXT),
	HG_ROW(struct hg_command, 30, ask, TRUTH),
	HG_ROW(struct hg_command, 31, skill, TEXT),
	HG_ROW_WORDS_OF(struct hg_command, 32, add_tags, MARKS_MOST),
	HG_ROW_WORDS_OF(struct hg_command, 33, remove_tags, MARKS_MOST),
	HG_ROW_WORDS_OF(struct hg_command, 34, set_fields, MARKS_MOST),
	HG_ROW_WORDS_OF(struct hg_command, 35, unset_fields, MARKS_MOST),
	HG_ROW_STRUCT_OF(struct hg_command, 36, facts, &facts),
	HG_ROW(struct hg_command, 37, fate, INT),
	HG_ROW_WORDS_OF(struct hg_command, 38, refs, WORDS_MOST),
	HG_ROW(struct hg_command, 39, remove, TRUTH),
	HG_ROW_STRUCT_OF(struct hg_command, 40, visiting, &visiting),
	HG_ROW_LIST_OF(struct hg_command, 41, changes, n_changes, HG_ROW_NOWHERE, HG_CHANGES_MAX, &change),
	HG_ROW(struct hg_command, 42, retry_ms, INT64),
	HG_ROW(struct hg_command, 43, into, TEXT),
	HG_ROW(struct hg_command, 44, until_ms, INT64),
	HG_ROW_STRUCT_OF(struct hg_command, 45, wish, &wish),
	HG_ROW(struct hg_command, 46, ticket, TRUTH),
	HG_ROW_STRUCT_OF(struct hg_command, 47, audit, &auditing),
	HG_ROW(struct hg_command, 48, fence, INT64),
	HG_ROW(struct hg_command, 49, asked, TRUTH),
	HG_ROW_END
};
/* Whose they are, when it was taken and who hears of it is another matter each time. */
static const char *const command_without[] = { "arena", "at_ms", "again", "made", "refused", "done", "done_arg", "next", NULL };
const struct hg_shape hg_shape_command = {
	"hg_command", command_rows, sizeof(struct hg_command), HG_ROW_NOWHERE, command_without
};

const struct hg_shape *const hg_command_shapes[] = {
	&address, &file, &hg_shape_in, &receipt, &batch, &reply, &sent, &forwarded, &fetched, &facts, &visiting, &wish, &auditing, &change,
	&hg_shape_command, NULL
};

static gboolean version_ok(const guint8 *bytes, gsize len, GError **error)
{
	if (!len)
		return hg_fail(error, HG_ERROR_INPUT, "there are no bytes");
	return bytes[0] == FORM || hg_fail(error, HG_ERROR_INPUT, "the bytes are of form %d; this headgate reads "
					      "form %d", bytes[0], FORM);
}

void hg_command_pack(const hg_command *command, unsigned flags, GString *out)
{
	g_string_append_c(out, FORM);
	hg_shape_pack(&hg_shape_command, command, flags, out);
}

gboolean hg_command_unpack(const void *bytes, gsize len, hg_command **ret, GError **error)
{
	g_autoptr(hg_command) command = hg_command_new(0);
	hg_arena *arena = command->arena;

	if (!version_ok(bytes, len, error))
		return FALSE;
	if (!hg_shape_unpack(&hg_shape_command, (const guint8 *)bytes + 1, len - 1, arena, command, error)) {
		command->arena = arena;
		return FALSE;
	}
	command->arena = arena;
	/* Nothing is as long as that. */
	if (!command->sent.body)
		command->sent.len = 0;
	if (!command->forwarded.body)
		command->forwarded.len = 0;
	*ret = g_steal_pointer(&command);
	return TRUE;
}

void hg_in_pack(const struct hg_in *in, unsigned flags, GString *out)
{
	g_string_append_c(out, FORM);
	hg_shape_pack(&hg_shape_in, in, flags, out);
}

gboolean hg_in_unpack(const void *bytes, gsize len, hg_arena *arena, struct hg_in *ret, GError **error)
{
	return version_ok(bytes, len, error) &&
	       hg_shape_unpack(&hg_shape_in, (const guint8 *)bytes + 1, len - 1, arena, ret, error);
}
