/* mail_address.c - people in address fields, as mailers write them
 *
 * GMime's reader calls itself for each group and finds nobody in `"Foo, Bar" foo@bar.example`: this one reads words
 * from left to right and decides at each comma what they were. */
#include "mail_address.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail_charset.h"
#include "mail_words.h"

#define ADDRESS_MAX 998		/* bytes: a line's (RFC 5322 section 2.1.1) */
#define WORDS_MAX 64		/* of one name that are kept */

#define WORDS_READ 4096		/* between two commas; what is behind goes into the last one */

/* A word: what stands between white space, with its quotes taken off and as it was. */
struct word {
	GString *text, *raw;
	gboolean at;			/* an @ outside quotes */
};

struct reader {
	const char *p, *end;
	hg_arena *arena;
	const char *hint;
	GPtrArray *words;		/* struct word *, of the person being read */
	gboolean open;			/* the last word goes on */
	GString *angle;			/* what stood in <>; NULL: nothing did */
	guint before;			/* so many words stood before it */
	GString *comment;
	gboolean group_ends;		/* a semicolon follows: colons may begin groups */
	GArray *people;
};

static void word_free(void *data)
{
	struct word *word = data;

	if (!word)		/* given to another list */
		return;
	g_string_free(word->text, TRUE);
	g_string_free(word->raw, TRUE);
	g_free(word);
}

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct word *last_word(struct reader *r)
{
	struct word *word;

	if (r->open || r->words->len == WORDS_READ)
		return g_ptr_array_index(r->words, r->words->len - 1);
	word = g_new0(struct word, 1);
	word->text = g_string_new(NULL);
	word->raw = g_string_new(NULL);
	g_ptr_array_add(r->words, word);
	r->open = TRUE;
	return word;
}

static void put(struct reader *r, const char *bytes, gsize len)
{
	struct word *word = last_word(r);

	if (word->raw->len + len > HG_LINE_MAX)
		return;
	g_string_append_len(word->text, bytes, (gssize)len);
	g_string_append_len(word->raw, bytes, (gssize)len);
}

/* ---- an address ---- */

/* The domain in lower case ASCII; what IDNA does not take stays as it is.  Yours. */
static char *clean_domain(const char *domain)
{
	g_autofree char *address = NULL, *lower = NULL;
	InternetAddress *mailbox;
	char *ascii;

	for (const char *c = domain; ; c++) {
		if (!*c)
			return g_ascii_strdown(domain, -1);
		if ((guint8)*c >= 0x80)
			break;
	}
	lower = g_utf8_strdown(domain, -1);
	address = g_strconcat("x@", lower, NULL);
	mailbox = internet_address_mailbox_new(NULL, address);
	ascii = g_strdup(internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(mailbox)));
	g_object_unref(mailbox);
	if (!ascii || strlen(ascii) < 3) {
		g_free(ascii);
		return g_steal_pointer(&lower);
	}
	memmove(ascii, ascii + 2, strlen(ascii + 2) + 1);
	return ascii;
}

/* Without routes, comments, white space and what is not to be seen. */
static char *bare_address(const char *bytes, gsize len)
{
	g_autofree char *utf8 = hg_charset_text(bytes, len, NULL, NULL, NULL);
	GString *out = g_string_new(NULL);
	gboolean quoted = FALSE;
	guint depth = 0;

	for (const char *p = utf8; *p; p++) {
		if (*p == '\\' && quoted && p[1]) {
			g_string_append_c(out, *p++);
		} else if (*p == '"') {
			quoted = !quoted;
		} else if (!quoted && (*p == '(' || (*p == ')' && depth))) {
			depth += *p == '(' ? 1 : -1U;
			continue;
		}
		if (depth || (!quoted && (is_space(*p) || *p == '<' || *p == '>')) || (guint8)*p < 0x20 || *p == 0x7f)
			continue;
		g_string_append_c(out, *p);
	}
	return g_string_free(out, FALSE);
}

static const char *last_at(const char *address)
{
	const char *at = NULL;
	gboolean quoted = FALSE;

	for (const char *p = address; *p; p++) {
		if (*p == '\\' && quoted && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '@' && !quoted)
			at = p;
	}
	return at ?: strrchr(address, '@');
}

