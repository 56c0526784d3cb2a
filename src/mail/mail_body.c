/* mail_body.c - which parts of a mail are its text, and the text of them */
#include "mail_body.h"

#include <string.h>

#include "flowed.h"
#include "mail_charset.h"
#include "mail_words.h"

#define NESTED_MAX 3	/* mails in mails that are opened for their text */

/* Text of one place in the mail, in one or two forms. */
struct block {
	char *plain, *html;	/* UTF-8, ours; NULL: not in this form */
};

struct walk {
	hg_arena *arena;
	const struct hg_mail_parts *parts;
	hg_body_warn *warn;
	void *arg;
	gboolean *used;
	gboolean any;		/* some text was taken */
	gsize taken;		/* bytes of it */
};

static void block_clear(void *data)
{
	struct block *block = data;

	g_free(block->plain);
	g_free(block->html);
}

static GArray *blocks_new(void)
{
	GArray *blocks = g_array_new(FALSE, TRUE, sizeof(struct block));

	g_array_set_clear_func(blocks, block_clear);
	return blocks;
}

static void warn(struct walk *w, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void warn(struct walk *w, const char *fmt, ...)
{
	va_list args;
	g_autofree char *sentence = NULL;

	va_start(args, fmt);
	sentence = g_strdup_vprintf(fmt, args);
	va_end(args);
	w->warn(w->arg, sentence);
}

/* ---- the text of one part ---- */

/* <meta charset=...> in an HTML page's first kilobyte, for a part that declares none.  Yours, or NULL. */
static char *meta_charset(const char *html, gsize len)
{
	const char *end = html + MIN(len, 1024), *start;

	for (const char *p = html; end - p > 10; p++) {
		if (g_ascii_strncasecmp(p, "charset=", 8) != 0)
			continue;
		for (p += 8; p < end && (*p == '"' || *p == '\'' || *p == ' ');)
			p++;
		for (start = p; p < end && (g_ascii_isalnum(*p) || *p == '-' || *p == '_' || *p == ':');)
			p++;
		return p > start ? g_strndup(start, (gsize)(p - start)) : NULL;
	}
	return NULL;
}

static void warn_charset(struct walk *w, const char *label, enum hg_charset_how how)
{
	g_autofree char *shown = label ? hg_words_text(label, strnlen(label, 60), NULL) : NULL;

	if (how == HG_CHARSET_UNKNOWN)
		warn(w, "charset unknown: %s", shown);
	else if (how == HG_CHARSET_DAMAGED)
		warn(w, "bytes that are none of charset %s", shown ?: "utf-8");
	else if (how == HG_CHARSET_GUESSED && label && hg_charset_known(label))
		warn(w, "charset is not the declared %s", shown);
}

/* CR LF, lone CR and form feeds become LF; other controls go. */
static void mend_lines(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if ((*p == '\r' && (p[1] == '\n' || p[1] == '\r')) || *p == 0x7f)
			continue;
		if ((guint8)*p >= ' ' || *p == '\t' || *p == '\n')
			*to++ = *p;
		else if (*p == '\r' || *p == '\f' || *p == '\v')
			*to++ = '\n';
	}
	*to = '\0';
}

/* Does a word of one of the parameters' values say so? */
static gboolean says(const struct hg_params *params, const char *name, const char *value)
{
	const char *got = hg_params_get(params, name);

	return got && !g_ascii_strcasecmp(got, value);
}

/* Decoded and in UTF-8, lines ended by LF; yours. */
static char *part_text(struct walk *w, const struct hg_mail_part *part)
{
	gsize len, room = HG_BODY_MAX - MIN(w->taken, HG_BODY_MAX), text_len;
	const char *bytes = hg_part_bytes(w->arena, part, &len), *label = hg_params_get(&part->params, "charset");
	g_autofree char *meta = !label && !strcmp(part->type, "text/html") ? meta_charset(bytes, len) : NULL;
	enum hg_charset_how how;
	char *text;

	if (len > room) {
		warn(w, "the text is longer than %d bytes: cut", HG_BODY_MAX);
		len = room;
	}
	if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		bytes += 3;
		len -= 3;
	}
	text = hg_charset_text(bytes, len, label ?: meta, &text_len, &how);
	w->taken += len;
	warn_charset(w, label ?: meta, how);
	mend_lines(text);
	if (!strcmp(part->type, "text/plain") && says(&part->params, "format", "flowed")) {
		char *lines = hg_flowed_text(text, strlen(text), says(&part->params, "delsp", "yes"));

		g_free(text);
		text = lines;
	}
	return text;
}

