/* http_body_say.c - a body as it is said: every value stays where it stands, whoever wrote it */
#include "http_body_inside.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define VALUE_DEPTH 32	/* of what $value puts there */

const char ht_too_long[] = "the request is too long", ht_no_file[] = "there is no file to send";

/* ---- what there is to be said ---- */

void ht_said_clear(struct ht_said *said)
{
	json_object_put(said->value);
	g_free(said->text);
}
static const ht_body *row_of(const ht_body *table, const char *word)
{
	const ht_body *any = NULL;

	for (guint i = 0; i < table->kids->len; i++) {
		const ht_body *row = table->kids->pdata[i];

		if (g_ascii_strcasecmp(row->name, word) == 0)
			return row;
		if (strcmp(row->name, "*") == 0)
			any = row;
	}
	return any;
}

static const char *find_row(const ht_body **body, const struct ht_voice *voice)
{
	g_autoptr(GString) word = g_string_new(NULL);
	const char *why = ht_fill_run((*body)->fill, voice->value, voice->ctx, NULL, word);

	*body = why ? NULL : row_of(*body, word->str);
	return why;
}

/* "Subject that goes on and…" */
static char *cut(const char *text, gint64 max)
{
	g_autofree char *head = NULL;

	if (!max || g_utf8_strlen(text, -1) <= max)
		return g_strdup(text);
	head = g_utf8_substring(text, 0, (glong)max - 1);
	return g_strconcat(head, "\xe2\x80\xa6", NULL);
}

static const char *make_cut(const ht_body *body, const struct ht_voice *voice, struct ht_said *ret)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *why = ht_fill_run(body->fill, voice->value, voice->ctx, NULL, text);
	g_autofree char *valid = NULL;

	if (why)
		return why;
	if (!ht_change_run(body->change, text)) {
		ret->body = NULL;
		return NULL;
	}
	valid = hg_text_valid(text->str, (gssize)text->len, 0);
	ret->text = cut(valid, body->max);
	return NULL;
}

const char *ht_decide(const ht_body *body, const struct ht_voice *voice, struct ht_said *ret)
{
	const char *why = NULL;

	*ret = (struct ht_said){ .body = NULL };
	while (!why && body && (body->kind == HT_N_CHOICE || body->kind == HT_N_TABLE)) {
		if (body->kind == HT_N_TABLE) {
			why = find_row(&body, voice);
		} else {
			guint i = ht_when_fits(body->when, &voice->scope) ? 0 : 1;

			body = i < body->kids->len ? body->kids->pdata[i] : NULL;
		}
	}
	ret->body = body;
	if (!why && body && body->kind == HT_N_CUT)
		why = make_cut(body, voice, ret);
	if (!why && body && body->kind == HT_N_VALUE && !(ret->value = ht_path_get(body->path, &voice->scope)))
		ret->body = NULL;
	return why;
}

/* ---- lists ---- */

/* What is said within a list: the voice around it, and the item. */
struct within {
	const struct ht_voice *around;
	struct json_object *item;	/* lent */
	gboolean file;			/* it is a file too */
};

static gboolean put_member(struct json_object *item, const char *name, GString *out)
{
	g_auto(GStrv) keys = g_strsplit(name, ".", HT_PATH_STEPS);
	g_autofree char *text = NULL;

	for (char **key = keys; *key; key++)
		if (!json_object_is_type(item, json_type_object) || !json_object_object_get_ex(item, *key, &item))
			return FALSE;
	text = item ? ht_json_text(item) : NULL;
	if (text)
		g_string_append(out, text);
	return text != NULL;
}

static gboolean value_within(void *ctx, const char *name, GString *out)
{
	const struct within *in = ctx;
	g_autofree char *text = NULL;

	if (g_str_has_prefix(name, "item.") || (in->file && g_str_has_prefix(name, "file.")))
		return put_member(in->item, name + strlen("item."), out);
	if (strcmp(name, "item") != 0)
		return in->around->value(in->around->ctx, name, out);
	text = ht_json_text(in->item);
	if (text)
		g_string_append(out, text);
	return text != NULL;
}

/* All that is there, and the item. */
static struct json_object *root_within(struct json_object *root, struct json_object *item, gboolean file)
{
	struct json_object *all = json_object_new_object();

