/* http_samples.c - plays the samples of a description: the channel's own code, between a made-up request and a gateway
 * that writes down what it is given */
#include <string.h>

#include "http_samples.h"

#include "http_in.h"
#include "http_out.h"
#include "http_sns.h"
#include "json.h"
#include "text.h"

#define SAMPLES_MAX 1000
#define NOW_MS	    G_GINT64_CONSTANT(1763632800000)	/* where the samples do not say: 2025-11-20T10:00:00Z */

/* What stands for the gateway's channel. */
struct stage {
	gint64 now_ms;
	struct json_object *got;	/* of the sample that is played */
};

struct play {
	const ht_desc *desc;
	struct ht_conf conf;
	struct stage stage;
	struct json_object *certificates;	/* or NULL */
	void (*tell)(void *arg, const struct hg_sample *);
	void *arg;
	guint failed;
};

/* ---- the gateway ---- */

static struct stage *stage_of(struct hg_channel *ch)
{
	return (struct stage *)(void *)ch;
}

static gint64 now_ms(struct hg_channel *ch)
{
	return stage_of(ch)->now_ms;
}

static void no_log(struct hg_channel *ch, int level, const char *event, const char *fmt, ...)
{
	(void)ch;
	(void)level;
	(void)event;
	(void)fmt;
}

static void no_count(struct hg_channel *ch, const char *what)
{
	(void)ch;
	(void)what;
}

static void add_to(struct json_object *got, const char *list, struct json_object *value)
{
	struct json_object *array = NULL;

	json_object_object_get_ex(got, list, &array);
	json_object_array_add(array, value);
}

static void take_batch(struct hg_channel *ch, const struct hg_batch *batch, hg_ack_fn *ack, void *arg)
{
	struct stage *stage = stage_of(ch);

	(void)ack;
	(void)arg;
	for (gsize i = 0; i < batch->n_in; i++)
		add_to(stage->got, ht_shown_list(&batch->in[i]), ht_shown_message(&batch->in[i]));
	for (gsize i = 0; i < batch->n_receipts; i++)
		add_to(stage->got, "receipts", ht_shown_receipt(&batch->receipts[i]));
}

static void take_call(struct hg_channel *ch, const struct hg_http_call *call, hg_http_done_fn *done, void *arg)
{
	struct stage *stage = stage_of(ch);
	struct hg_http_answer answer = { .size = sizeof(answer), .error = "samples have no network" };

	add_to(stage->got, "calls", json_object_new_string(call->url));
	done(arg, &answer);
}

static const struct hg_host host = { .size = sizeof(host), .log = no_log, .now_ms = now_ms, .count = no_count,
				     .emit = take_batch, .http = take_call };

/* ---- a request ---- */

static void play_request(struct json_object *sample, struct hg_http_rep *rep, ht_inlet *inlet)
{
	g_auto(ht_sample_request) request = { 0 };

	ht_sample_request_make(hg_json_obj(sample, "request"), "/channel/sample/", "webhook", &request);
	ht_inlet_take(inlet, &request.pub, rep);
}

/* ---- what came of it ---- */

static struct json_object *nothing_yet(void)
{
	static const char *const lists[] = { "messages", "receipts", "consent", "kept", "calls" };
	struct json_object *got = json_object_new_object();

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		json_object_object_add(got, lists[i], json_object_new_array());
	return got;
}

static struct json_object *reply_of(const struct hg_http_rep *rep)
{
	const struct hg_http_outcome whole = { .size = sizeof(whole), .status = rep->status, .type = rep->type, .body = rep->body, .len = rep->len };
	const struct hg_http_outcome *said = rep->status || !rep->stored ? &whole : rep->stored;
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "status", json_object_new_int(said->status));
	json_object_object_add(reply, "type", said->type ? json_object_new_string(said->type) : NULL);
	json_object_object_add(reply, "body", json_object_new_string_len(said->body ? said->body : "", (int)said->len));
	return reply;
}

/* "reply: 200" is short for its status; a list that is not named is expected to be empty. */
static struct json_object *whole_expectation(struct json_object *sample)
{
	struct json_object *said = hg_json_obj(sample, "expect"), *want = nothing_yet(), *reply = NULL;

	json_object_object_foreach(said, key, value)
		json_object_object_add(want, key, json_object_get(value));
	if (json_object_object_get_ex(want, "reply", &reply) && !json_object_is_type(reply, json_type_object)) {
		struct json_object *status = json_object_new_object();

		json_object_object_add(status, "status", json_object_get(reply));
		json_object_object_add(want, "reply", status);
	}
	return want;
}

static void check_sample(struct json_object *sample, GString *wrong)
{
	static const char *const keys[] = { "name", "seen", "made_up", "request", "expect", NULL };
	static const char *const request[] = { "method", "path", "peer", "headers", "body", "base64", "json", "form", NULL };
	struct json_object *said = hg_json_obj(sample, "request");

	json_object_object_foreach(sample, key, value) {
		(void)value;
		if (!g_strv_contains(keys, key))
			g_string_append_printf(wrong, "%s%s means nothing here", wrong->len ? "\n" : "", key);
	}
	if (!said || !hg_json_obj(sample, "expect")) {
		g_string_append_printf(wrong, "%sit needs a request and what to expect of it", wrong->len ? "\n" : "");
		return;
	}
	json_object_object_foreach(said, name, other) {
		(void)other;
		if (!g_strv_contains(request, name))
			g_string_append_printf(wrong, "%srequest.%s means nothing here", wrong->len ? "\n" : "", name);
	}
	if (!ht_sample_text(sample, "seen") && !hg_json_bool(sample, "made_up", FALSE))
		g_string_append_printf(wrong, "%sit says neither where it was seen nor made_up: true", wrong->len ? "\n" : "");
}

