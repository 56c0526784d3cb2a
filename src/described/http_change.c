/* http_change.c - transforms: each takes bytes and leaves bytes, in time by their number */
#include "http_change.h"

#include <string.h>

#include "gsm.h"
#include "http_tree.h"
#include "number.h"
#include "number_plan.h"
#include "proof.h"
#include "text.h"

#define STEPS_MAX 16

struct step {
	gboolean (*run)(const struct step *step, GString *value);
	char **texts;			/* ours: its argument or arguments; or NULL */
	int n;				/* of split */
};

struct ht_change {
	GArray *steps;			/* of struct step */
};

static void clear_step(gpointer data)
{
	g_strfreev(((struct step *)data)->texts);
}

void ht_change_free(ht_change *change)
{
	if (!change)
		return;
	g_array_unref(change->steps);
	g_free(change);
}

/* ---- the steps ---- */

static void set(GString *value, char *bytes, gsize len)
{
	g_string_truncate(value, 0);
	g_string_append_len(value, bytes, (gssize)len);
	g_free(bytes);
}

/* Text is what most steps want; what was decoded before may be anything. */
static void make_text(GString *value)
{
	char *text = hg_text_valid(value->str, (gssize)value->len, 0);

	set(value, text, strlen(text));
}

static gboolean run_trim(const struct step *step, GString *value)
{
	const char *from, *to;

	(void)step;
	make_text(value);
	for (from = value->str; *from && g_unichar_isspace(g_utf8_get_char(from)); from = g_utf8_next_char(from))
		;
	for (to = value->str + value->len; to > from; ) {
		const char *before = g_utf8_prev_char(to);

		if (!g_unichar_isspace(g_utf8_get_char(before)))
			break;
		to = before;
	}
	g_string_truncate(value, (gsize)(to - value->str));
	g_string_erase(value, 0, from - value->str);
	return TRUE;
}

static gboolean run_lower(const struct step *step, GString *value)
{
	char *text;

	(void)step;
	make_text(value);
	text = g_utf8_strdown(value->str, (gssize)value->len);
	set(value, text, strlen(text));
	return TRUE;
}

static gboolean run_upper(const struct step *step, GString *value)
{
	char *text;

	(void)step;
	make_text(value);
	text = g_utf8_strup(value->str, (gssize)value->len);
	set(value, text, strlen(text));
	return TRUE;
}

static gboolean run_digits(const struct step *step, GString *value)
{
	gsize n = 0;

	(void)step;
	for (gsize i = 0; i < value->len; i++)
		if (g_ascii_isdigit(value->str[i]))
			value->str[n++] = value->str[i];
	g_string_truncate(value, n);
	return n > 0;
}

static gboolean run_plus(const struct step *step, GString *value)
{
	(void)step;
	if (g_ascii_isdigit(value->str[0]))
		g_string_prepend_c(value, '+');
	return TRUE;
}

static gboolean run_strip(const struct step *step, GString *value)
{
	for (char **prefix = step->texts; *prefix; prefix++)
		if (g_str_has_prefix(value->str, *prefix)) {
			g_string_erase(value, 0, (gssize)strlen(*prefix));
			return TRUE;
		}
	return TRUE;
}

static gboolean run_strip_end(const struct step *step, GString *value)
{
	for (char **suffix = step->texts; *suffix; suffix++)
		if (g_str_has_suffix(value->str, *suffix)) {
			g_string_truncate(value, value->len - strlen(*suffix));
			return TRUE;
		}
	return TRUE;
}

static gboolean run_after(const struct step *step, GString *value)
{
	const char *mark = step->texts[0], *at = memmem(value->str, value->len, mark, strlen(mark));

	if (!at)
		return FALSE;
	g_string_erase(value, 0, at - value->str + (gssize)strlen(mark));
	return TRUE;
}

static gboolean run_before(const struct step *step, GString *value)
{
	const char *mark = step->texts[0], *at = memmem(value->str, value->len, mark, strlen(mark));

	if (at)
		g_string_truncate(value, (gsize)(at - value->str));
	return TRUE;
}

static gboolean run_split(const struct step *step, GString *value)
{
	g_auto(GStrv) parts = NULL;
	int n, count;

	make_text(value);
	parts = g_strsplit(value->str, step->texts[0], -1);
	count = (int)g_strv_length(parts);
	n = step->n < 0 ? count + step->n : step->n;
	if (n < 0 || n >= count)
		return FALSE;
	g_string_assign(value, parts[n]);
	return TRUE;
}

