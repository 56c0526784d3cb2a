/* change.c - what happened in a helpdesk, bounded, as JSON and back */
#include "change.h"

#include "fail.h"
#include "json.h"
#include "model.h"
#include "text.h"

#include <stddef.h>
#include <string.h>

#define JSON_MAX (8 * 1024 * 1024)	/* two texts of nothing but escapes, 64 files with long names: less */
#define REF_MAX	 (16 * 1024)		/* what a file is fetched by: addresses with signatures are long */

static const char *const words[] = {
	[HG_CHANGE_REPLY] = "reply", [HG_CHANGE_NOTE] = "note", [HG_CHANGE_STATUS] = "status",
	[HG_CHANGE_ASSIGN] = "assign", [HG_CHANGE_MERGE] = "merge", [HG_CHANGE_DELETE] = "delete",
	[HG_CHANGE_LOOK] = "look",
};

const char *hg_change_word(int kind)
{
	return kind > 0 && kind < HG_CHANGES ? words[kind] : "?";
}

int hg_change_of(const char *word)
{
	for (int kind = 1; word && kind < HG_CHANGES; kind++)
		if (strcmp(word, words[kind]) == 0)
			return kind;
	return 0;
}

gboolean hg_change_status_ok(const char *status)
{
	return hg_ticket_state_of(status) > HG_TICKET_REQUESTED;
}

const char *hg_change_key(hg_arena *arena, int kind, const char *id)
{
	g_autofree char *key = g_strconcat(hg_change_word(kind), " ", id, NULL);

	return hg_arena_str(arena, key);
}

const char *hg_change_space(hg_arena *arena, const char *backend)
{
	g_autofree char *space = g_strconcat(HG_CHANGE_SPACE, backend, NULL);

	return hg_arena_str(arena, space);
}

static gboolean has(const char *word)
{
	return word && *word;
}

const char *hg_change_lane(const hg_change *change)
{
	return has(change->ticket) ? change->ticket : change->external;
}

/* ---- what it consists of ---- */

enum form { WORD, LONG, NUMBER };

struct member {
	const char *name;
	gsize offset;
	int form;
	gsize max;
};

#define MEMBER(of, field, form_, max_) { #field, offsetof(of, field), form_, max_ }

