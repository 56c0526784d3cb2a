/* email_plan.c - a message as the recipe of one mail; pure functions of configuration and message */
#include "email_plan.h"

#include <string.h>

#include "conf_wrong.h"
#include "json.h"
#include "mail_build.h"
#include "mail_compose.h"
#include "mail_wire.h"
#include "template.h"

#define RECIPE_MAX (1000 * 1000)	/* bytes: the host takes a MiB */
#define MAILTO	   "mailto:"

static gboolean is_set(const char *text)
{
	return text && *text;
}

static const char *bare(const char *uri)
{
	return uri && g_str_has_prefix(uri, MAILTO) ? uri + strlen(MAILTO) : NULL;
}

/* Answers leave from the address that was written to, where it is one of ours. */
static const char *sender_of(const struct email_conf *conf, const struct hg_out *out)
{
	const char *from = bare(out->from);

	for (char **alias = conf->aliases; from && alias && *alias; alias++)
		if (!g_ascii_strcasecmp(*alias, from))
			return *alias;
	return conf->address;
}

char *email_reply_address(const struct email_conf *conf, const char *from, const char *token)
{
	const char *at = strrchr(from, '@');

	return g_strdup_printf("%.*s+t.%s@%s", (int)(at - from), from, token, conf->reply_domain ? conf->reply_domain : at + 1);
}

/* ---- may it be sent? ---- */

static gint64 file_bytes(const struct hg_out *out)
{
	gint64 sum = 0;

	for (gsize i = 0; i < out->n_files; i++) {
		const struct hg_file *file = (const void *)((const char *)out->files + i * out->file_size);

		sum += MAX(file->bytes, 0);
	}
	return sum;
}

static gboolean has_words(const struct hg_out *out)
{
	return (out->text && out->text[strspn(out->text, " \t\r\n")]) || is_set(out->html);
}

static int check_content(const struct email_conf *conf, const struct hg_out *out, struct hg_err *err)
{
	gint64 bytes = file_bytes(out);

	if (is_set(out->template_json) || is_set(out->payload))
		return hg_refuse(err, HG_ERR_UNSUPPORTED,
				 "e-mail carries text, HTML and files, no templates or buttons of other channels");
	if (!has_words(out) && !out->n_files)
		return hg_refuse(err, HG_ERR_INPUT, "there is nothing to send");
	if (out->n_files > HG_MAIL_FILES_MAX)
		return hg_refuse(err, HG_ERR_LIMIT,
				 "%zu files in one mail, at most %d are sent", out->n_files, HG_MAIL_FILES_MAX);
	if (bytes / 3 * 4 > conf->smtp_max_size)
		return hg_refuse(err, HG_ERR_LIMIT,
				 "the files have %lld bytes, and in a mail a third more; mails of up to %lld bytes are "
				 "sent (smtp.max_size): send a link", (long long)bytes, (long long)conf->smtp_max_size);
	return 0;
}

static int check(const struct email_conf *conf, const struct hg_out *out, struct hg_err *err)
{
	g_autofree char *wire = hg_mail_wire_address(bare(out->to));

	if (!conf->smtp_host)
		return hg_refuse(err, HG_ERR_CONFIG, "this mailbox is only read: set smtp.host to answer from it");
	if (out->kind == HG_EDIT || out->kind == HG_REVOKE)
		return hg_refuse(err, HG_ERR_UNSUPPORTED,
				 "a mail cannot be %s once it is sent: send another that puts it right",
				 out->kind == HG_EDIT ? "changed" : "taken back");
	if (out->kind != HG_TEXT)
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "e-mail carries no such thing");
	if (!wire)
		return hg_refuse(err, HG_ERR_INPUT,
				 "%.80s is no address that mail can be sent to", out->to ? out->to : "(none)");
	return check_content(conf, out, err);
}

/* ---- the words ---- */

static const struct hg_past *past_at(const struct hg_out *out, gsize i)
{
	return (const void *)((const char *)out->past + i * (out->past_size ? out->past_size : sizeof(struct hg_past)));
}

/* quote: last is what the customer said last, all is both sides.  Nothing of a stranger's goes into what we send by
 * ourselves: whoever writes in another's name could have it said to him. */
static GArray *quotes(const struct email_conf *conf, const struct hg_out *out)
{
	gboolean all = strcmp(conf->quote, "all") == 0;
	GArray *said = g_array_new(FALSE, FALSE, sizeof(struct hg_mail_said));

	if (out->automatic || (!all && strcmp(conf->quote, "last") != 0))
		return said;
	for (gsize i = 0; i < out->n_past && (all || !said->len); i++) {
		const struct hg_past *past = past_at(out, i);
		struct hg_mail_said one = { past->name, past->text, past->at_ms };

		if (is_set(past->text) && (all || !past->ours))
			g_array_append_val(said, one);
	}
	return said;
}