/* ---- which parts ---- */

static gboolean has_name(const struct hg_mail_part *part)
{
	return hg_params_get(&part->params, "name") || hg_params_get(&part->disposition, "filename");
}

/* A text that is part of what is said; the first one may have a name, others with one are files. */
static gboolean is_said(struct walk *w, const struct hg_mail_part *part)
{
	if (strcmp(part->type, "text/plain") && strcmp(part->type, "text/html"))
		return FALSE;
	return strcmp(part->disposition.first, "attachment") && !(has_name(part) && w->any);
}

static void take_leaf(struct walk *w, int i, GArray *blocks)
{
	const struct hg_mail_part *part = &w->parts->of[i];
	struct block block = { 0 };
	char *text;

	text = part_text(w, part);
	*(strcmp(part->type, "text/html") ? &block.plain : &block.html) = text;
	w->used[i] = TRUE;
	if (*text)
		w->any = TRUE;
	g_array_append_val(blocks, block);
}

static gboolean is_blank(const char *text)
{
	for (; text && *text; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		if (!g_unichar_isspace(c) && c != 0x200b && c != 0xfeff)
			return FALSE;
	}
	return TRUE;
}

static gboolean is_all_plain(const GArray *blocks)
{
	for (guint i = 0; i < blocks->len; i++)
		if (g_array_index(blocks, struct block, i).html)
			return FALSE;
	return TRUE;
}

static void append_line(GString *out, const char *text)
{
	if (is_blank(text))
		return;
	if (out->len && out->str[out->len - 1] != '\n')
		g_string_append_c(out, '\n');
	g_string_append(out, text);
}

static char *join_plain(const GArray *blocks)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < blocks->len; i++)
		append_line(out, g_array_index(blocks, struct block, i).plain);
	return g_string_free(out, FALSE);
}

/* Blocks as one page: what is plain among them is escaped. */
static char *join_html(const GArray *blocks)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < blocks->len; i++) {
		const struct block *block = &g_array_index(blocks, struct block, i);
		g_autofree char *escaped = block->html ? NULL : g_markup_escape_text(block->plain, -1);

		if (block->html)
			g_string_append(out, block->html);
		else if (!is_blank(escaped))
			g_string_append_printf(out, "<pre>%s</pre>", escaped);
		if (i + 1 < blocks->len)
			g_string_append_c(out, '\n');
	}
	return g_string_free(out, FALSE);
}

static void walk_part(struct walk *w, int i, GArray *blocks);

/* A form of the text that nobody here shows (text/enriched, AMP) is no file. */
static void drop_form(struct walk *w, int i)
{
	const struct hg_mail_part *part = &w->parts->of[i];

	if (!part->multipart && !strncmp(part->type, "text/", 5) && !has_name(part) && !strstr(part->type, "calendar") &&
	    !strstr(part->type, "vcard") && strcmp(part->disposition.first, "attachment") != 0)
		w->used[i] = TRUE;
}

/* The same in several forms: the first plain one that says something (a second one forgot its type), the last HTML. */
static void walk_alternative(struct walk *w, int parent, GArray *blocks)
{
	struct block best = { 0 };
	gboolean any = w->any;

	for (int i = hg_part_next(w->parts, parent, -1); i >= 0; i = hg_part_next(w->parts, parent, i)) {
		g_autoptr(GArray) sub = blocks_new();
		char **place;

		w->any = any;	/* each form stands for the whole */
		walk_part(w, i, sub);
		if (!sub->len)
			continue;
		place = is_all_plain(sub) ? &best.plain : &best.html;
		if (is_all_plain(sub) && !is_blank(best.plain))
			continue;
		g_free(*place);
		*place = is_all_plain(sub) ? join_plain(sub) : join_html(sub);
	}
	for (int i = hg_part_next(w->parts, parent, -1); i >= 0 && (best.plain || best.html); i = hg_part_next(w->parts, parent, i))
		drop_form(w, i);
	w->any = any || best.plain || best.html;
	if (best.plain || best.html)
		g_array_append_val(blocks, best);
}

/* The part that RFC 2387's start names, else the first. */
static int root_of(const struct hg_mail_parts *parts, int parent)
{
	const char *start = hg_params_get(&parts->of[parent].params, "start");
	int first = hg_part_next(parts, parent, -1);

	for (int i = first; start && i >= 0; i = hg_part_next(parts, parent, i)) {
		const struct hg_field *id = hg_head_get(&parts->of[i].head, "Content-ID");

		if (id && id->len == strlen(start) && !memcmp(id->value, start, id->len))
			return i;
	}
	return first;
}