static const struct member members[] = {
	MEMBER(hg_change, id, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, ticket, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, external, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, number, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, url, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, text, LONG, HG_CHANGE_TEXT_MAX),
	MEMBER(hg_change, html, LONG, HG_CHANGE_TEXT_MAX),
	MEMBER(hg_change, agent, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, status, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, said, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, assignee, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, into, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, missing, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(hg_change, order, NUMBER, 0),
	MEMBER(hg_change, at_ms, NUMBER, 0),
};

static const struct member file_members[] = {
	MEMBER(struct hg_file, name, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(struct hg_file, type, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(struct hg_file, sha256, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(struct hg_file, ref, LONG, REF_MAX),
	MEMBER(struct hg_file, content_id, WORD, HG_CHANGE_WORD_MAX),
	MEMBER(struct hg_file, bytes, NUMBER, 0),
	MEMBER(struct hg_file, expires_ms, NUMBER, 0),
};

static const char **text_at(void *of, const struct member *member)
{
	return (const char **)(void *)((char *)of + member->offset);
}

static gint64 *number_at(void *of, const struct member *member)
{
	return (gint64 *)(void *)((char *)of + member->offset);
}

static void copy_members(hg_arena *arena, const struct member *list, gsize n, void *of)
{
	for (gsize i = 0; i < n; i++)
		if (list[i].form != NUMBER)
			*text_at(of, &list[i]) = hg_arena_text(arena, *text_at(of, &list[i]), list[i].max);
}

void hg_change_copy(hg_arena *arena, const hg_change *from, hg_change *ret)
{
	gsize n = from->files ? MIN(from->n_files, (gsize)HG_CHANGE_FILES_MAX) : 0;
	struct hg_file *files = hg_arena_alloc(arena, (n + 1) * sizeof(*files));

	*ret = *from;
	copy_members(arena, members, G_N_ELEMENTS(members), ret);
	for (gsize i = 0; i < n; i++) {
		files[i] = from->files[i];
		files[i].size = sizeof(files[i]);
		files[i].data = NULL;
		files[i].path = NULL;
		copy_members(arena, file_members, G_N_ELEMENTS(file_members), &files[i]);
	}
	ret->files = n ? files : NULL;
	ret->n_files = n;
}

/* ---- what may be one ---- */

/* What things are found by must not be cut. */
static gboolean id_ok(const char *what, const char *id, GError **error)
{
	gsize len = id ? strlen(id) : 0;

	if (len > HG_CHANGE_WORD_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "its %s has %zu bytes, at most %d are taken", what, len,
			       HG_CHANGE_WORD_MAX);
	return !id || g_utf8_validate(id, (gssize)len, NULL) ||
	       hg_fail(error, HG_ERROR_INPUT, "its %s is not valid UTF-8", what);
}

static gboolean content_ok(const hg_change *change, GError **error)
{
	switch (change->kind) {
	case HG_CHANGE_STATUS:
		if (change->status && !hg_change_status_ok(change->status))
			return hg_fail(error, HG_ERROR_INPUT, "\"%.40s\" is no status: open, pending, solved and closed are",
				       change->status);
		return change->status || has(change->said) ||
		       hg_fail(error, HG_ERROR_INPUT, "it is a status, and does not say which");
	case HG_CHANGE_ASSIGN:
		return change->assignee || hg_fail(error, HG_ERROR_INPUT, "it does not say to whom it is assigned");
	case HG_CHANGE_MERGE:
		return has(change->into) || hg_fail(error, HG_ERROR_INPUT, "it does not say into which ticket it was merged");
	default:
		return TRUE;
	}
}

gboolean hg_change_check(const hg_change *change, GError **error)
{
	if (change->kind <= 0 || change->kind >= HG_CHANGES)
		return hg_fail(error, HG_ERROR_INPUT, "its kind is none");
	if (!has(change->id))
		return hg_fail(error, HG_ERROR_INPUT, "it has no id");
	if (!has(hg_change_lane(change)))
		return hg_fail(error, HG_ERROR_INPUT, "it names no ticket");
	if (change->n_files > HG_CHANGE_FILES_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "it has %zu files, at most %d are taken", change->n_files,
			       HG_CHANGE_FILES_MAX);
	return id_ok("id", change->id, error) && id_ok("ticket", change->ticket, error) &&
	       id_ok("external id", change->external, error) && id_ok("other ticket", change->into, error) &&
	       content_ok(change, error);
}

/* ---- written ---- */

static void write_members(const struct member *list, gsize n, const void *of, GString *out)
{
	for (gsize i = 0; i < n; i++) {
		const void *at = (const char *)of + list[i].offset;

		if (list[i].form != NUMBER)
			hg_json_opt_str(out, list[i].name, *(const char *const *)at);
		else if (*(const gint64 *)at)
			hg_json_add_int(out, list[i].name, *(const gint64 *)at);
	}
}

static void write_file(const struct hg_file *file, GString *out)
{
	hg_json_open(out, '{');
	if (file->kind)
		hg_json_add_int(out, "kind", file->kind);
	write_members(file_members, G_N_ELEMENTS(file_members), file, out);
	if (file->voice)
		hg_json_add_bool(out, "voice", TRUE);
	hg_json_close(out, '}');
}

void hg_change_write(const hg_change *change, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "kind", hg_change_word(change->kind));
	write_members(members, G_N_ELEMENTS(members), change, out);
	if (change->n_files) {
		hg_json_key(out, "files");
		hg_json_open(out, '[');
		for (gsize i = 0; i < change->n_files; i++)
			write_file(&change->files[i], out);
		hg_json_close(out, ']');
	}
	hg_json_close(out, '}');
}

/* ---- read ---- */

struct reading {
	hg_arena *arena;
	GError **error;
};

static gboolean wrong(const struct reading *in, const char *name)
{
	return hg_fail(in->error, HG_ERROR_INPUT, "\"%.60s\" is no member of a change, or not of this type", name);
}

static gboolean read_number(const struct reading *in, const struct member *member, struct json_object *value, void *of)
{
	if (!json_object_is_type(value, json_type_int))
		return wrong(in, member->name);
	*number_at(of, member) = json_object_get_int64(value);
	return TRUE;
}

static gboolean read_text(const struct reading *in, const struct member *member, struct json_object *value, void *of)
{
	gsize len;

	if (!json_object_is_type(value, json_type_string))
		return wrong(in, member->name);
	len = (gsize)json_object_get_string_len(value);
	if (len > member->max)
		return hg_fail(in->error, HG_ERROR_LIMIT, "\"%s\" has %zu bytes, at most %zu are taken", member->name, len,
			       member->max);
	*text_at(of, member) = hg_arena_mem(in->arena, json_object_get_string(value), len);
	return TRUE;
}

static gboolean read_member(const struct reading *in, const struct member *list, gsize n, const char *name,
			    struct json_object *value, void *of)
{
	for (gsize i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return list[i].form == NUMBER ? read_number(in, &list[i], value, of) :
							read_text(in, &list[i], value, of);
	return wrong(in, name);
}

static gboolean read_file(const struct reading *in, struct json_object *from, struct hg_file *ret)
{
	if (!json_object_is_type(from, json_type_object))
		return wrong(in, "files");
	*ret = (struct hg_file){ .size = sizeof(*ret) };
	json_object_object_foreach(from, name, value) {
		gboolean ok;

		if (strcmp(name, "kind") == 0) {
			ok = json_object_is_type(value, json_type_int) || wrong(in, name);
			ret->kind = json_object_get_int(value);
		} else if (strcmp(name, "voice") == 0) {
			ok = json_object_is_type(value, json_type_boolean) || wrong(in, name);
			ret->voice = json_object_get_boolean(value);
		} else {
			ok = read_member(in, file_members, G_N_ELEMENTS(file_members), name, value, ret);
		}
		if (!ok)
			return FALSE;
	}
	return TRUE;
}

static gboolean read_files(const struct reading *in, struct json_object *from, hg_change *ret)
{
	if (!json_object_is_type(from, json_type_array))
		return wrong(in, "files");
	ret->n_files = json_object_array_length(from);
	if (ret->n_files > HG_CHANGE_FILES_MAX)
		return hg_fail(in->error, HG_ERROR_LIMIT, "it has %zu files, at most %d are taken", ret->n_files,
			       HG_CHANGE_FILES_MAX);
	ret->files = hg_arena_alloc(in->arena, (ret->n_files + 1) * sizeof(*ret->files));
	for (gsize i = 0; i < ret->n_files; i++)
		if (!read_file(in, json_object_array_get_idx(from, i), &ret->files[i]))
			return FALSE;
	return TRUE;
}

static gboolean read_kind(const struct reading *in, struct json_object *value, hg_change *ret)
{
	ret->kind = json_object_is_type(value, json_type_string) ? hg_change_of(json_object_get_string(value)) : 0;
	return ret->kind || wrong(in, "kind");
}

gboolean hg_change_read(hg_arena *arena, const void *bytes, gsize len, hg_change *ret, GError **error)
{
	const struct hg_json_limits limits = { .max_bytes = JSON_MAX, .max_depth = 4 };
	g_autoptr(json_object) all = hg_json_parse(bytes, len, &limits, error);
	const struct reading in = { arena, error };

	*ret = (hg_change){ 0 };
	if (!all)
		return FALSE;
	if (!json_object_is_type(all, json_type_object))
		return hg_fail(error, HG_ERROR_INPUT, "a change is an object");
	json_object_object_foreach(all, name, value) {
		gboolean ok;

		if (strcmp(name, "kind") == 0)
			ok = read_kind(&in, value, ret);
		else if (strcmp(name, "files") == 0)
			ok = read_files(&in, value, ret);
		else
			ok = read_member(&in, members, G_N_ELEMENTS(members), name, value, ret);
		if (!ok)
			return FALSE;
	}
	return hg_change_check(ret, error);
}

char *hg_change_mail_ticket(const char *token)
{
	g_autofree char *hex = NULL;
	guint8 hash[32];

	hg_sha256(token, strlen(token), hash);
	hex = hg_hex(hash, 12);
	return g_strconcat("mail-", hex, NULL);
}