static gboolean run_url(const struct step *step, GString *value)
{
	g_autoptr(GBytes) bytes = NULL;
	gsize len;
	const char *data;

	(void)step;
	for (gsize i = 0; i < value->len; i++)
		if (value->str[i] == '+')
			value->str[i] = ' ';
	bytes = g_uri_unescape_bytes(value->str, (gssize)value->len, NULL, NULL);
	if (!bytes)
		return FALSE;
	data = g_bytes_get_data(bytes, &len);
	set(value, g_memdup2(data, len), len);
	return TRUE;
}

static gboolean run_base64(const struct step *step, GString *value)
{
	gsize len;
	guint8 *bytes = hg_unbase64(value->str, &len);

	(void)step;
	if (!bytes)
		return FALSE;
	set(value, (char *)bytes, len);
	return TRUE;
}

static gboolean run_hex(const struct step *step, GString *value)
{
	gsize len = value->len / 2;
	g_autofree guint8 *bytes = g_malloc(len + 1);

	(void)step;
	if (!hg_unhex(value->str, bytes, len))
		return FALSE;
	set(value, (char *)g_steal_pointer(&bytes), len);
	return TRUE;
}

static gboolean run_charset(const struct step *step, GString *value)
{
	gsize len;
	char *text = ht_utf8(step->texts[0], value->str, value->len, &len);

	set(value, text, len);
	return TRUE;
}

static gboolean run_ucs2(const struct step *step, GString *value)
{
	gsize len;
	char *text;

	(void)step;
	if (value->len % 2)
		return FALSE;
	text = ht_utf8("UTF-16BE", value->str, value->len, &len);
	set(value, text, len);
	return TRUE;
}

/* One septet in each byte, as aggregators pass them on. */
static gboolean run_gsm7(const struct step *step, GString *value)
{
	char *text = hg_gsm_decode((const guint8 *)value->str, value->len, HG_GSM_DEFAULT, HG_GSM_DEFAULT);

	(void)step;
	set(value, text, strlen(text));
	return TRUE;
}

/* Without the header in front of the text (3GPP TS 23.040 section 9.2.3.24), whose length is its first byte. */
static gboolean run_no_udh(const struct step *step, GString *value)
{
	gsize len = value->len ? 1 + (gsize)(guint8)value->str[0] : 0;

	(void)step;
	if (!len || len > value->len)
		return FALSE;
	g_string_erase(value, 0, (gssize)len);
	return TRUE;
}

static gboolean run_e164(const struct step *step, GString *value)
{
	struct hg_number number;

	make_text(value);
	if (hg_number_parse(value->str, step->texts[0], FALSE, &number) && number.kind == HG_NUMBER_E164)
		g_string_assign(value, number.uri + strlen("tel:"));
	return TRUE;
}

/* ---- reading ---- */

enum wants { W_NOTHING, W_TEXT, W_TEXTS, W_SPLIT, W_CHARSET, W_COUNTRY };

static const struct verb {
	const char *name;
	int wants;
	gboolean (*run)(const struct step *step, GString *value);
} verbs[] = {
	{ "trim", W_NOTHING, run_trim }, { "lower", W_NOTHING, run_lower }, { "upper", W_NOTHING, run_upper },
	{ "digits", W_NOTHING, run_digits }, { "plus", W_NOTHING, run_plus }, { "strip", W_TEXTS, run_strip },
	{ "strip_end", W_TEXTS, run_strip_end }, { "after", W_TEXT, run_after }, { "before", W_TEXT, run_before },
	{ "split", W_SPLIT, run_split }, { "url", W_NOTHING, run_url }, { "base64", W_NOTHING, run_base64 },
	{ "hex", W_NOTHING, run_hex }, { "ucs2", W_NOTHING, run_ucs2 }, { "gsm7", W_NOTHING, run_gsm7 },
	{ "charset", W_CHARSET, run_charset }, { "no_udh", W_NOTHING, run_no_udh }, { "e164", W_COUNTRY, run_e164 },
	{ NULL, 0, NULL },
};

static const struct verb *find_verb(struct ht_look *look, const char *name)
{
	const char *names[G_N_ELEMENTS(verbs)];
	g_autofree char *all = NULL;
	guint n = 0;

	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
		names[n++] = verb->name;
	}
	names[n] = NULL;
	all = g_strjoinv(", ", (char **)names);
	if (hg_nearest(name, names))
		ht_wrong(look, NULL, "there is no '%.60s' to do: did you mean '%s'?", name, hg_nearest(name, names));
	else
		ht_wrong(look, NULL, "there is no '%.60s' to do; known are %s", name, all);
	return NULL;
}

