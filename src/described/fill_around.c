/* fill_around.c - words around a name: each leaves what is no longer than it was, in time by its length */
#include "fill_around.h"

#include <string.h>

#include "text.h"

struct ht_around {
	const char *word;
	gboolean (*run)(GString *value);
};

static void set(GString *value, char *text)
{
	g_string_assign(value, text);
	g_free(text);
}

static gboolean run_lower(GString *value)
{
	set(value, g_utf8_strdown(value->str, (gssize)value->len));
	return TRUE;
}

static gboolean run_digits(GString *value)
{
	gsize n = 0;

	for (gsize i = 0; i < value->len; i++)
		if (g_ascii_isdigit(value->str[i]))
			value->str[n++] = value->str[i];
	g_string_truncate(value, n);
	return TRUE;
}

/* In whoever's search language: no quotes, operators, wildcards, and no second word. */
static gboolean run_word(GString *value)
{
	for (const char *at = value->str; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (!g_unichar_isalnum(c) && (c >= 0x80 || at == value->str || !strchr("@._+-", (int)c)))
			return FALSE;
	}
	return value->len > 0;
}

/* Of "2026-11-22T10:02:11.004Z", as hg_time() writes it whatever zone it came in. */
static gboolean cut_time(GString *value, gsize from, gsize len)
{
	gint64 at = hg_time_parse(value->str);
	char text[HG_TIME_SIZE];

	if (at < 0)
		return FALSE;
	g_string_truncate(value, 0);
	g_string_append_len(value, hg_time(at, text) + from, (gssize)len);
	return TRUE;
}

static gboolean run_date(GString *value)
{
	return cut_time(value, 0, strlen("2026-11-22"));
}

static gboolean run_clock(GString *value)
{
	return cut_time(value, strlen("2026-11-22T"), strlen("10:02:11"));
}

static ht_around words[] = {
	{ "word", run_word }, { "lower", run_lower }, { "digits", run_digits }, { "date", run_date },
	{ "clock", run_clock },
};

ht_around *ht_around_of(char *name)
{
	const char *open = strchr(name, '(');
	gsize len = strlen(name);

	if (!open || name[len - 1] != ')')
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strncmp(words[i].word, name, (gsize)(open - name)) != 0 || words[i].word[open - name])
			continue;
		name[len - 1] = '\0';
		memmove(name, open + 1, strlen(open + 1) + 1);
		return &words[i];
	}
	return NULL;
}

gboolean ht_around_run(ht_around *around, GString *value)
{
	return around->run(value);
}

gboolean ht_around_is_word(ht_around *around)
{
	return around->run == run_word;
}
