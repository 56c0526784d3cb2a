/* twilio_send.c - one planned part goes to the provider
 *
 * There is no idempotency key.  Our key stands in the query of StatusCallback, so that the first status tells of an
 * attempt whose answer was lost. */
#include "twilio_send.h"

#include <string.h>

#include "arena.h"
#include "json.h"
#include "outside_url.h"
#include "params.h"
#include "twilio.h"
#include "twilio_api.h"
#include "twilio_errors.h"
#include "twilio_plan.h"
#include "twilio_read.h"

struct sending {			/* one call under way */
	struct twilio *t;
	guint64 ticket;
	char *to, *from;		/* ours; from may be NULL */
	char *key;			/* ours */
};

static void sending_free(struct sending *s)
{
	g_free(s->to);
	g_free(s->from);
	g_free(s->key);
	g_free(s);
}

static void finish(struct sending *s, const struct hg_result *result)
{
	s->t->host->sent(s->t->ch, s->ticket, result);
	sending_free(s);
}

static void fail(struct sending *s, const char *text, const char *advice)
{
	struct hg_result result = { .size = sizeof(result), .fate = HG_FAILED, .text = text, .advice = advice };

	finish(s, &result);
}

static void stored(void *arg, int outcome)
{
	(void)arg;
	(void)outcome;			/* said again by the next refusal */
}

/* The customer has stopped us over there: said by the failed send, and kept as his state. */
static void tell_consent(struct sending *s, const struct hg_result *result)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_in in;
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };
	g_autofree char *dedupe = g_strconcat("consent:", s->key, NULL);

	twilio_consent(s->to, s->from, result->code, result->text, arena, &in);
	in.dedupe = dedupe;
	s->t->host->emit(s->t->ch, &batch, stored, NULL);
}

static void taken(struct json_object *root, struct hg_result *ret)
{
	ret->id = hg_json_str(root, "sid");
	if (ret->id && *ret->id)
		return;
	ret->fate = HG_AMBIGUOUS;
	ret->text = "the provider's answer names no message";
	ret->advice = "It may have arrived: a status of the provider will say so.";
}

static void posted(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	g_autoptr(json_object) root = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;
	struct hg_result result = { .size = sizeof(result) };
	const struct hg_verdict *row;

	twilio_api_verdict(answer, root, &result);
	if (answer->status / 100 == 2)
		taken(root, &result);
	hg_health_result(&s->t->health, answer, &result);
	row = hg_verdict_find(twilio_errors, result.code);
	if (row && row->consent && result.fate == HG_FAILED)
		tell_consent(s, &result);
	finish(s, &result);
}

static void post(struct sending *s, const GString *form)
{
	const struct twilio_conf *conf = s->t->conf;
	g_autofree char *url = twilio_api_url(conf, "/Messages.json"), *auth = twilio_api_auth(conf);
	const char *headers[] = { auth, "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", NULL };
	struct hg_http_call call = { .size = sizeof(call), .method = "POST", .url = url, .headers = headers,
				     .body = form->str, .len = form->len, .timeout_ms = conf->timeout };

	s->t->host->http(s->t->ch, &call, posted, s);
}

/* The file a body begins with by number, which is taken off it; NULL: none is there. */
static const struct hg_file *take_file(const struct hg_out *out, GString *form)
{
	gsize step = out->file_size ? out->file_size : sizeof(struct hg_file), head = strcspn(form->str, "\n");
	guint64 index = 0;

	form->str[head] = '\0';
	if (!g_ascii_string_to_unsigned(form->str + strlen(TWILIO_FILE_LINE), 10, 0, TWILIO_MEDIA_COUNT, &index, NULL) ||
	    index >= out->n_files)
		return NULL;
	g_string_erase(form, 0, (gssize)head + 1);
	return (const void *)((const char *)out->files + index * step);
}

/* The file of this part, lent to the provider; FALSE: the part has failed for it. */
static gboolean add_file(struct sending *s, const struct hg_out *out, GString *form)
{
	struct twilio *t = s->t;
	const struct hg_file *file = take_file(out, form);
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL, *url = NULL;

	if (file && file->path)
		name = hg_lent_add(t->lent, file->path, file->type, TWILIO_WA_MAX, t->conf->auth_token[0], s->key,
				   t->host->now_ms(t->ch), &error);
	if (!name) {
		fail(s, error ? error->message : "the file of this part is missing",
		     "Attach the file again and send it once more.");
		return FALSE;
	}
	url = hg_outside_with(t->conf->webhook_url, "file", name);
	url[strcspn(url, "#")] = '\0';
	hg_params_add(form, "MediaUrl", url);
	return TRUE;
}

void twilio_send(void *state, const struct hg_out *out)
{
	struct sending *s = g_new0(struct sending, 1);
	g_autoptr(GString) form = g_string_new_len(out->body, (gssize)out->len);
	g_autofree char *callback = NULL;

	s->t = state;
	s->ticket = out->ticket;
	s->to = g_strdup(out->to);
	s->from = g_strdup(out->from);
	s->key = g_strdup(out->key);
	if (!out->len) {
		fail(s, "this part has no body", NULL);
		return;
	}
	callback = hg_outside_with(s->t->conf->webhook_url, "key", out->key);
	if (g_str_has_prefix(form->str, TWILIO_FILE_LINE) && !add_file(s, out, form))
		return;
	hg_params_add(form, "StatusCallback", callback);
	post(s, form);
}