const char *hg_address_clean(hg_arena *arena, const char *bytes, gsize len)
{
	g_autofree char *bare = NULL, *domain = NULL, *whole = NULL, *valid = NULL;
	const char *start, *at;
	char *from;

	if (len > 4 * ADDRESS_MAX)
		return NULL;
	bare = bare_address(bytes, len);
	from = bare;
	if (!g_ascii_strncasecmp(from, "mailto:", 7))
		from += 7;
	if (!g_ascii_strncasecmp(from, "rfc822;", 7))
		from += 7;
	if (*from == '@' && (start = strchr(from, ':')))	/* a route (RFC 5322 section 4.4) */
		from = (char *)start + 1;
	while (*from && strchr("'.,;", from[strlen(from) - 1]))
		from[strlen(from) - 1] = '\0';
	at = last_at(from);
	if (!at || at == from || !at[1] || strchr(at + 1, '"'))
		return NULL;
	if (*from == '\'' && from + 1 < at)	/* 'a@b' is how some quote */
		from++;
	domain = clean_domain(at + 1);
	whole = g_strdup_printf("%.*s@%s", (int)(at - from), from, domain);
	valid = g_utf8_make_valid(whole, -1);
	return strlen(valid) <= ADDRESS_MAX ? hg_arena_str(arena, valid) : NULL;
}

/* ---- a person ---- */

static void add_person(struct reader *r, const char *name, const char *address)
{
	struct hg_mail_person person = { .name = name && *name ? name : NULL, .address = address ?: "" };

	if ((person.name || *person.address) && r->people->len < HG_PEOPLE_MAX)
		g_array_append_val(r->people, person);
}

/* The words from first up to (not with) last as a name, but skip. */
static const char *join_name(struct reader *r, guint first, guint last, const struct word *skip)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autofree char *name = NULL;

	for (guint i = first; i < last && i < first + WORDS_MAX; i++) {
		const struct word *word = g_ptr_array_index(r->words, i);

		if (word == skip)
			continue;
		if (raw->len)
			g_string_append_c(raw, ' ');
		g_string_append_len(raw, word->text->str, (gssize)word->text->len);
	}
	name = hg_words_text(raw->str, raw->len, r->hint);
	return hg_arena_str(r->arena, name);
}

static const char *comment_name(struct reader *r)
{
	g_autofree char *name = r->comment->len ? hg_words_text(r->comment->str, r->comment->len, r->hint) : NULL;

	return hg_arena_str(r->arena, name);
}

static const char *word_address(struct reader *r, const struct word *word)
{
	return word->at ? hg_address_clean(r->arena, word->raw->str, word->raw->len) : NULL;
}

/* No <>: each word with an @ is an address; one alone has the words beside it, or a comment, for a name. */
static void end_bare(struct reader *r)
{
	const struct word *only = NULL;
	guint n = 0, from = 0;

	for (guint i = 0; i < r->words->len; i++) {
		const struct word *word = g_ptr_array_index(r->words, i);

		if (word->at) {
			only = word;
			n++;
		}
		/* "alice, bob@example.com": the comma was one. */
		if (word->text->len && word->text->str[word->text->len - 1] == ',' && !word->at && i + 1 < r->words->len &&
		    ((struct word *)g_ptr_array_index(r->words, i + 1))->at && i + 2 == r->words->len) {
			g_string_truncate(word->text, word->text->len - 1);
			add_person(r, join_name(r, from, i + 1, NULL), NULL);
			from = i + 1;
		}
	}
	if (n == 1) {
		const char *address = word_address(r, only), *name = join_name(r, from, r->words->len, address ? only : NULL);

		add_person(r, *name ? name : comment_name(r), address);
		return;
	}
	for (guint i = 0; n && i < r->words->len; i++) {
		const char *address = word_address(r, g_ptr_array_index(r->words, i));

		if (address)
			add_person(r, NULL, address);
	}
	if (!n)
		add_person(r, join_name(r, from, r->words->len, NULL), NULL);
}