static const char *agent_name(void *ctx, const char *name)
{
	const struct hg_out *out = ctx;

	return strcmp(name, "name") == 0 && !out->automatic ? out->name : NULL;
}

static char *name_of(const struct email_conf *conf, const struct hg_out *out)
{
	g_autoptr(GString) name = g_string_new(NULL);

	if (conf->name)
		hg_template_fill(conf->name, agent_name, (void *)out, HG_MAIL_NAME_MAX, name);
	return hg_mail_line(name->str, HG_MAIL_NAME_MAX);
}

static void put_recipe(GString *json, const struct email_conf *conf, const struct hg_out *out)
{
	g_autoptr(GArray) said = quotes(conf, out);
	g_autofree char *name = name_of(conf, out);
	const char *subject = out->automatic ? NULL : out->subject;
	struct hg_mail_words words = {
		.text = out->text, .html = is_set(out->html) ? out->html : NULL, .text_template = conf->text_template,
		.html_template = conf->html_template, .name = out->automatic ? NULL : out->name, .number = out->number,
		.subject = subject, .said = (const void *)said->data, .n_said = said->len,
	};
	g_autofree char *line = hg_mail_subject(subject, out->number, conf->subject, out->refs && *out->refs);
	g_autofree char *text = hg_mail_compose_text(&words), *html = hg_mail_compose_html(&words);

	hg_json_open(json, '{');
	hg_json_add_str(json, "from", sender_of(conf, out));
	hg_json_add_str(json, "to", bare(out->to));
	hg_json_add_str(json, "name", name);
	hg_json_add_str(json, "subject", line);
	hg_json_add_str(json, "text", text);
	hg_json_opt_str(json, "html", html);
	hg_json_add_int(json, "date_ms", out->now_ms);
	hg_json_add_bool(json, "automatic", out->automatic);
	hg_json_key(json, "refs");
	hg_json_open(json, '[');
	for (const char *const *ref = out->refs; ref && *ref; ref++)
		hg_json_put_str(json, *ref);
	hg_json_close(json, ']');
	hg_json_close(json, '}');
}

int email_plan(const void *options, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	const struct email_conf *conf = options;
	g_autoptr(GString) json = NULL;
	struct hg_part part = { .size = sizeof(part), .file = -1, .text = out->text };

	if (check(conf, out, err))
		return -1;
	json = g_string_new(NULL);
	put_recipe(json, conf, out);
	if (json->len > RECIPE_MAX)
		return hg_refuse(err, HG_ERR_LIMIT,
				 "text and HTML of the mail have %zu bytes with what is around them, at most %d fit: "
				 "send a part of it as a file", json->len, RECIPE_MAX);
	part.body = json->str;
	part.len = json->len;
	plan->add(plan, &part);
	return 0;
}

void email_limits(const void *options, struct hg_limits *limits)
{
	limits->max_file = ((const struct email_conf *)options)->smtp_max_size / 4 * 3;
}

/* ---- back again ---- */

static const char **refs_of(struct json_object *list)
{
	gsize n = list ? json_object_array_length(list) : 0, used = 0;
	const char **refs = g_new0(const char *, n + 1);

	for (gsize i = 0; i < n; i++)
		if (json_object_is_type(json_object_array_get_idx(list, i), json_type_string))
			refs[used++] = json_object_get_string(json_object_array_get_idx(list, i));
	return refs;
}

gboolean email_recipe_read(const void *body, gsize len, struct email_recipe *ret)
{
	struct json_object *json = hg_json_parse(body, len, NULL, NULL);

	*ret = (struct email_recipe){
		.json = json, .from = hg_json_str(json, "from"), .to = hg_json_str(json, "to"), .name = hg_json_str(json, "name"),
		.subject = hg_json_str(json, "subject"), .text = hg_json_str(json, "text"), .html = hg_json_str(json, "html"),
		.date_ms = hg_json_int(json, "date_ms", 0), .automatic = hg_json_bool(json, "automatic", FALSE),
		.refs = refs_of(hg_json_arr(json, "refs")), .thread = hg_json_str(json, "thread"),
		.asks = hg_json_bool(json, "asks", FALSE),
	};
	return (ret->from || ret->thread) && ret->to && ret->subject && ret->text;
}

void email_recipe_done(struct email_recipe *recipe)
{
	g_free(recipe->refs);
	json_object_put(recipe->json);
}
