/* http_answer.c - what a provider's answer means for the message that was sent */
#include "http_answer.h"

#include <string.h>

#include "http_tree.h"
#include "text.h"
#include "verdict.h"

#define STATUSES_MAX 16
#define RETRY_MAX_S  86400
#define WORDS_MAX    300	/* bytes of a provider's words */
#define LIKE_MAX     65536	/* bytes of a plain answer that patterns look at */

struct range { int from, to; };

struct ht_answer {
	int shape;			/* enum ht_shape; 0: by Content-Type */
	struct range ok[STATUSES_MAX];
	gsize n_ok;
	ht_when *when;			/* or NULL */
	char **like, **unlike;		/* or NULL */
	ht_pick *id, *also, *code, *text, *retry_after;		/* or NULL */
};

void ht_answer_free(ht_answer *a)
{
	if (!a)
		return;
	ht_when_free(a->when);
	g_strfreev(a->like);
	g_strfreev(a->unlike);
	ht_pick_free(a->id);
	ht_pick_free(a->also);
	ht_pick_free(a->code);
	ht_pick_free(a->text);
	ht_pick_free(a->retry_after);
	g_free(a);
}

/* ---- reading the description ---- */

static gboolean read_range(const char *text, struct range *ret)
{
	gsize digits = strspn(text, "0123456789"), more = text[digits] == '-' ? strspn(text + digits + 1, "0123456789") : 0;

	if (digits != 3 || (text[3] && (more != 3 || text[7])))
		return FALSE;
	ret->from = (int)g_ascii_strtoll(text, NULL, 10);
	ret->to = text[3] ? (int)g_ascii_strtoll(text + 4, NULL, 10) : ret->from;
	return ret->from >= 100 && ret->to >= ret->from;
}

static void read_ok(struct ht_look *look, struct json_object *map, ht_answer *a)
{
	g_auto(GStrv) texts = map ? ht_texts(look, map, "ok") : NULL;

	if (!texts)
		a->ok[a->n_ok++] = (struct range){ 200, 299 };
	for (gsize i = 0; texts && texts[i]; i++) {
		if (a->n_ok >= STATUSES_MAX || !read_range(texts[i], &a->ok[a->n_ok]))
			ht_wrong(look, "ok", "is a status or a range (200, 200-299), or a list of at most %d", STATUSES_MAX);
		else
			a->n_ok++;
	}
}

/* {name} with nothing between two of them: where one ends could not be said. */
static const char *wrong_pattern(const char *pattern)
{
	static const char *const names[] = { "{}", "{id}", "{code}", "{text}", NULL };
	gsize i;

	for (const char *at = strchr(pattern, '{'); at; at = strchr(at + 1, '{')) {
		for (i = 0; names[i] && !g_str_has_prefix(at, names[i]); i++)
			;
		if (!names[i])
			return "knows {id}, {code}, {text} and {} for anything";
		if (at[strlen(names[i])] == '{')
			return "has two of its names with nothing between them";
	}
	return NULL;
}

static char **read_patterns(struct ht_look *look, struct json_object *map, const char *key)
{
	char **patterns = ht_texts(look, map, key);
	const char *why;

	for (gsize i = 0; patterns && patterns[i]; i++)
		if ((why = wrong_pattern(patterns[i])))
			ht_wrong(look, key, "%s", why);
	return patterns;
}

ht_answer *ht_answer_new(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "type", "ok", "when", "like", "unlike", "id", "also", "code", "text", "retry_after",
					    NULL };
	g_autoptr(ht_answer) a = g_new0(ht_answer, 1);
	g_autofree char *type = map ? ht_text(look, map, "type", FALSE) : NULL;
	guint errors = look->errors;

	read_ok(look, map, a);
	if (!map)
		return g_steal_pointer(&a);
	ht_keys(look, map, keys);
	a->shape = type ? ht_shape_word(type) : 0;
	if (type && (!a->shape || a->shape == HT_MULTIPART || a->shape == HT_QUERY))
		ht_wrong(look, "type", "is json, xml, form or text");
	a->when = ht_when_new(look, map, "when");
	a->like = read_patterns(look, map, "like");
	a->unlike = read_patterns(look, map, "unlike");
	a->id = ht_pick_new(look, map, "id", FALSE);
	a->also = ht_pick_new(look, map, "also", FALSE);
	a->code = ht_pick_new(look, map, "code", FALSE);
	a->text = ht_pick_new(look, map, "text", FALSE);
	a->retry_after = ht_pick_new(look, map, "retry_after", FALSE);
	return look->errors == errors ? g_steal_pointer(&a) : NULL;
}

