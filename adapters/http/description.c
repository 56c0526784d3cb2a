/* description.c - a description as a whole: its sections, and codes that both ways look up */
#include "description.h"

#include <string.h>

#include "http_fetch.h"
#include "http_out.h"
#include "json.h"
#include "text.h"
#include "ways_in.h"

#define CODES_MAX 2000

static void clear_code(gpointer data)
{
	struct ht_code *code = data;

	g_free(code->code);
	g_free(code->advice);
}

void ht_desc_free(ht_desc *desc)
{
	if (!desc)
		return;
	g_clear_pointer(&desc->in, g_ptr_array_unref);
	g_clear_pointer(&desc->codes, g_array_unref);
	ht_out_free(desc->out);
	ht_fetch_free(desc->fetch);
	ht_request_free(desc->probe);
	json_object_put(desc->tree);
	g_free(desc->name);
	g_free(desc->country);
	g_free(desc);
}

/* ---- codes ---- */

static const char *const classes[] = { "retry", "throttle", "permanent", "contact", "opted_out", "account", NULL };

/* "21610": opted_out, or { class: opted_out, advice: ..., retry: 5s } */
static void read_code(struct ht_look *look, struct json_object *map, const char *key, struct json_object *value, GArray *codes)
{
	static const char *const keys[] = { "class", "advice", "retry", NULL };
	struct ht_code code = { .code = g_strdup(key) };
	gsize was;

	if (json_object_is_type(value, json_type_object)) {
		was = ht_enter(look, key);
		ht_keys(look, value, keys);
		ht_member(look, value, "class", TRUE);
		code.class = 1 + ht_word(look, value, "class", classes, 0);
		code.advice = ht_text(look, value, "advice", FALSE);
		code.retry_ms = ht_span(look, value, "retry", 0);
		if (code.retry_ms && code.class != HT_RETRY && code.class != HT_THROTTLE)
			ht_wrong(look, "retry", "is for the classes retry and throttle");
		ht_leave(look, was);
	} else {
		code.class = 1 + ht_word(look, map, key, classes, 0);
	}
	g_array_append_val(codes, code);
}

static GArray *read_codes(struct ht_look *look, struct json_object *tree)
{
	GArray *codes = g_array_new(FALSE, TRUE, sizeof(struct ht_code));
	struct json_object *map = ht_member(look, tree, "codes", FALSE);
	gsize was = ht_enter(look, "codes");

	g_array_set_clear_func(codes, clear_code);
	if (map && (!json_object_is_type(map, json_type_object) || json_object_object_length(map) > CODES_MAX)) {
		ht_wrong(look, NULL, "a map of at most %d codes is wanted here: { \"21610\": opted_out }", CODES_MAX);
	} else if (map) {
		json_object_object_foreach(map, key, value)
			read_code(look, map, key, value, codes);
	}
	ht_leave(look, was);
	return codes;
}

const struct ht_code *ht_desc_code(const ht_desc *desc, const char *code)
{
	for (guint i = 0; code && i < desc->codes->len; i++) {
		const struct ht_code *row = &g_array_index(desc->codes, struct ht_code, i);

		if (strcmp(row->code, code) == 0)
			return row;
	}
	return NULL;
}

/* ---- the whole ---- */

static void read_send(struct ht_look *look, ht_desc *desc)
{
	struct json_object *send = ht_member(look, desc->tree, "send", FALSE);
	struct json_object *fetch = ht_member(look, desc->tree, "fetch", FALSE);
	gsize was = ht_enter(look, "send");

	desc->out = send ? ht_out_new(look, send, desc) : NULL;
	ht_leave(look, was);
	was = ht_enter(look, "fetch");
	desc->fetch = fetch ? ht_fetch_new(look, fetch) : NULL;
	ht_leave(look, was);
}

/* It changes nothing over there: a look, whose answer counts by its status alone. */
static void read_probe(struct ht_look *look, ht_desc *desc)
{
	static const char *const keys[] = { "method", "url", "query", "headers", "basic", "bearer", "json", "form", NULL };
	struct json_object *probe = ht_member(look, desc->tree, "probe", FALSE);
	gsize was = ht_enter(look, "probe");

	if (probe && ht_keys(look, probe, keys))
		desc->probe = ht_request_new(look, probe, TRUE);
	if (desc->probe && ht_request_has(desc->probe, "token"))
		ht_wrong(look, NULL, "cannot name ${token}: it is asked for when a message is sent");
	ht_leave(look, was);
}

/* What only `headgatectl adapter test` runs has the right names at least. */
static void check_samples(struct ht_look *look, struct json_object *tree)
{
	static const char *const keys[] = { "given", "in", "out", NULL };
	struct json_object *samples = ht_member(look, tree, "samples", FALSE);
	gsize was = ht_enter(look, "samples");

	if (samples)
		ht_keys(look, samples, keys);
	ht_leave(look, was);
}

static void read_all(struct ht_look *look, ht_desc *desc)
{
	static const char *const keys[] = { "name", "about", "country", "codes", "in", "send", "fetch", "probe", "samples", NULL };

	if (!ht_keys(look, desc->tree, keys) && !json_object_is_type(desc->tree, json_type_object))
		return;
	desc->name = ht_text(look, desc->tree, "name", TRUE);
	desc->country = ht_text(look, desc->tree, "country", FALSE);
	if (desc->country && !ht_country_known(desc->country))
		ht_wrong(look, "country", "'%.40s' is no country: two letters such as GB are (ISO 3166-1)", desc->country);
	desc->codes = read_codes(look, desc->tree);
	desc->in = ht_ways_new(look, desc->tree);
	read_send(look, desc);
	read_probe(look, desc);
	check_samples(look, desc->tree);
	if (!ht_member(look, desc->tree, "in", FALSE) && !ht_member(look, desc->tree, "send", FALSE))
		ht_wrong(look, NULL, "neither 'in' nor 'send' is there: nothing could come or go");
}

ht_desc *ht_desc_new(const char *json, struct ht_look *look)
{
	const struct hg_json_limits limits = { .duplicates = TRUE };
	g_autoptr(ht_desc) desc = g_new0(ht_desc, 1);
	g_autoptr(GError) error = NULL;

	if (!look->at)
		look->at = g_string_new(NULL);
	look->names = ht_say_names;
	look->people = ht_say_people;
	g_string_assign(look->at, "description");
	desc->tree = hg_json_parse(json, strlen(json), &limits, &error);
	if (!desc->tree)
		ht_wrong(look, NULL, "%s", error->message);
	else
		read_all(look, desc);
	g_string_free(g_steal_pointer(&look->at), TRUE);
	return look->errors ? NULL : g_steal_pointer(&desc);
}