static void put_certificates(struct play *p, ht_inlet *inlet)
{
	if (!p->certificates)
		return;
	json_object_object_foreach(p->certificates, url, pem) {
		const char *text = json_object_get_string(pem);

		ht_certs_put(ht_inlet_certs(inlet), url, text, text ? strlen(text) : 0, p->stage.now_ms);
	}
}

static void play_sample(struct play *p, struct json_object *sample, GString *wrong)
{
	struct hg_http_rep rep = { .size = sizeof(rep) };
	ht_inlet *inlet = ht_inlet_new(&host, (struct hg_channel *)(void *)&p->stage, p->desc, &p->conf, NULL);
	g_autoptr(json_object) want = whole_expectation(sample), got = nothing_yet();

	p->stage.got = got;
	put_certificates(p, inlet);
	play_request(sample, &rep, inlet);
	json_object_object_add(got, "reply", reply_of(&rep));
	ht_compare(want, got, "", wrong);
	ht_inlet_free(inlet);
}

static void tell(struct play *p, struct json_object *sample, const GString *wrong)
{
	const char *name = ht_sample_text(sample, "name");
	struct hg_sample told = { .size = sizeof(told), .name = name ? name : "(without a name)", .passed = !wrong->len,
				  .made_up = hg_json_bool(sample, "made_up", FALSE), .text = wrong->len ? wrong->str : NULL };

	p->failed += !told.passed;
	p->tell(p->arg, &told);
}

static void play_all(struct play *p, struct json_object *list)
{
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	for (gsize i = 0; i < MIN(n, SAMPLES_MAX); i++) {
		struct json_object *sample = json_object_array_get_idx(list, i);
		g_autoptr(GString) wrong = g_string_new(NULL);

		if (json_object_is_type(sample, json_type_object))
			check_sample(sample, wrong);
		else
			g_string_assign(wrong, "a sample is a map: { name: ..., request: ..., expect: ... }");
		if (!wrong->len)
			play_sample(p, sample, wrong);
		tell(p, sample, wrong);
	}
}

/* ---- what is given ---- */

static void read_given(struct ht_look *look, struct json_object *given, struct play *p)
{
	static const char *const keys[] = { "secrets", "values", "public_url", "country", "status_url", "now", "certificates", "text",
					    "long_text", NULL };
	g_autofree char *now = NULL;

	p->stage.now_ms = NOW_MS;
	p->conf.text = g_strdup("exact");
	p->conf.long_text = g_strdup("concat");
	if (!given || !ht_keys(look, given, keys))
		return;
	p->conf.secrets = ht_read_map(look, given, "secrets");
	p->conf.values = ht_read_map(look, given, "values");
	p->conf.public_url = ht_text(look, given, "public_url", FALSE);
	p->conf.country = ht_text(look, given, "country", FALSE);
	p->conf.status_url = ht_text(look, given, "status_url", FALSE);
	p->certificates = hg_json_obj(given, "certificates");
	now = ht_text(look, given, "now", FALSE);
	if (now && hg_time_parse(now) < 0)
		ht_wrong(look, "now", "a time such as 2026-11-20T10:00:00Z is wanted here");
	else if (now)
		p->stage.now_ms = hg_time_parse(now);
}

static void free_given(struct play *p)
{
	g_strfreev(p->conf.secrets);
	g_strfreev(p->conf.values);
	g_free(p->conf.public_url);
	g_free(p->conf.country);
	g_free(p->conf.status_url);
	g_free(p->conf.text);
	g_free(p->conf.long_text);
}

/* What the channel would have to have, the samples give it. */
static int cannot(const struct ht_look *look, struct hg_err *err)
{
	*err = look->first;
	if (strcmp(err->at, "secrets") == 0 || strcmp(err->at, "values") == 0 || strcmp(err->at, "public_url") == 0) {
		g_autofree char *text = g_strdup_printf("for its samples (given: %s:): %s", err->at, look->first.text);

		g_strlcpy(err->text, text, sizeof(err->text));
		g_strlcpy(err->at, "description/samples", sizeof(err->at));
	}
	return -1;
}

static int run(struct play *p, struct ht_look *look, const char *json, struct json_object *samples, struct hg_err *err)
{
	g_autoptr(ht_desc) desc = NULL;
	gsize was = ht_enter(look, "samples");
	gsize inner = ht_enter(look, "given");

	read_given(look, hg_json_obj(samples, "given"), p);
	ht_leave(look, inner);
	ht_leave(look, was);
	p->conf.description = (char *)json;
	look->knows = TRUE;
	look->has_url = p->conf.public_url != NULL;
	look->secrets = p->conf.secrets;
	look->values = p->conf.values;
	desc = look->errors ? NULL : ht_desc_new(json, look);
	if (!desc)
		return cannot(look, err);
	p->desc = desc;
	play_all(p, hg_json_arr(samples, "in"));
	if (desc->out)
		p->failed += ht_out_samples(desc, hg_json_arr(samples, "out"), &p->conf, p->stage.now_ms, p->tell, p->arg);
	return (int)p->failed;
}

int ht_samples(const void *conf, void (*tell_)(void *arg, const struct hg_sample *), void *arg, struct hg_err *err)
{
	const char *json = ((const struct ht_conf *)conf)->description;
	struct play p = { .tell = tell_, .arg = arg };
	struct ht_look look = { .at = g_string_new("description") };
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) tree = hg_json_parse(json, strlen(json), NULL, &error);
	int rc = run(&p, &look, json, hg_json_obj(tree, "samples"), err);

	free_given(&p);
	if (look.at)
		g_string_free(look.at, TRUE);
	return rc;
}