/* ---- reading an answer ---- */

/* An answer that is looked at; all but read_by_pattern is lent. */
struct seen {
	const ht_answer *answer;
	const struct hg_http_answer *http;
	struct json_object *tree;	/* ours; or NULL */
	char *body;			/* as UTF-8; ours */
	GHashTable *found;		/* what patterns found */
	gboolean unread;		/* the body is not what it should be */
	struct ht_scope scope;
};

static const char *header_of(const void *from, const char *name)
{
	const struct hg_http_answer *http = from;

	return http->header ? http->header(http, name) : NULL;
}

static int shape_of(const ht_answer *a, const char *type)
{
	int shape = a->shape ? a->shape : type ? ht_shape_of(type) : 0;

	return shape && shape != HT_MULTIPART ? shape : a->like || a->unlike ? HT_TEXT : HT_JSON;
}

static void look_at(const ht_answer *a, const struct hg_http_answer *http, struct seen *ret)
{
	const char *type = header_of(http, "Content-Type");
	g_autofree char *charset = type ? ht_charset_of(type) : NULL;
	struct hg_err err = { 0 };
	gsize n = 0;

	*ret = (struct seen){ .answer = a, .http = http,
			      .found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };
	if (charset && !ht_charset_known(charset))
		g_clear_pointer(&charset, g_free);
	ret->body = ht_utf8(charset, http->body ? http->body : "", http->len, &n);
	if (http->len)
		ret->tree = ht_tree(shape_of(a, type), charset, type, http->body, http->len, &err);
	ret->unread = !ret->tree;
	ret->scope = (struct ht_scope){ .root = ret->tree, .header = header_of, .from = http, .body = ret->body, .len = n,
					.status = http->status };
}

static void seen_clear(struct seen *s)
{
	json_object_put(s->tree);
	g_free(s->body);
	g_hash_table_unref(s->found);
}

static gboolean is_like(struct seen *s, char **patterns)
{
	g_autofree char *head = patterns ? hg_text_valid(s->body, -1, LIKE_MAX) : NULL;

	for (; patterns && *patterns; patterns++) {
		g_hash_table_remove_all(s->found);
		if (ht_like(*patterns, head, s->found))
			return TRUE;
	}
	return FALSE;
}

/* Of the pattern that fitted, else of where the description says; one line.  Yours, or NULL. */
static char *find(const struct seen *s, const char *name, const ht_pick *pick)
{
	const char *by_pattern = g_hash_table_lookup(s->found, name);
	g_autofree char *text = by_pattern ? g_strdup(by_pattern) : ht_pick_text(pick, &s->scope);

	if (!text || !*text)
		return NULL;
	for (char *at = text; *at; at++)
		if ((guchar)*at < 0x20)
			*at = ' ';
	return hg_text_valid(text, -1, WORDS_MAX);
}

static gboolean status_ok(const ht_answer *a, int status)
{
	for (gsize i = 0; i < a->n_ok; i++)
		if (status >= a->ok[i].from && status <= a->ok[i].to)
			return TRUE;
	return FALSE;
}

/* TRUE: the provider has taken the message. */
static gboolean was_taken(struct seen *s)
{
	const ht_answer *a = s->answer;

	if (is_like(s, a->unlike) || !status_ok(a, s->http->status))
		return FALSE;
	return ht_when_fits(a->when, &s->scope) && (!a->like || is_like(s, a->like));
}

/* ---- the verdict ---- */

static const char unknown_advice[] = "It may have arrived.  If a delivery receipt comes, headgate settles it; else ask the "
	"customer, or send it again by hand.";

static void set(struct ht_judged *ret, int fate, int reach, const char *advice)
{
	ret->result.fate = fate;
	ret->result.reach = reach;
	ret->result.advice = advice;
}

