/* mail_files.c - the parts of a mail that are files: names made safe, hashes, which of them the text shows */
#include "mail_files.h"

#include <string.h>

#include "mail_words.h"
#include "text.h"

/* Names of what comes without one and is useless without an extension. */
static const char *usual_name(const char *type)
{
	static const struct { const char *type, *name; } names[] = {
		{ "message/rfc822", "message.eml" }, { "message/global", "message.eml" }, { "text/calendar", "invite.ics" },
		{ "application/ics", "invite.ics" }, { "application/pkcs7-mime", "smime.p7m" }, { "application/x-pkcs7-mime", "smime.p7m" },
		{ "application/ms-tnef", "winmail.dat" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(names[i].type, type))
			return names[i].name;
	return NULL;
}

/* The last piece of a path, safe to be saved under, at most HG_MAIL_NAME_MAX bytes with its extension kept. */
static char *safe_name(const char *name)
{
	const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\'), *base = MAX(slash, back);
	g_autofree char *safe = hg_file_name(base ? base + 1 : name), *stem = NULL, *cut = NULL;
	const char *dot;
	gsize tail;

	if (!safe || strlen(safe) <= HG_MAIL_NAME_MAX)
		return g_steal_pointer(&safe);
	dot = strrchr(safe, '.');
	tail = dot && strlen(dot) <= 16 ? strlen(dot) : 0;
	stem = hg_text_valid(safe, (gssize)(strlen(safe) - tail), HG_MAIL_NAME_MAX - tail);
	cut = g_strconcat(stem, tail ? dot : NULL, NULL);
	return hg_file_name(cut);
}

static const char *name_of(hg_arena *arena, const struct hg_mail_part *part)
{
	g_autofree char *filename = hg_params_text(&part->disposition, "filename");
	g_autofree char *name = filename && *filename ? NULL : hg_params_text(&part->params, "name");
	const char *given = name ?: filename;
	g_autofree char *safe = given ? safe_name(given) : NULL;

	return safe ? hg_arena_str(arena, safe) : usual_name(part->type);
}

/* Every "cid:..." of a page, without what ends it. */
static GHashTable *shown_ids(const char *html)
{
	GHashTable *ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *start;

	for (const char *p = html; p && *p; p++) {
		if (*p != ':' || p - html < 3 || memcmp(p - 3, "cid", 3) != 0)
			continue;
		for (start = p + 1; p[1] && !g_ascii_isspace(p[1]) && !strchr("\"'>)", p[1]);)
			p++;
		g_hash_table_add(ids, g_uri_unescape_segment(start, p + 1, NULL) ?: g_strndup(start, (gsize)(p + 1 - start)));
	}
	return ids;
}

static const char *content_id(hg_arena *arena, const struct hg_mail_part *part)
{
	struct hg_mail_ids ids;

	hg_field_ids(arena, &part->head, "Content-ID", 1, &ids, NULL);
	if (!ids.n) {		/* without brackets, and with no @ in it */
		g_autofree char *text = NULL;
		const struct hg_field *field = hg_head_get(&part->head, "Content-ID");

		text = field ? hg_words_text(field->value, field->len, NULL) : NULL;
		return text && *text && !strpbrk(text, "<> ") ? hg_arena_str(arena, text) : NULL;
	}
	return ids.of[0];
}

static void read_file(hg_mail *mail, const struct hg_mail_parts *parts, const struct hg_mail_part *part, GHashTable *shown,
		      struct hg_mail_file *ret)
{
	guint8 hash[32];
	g_autofree char *hex = NULL;

	ret->data = hg_part_bytes(mail->arena, part, &ret->size);
	hg_sha256(ret->data, ret->size, hash);
	hex = hg_hex(hash, sizeof(hash));
	g_strlcpy(ret->sha256, hex, sizeof(ret->sha256));
	ret->filename = name_of(mail->arena, part);
	ret->content_type = part->type;
	ret->content_id = content_id(mail->arena, part);
	ret->is_inline = !strcmp(part->disposition.first, "inline") ||
			 (ret->content_id && g_hash_table_contains(shown, ret->content_id)) ||
			 (ret->content_id && !*part->disposition.first && part->parent >= 0 &&
			  !strcmp(parts->of[part->parent].type, "multipart/related"));
}

void hg_files_read(hg_mail *mail, const struct hg_mail_parts *parts, const struct hg_body *body)
{
	g_autoptr(GHashTable) shown = shown_ids(body->html);
	gsize n = 0;

	for (gsize i = 0; i < parts->n; i++)
		n += !parts->of[i].multipart && !body->used[i];
	mail->files = hg_arena_alloc(mail->arena, n * sizeof(struct hg_mail_file) + 1);
	for (gsize i = 0; i < parts->n; i++)
		if (!parts->of[i].multipart && !body->used[i])
			read_file(mail, parts, &parts->of[i], shown, &mail->files[mail->n_files++]);
}