static void walk_children(struct walk *w, int parent, GArray *blocks)
{
	for (int i = hg_part_next(w->parts, parent, -1); i >= 0; i = hg_part_next(w->parts, parent, i))
		walk_part(w, i, blocks);
}

static void walk_related(struct walk *w, int parent, GArray *blocks)
{
	int root = root_of(w->parts, parent);
	guint before = blocks->len;

	if (root >= 0)
		walk_part(w, root, blocks);
	if (blocks->len == before)
		walk_children(w, parent, blocks);
}

/* As deep as parts may lie (HG_DEPTH_MAX). */
static void walk_part(struct walk *w, int i, GArray *blocks)
{
	const struct hg_mail_part *part = &w->parts->of[i];
	int first;

	if (!part->multipart) {
		if (is_said(w, part))
			take_leaf(w, i, blocks);
		return;
	}
	first = hg_part_next(w->parts, i, -1);
	if (!strcmp(part->type, "multipart/alternative"))
		walk_alternative(w, i, blocks);
	else if (!strcmp(part->type, "multipart/related"))
		walk_related(w, i, blocks);
	else if (!strcmp(part->type, "multipart/signed") || !strcmp(part->type, "multipart/report"))
		walk_part(w, first, blocks);
	else if (strcmp(part->type, "multipart/encrypted") != 0)
		walk_children(w, i, blocks);
}

/* ---- plain or HTML ---- */

static gsize count_words(const char *text, gsize most)
{
	gsize n = 0;
	gboolean inside = FALSE;

	for (; *text && n < most; text++) {
		gboolean space = g_ascii_isspace(*text);

		n += !space && !inside;
		inside = !space;
	}
	return n;
}

/* A plain part that only says that its reader should get another mailer. */
static gboolean is_excuse(const char *plain)
{
	static const char *const words[] = {
		"html", "mime", "view this", "email client", "e-mail client", "mail client", "mail reader", "im browser", "navigateur",
		"cliente de correo", "programma di posta", "e-mailprogramma",
	};
	g_autofree char *lower = NULL;

	if (strlen(plain) > 400 || count_words(plain, 40) == 40)
		return FALSE;
	lower = g_utf8_strdown(plain, -1);
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (strstr(lower, words[i]) && (strstr(lower, "html") || strstr(lower, "view") || strstr(lower, "support")))
			return TRUE;
	return FALSE;
}

/* The text of a block; *ret_hints is set where it was made of the HTML. */
static char *block_text(const struct block *block, struct hg_html_hints *ret_hints, gboolean *ret_html)
{
	g_autofree char *made = NULL;
	gboolean blank = is_blank(block->plain), excuse = !blank && block->html && is_excuse(block->plain);

	*ret_html = FALSE;
	if (!block->html)
		return g_strdup(block->plain);
	/* Tags make HTML longer, never its text: a plain form of a tenth of its bytes has a tenth of its words. */
	if (!blank && !excuse && strlen(block->plain) >= strlen(block->html) / 10)
		return g_strdup(block->plain);
	made = hg_html_text(block->html, strlen(block->html), ret_hints);
	if (!blank && (is_blank(made) || (!excuse && count_words(block->plain, G_MAXSIZE) >= count_words(made, G_MAXSIZE) / 10)))
		return g_strdup(block->plain);
	*ret_html = TRUE;
	return g_steal_pointer(&made);
}

/* Without empty lines before it and white space behind; yours. */
static char *trimmed(const char *text)
{
	const char *start = text;
	gsize len;

	for (const char *p = text; g_ascii_isspace(*p); p++)
		if (*p == '\n')
			start = p + 1;
	len = strlen(start);
	while (len && g_ascii_isspace(start[len - 1]))
		len--;
	return g_strndup(start, len);
}

static void give_text(struct walk *w, const GArray *blocks, struct hg_body *ret)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean html, any_html = FALSE;
	guint said = 0;

	for (guint i = 0; i < blocks->len; i++) {
		const struct block *block = &g_array_index(blocks, struct block, i);
		g_autofree char *one = block_text(block, &ret->hints, &html);

		any_html |= block->html != NULL;
		said += !is_blank(one);
		ret->from_html = html && said == 1;
		append_line(text, one);
	}
	if (said > 1)
		ret->from_html = FALSE;
	if (ret->from_html && ret->hints.cut)
		warn(w, "the HTML is longer than %d bytes: cut", HG_HTML_MAX);
	ret->text = trimmed(text->str);
	ret->html = any_html ? join_html(blocks) : NULL;
}

/* ---- when nothing is said ---- */