static void by_row(const struct ht_code *row, struct ht_judged *ret)
{
	static const struct { int fate, reach; const char *advice; } rows[] = {
		[HT_RETRY] = { HG_RETRY, HG_REACH_MESSAGE, "The provider had a trouble of its own; headgate tries again." },
		[HT_THROTTLE] = { HG_RETRY, HG_REACH_CHANNEL,
			"The provider limits how fast this channel may send; headgate slows down and sends it later." },
		[HT_PERMANENT] = { HG_FAILED, HG_REACH_MESSAGE, "The provider refused this message for the reason it gives." },
		[HT_CONTACT] = { HG_FAILED, HG_REACH_CONTACT,
			"The provider cannot deliver to this address: use another channel." },
		[HT_OPTED_OUT] = { HG_FAILED, HG_REACH_CONTACT,
			"The customer has opted out: the provider takes nothing for this address until he opts in again." },
		[HT_ACCOUNT] = { HG_FAILED, HG_REACH_ACCOUNT,
			"The provider does not serve this account as it is: an admin must act on the reason it gives." },
	};

	set(ret, rows[row->class].fate, rows[row->class].reach, row->advice ? row->advice : rows[row->class].advice);
	ret->result.retry_ms = row->retry_ms;
	ret->opted_out = row->class == HT_OPTED_OUT;
}

static gint64 asked_wait(const struct seen *s)
{
	g_autofree char *text = ht_pick_text(s->answer->retry_after, &s->scope);
	double seconds = text ? g_ascii_strtod(text, NULL) : 0;

	if (seconds > 0)
		return (gint64)(MIN(seconds, RETRY_MAX_S) * 1000);
	return hg_verdict_after(s->http);
}

static void read_refusal(struct seen *s, const ht_desc *desc, struct ht_judged *ret)
{
	g_autofree char *code = find(s, "code", s->answer->code), *text = find(s, "text", s->answer->text);
	g_autofree char *status = g_strdup_printf("http:%d", s->http->status);
	const struct ht_code *row = ht_desc_code(desc, code);

	if (!row)
		row = ht_desc_code(desc, status);
	if (row)
		by_row(row, ret);
	else if (s->http->status / 100 == 2)
		set(ret, HG_FAILED, HG_REACH_MESSAGE, "The provider refused this message for the reason it gives.");
	else
		hg_verdict_http(s->http, &ret->result);
	if (ret->result.fate == HG_RETRY)
		ret->result.retry_ms = MAX(ret->result.retry_ms, asked_wait(s));
	ret->result.code = code && strspn(code, "0123456789") == strlen(code) && strlen(code) < 10 ?
			   (int)g_ascii_strtoll(code, NULL, 10) : 0;
	ret->text = g_strdup_printf("HTTP %d%s%s%s%s", s->http->status, code ? ", code " : "", code ? code : "",
				    text ? ": " : "", text ? text : "");
}

static void read_taken(struct seen *s, struct ht_judged *ret)
{
	ret->id = find(s, "id", s->answer->id);
	ret->also[0] = find(s, "also", s->answer->also);
	if (!ret->id && (s->answer->id || g_hash_table_contains(s->found, "id"))) {
		set(ret, HG_AMBIGUOUS, HG_REACH_MESSAGE, unknown_advice);
		ret->text = g_strdup("the provider took the message, but its answer names no id");
		return;
	}
	set(ret, HG_SENT, HG_REACH_MESSAGE, NULL);
}

/* A 2xx that cannot be read, where it must be read to know: it may have been taken. */
static gboolean is_riddle(const struct seen *s)
{
	const ht_answer *a = s->answer;

	return s->http->status / 100 == 2 && s->unread && (a->when || a->id) && !a->like && !a->unlike;
}

void ht_answer_read(const ht_answer *a, const ht_desc *desc, const struct hg_http_answer *http, struct ht_judged *ret)
{
	struct seen s;

	*ret = (struct ht_judged){ .result = { .size = sizeof(ret->result) } };
	if (!http->status) {
		hg_verdict_http(http, &ret->result);
		return;
	}
	look_at(a, http, &s);
	if (was_taken(&s)) {
		read_taken(&s, ret);
	} else if (is_riddle(&s)) {
		set(ret, HG_AMBIGUOUS, HG_REACH_MESSAGE, unknown_advice);
		ret->text = g_strdup_printf("HTTP %d with an answer that cannot be read", http->status);
	} else {
		read_refusal(&s, desc, ret);
	}
	seen_clear(&s);
	ret->result.id = ret->id;
	ret->result.text = ret->text;
	ret->result.also = ret->also[0] ? (const char *const *)ret->also : NULL;
}

void ht_judged_clear(struct ht_judged *judged)
{
	g_clear_pointer(&judged->id, g_free);
	g_clear_pointer(&judged->text, g_free);
	g_clear_pointer(&judged->also[0], g_free);
}
