/* audit.c - who did what: one row for each command that somebody gave over the API, in the transaction of what it does
 *
 * What is told beside principal, action and object are words of ours and of the configuration, ids and names of staff: never
 * what customers said, their addresses, or a secret; of what somebody typed as a reason, which may name anybody, a keyed hash.  So
 * nothing has to be taken out when somebody is erased. */
#include "turn.h"

#include <string.h>

#include "json.h"

#define TEXT_MOST 200			/* bytes of one fact */
#define WORDS_MOST 20			/* of a list of them */

static const struct fact {
	int kind;			/* of the command */
	const char *key;
	gsize offset;			/* of the text in it */
} table[] = {
#define FACT(kind, key, field) { HG_CMD_##kind, key, offsetof(hg_command, field) }
	FACT(START, "channel", reply.channel),
	FACT(CONVERT, "queue", queue), FACT(CONVERT, "status", status), FACT(CONVERT, "assignee", assignee),
	FACT(CONVERT, "priority", priority), FACT(CONVERT, "category", category), FACT(CONVERT, "type", type),
	FACT(CONVERT, "skill", skill),
	FACT(PATCH, "queue", queue), FACT(PATCH, "assignee", assignee), FACT(PATCH, "skill", skill),
	FACT(TICKET_RETRY, "backend", backend), FACT(RELINK, "backend", backend), FACT(RELINK, "external_id", external_id),
	FACT(LINK, "backend", backend), FACT(LINK, "external_id", external_id),
	FACT(STATUS, "backend", backend), FACT(STATUS, "status", text), FACT(STATUS, "assignee", assignee),
	FACT(SETTLE_SEND, "how", text),
	FACT(CONSENT, "channel", channel), FACT(CONSENT, "state", status),
	FACT(MERGE, "into", into), FACT(JOIN, "into", into),
	FACT(RETRY_ALL, "target", type), FACT(RETRY_ALL, "name", text),
	FACT(EDIT_DEAD, "target", type),
	FACT(TOKEN, "name", wish.name), FACT(TOKEN, "scopes", wish.scopes), FACT(TOKEN, "channels", wish.channels),
#undef FACT
};

static void add_text(hg_turn *turn, GString *out, const char *key, const char *text)
{
	if (text)
		hg_json_add_str(out, key, hg_arena_text(turn->arena, text, TEXT_MOST));
}

/* step 2: names of what is set, whose values are in between. */
static void add_words(hg_turn *turn, GString *out, const char *key, const char *const *words, guint step)
{
	if (!words || !*words)
		return;
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (guint i = 0; i < WORDS_MOST && *words; i++, words += step)
		hg_json_put_str(out, hg_arena_text(turn->arena, *words, TEXT_MOST));
	hg_json_close(out, ']');
}

static void add_patch(hg_turn *turn, GString *out)
{
	const hg_command *command = turn->command;

	if (command->subject)
		hg_json_add_bool(out, "subject", TRUE);	/* that it was changed; what it says is the customer's matter */
	add_words(turn, out, "tags_added", command->add_tags, 1);
	add_words(turn, out, "tags_removed", command->remove_tags, 1);
	add_words(turn, out, "fields_set", command->set_fields, 2);
	add_words(turn, out, "fields_removed", command->unset_fields, 1);
}

/* Who has the words from elsewhere, and this store's key, can show that they are these.  Without the key nobody finds short words by
 * trying all there are, and as the row's id goes in too, not even whether two reasons are the same. */
static void add_reason(hg_turn *turn, GString *out, const char *id, const char *reason)
{
	const char *const words[] = { "audit reason", id, reason, NULL };
	char seal[HG_KEY_SIZE];

	if (!reason)
		return;
	hg_event_key(turn, words, seal);
	hg_json_add_str(out, "reason_seal", seal);
}

/* id: of the row. */
static const char *facts_of(hg_turn *turn, const char *id)
{
	const hg_command *command = turn->command;
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	add_text(turn, out, "agent", command->agent);
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
		if (table[i].kind == command->kind)
			add_text(turn, out, table[i].key, G_STRUCT_MEMBER(const char *, command, table[i].offset));
	if (command->kind == HG_CMD_CLOSE)
		hg_json_add_str(out, "resolution", command->ask ? "asked" : hg_resolution_word(command->resolution));
	if (command->kind == HG_CMD_PATCH)
		add_patch(turn, out);
	if (command->kind == HG_CMD_PAUSE || command->kind == HG_CMD_DISCARD)
		add_reason(turn, out, id, command->text);
	/* Which of two texts it was can be told by their hashes, and nothing else of them is here. */
	if (command->kind == HG_CMD_EDIT_DEAD)
		hg_json_add_raw(out, "edit", turn->answer);
	add_text(turn, out, "message", turn->message_id);
	hg_json_close(out, '}');
	return out->len > 2 ? hg_arena_mem(turn->arena, out->str, out->len) : NULL;
}

/* "thread" of "thread.reply". */
static const char *kind_of(hg_turn *turn, const char *action)
{
	return hg_arena_mem(turn->arena, action, strcspn(action, "."));
}

gboolean hg_audit_write(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	const struct hg_auditing *asked = &command->audit;
	hg_audit row = {
		.at_ms = turn->now_ms, .principal = command->principal ?: "", .capacity = asked->capacity, .action = asked->action,
		.object = turn->object ?: asked->object, .outcome = asked->outcome ?: (turn->refused ? "opted-out" : "ok"),
		.request = asked->request, .source = asked->source,
	};

	if (!asked->action)
		return TRUE;
	row.kind = kind_of(turn, asked->action);
	hg_id_new(turn->engine->env, "aud", row.id);
	row.facts = command->kind == HG_CMD_AUDIT ? asked->facts : facts_of(turn, row.id);
	return hg_store_audit_add(turn->store, &row, error);
}
