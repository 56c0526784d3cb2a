/* desk_words.c - the words of presets: operations, outcomes, statuses; and what an answer means */
#include "desk_read.h"

#include <string.h>

const char *const hg_desk_op_words[] = {
	"login", "create", "append", "note", "set_status", "attach", "find", "find_message", "fetch_changes",
	"fetch_attachment", "fetch_change", "probe", NULL
};

const char *const hg_desk_outcome_words[] = {
	"done", "adopt", "none", "retry", "refused", "gone", "account", "login", NULL
};

const char *hg_desk_op_name(int op)
{
	return op >= 0 && op < HG_DESK_OPS ? hg_desk_op_words[op] : NULL;
}

int hg_desk_op_of(const char *name)
{
	return ht_index(hg_desk_op_words, name);
}

const char *hg_desk_outcome_word(int outcome)
{
	return outcome >= HG_DESK_DONE && outcome <= HG_DESK_AGAIN ? hg_desk_outcome_words[outcome - HG_DESK_DONE] : NULL;
}

/* ---- what an answer means ---- */

static gboolean looks(int op)
{
	return op == HG_DESK_FIND || op == HG_DESK_FIND_MESSAGE;
}

/* It speaks of a ticket that was there once. */
static gboolean is_about_ticket(int op)
{
	return op == HG_DESK_APPEND || op == HG_DESK_NOTE || op == HG_DESK_SET_STATUS || op == HG_DESK_ATTACH;
}

static int usual(const hg_desk *desk, int op, int status)
{
	if (status >= 200 && status <= 299)
		return HG_DESK_DONE;
	if (status == 401 && op != HG_DESK_LOGIN && desk->ops[HG_DESK_LOGIN])
		return HG_DESK_AGAIN;
	if (status == 401 || status == 403 || (status >= 300 && status <= 399))
		return HG_DESK_ACCOUNT;
	if (status == 404)
		return looks(op) ? HG_DESK_NONE : is_about_ticket(op) ? HG_DESK_GONE : HG_DESK_REFUSED;
	if (status == 408 || status == 425 || status == 429 || status >= 500 || status < 200)
		return HG_DESK_RETRY;
	return HG_DESK_REFUSED;
}

static gboolean has_status(const struct hg_desk_rule *rule, int status)
{
	for (guint i = 0; rule->statuses && i < rule->statuses->len; i++) {
		const struct hg_desk_range *range = &g_array_index(rule->statuses, struct hg_desk_range, i);

		if (status >= range->low && status <= range->high)
			return TRUE;
	}
	return !rule->statuses;
}

int hg_desk_judge(const hg_desk *desk, int op, const struct hg_desk_step *step, const struct ht_scope *answer,
		  const struct hg_desk_rule **ret_rule)
{
	if (ret_rule)
		*ret_rule = NULL;
	for (guint i = 0; i < step->rules->len; i++) {
		const struct hg_desk_rule *rule = step->rules->pdata[i];

		if (!has_status(rule, answer->status) || !ht_when_fits(rule->when, answer))
			continue;
		if (ret_rule)
			*ret_rule = rule;
		return rule->is;
	}
	return usual(desk, op, answer->status);
}

/* ---- statuses ---- */

static const char *mapped(char *const *map, const char *word)
{
	for (; map && map[0] && map[1]; map += 2)
		if (strcmp(map[0], word) == 0)
			return map[1];
	return NULL;
}

const char *hg_desk_status_to(const hg_desk *desk, const char *ours)
{
	return mapped(desk->status_to, ours);
}

const char *hg_desk_status_from(const hg_desk *desk, const char *theirs)
{
	const char *ours = mapped(desk->status_from, theirs);

	return ours ? ours : mapped(desk->status_from, "*");
}