static void end_angle(struct reader *r)
{
	const char *address = hg_address_clean(r->arena, r->angle->str, r->angle->len), *name;
	const struct word *skip = NULL;

	/* "a@b <>" and "a@b <a>": the word is the address. */
	for (guint i = 0; !address && i < r->words->len; i++) {
		address = word_address(r, g_ptr_array_index(r->words, i));
		skip = address ? g_ptr_array_index(r->words, i) : NULL;
	}
	name = join_name(r, 0, r->before, skip);
	if (!*name)
		name = comment_name(r);
	if (!name || !*name)
		name = join_name(r, r->before, r->words->len, skip);	/* "<a@b> Ana" */
	if (!address && (!name || !*name)) {
		g_autofree char *text = hg_words_text(r->angle->str, r->angle->len, r->hint);

		name = hg_arena_str(r->arena, text);
	}
	add_person(r, name, address);
}

static void end_person(struct reader *r)
{
	if (r->angle)
		end_angle(r);
	else if (r->words->len)
		end_bare(r);
	g_ptr_array_set_size(r->words, 0);
	if (r->angle)
		g_string_free(r->angle, TRUE);
	r->angle = NULL;
	g_string_truncate(r->comment, 0);
	r->open = FALSE;
}

/* ---- the characters ---- */

static void take_quoted(struct reader *r)
{
	struct word *word = last_word(r);
	const char *start = r->p++;

	for (; r->p < r->end && *r->p != '"'; r->p++) {
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
		if (word->text->len < HG_LINE_MAX)
			g_string_append_c(word->text, *r->p);
	}
	if (r->p < r->end)
		r->p++;
	if (word->raw->len + (gsize)(r->p - start) <= HG_LINE_MAX)
		g_string_append_len(word->raw, start, r->p - start);
}

/* Comments nest (RFC 5322 section 3.2.2); the last one of a person may be his name. */
static void take_comment(struct reader *r)
{
	guint depth = 0;

	g_string_truncate(r->comment, 0);
	for (; r->p < r->end; r->p++) {
		if (*r->p == '(' && !depth++)
			continue;
		if (*r->p == ')' && !--depth) {
			r->p++;
			return;
		}
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
		if (r->comment->len < HG_LINE_MAX)
			g_string_append_c(r->comment, *r->p);
	}
}

/* A second <> without a comma: the words between the two are the second one's. */
static void end_first(struct reader *r)
{
	GPtrArray *all = r->words, *later = g_ptr_array_new_with_free_func(word_free);

	for (guint i = r->before; i < all->len; i++)
		g_ptr_array_add(later, g_steal_pointer(&all->pdata[i]));
	g_ptr_array_set_size(all, (gint)r->before);
	end_person(r);
	r->words = later;
	g_ptr_array_free(all, TRUE);
}

static void take_angle(struct reader *r)
{
	gboolean quoted = FALSE;

	if (r->angle)
		end_first(r);
	r->angle = g_string_new(NULL);
	r->before = r->words->len;
	r->open = FALSE;
	while (r->p < r->end && *r->p == '<')
		r->p++;
	for (; r->p < r->end && (quoted || *r->p != '>'); r->p++) {
		if (*r->p == '\\' && quoted && r->p + 1 < r->end && r->angle->len < HG_LINE_MAX) {
			g_string_append_c(r->angle, *r->p++);
		} else if (*r->p == '"') {
			quoted = !quoted && memchr(r->p + 1, '"', (gsize)(MIN(r->end, r->p + ADDRESS_MAX) - r->p - 1));
		} else if (!quoted && *r->p == ',' && !g_str_has_prefix(r->angle->str, "@")) {
			return;		/* never closed */
		}
		if (r->angle->len < HG_LINE_MAX)
			g_string_append_c(r->angle, *r->p);
	}
	while (r->p < r->end && *r->p == '>')
		r->p++;
}

/* A comma ends a person, unless words without an address stand before it: "Foo, Bar <foo@bar.example>". */
static void take_comma(struct reader *r)
{
	gboolean known = r->angle != NULL;

	for (guint i = 0; !known && i < r->words->len; i++)
		known = ((struct word *)g_ptr_array_index(r->words, i))->at;
	if (known || !r->words->len || r->words->len >= WORDS_MAX) {
		end_person(r);
	} else {
		g_string_append_c(((struct word *)g_ptr_array_index(r->words, r->words->len - 1))->text, ',');
		r->open = FALSE;
	}
	r->p++;
}