	if (json_object_is_type(root, json_type_object)) {
		json_object_object_foreach(root, name, value)
			json_object_object_add(all, name, json_object_get(value));
	}
	json_object_object_add(all, "item", json_object_get(item));
	if (file)
		json_object_object_add(all, "file", json_object_get(item));
	return all;
}

static void say_item(void *arg, const struct ht_scope *scope)
{
	struct ht_saying *s = arg;
	gboolean file = s->each->file != NULL;
	struct within in = { .around = s->voice, .item = scope->item, .file = file };
	g_autoptr(json_object) root = NULL;
	struct ht_voice voice = *s->voice;

	if (s->why)
		return;
	root = root_within(s->voice->scope.root, scope->item, file);
	voice.value = value_within;
	voice.ctx = &in;
	voice.scope.root = root;
	s->why = s->say(s, s->each->kids->pdata[0], &voice);
}

const char *ht_say_each(struct ht_saying *s)
{
	if (!ht_path_each(s->each->path, &s->voice->scope, HT_BODY_EACH, say_item, s))
		return "a list has more than 256 items";
	return s->why;
}

/* ---- JSON ---- */

gboolean ht_is_full(const struct ht_voice *voice, const GString *out)
{
	return out->len > (voice->max_bytes ? voice->max_bytes : HT_BODY_BYTES);
}

static const char *put_number(const char *text, GString *out)
{
	struct json_object *number = NULL;
	gboolean ok = *text && strspn(text, "+-.0123456789eE") == strlen(text);

	number = ok ? hg_json_parse(text, strlen(text), NULL, NULL) : NULL;
	ok = number && (json_object_is_type(number, json_type_int) || json_object_is_type(number, json_type_double));
	json_object_put(number);
	if (!ok)
		return "a value that is to be a number is none";
	hg_json_put_raw(out, text);
	return NULL;
}

/* Written anew, so that what stands there is JSON whoever made the tree. */
static const char *put_tree(struct json_object *value, guint depth, GString *out)
{
	const char *why = depth > VALUE_DEPTH ? "a value is too deep" : NULL;
	g_autofree char *text = NULL;

	if (json_object_is_type(value, json_type_object)) {
		hg_json_open(out, '{');
		json_object_object_foreach(value, name, member) {
			if (why)
				break;
			hg_json_put_str(out, name);
			g_string_append_c(out, ':');
			why = put_tree(member, depth + 1, out);
		}
		hg_json_close(out, '}');
	} else if (json_object_is_type(value, json_type_array)) {
		hg_json_open(out, '[');
		for (gsize i = 0; !why && i < json_object_array_length(value); i++)
			why = put_tree(json_object_array_get_idx(value, i), depth + 1, out);
		hg_json_close(out, ']');
	} else if (json_object_is_type(value, json_type_string)) {
		text = ht_json_text(value);
		hg_json_put_str(out, text);
	} else {
		hg_json_put_raw(out, value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "null");
	}
	return why;
}

static const char *put_key(const ht_body *kid, const struct ht_voice *voice, GString *out)
{
	g_autoptr(GString) key = g_string_new(NULL);
	const char *why;

	if (!kid->name)
		return NULL;
	why = kid->key ? ht_fill_run(kid->key, voice->value, voice->ctx, NULL, key) : NULL;
	if (!kid->key)
		g_string_append(key, kid->name);
	hg_json_put_strn(out, key->str, key->len);
	g_string_append_c(out, ':');
	return why;
}

static const char *put_said(const struct ht_said *said, const struct ht_voice *voice, GString *out, GArray *pieces);

/* One item, or what it stands for; nothing when that is nothing. */
static const char *put_item(struct ht_saying *s, const ht_body *body, const struct ht_voice *voice)
{
	g_auto(ht_said) said = { .body = NULL };
	const char *why = ht_decide(body, voice, &said);

	if (!why && said.body)
		why = put_said(&said, voice, s->out, s->pieces);
	return !why && ht_is_full(voice, s->out) ? ht_too_long : why;
}

static const char *put_each(const ht_body *each, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	struct ht_saying s = { .each = each, .voice = voice, .say = put_item, .out = out, .pieces = pieces };

	return ht_say_each(&s);
}

