/* confirm.c - the customer hears that there is a ticket: its number, and when to expect an answer */
#include "turn.h"

#include <string.h>

#include "json.h"
#include "options.h"
#include "phrases.h"
#include "rules_hours.h"
#include "text.h"

/* The channel's own words go before the ticket's; NULL: nobody has any. */
static char *const *texts_of(const hg_turn *turn, const hg_thread *thread)
{
	const struct hg_channel_conf *channel = thread->channel ? hg_conf_channel(turn->conf, thread->channel) : NULL;

	return channel && channel->confirm ? channel->confirm : turn->conf->ticket.confirm;
}

/* "" for everybody: it is switched off. */
static gboolean is_off(const hg_turn *turn, const hg_thread *thread)
{
	char *const *texts = texts_of(turn, thread);

	return !thread->channel || (texts && *texts && !*texts[1] && !texts[2]);
}

/* ---- when ---- */

/* Until then it takes so long, seen by the clock on the wall: hours in which nobody works count too. */
static gint64 wall_ms(const hg_turn *turn, gint64 span_ms)
{
	const struct hg_hours *hours = turn->engine->rules ? hg_rules_hours(turn->engine->rules) : NULL;
	const char *const *names = hours ? hg_hours_names(hours) : NULL;

	for (guint at = 0; names && names[at]; at++)
		if (g_strcmp0(names[at], turn->conf->ticket.expected_hours) == 0)
			return hg_hours_later(hours, at, turn->now_ms, span_ms) - turn->now_ms;
	return span_ms;
}

/* 0: nobody says when. */
gint64 hg_confirm_expected(const hg_turn *turn, const hg_ticket *ticket)
{
	char *const *spans = turn->conf->ticket.expected;
	const char *const names[] = { ticket->priority, ticket->queue, "default", "" };
	const char *text = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names) && !text; i++)
		text = names[i] ? hg_map_value(spans, names[i]) : NULL;
	return text ? wall_ms(turn, hg_span_parse(text)) : 0;
}

/* ---- telling ---- */

/* A variable of a template is one line and never empty: providers refuse what is not. */
static const char *one_line(hg_turn *turn, const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (; *text; text++) {
		gboolean blank = *text == ' ' || g_ascii_iscntrl(*text);

		if (!blank || (out->len && out->str[out->len - 1] != ' '))
			g_string_append_c(out, blank ? ' ' : *text);
	}
	return out->len ? hg_arena_str(turn->arena, out->str) : "-";
}

/* {"name":..., "language":..., "components":[{"type":"body","parameters":[{"type":"text","text":...}]}]}, as the API
 * takes it; NULL: the channel has no template. */
static gboolean template_of(hg_turn *turn, hg_case *kase, const char *number, const char **ret, GError **error)
{
	static const char *const number_only[] = { "${number}", NULL };
	const struct hg_channel_conf *channel = hg_conf_channel(turn->conf, kase->thread->channel);
	const char *const *values;
	g_autoptr(GString) out = g_string_new(NULL);

	*ret = NULL;
	if (!channel || !channel->confirm_template.name)
		return TRUE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", channel->confirm_template.name);
	hg_json_add_str(out, "language", channel->confirm_template.language);
	hg_json_key(out, "components");
	hg_json_open(out, '[');
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", "body");
	hg_json_key(out, "parameters");
	hg_json_open(out, '[');
	values = (const char *const *)channel->confirm_template.values ?: number_only;
	for (; *values; values++) {
		const char *const alone[] = { "", *values, NULL };
		const char *text;

		if (!hg_speak(turn, kase, (char *const *)alone, HG_SAY_CONFIRM, number, &text, error))
			return FALSE;
		hg_json_open(out, '{');
		hg_json_add_str(out, "type", "text");
		hg_json_add_str(out, "text", one_line(turn, text));
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	*ret = hg_arena_str(turn->arena, out->str);
	return TRUE;
}

static gboolean text_of(hg_turn *turn, hg_case *kase, const char *number, const char **ret, GError **error)
{
	char *const *texts = texts_of(turn, kase->thread);
	g_autofree char *both = NULL;
	const char *more;

	if (!hg_speak(turn, kase, texts, HG_SAY_CONFIRM, number, ret, error))
		return FALSE;
	if (texts || !hg_confirm_expected(turn, kase->ticket))
		return TRUE;
	if (!hg_speak(turn, kase, NULL, HG_SAY_EXPECTED, number, &more, error))
		return FALSE;
	both = g_strconcat(*ret, more, NULL);
	*ret = hg_arena_str(turn->arena, both);
	return TRUE;
}

gboolean hg_confirm_plan(hg_turn *turn, const hg_case *kase, GError **error)
{
	gint64 wait_ms = turn->conf->backends->len ? turn->conf->ticket.confirm_wait_ms : 0;

	/* Only machines have said something: nobody is there to be told. */
	return is_off(turn, kase->thread) || !kase->thread->last_customer_ms ||
	       hg_timer_set(turn, kase->thread->n, "confirm", turn->now_ms + wait_ms, NULL, error);
}

gboolean hg_confirm(hg_turn *turn, hg_case *kase, const char *number, GError **error)
{
	const char *text, *template;

	if (!hg_case_ticket(turn, kase, error))
		return FALSE;
	if (!kase->ticket || kase->ticket->confirmed || !kase->thread->inbound || is_off(turn, kase->thread))
		return TRUE;
	kase->ticket->confirmed = TRUE;
	kase->ticket_changed = TRUE;
	if (!hg_store_timer_clear(turn->store, kase->thread->n, "confirm", error) ||
	    !text_of(turn, kase, number, &text, error) || !template_of(turn, kase, number, &template, error))
		return FALSE;
	return !*text || hg_reply_or_template(turn, kase, text, template, error);
}

gboolean hg_confirm_due(hg_turn *turn, hg_case *kase, GError **error)
{
	return hg_confirm(turn, kase, NULL, error);
}