/* What stands before a group's colon is its name; "mailto:" is none, and without a semicolon there is no group. */
static void take_colon(struct reader *r)
{
	static const char mailto[] = "mailto";
	const struct word *last = r->open ? last_word(r) : NULL;

	if (last && last->text->len == sizeof(mailto) - 1 && !g_ascii_strcasecmp(last->text->str, mailto)) {
		g_ptr_array_remove_index(r->words, r->words->len - 1);
		r->before = MIN(r->before, r->words->len);
		r->open = FALSE;
	} else if (r->group_ends && !(last && last->at)) {
		if (r->angle)
			end_first(r);
		g_ptr_array_set_size(r->words, 0);
		r->open = FALSE;
	} else {
		put(r, r->p, 1);
	}
	r->p++;
}

/* "foo @ bar . example" is one word (RFC 5322 section 4.4). */
static void take_space(struct reader *r)
{
	while (r->p < r->end && is_space(*r->p))
		r->p++;
	if (r->open && r->p < r->end && *r->p != '@') {
		const struct word *word = last_word(r);
		char last = word->raw->len ? word->raw->str[word->raw->len - 1] : ' ';

		r->open = last == '@' || (word->at && (last == '.' || *r->p == '.'));
	}
}

static void take_other(struct reader *r)
{
	gsize word = *r->p == '=' ? hg_word_len(r->p, r->end) : 0;

	if (*r->p == '@')
		last_word(r)->at = TRUE;
	put(r, r->p, word ?: 1);
	r->p += word ?: 1;
}

static void take(struct reader *r)
{
	switch (*r->p) {
	case '"':
		take_quoted(r);
		break;
	case '(':
		take_comment(r);
		break;
	case '<':
		take_angle(r);
		break;
	case ',':
		take_comma(r);
		break;
	case ';':		/* a group's end; Outlook's comma */
		end_person(r);
		r->p++;
		break;
	case ':':
		take_colon(r);
		break;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		take_space(r);
		break;
	default:
		take_other(r);
	}
}

static void read_people(struct reader *r)
{
	const char *last = memrchr(r->p, ';', (gsize)(r->end - r->p));

	r->words = g_ptr_array_new_with_free_func(word_free);
	r->comment = g_string_new(NULL);
	while (r->p < r->end && r->people->len < HG_PEOPLE_MAX) {
		r->group_ends = last > r->p;
		take(r);
	}
	end_person(r);
	g_ptr_array_free(r->words, TRUE);
	g_string_free(r->comment, TRUE);
}

static gboolean has_address(const GArray *people, guint from)
{
	for (guint i = from; i < people->len; i++)
		if (*g_array_index(people, struct hg_mail_person, i).address)
			return TRUE;
	return FALSE;
}

/* One field; where nobody has an address, it may lie in an encoded word. */
static void read_field(hg_arena *arena, const struct hg_field *field, const char *hint, GArray *people)
{
	struct reader r = { .p = field->value, .end = field->value + field->len, .arena = arena, .hint = hint, .people = people };
	guint before = people->len;
	g_autofree char *text = NULL;

	read_people(&r);
	if (has_address(people, before) || !memmem(field->value, field->len, "=?", 2))
		return;
	text = hg_words_text(field->value, field->len, hint);
	if (!strchr(text, '@'))
		return;
	g_array_set_size(people, before);
	r = (struct reader){ .p = text, .end = text + strlen(text), .arena = arena, .people = people };
	read_people(&r);
}

static void give(hg_arena *arena, GArray *people, struct hg_mail_people *ret)
{
	ret->n = people->len;
	ret->of = hg_arena_mem(arena, people->data, people->len * sizeof(struct hg_mail_person));
	g_array_free(people, TRUE);
}

void hg_people_read(hg_arena *arena, const struct hg_field *field, const char *hint, struct hg_mail_people *ret)
{
	GArray *people = g_array_new(FALSE, FALSE, sizeof(struct hg_mail_person));

	if (field)
		read_field(arena, field, hint, people);
	give(arena, people, ret);
}

void hg_people_all(hg_arena *arena, const struct hg_head *head, const char *name, const char *hint,
		   struct hg_mail_people *ret)
{
	GArray *people = g_array_new(FALSE, FALSE, sizeof(struct hg_mail_person));

	for (const struct hg_field *f = hg_head_get(head, name); f && people->len < HG_PEOPLE_MAX; f = hg_head_next(head, name, f))
		read_field(arena, f, hint, people);
	give(arena, people, ret);
}