static const char *put_kid(const ht_body *list, const ht_body *kid, const struct ht_voice *voice, GString *out,
			   GArray *pieces)
{
	g_auto(ht_said) said = { .body = NULL };
	const char *why = ht_decide(kid, voice, &said);

	if (why || !said.body)
		return why;
	/* In a list it is as many items as there are. */
	if (list->kind == HT_N_LIST && said.body->kind == HT_N_EACH)
		return put_each(said.body, voice, out, pieces);
	why = put_key(kid, voice, out);
	if (!why)
		why = put_said(&said, voice, out, pieces);
	return !why && ht_is_full(voice, out) ? ht_too_long : why;
}

static const char *put_list(const ht_body *body, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	const char *why = NULL;
	char open = body->kind == HT_N_MAP ? '{' : '[';

	hg_json_open(out, open);
	if (body->kind == HT_N_EACH)
		why = put_each(body, voice, out, pieces);
	for (guint i = 0; body->kind != HT_N_EACH && !why && i < body->kids->len; i++)
		why = put_kid(body, body->kids->pdata[i], voice, out, pieces);
	hg_json_close(out, open == '{' ? '}' : ']');
	return why;
}

const char *ht_said_text(const struct ht_said *said, const struct ht_voice *voice, GString *out, gboolean *ret_there)
{
	const ht_body *body = said->body;
	g_autofree char *text = said->value ? ht_json_text(said->value) : NULL;

	*ret_there = TRUE;
	if (said->text || text) {
		g_string_append(out, said->text ? said->text : text);
		return NULL;
	}
	if (body->kind == HT_N_VALUE)
		return "a list or a map cannot be the text of a field";
	if (body->fill)
		return ht_fill_run(body->fill, voice->value, voice->ctx, NULL, out);
	if (body->kind == HT_N_DOCUMENT)
		return ht_body_json(body->kids->pdata[0], voice, out, NULL);
	if (body->kind == HT_N_TRUTH)
		g_string_append(out, ht_when_fits(body->when, &voice->scope) ? "true" : "false");
	else if (body->plain)
		g_string_append(out, body->plain);
	else
		*ret_there = FALSE;
	return NULL;
}

struct json_object *ht_voice_file(const struct ht_voice *voice, const char *name)
{
	return hg_json_obj(voice->scope.root, name);
}

/* A text whose last is a file: its place is within the quotes. */
static const char *put_coded(const ht_body *body, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	g_autoptr(GString) before = g_string_new(NULL);
	struct ht_piece piece = { .base64 = TRUE };
	const char *why = ht_fill_run(body->fill, voice->value, voice->ctx, NULL, before);

	if (why)
		return why;
	piece.file = ht_voice_file(voice, body->file);
	if (!piece.file || !pieces)
		return ht_no_file;
	hg_json_put_strn(out, before->str, before->len);
	piece.at = out->len - 1;
	json_object_get(piece.file);
	g_array_append_val(pieces, piece);
	return NULL;
}

static const char *put_said(const struct ht_said *said, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	const ht_body *body = said->body;
	g_autoptr(GString) text = NULL;
	const char *why;
	gboolean there;

	switch (body->kind) {
	case HT_N_FIXED:
		hg_json_put_raw(out, body->fixed);
		return NULL;
	case HT_N_TRUTH:
		hg_json_put_raw(out, ht_when_fits(body->when, &voice->scope) ? "true" : "false");
		return NULL;
	case HT_N_VALUE:
		return put_tree(said->value, 0, out);
	case HT_N_CODED:
		return put_coded(body, voice, out, pieces);
	case HT_N_MAP:
	case HT_N_LIST:
	case HT_N_EACH:
		return put_list(body, voice, out, pieces);
	default:
		break;
	}
	text = g_string_new(NULL);
	why = ht_said_text(said, voice, text, &there);
	if (!why && body->kind == HT_N_NUMBER)
		return put_number(text->str, out);
	if (!why)
		hg_json_put_strn(out, text->str, text->len);
	return why;
}

const char *ht_body_json(const ht_body *body, const struct ht_voice *voice, GString *out, GArray *pieces)
{
	g_auto(ht_said) said = { .body = NULL };
	const char *why = ht_decide(body, voice, &said);

	if (why)
		return why;
	if (said.body)
		return put_said(&said, voice, out, pieces);
	hg_json_put_raw(out, "null");
	return NULL;
}

static void clear_piece(gpointer data)
{
	json_object_put(((struct ht_piece *)data)->file);
}

GArray *ht_pieces_new(void)
{
	GArray *pieces = g_array_new(FALSE, TRUE, sizeof(struct ht_piece));

	g_array_set_clear_func(pieces, clear_piece);
	return pieces;
}
