/* visitor_spread.c - what is told to who looks just now and kept nowhere, for those who look at another node
 *
 * A sign goes to the other nodes as a short text of ids: never what somebody says, nor his name.  Who hears of it there is
 * decided there, by the store, as for a sign of that node's own. */
#include <string.h>

#include "visitor_call.h"
#include "visitor_live.h"

enum sign_kind { SIGN_AGENT = 'a', SIGN_VISITOR = 'v', SIGN_BYE = 'b' };
enum agent_sign { TYPES = 't', HAS_READ = 'r' };

static gboolean spread(hg_visitors *visitors, enum sign_kind kind, const char *text)
{
	const struct hg_visitors_env *env = &visitors->env;

	return env->spread && env->spread(env->ctx, (char)kind, text);
}

/* ---- an agent types, or has read ---- */

void hg_spread_say(hg_visitors *visitors, const char *channel, const struct hg_out *out)
{
	g_autofree char *text = g_strdup_printf("%c %s %s %s", out->kind == HG_TYPING ? TYPES : HAS_READ, channel, out->to ?: "-", out->target ?: "-");

	if (!spread(visitors, SIGN_AGENT, text))
		hg_visitor_live_say(visitors->live, channel, out);
}

static void hear_agent(hg_visitors *visitors, char **words)
{
	struct hg_out out = { .size = sizeof out, .kind = *words[0] == TYPES ? HG_TYPING : HG_READ, .to = words[2], .target = words[3] };

	hg_visitor_live_say(visitors->live, words[1], &out);
}

/* ---- a visitor types ---- */

static void tell_typing(hg_visitors *visitors, const struct hg_news_of *of, const char *thread_id, gboolean on)
{
	const struct hg_visitors_env *env = &visitors->env;
	g_autoptr(GString) line = g_string_new(NULL);

	hg_json_open(line, '{');
	hg_json_add_str(line, "type", "visitor.typing");
	hg_json_add_time(line, "timestamp", hg_now(hg_loop_env(env->loop)));
	hg_json_key(line, "data");
	hg_json_open(line, '{');
	hg_json_add_str(line, "thread_id", thread_id);
	hg_json_add_bool(line, "on", on);
	hg_json_close(line, '}');
	hg_json_close(line, '}');
	g_string_append_c(line, '\n');
	env->tell(env->ctx, of, line->str, line->len);
}

void hg_spread_typing(hg_visitors *visitors, const struct hg_news_of *of, const char *thread_id, gboolean on)
{
	g_autofree char *text = g_strdup_printf("%d %" G_GINT64_FORMAT " %d %s %s", on ? 1 : 0, of->thread_n, of->shadow ? 1 : 0,
						thread_id, of->channel);

	if (!spread(visitors, SIGN_VISITOR, text))
		tell_typing(visitors, of, thread_id, on);
}

static void hear_visitor(hg_visitors *visitors, char **words)
{
	const struct hg_news_of of = { g_ascii_strtoll(words[1], NULL, 10), *words[2] == '1', words[4] };

	tell_typing(visitors, &of, words[3], *words[0] == '1');
}

/* ---- a session is over ---- */

void hg_spread_end(hg_visitors *visitors, const struct hg_visitor_live_ended *which)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " %s %s %s %s", which->until_ms, which->reason, which->channel,
						which->uri, which->browser);

	if (!spread(visitors, SIGN_BYE, text))
		hg_visitor_live_end(visitors->live, which);
}

static void hear_bye(hg_visitors *visitors, char **words)
{
	const struct hg_visitor_live_ended which = { .until_ms = g_ascii_strtoll(words[0], NULL, 10), .reason = words[1],
		.channel = words[2], .uri = words[3], .browser = words[4] };

	hg_visitor_live_end(visitors->live, &which);
}

/* ---- from another node ---- */

void hg_visitors_hear(hg_visitors *visitors, char kind, const char *text)
{
	static const struct { char kind; guint words; void (*hear)(hg_visitors *visitors, char **words); } kinds[] = {
		{ SIGN_AGENT, 4, hear_agent }, { SIGN_VISITOR, 5, hear_visitor }, { SIGN_BYE, 5, hear_bye },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		/* The last one may have spaces in it. */
		g_auto(GStrv) words = kinds[i].kind == kind ? g_strsplit(text, " ", (int)kinds[i].words) : NULL;

		if (words && g_strv_length(words) == kinds[i].words)
			kinds[i].hear(visitors, words);
	}
}
