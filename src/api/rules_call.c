/* rules_call.c - the rules in force, how often each decided, and a text judged by them (or by others) without effect */
#include "rules_call.h"

#include <string.h>

#include "conf.h"
#include "env.h"
#include "text.h"
#include "trial.h"
#include "try.h"

#define TEXT_MAX     (64 * 1024)	/* of what is tried */
#define COUNTED_MAX  100000		/* decisions looked at for counts: the newest */
#define SINCE	     "30d"

/* ---- compiling ---- */

void hg_asked_rules_clear(struct hg_asked_rules *asked)
{
	hg_rules_free(asked->rules);
	hg_doc_free(asked->doc);
	*asked = (struct hg_asked_rules){ 0 };
}

static const hg_node *list_of(const hg_node *root, hg_diag *diag)
{
	static const char *const known[] = { "rules", NULL };
	const hg_node *list = root;

	if (hg_node_type(root) == HG_NODE_MAP) {
		if (!hg_node_check_keys(root, "what is tried (all but the rules is as it is in force)", known, diag))
			return NULL;
		list = hg_node_get(root, "rules");
	}
	if (list && hg_node_type(list) == HG_NODE_LIST)
		return list;
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(list ? list : root), "- name: thanks", "a list of rules is wanted");
	return NULL;
}

static void refuse(struct call *call, const hg_diag *diag)
{
	g_autofree char *findings = hg_diag_json(diag);
	guint n = hg_diag_count(diag, HG_SEV_ERROR);

	hg_fail(&call->error, HG_ERROR_INPUT, "the rules have %u error%s, each with its line and column in \"findings\"; nothing was "
		"judged", n, n == 1 ? "" : "s");
	call->status = 422;
	call->problem = "configuration";
	call->more = g_strdup_printf("\"findings\":%s", findings);
}

gboolean hg_call_rules(struct call *call, const char *text, struct hg_asked_rules *ret)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	const hg_node *list = call->conf->rules;

	*ret = (struct hg_asked_rules){ 0 };
	if (text) {
		ret->doc = hg_doc_parse("rules", text, diag);
		list = ret->doc ? list_of(hg_doc_root(ret->doc), diag) : NULL;
	}
	if (!text || list)
		ret->rules = hg_rules_of_conf(call->conf, list, diag);
	if (ret->rules && !hg_diag_count(diag, HG_SEV_ERROR))
		return TRUE;
	refuse(call, diag);
	hg_asked_rules_clear(ret);
	return FALSE;
}

/* ---- GET /v1/rules ---- */

static const hg_rule_use *use_of(const GPtrArray *uses, const char *name)
{
	for (guint i = 0; i < uses->len; i++) {
		const hg_rule_use *use = g_ptr_array_index(uses, i);

		if (g_strcmp0(use->rule, name) == 0)
			return use;
	}
	return NULL;
}

static void write_rule(struct call *call, const hg_node *rule, const GPtrArray *uses)
{
	const hg_node *name = hg_node_get(rule, "name");
	const hg_rule_use *use = use_of(uses, name ? hg_node_text(name) : NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	GString *out = call->out;

	hg_json_open(out, '{');
	hg_json_add_str(out, "name", name ? hg_node_text(name) : NULL);
	hg_json_add_str(out, "file", hg_node_place(rule)->file);
	hg_json_add_int(out, "line", hg_node_place(rule)->line);
	hg_json_add_str(out, "text", hg_doc_item(call->conf->doc, rule, text) ? text->str : NULL);
	hg_json_add_int(out, "decided", use ? use->decided : 0);
	hg_json_add_time(out, "last", use ? use->last_ms : 0);
	hg_json_close(out, '}');
}

static void write_counted(GString *out, gint64 since_ms, gint64 looked)
{
	hg_json_key(out, "counted");
	hg_json_open(out, '{');
	hg_json_add_time(out, "since", since_ms);
	hg_json_add_int(out, "decisions", looked);
	hg_json_add_bool(out, "complete", looked < COUNTED_MAX);
	hg_json_close(out, '}');
}

void hg_read_rules(struct call *call, hg_store *store)
{
	const char *since = hg_request_query(call->req, "since");
	g_autoptr(GPtrArray) uses = g_ptr_array_new();
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	const hg_node *list = call->conf->rules;
	gint64 since_ms, after_n, looked;

	if (!hg_call_moment(call, "since", since ? since : SINCE, utc, &since_ms) ||
	    !hg_store_decision_since(store, since_ms, &after_n, &call->error) ||
	    !hg_store_decision_rules(store, call->arena, after_n, COUNTED_MAX, uses, &looked, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "file", call->conf->path);
	hg_json_add_str(call->out, "hash", call->conf->hash);
	hg_json_add_str(call->out, "default", call->conf->engine.fallback);
	write_counted(call->out, since_ms, looked);
	hg_json_key(call->out, "rules");
	hg_json_open(call->out, '[');
	for (guint i = 0; list && i < hg_node_size(list); i++)
		write_rule(call, hg_node_at(list, i), uses);
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

/* ---- POST /v1/rules/try ---- */

/* Without a name the first that the caller may see. */
static const struct hg_channel_conf *channel_of(struct call *call, const char *name)
{
	const struct hg_channel_conf *channel = name && hg_may_channel(call, name) ? hg_conf_channel(call->conf, name) : NULL;

	for (guint i = 0; !name && !channel && i < call->conf->channels->len; i++) {
		channel = g_ptr_array_index(call->conf->channels, i);
		if (!hg_may_channel(call, channel->name))
			channel = NULL;
	}
	if (!channel)
		hg_fail(&call->error, HG_ERROR_INPUT, name ? "there is no channel \"%.60s\"" : "there is no channel%s", name ? name : "");
	return channel;
}

/* Its strings are the body's, the configuration's and the arena's. */
static gboolean read_try(struct call *call, struct json_object *body, struct hg_try *ret)
{
	struct json_object *facts = hg_json_obj(body, "facts");
	const char *from = hg_json_str(body, "from");

	*ret = (struct hg_try){ .text = hg_json_str(body, "text"), .now_ms = hg_now(hg_env_system()) };
	if (!ret->text)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"text\" is missing: what does the customer say?");
	ret->channel = channel_of(call, hg_json_str(body, "channel"));
	if (!ret->channel)
		return FALSE;
	ret->from = hg_trial_address(call->arena, from && *from ? from : "+15550100");
	if (facts && json_object_object_length(facts))
		ret->outside = json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PLAIN);
	return ret->from || hg_fail(&call->error, HG_ERROR_INPUT, "\"from\" is an address: +447700900123 or ana@example.com");
}

void hg_read_try(struct call *call, hg_store *store)
{
	static const struct call_member known[] = { { "text", CALL_TEXT, TEXT_MAX }, { "channel", CALL_TEXT, 200 },
		{ "from", CALL_TEXT, 500 }, { "facts", CALL_OBJECT, 0 }, { "rules", CALL_TEXT, HG_RULES_TEXT_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct hg_asked_rules asked;
	struct hg_tried tried;
	struct hg_try said;

	(void)store;
	if (!body || !read_try(call, body, &said) || !hg_call_rules(call, hg_json_str(body, "rules"), &asked))
		return;
	hg_try_judge(&said, asked.rules, call->conf->hash, call->arena, &tried);
	hg_try_write(&tried, call->out);
	hg_asked_rules_clear(&asked);
}
