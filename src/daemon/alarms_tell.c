/* alarms_tell.c - alarms as lines of the log, as a mail, and as a signed POST */
#include "alarms_made.h"

#include <string.h>

#include "json.h"
#include "log.h"
#include "sign.h"
#include "text.h"

#define HOOK_MS	   10000
#define ANSWER_MAX 4096
#define SUBJECT_OF 80		/* characters of the first alarm's text in a subject */

static const char *state_of(const struct alarm_news *news)
{
	return news->over ? "over" : news->again ? "still" : "raised";
}

/* ---- the log ---- */

void alarm_tell_log(const struct alarm_news *news, guint n)
{
	for (guint i = 0; i < n; i++) {
		struct hg_ctx ctx = HG_CTX(NULL, "alarm", news[i].name);

		if (news[i].over)
			hg_info(&ctx, "alarm.cleared", "over: %s", news[i].text);
		else
			hg_err(&ctx, news[i].again ? "alarm.stands" : "alarm.raised", "%s", news[i].text);
	}
}

/* ---- mails ---- */

gboolean alarm_mail_is_set(const struct hg_alarms_conf *set)
{
	return set->to && *set->to && set->mail;
}

static char *subject_of(const hg_conf *conf, const struct alarm_news *news, guint n)
{
	g_autofree char *first = g_utf8_substring(news->text, 0, MIN(g_utf8_strlen(news->text, -1), SUBJECT_OF));

	if (n == 1)
		return g_strdup_printf("[%s] %s%s", conf->gateway.name, news->over ? "over: " : news->again ? "still: " : "", first);
	return g_strdup_printf("[%s] %u alarms: %s", conf->gateway.name, n, first);
}

static void append_line(GString *out, const struct alarm_news *news, const char *since)
{
	g_string_append_printf(out, "%-7s %s\n        %s, since %s UTC\n", state_of(news), news->text, news->name, since);
}

static char *text_of(const hg_conf *conf, const struct alarm_news *news, guint n)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "From the gateway %s:\n\n", conf->gateway.name);
	for (guint i = 0; i < n; i++) {
		g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(news[i].since_ms / 1000);
		g_autofree char *since = at ? g_date_time_format(at, "%Y-%m-%d %H:%M") : g_strdup("?");

		append_line(out, &news[i], since);
	}
	g_string_append(out, "\nheadgatectl status shows how it is now. Who gets this mail is said by alarms: in the configuration.\n");
	return g_string_free(out, FALSE);
}

struct mailing {
	alarm_told *done;
	void *arg;
	guint waiting;			/* receivers yet to be heard of */
	gboolean taken;			/* by one of them */
	char *why;			/* of one that was not */
};

static void mailed(void *arg, const struct hg_desk_answer *answer)
{
	struct mailing *mailing = arg;
	gboolean ok = answer->status >= 200 && answer->status < 300;

	mailing->taken = mailing->taken || ok;
	if (!ok && !mailing->why)
		mailing->why = g_strdup(answer->error && *answer->error ? answer->error : answer->body ?: "no answer");
	if (--mailing->waiting)
		return;
	mailing->done(mailing->arg, mailing->taken, mailing->why);
	g_free(mailing->why);
	g_free(mailing);
}

static struct hg_client_part part(const char *name, const char *text)
{
	return (struct hg_client_part){ .name = name, .data = text, .len = strlen(text) };
}

static void mail_one(hg_gateway *gateway, const char *to, const char *subject, const char *text, struct mailing *mailing)
{
	const hg_conf *conf = gateway->setup->conf;
	gint64 now_ms = hg_now(gateway->env);
	g_autofree char *id = g_strdup_printf("alarm %" G_GINT64_FORMAT " %s", now_ms, to);
	const struct hg_client_part parts[] = { part("to", to), part("subject", subject), part("text", text), part("id", id),
						part("thread", "alarms"), part("name", conf->gateway.name) };

	hg_desk_mail_call(gateway->mail, conf->alarms.mail, now_ms, &(struct hg_client_call){
		.url = HG_DESK_MAIL_URL, .parts = parts, .n_parts = G_N_ELEMENTS(parts) }, mailed, mailing);
}

void alarm_tell_mail(hg_gateway *gateway, const struct alarm_news *news, guint n, alarm_told *done, void *arg)
{
	const hg_conf *conf = gateway->setup->conf;
	g_autofree char *subject = subject_of(conf, news, n), *text = text_of(conf, news, n);
	struct mailing *mailing = g_new0(struct mailing, 1);

	mailing->done = done;
	mailing->arg = arg;
	mailing->waiting = g_strv_length(conf->alarms.to);
	for (char **to = conf->alarms.to; *to; to++)
		mail_one(gateway, *to, subject, text, mailing);
}

/* ---- the webhook ---- */

gboolean alarm_hook_is_set(const struct hg_alarms_conf *set)
{
	return set->url && set->secrets;
}

static char *body_of(const hg_conf *conf, const struct alarm_news *news, guint n, gint64 now_ms)
{
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "type", "alarm");
	hg_json_add_time(out, "timestamp", now_ms);
	hg_json_key(out, "data");
	hg_json_open(out, '{');
	hg_json_add_str(out, "gateway", conf->gateway.name);
	hg_json_key(out, "alarms");
	hg_json_open(out, '[');
	for (guint i = 0; i < n; i++) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "name", news[i].name);
		hg_json_add_str(out, "state", state_of(&news[i]));
		hg_json_add_time(out, "since", news[i].since_ms);
		hg_json_add_str(out, "text", news[i].text);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}

struct posting { alarm_told *done; void *arg; };

static void posted(void *arg, const struct hg_client_answer *answer)
{
	g_autofree struct posting *posting = arg;
	gboolean ok = answer->code == HG_CLIENT_OK && answer->status >= 200 && answer->status < 300;
	g_autofree char *why = ok ? NULL : answer->status ? g_strdup_printf("it answered %d", answer->status) :
							    g_strdup(answer->error);

	posting->done(posting->arg, ok, why);
}

void alarm_tell_hook(hg_gateway *gateway, const struct alarm_news *news, guint n, alarm_told *done, void *arg)
{
	const hg_conf *conf = gateway->setup->conf;
	gint64 now_ms = hg_now(gateway->env);
	g_autofree char *body = body_of(conf, news, n, now_ms);
	struct posting *posting = g_new(struct posting, 1);
	g_auto(GStrv) headers = NULL;
	char id[HG_ID_SIZE];

	*posting = (struct posting){ done, arg };
	hg_id_new(gateway->env, "alm", id);
	headers = hg_sign_headers(conf->alarms.secrets, id, now_ms / 1000, body, strlen(body));
	hg_client_call(gateway->client, &(struct hg_client_call){ .method = "POST", .url = conf->alarms.url,
		.headers = (const char *const *)headers, .body = body, .len = strlen(body), .timeout_ms = HOOK_MS,
		.max_reply = ANSWER_MAX, .private_ok = conf->alarms.allow_private }, posted, posting);
}