static int find_type(const struct hg_mail_parts *parts, const char *const *types)
{
	for (gsize i = 0; i < parts->n; i++)
		if (!parts->of[i].multipart && g_strv_contains(types, parts->of[i].type))
			return (int)i;
	return -1;
}

static gboolean has_multipart(const struct hg_mail_parts *parts, const char *type)
{
	for (gsize i = 0; i < parts->n; i++)
		if (parts->of[i].multipart && !strcmp(parts->of[i].type, type))
			return TRUE;
	return FALSE;
}

static char *calendar_of(struct walk *w)
{
	static const char *const types[] = { "text/calendar", "application/ics", NULL };
	int i = find_type(w->parts, types);
	g_autofree char *ics = i < 0 ? NULL : part_text(w, &w->parts->of[i]);

	return ics ? hg_calendar_text(ics) : NULL;
}

/* The only file is a mail: somebody forwarded it as it was, and its text is what he says. */
static char *enclosed_of(struct walk *w)
{
	static const char *const types[] = { "message/rfc822", "message/global", NULL };
	int i = find_type(w->parts, types);
	struct hg_head head;
	struct hg_mail_parts inner;
	struct hg_body body;
	const char *bytes;
	gsize leaves = 0, len;

	for (gsize j = 0; j < w->parts->n; j++)
		leaves += !w->parts->of[j].multipart && !w->used[j];
	if (i < 0 || leaves != 1 || w->parts->nested == NESTED_MAX)
		return NULL;
	bytes = hg_part_bytes(w->arena, &w->parts->of[i], &len);
	hg_head_scan(w->arena, bytes, len, HG_HEAD_MAX, TRUE, &head);
	hg_split(w->arena, &head, NULL, &inner);
	inner.nested = w->parts->nested + 1;
	hg_body_read(w->arena, &inner, w->warn, w->arg, &body);
	hg_body_done(&(struct hg_body){ .html = body.html, .used = body.used });
	return body.text;
}

/* Any text at all, rather than an empty message. */
static char *any_text(struct walk *w)
{
	for (gsize i = 0; i < w->parts->n; i++) {
		const struct hg_mail_part *part = &w->parts->of[i];

		if (part->multipart || strncmp(part->type, "text/", 5) || has_name(part) || !strcmp(part->type, "text/calendar") ||
		    (part->parent >= 0 && !strcmp(part->disposition.first, "attachment")))
			continue;
		w->used[i] = TRUE;
		if (strcmp(part->type, "text/html"))
			return part_text(w, part);
		g_autofree char *html = part_text(w, part);

		return hg_html_text(html, strlen(html), &(struct hg_html_hints){ 0 });
	}
	return NULL;
}

static char *note_of(struct walk *w)
{
	static const char *const smime[] = { "application/pkcs7-mime", "application/x-pkcs7-mime", NULL };
	static const char *const tnef[] = { "application/ms-tnef", "application/vnd.ms-tnef", NULL };

	if (has_multipart(w->parts, "multipart/encrypted") || find_type(w->parts, smime) >= 0) {
		warn(w, "encrypted or signed: the text cannot be read");
		return g_strdup("[Encrypted or signed mail: see the attachment.]");
	}
	if (find_type(w->parts, tnef) >= 0) {
		warn(w, "winmail.dat: the text may be in it");
		return g_strdup("[The content of this mail is in winmail.dat: see the attachment.]");
	}
	return NULL;
}

static void fill_empty(struct walk *w, struct hg_body *ret)
{
	char *text = note_of(w);

	if (!text)
		text = calendar_of(w);
	if (!text) {
		text = enclosed_of(w);
		ret->enclosed = text != NULL;
	}
	if (!text)
		text = any_text(w);
	if (!text)
		return;
	g_free(ret->text);
	ret->text = trimmed(text);
	ret->from_html = FALSE;
	g_free(text);
}

void hg_body_read(hg_arena *arena, const struct hg_mail_parts *parts, hg_body_warn *warn_fn, void *arg, struct hg_body *ret)
{
	struct walk w = { .arena = arena, .parts = parts, .warn = warn_fn, .arg = arg, .used = g_new0(gboolean, parts->n) };
	g_autoptr(GArray) blocks = blocks_new();

	memset(ret, 0, sizeof(*ret));
	ret->used = w.used;
	walk_part(&w, 0, blocks);
	give_text(&w, blocks, ret);
	if (is_blank(ret->text))
		fill_empty(&w, ret);
}

void hg_body_done(struct hg_body *body)
{
	g_free(body->text);
	g_free(body->html);
	g_free(body->used);
}
