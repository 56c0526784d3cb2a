/* window.c - how long things belong together: of the gateway, and of a channel that sees it otherwise */
#include <string.h>

#include "check.h"
#include "options.h"
#include "text.h"

#define AGE_MOST_MS (G_GINT64_CONSTANT(365) * 24 * 3600 * 1000)

/* What is older than the last age is a new conversation: there is no word for it. */
static const char *const age_keys[] = { "within", "do", NULL };
static const char *const age_words[] = { "join", "reopen", NULL };

static gboolean G_GNUC_PRINTF(4, 5)
	wrong(hg_diag *diag, const hg_node *node, const char *hint, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), hint, "%s", text);
	return FALSE;
}

static gboolean read_word(const hg_node *node, int *ret, hg_diag *diag)
{
	const char *text = hg_node_text(node), *near = text ? hg_nearest(text, age_words) : NULL;
	g_autofree char *quoted = hg_node_quote(text ? text : "");
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;

	for (int i = 0; text && age_words[i]; i++)
		if (strcmp(text, age_words[i]) == 0) {
			*ret = i + HG_CLOSED_JOIN;
			return TRUE;
		}
	return wrong(diag, node, hint ? hint : "what is older than the last age begins a new conversation by itself",
		     "'do' is join or reopen here, not %s", quoted);
}

static gboolean read_age(const hg_node *node, struct hg_age *ret, hg_diag *diag)
{
	const hg_node *within = hg_node_get(node, "within"), *what = hg_node_get(node, "do");

	if (hg_node_type(node) != HG_NODE_MAP)
		return wrong(diag, node, NULL, "each age is written { within: 1d, do: reopen }");
	if (!hg_node_check_keys(node, "an age", age_keys, diag))
		return FALSE;
	if (!within || !what)
		return wrong(diag, node, "{ within: 1d, do: reopen }", "'%s' is missing", within ? "do" : "within");
	if (!hg_node_span(within, &ret->within_ms, diag) || !read_word(what, &ret->what, diag))
		return FALSE;
	return ret->within_ms <= AGE_MOST_MS || wrong(diag, within, NULL, "'within' is at most 365d");
}

static void read_ages(const hg_node *list, const char *what, struct hg_window_conf *window, hg_diag *diag)
{
	guint n = hg_node_size(list);
	gint64 before_ms = -1;
	char span[HG_SPAN_SIZE];

	if (!n || n > HG_AGES_MAX) {
		wrong(diag, list, "a time, or ages: [ { within: 1d, do: reopen }, { within: 7d, do: join } ]",
		      "%s: 'reopen' has 1 to %d ages, not %u", what, HG_AGES_MAX, n);
		return;
	}
	for (guint i = 0; i < n; i++) {
		const hg_node *node = hg_node_at(list, i);
		struct hg_age *age = &window->ages[i];

		if (!read_age(node, age, diag))
			return;
		if (age->within_ms <= before_ms) {
			wrong(diag, node, "the first age that a conversation has not passed decides",
			      "this age is never reached: the one before it goes to %s already", hg_span(before_ms, span));
			return;
		}
		before_ms = age->within_ms;
	}
	window->n_ages = n;
	window->reopen_ms = before_ms;
}

void hg_window_read(const hg_node *map, const char *what, struct hg_window_conf *window, hg_diag *diag)
{
	const hg_node *reopen = hg_node_get(map, "reopen");

	if (reopen && hg_node_type(reopen) == HG_NODE_LIST) {
		read_ages(reopen, what, window, diag);
		return;
	}
	window->ages[0] = (struct hg_age){ window->reopen_ms, HG_CLOSED_REOPEN };
	window->n_ages = 1;
}

void hg_window_inherit(const hg_node *map, const char *what, const struct hg_window_conf *all,
		       struct hg_window_conf *window, hg_diag *diag)
{
	struct hg_window_conf own = *window;

	*window = *all;
	window->any_subject = own.any_subject;
	window->join_unproven = own.join_unproven;
	window->own_join = hg_node_get(map, "join") != NULL;
	window->own_reopen = hg_node_get(map, "reopen") != NULL;
	if (window->own_join)
		window->join_ms = own.join_ms;
	if (!window->own_reopen)
		return;
	window->reopen_ms = own.reopen_ms;
	hg_window_read(map, what, window, diag);
}

gint64 hg_window_longest(const hg_conf *conf)
{
	gint64 longest_ms = MAX(conf->window.dedupe_ms, MAX(conf->window.join_ms, conf->window.reopen_ms));

	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		longest_ms = MAX(longest_ms, MAX(channel->window.join_ms, channel->window.reopen_ms));
	}
	return longest_ms;
}
