/* try.c - one text judged by rules as if somebody unknown had said it */
#include "try.h"

#include "json.h"

/* What the engine would know of somebody's first message. */
static struct hg_facts facts_of(const struct hg_try *said)
{
	const struct hg_channel_conf *channel = said->channel;

	return (struct hg_facts){ .on = "message", .now_ms = said->now_ms, .channel = channel->name,
		.adapter = channel->adapter, .scope = channel->scope ? channel->scope : "default", .text = said->text,
		.kind = "text", .address = said->from, .proposal = HG_PROPOSE_NEW,
		.proposal_reason = "nobody has written from this address", .messages = 1, .inbound = 1,
		.age_ms = -1, .idle_ms = -1, .since_ticket_ms = -1, .helpdesk_down_ms = -1, .contact_new = TRUE,
		.outside = said->outside };
}

void hg_try_judge(const struct hg_try *said, const hg_rules *rules, const char *config_hash, hg_arena *arena,
		  struct hg_tried *ret)
{
	g_autoptr(GString) trace = g_string_new(NULL), written = g_string_new(NULL);
	struct hg_facts facts = facts_of(said);
	struct hg_verdict *verdict = &ret->verdict;

	hg_rules_judge(rules, &facts, arena, verdict, trace);
	facts.intent = verdict->intent;
	hg_facts_write(&facts, TRUE, written);
	ret->facts = hg_arena_mem(arena, written->str, written->len);
	ret->trace = hg_arena_mem(arena, trace->str, trace->len);
	ret->decision = (hg_decision){ .at_ms = said->now_ms, .on = facts.on, .config_hash = config_hash,
		.action = verdict->action == HG_ACT_NONE ? "wait" : hg_action_word(verdict->action),
		.rule = verdict->rule, .file = verdict->file, .line = verdict->line };
}

static void add_texts(GString *out, const char *key, const GPtrArray *texts)
{
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (guint i = 0; texts && i < texts->len; i++)
		hg_json_put_str(out, g_ptr_array_index(texts, i));
	hg_json_close(out, ']');
}

void hg_try_write(const struct hg_tried *tried, GString *out)
{
	const struct hg_verdict *verdict = &tried->verdict;
	const hg_decision *decision = &tried->decision;

	hg_json_open(out, '{');
	hg_json_add_str(out, "action", decision->action);
	hg_json_add_str(out, "rule", decision->rule);
	hg_json_add_str(out, "file", decision->file);
	hg_json_add_int(out, "line", decision->line);
	hg_json_opt_str(out, "priority", verdict->priority);
	hg_json_opt_str(out, "category", verdict->category);
	hg_json_opt_str(out, "queue", verdict->queue);
	hg_json_opt_str(out, "skill", verdict->skill);
	hg_json_opt_str(out, "assignee", verdict->assignee);
	hg_json_opt_str(out, "backend", verdict->backend);
	add_texts(out, "tags", verdict->tags);
	add_texts(out, "replies", verdict->replies);
	hg_json_add_raw(out, "facts", tried->facts);
	hg_json_add_raw(out, "trace", tried->trace);
	hg_json_close(out, '}');
}