static void read_split(struct ht_look *look, struct json_object *map, struct step *step)
{
	static const char *const keys[] = { "on", "at", NULL };
	gsize was = ht_enter(look, "split");
	struct json_object *arg = ht_member(look, map, "split", FALSE);

	if (ht_keys(look, arg, keys)) {
		ht_member(look, arg, "on", TRUE);
		step->texts = ht_texts(look, arg, "on");
		step->n = (int)ht_int(look, arg, "at", -1000, 1000, 0);
	}
	ht_leave(look, was);
}

static gboolean argument_ok(struct ht_look *look, const struct verb *verb, const struct step *step)
{
	const char *text = step->texts ? step->texts[0] : NULL;

	if (!text || (!*text && verb->wants != W_TEXTS))
		ht_wrong(look, NULL, "'%s' wants a text that is not empty", verb->name);
	else if (verb->wants != W_TEXTS && step->texts[1])
		ht_wrong(look, NULL, "'%s' wants one text, not a list", verb->name);
	else if (verb->wants == W_CHARSET && !ht_charset_known(text))
		ht_wrong(look, NULL, "there is no charset '%.40s' here", text);
	else if (verb->wants == W_COUNTRY && !ht_country_known(text))
		ht_wrong(look, NULL, "'%.40s' is no country: two letters such as GB are (ISO 3166-1)", text);
	else
		return TRUE;
	return FALSE;
}

/* "trim", or { strip: "tel:" } */
static gboolean read_step(struct ht_look *look, struct json_object *value, struct step *step)
{
	const char *name = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
	struct json_object *map = name ? NULL : value;
	const struct verb *verb;

	if (!name && (!json_object_is_type(value, json_type_object) || json_object_object_length(value) != 1)) {
		ht_wrong(look, NULL, "each step is a word (trim) or a map of one (strip: \"tel:\")");
		return FALSE;
	}
	if (map) {
		json_object_object_foreach(map, key, arg) {
			(void)arg;
			name = key;
		}
	}
	verb = name ? find_verb(look, name) : NULL;
	if (!verb)
		return FALSE;
	step->run = verb->run;
	if (!map != (verb->wants == W_NOTHING)) {
		ht_wrong(look, NULL, map ? "'%s' is written alone, without a value" : "'%s' wants a value: { %s: ... }", verb->name,
			 verb->name);
		return FALSE;
	}
	if (verb->wants == W_SPLIT)
		read_split(look, map, step);
	else if (map)
		step->texts = ht_texts(look, map, verb->name);
	return verb->wants == W_NOTHING || (step->texts && argument_ok(look, verb, step));
}

ht_change *ht_change_new(struct ht_look *look, struct json_object *map, const char *key)
{
	struct json_object *list = ht_member(look, map, key, FALSE);
	g_autoptr(ht_change) change = g_new0(ht_change, 1);
	gboolean is_list = json_object_is_type(list, json_type_array);
	gsize n = is_list ? json_object_array_length(list) : 1, was;
	gboolean fine = TRUE;

	change->steps = g_array_new(FALSE, TRUE, sizeof(struct step));
	g_array_set_clear_func(change->steps, clear_step);
	if (!list)
		return NULL;
	if (n > STEPS_MAX) {
		ht_wrong(look, key, "must have 1 to %d steps, not %zu", STEPS_MAX, n);
		return NULL;
	}
	was = ht_enter(look, key);
	for (gsize i = 0; i < n; i++) {
		struct step step = { 0 };
		gsize inner = is_list ? ht_enter_at(look, i) : look->at->len;

		fine = read_step(look, is_list ? json_object_array_get_idx(list, i) : list, &step) && fine;
		g_array_append_val(change->steps, step);
		ht_leave(look, inner);
	}
	ht_leave(look, was);
	return fine ? g_steal_pointer(&change) : NULL;
}

gboolean ht_change_run(const ht_change *change, GString *value)
{
	for (guint i = 0; change && i < change->steps->len; i++) {
		const struct step *step = &g_array_index(change->steps, struct step, i);

		if (!step->run(step, value))
			return FALSE;
	}
	return TRUE;
}

gboolean ht_country_known(const char *country)
{
	return hg_number_plan_of(country) != NULL;
}
