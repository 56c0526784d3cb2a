/* rules_regex.c - PCRE2 with the limits that make an admin's pattern safe to run on a stranger's text */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules_regex.h"

#include <pcre2.h>
#include <string.h>

#include "fail.h"

/* `^(a+)+$` against 4 kB of "a" ends after 1.4 ms with these (0.24 ms with JIT) instead of 137 ms. */
#define STEPS_MAX 100000
/* PCRE2 counts them anew at each place of the text it begins at: `\s+$` took 40 s for 64 KiB of blanks.
 * So a pattern that may begin anywhere has fewer for longer texts; 20 million in all take half a second at most. */
#define STEPS_ALL 20000000
#define HEAP_MAX_KIB 1024
#define JIT_STACK_MAX ((gsize)256 * 1024)

struct hg_regex {
	pcre2_code *code;
	gboolean anywhere;		/* it may begin at each place of a text */
	gboolean trim;			/* white space around the text does not count */
};

/* Working memory of a thread's searches: kept, because making it costs more than most searches. */
struct scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;	/* the limits */
	pcre2_jit_stack *stack;
};

static void scratch_free(void *p)
{
	struct scratch *scratch = p;

	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	pcre2_jit_stack_free(scratch->stack);
	g_free(scratch);
}

static GPrivate scratch_of_thread = G_PRIVATE_INIT(scratch_free);

/* Called by a search compiled to machine code; NULL means 32 kB of the thread's own stack. */
static pcre2_jit_stack *jit_stack(void *arg)
{
	return ((struct scratch *)arg)->stack;
}

static struct scratch *scratch_get(void)
{
	struct scratch *scratch = g_private_get(&scratch_of_thread);

	if (scratch)
		return scratch;
	scratch = g_new0(struct scratch, 1);
	scratch->data = pcre2_match_data_create(1, NULL);
	scratch->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_MAX, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	g_assert(scratch->data && scratch->context);
	pcre2_set_heap_limit(scratch->context, HEAP_MAX_KIB);
	pcre2_jit_stack_assign(scratch->context, jit_stack, scratch);
	g_private_set(&scratch_of_thread, scratch);
	return scratch;
}

static void explain(GError **error, const char *pattern, int code, gsize offset)
{
	guint8 words[160] = "";
	g_autofree char *before = g_strndup(pattern, offset);

	pcre2_get_error_message(code, words, sizeof(words));
	hg_fail(error, HG_ERROR_CONFIG, "%s, at offset %zu%s%s%s", (char *)words, offset,
		offset ? ", behind '" : "", before, offset ? "'" : "");
}

static guint32 options_of(enum hg_regex_how how)
{
	switch (how) {
	case HG_REGEX_EQUALS:
		return PCRE2_LITERAL | PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	case HG_REGEX_CONTAINS:
		return PCRE2_LITERAL;
	case HG_REGEX_MATCHES:
	default:
		/* \C would cut characters in halves. */
		return PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
	}
}

/* Not at the beginning, or at those of lines, only. */
static gboolean begins_anywhere(const pcre2_code *code)
{
	guint32 options = 0, first = 0;

	pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
	pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &first);
	return !(options & PCRE2_ANCHORED) && first != 2;
}

hg_regex *hg_regex_new(const char *pattern, enum hg_regex_how how, GError **error)
{
	gsize len = strlen(pattern), offset = 0;
	g_autoptr(hg_regex) regex = g_new0(hg_regex, 1);
	int code = 0;

	if (len > HG_REGEX_PATTERN_MAX) {
		hg_fail(error, HG_ERROR_CONFIG, "it has %zu bytes, at most %d are allowed", len,
			HG_REGEX_PATTERN_MAX);
		return NULL;
	}
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, len,
				    options_of(how) | PCRE2_UTF | PCRE2_CASELESS, &code, &offset, NULL);
	if (!regex->code) {
		explain(error, pattern, code, MIN(offset, len));
		return NULL;
	}
	/* Where memory may not be both written and run (systemd's MemoryDenyWriteExecute) this is
	 * refused, and the search is interpreted. */
	pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	regex->anywhere = begins_anywhere(regex->code);
	regex->trim = how == HG_REGEX_EQUALS;
	return g_steal_pointer(&regex);
}

void hg_regex_free(hg_regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	g_free(regex);
}

/* Not in the middle of a character. */
static gsize cut(const char *text, gsize len)
{
	if (len <= HG_REGEX_SUBJECT_MAX)
		return len;
	for (len = HG_REGEX_SUBJECT_MAX; len && ((guint8)text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

static enum hg_found find(const hg_regex *regex, const char *text, gsize len, guint32 options)
{
	struct scratch *scratch = scratch_get();
	int found;

	for (; regex->trim && len && g_ascii_isspace(*text); len--)
		text++;
	while (regex->trim && len && g_ascii_isspace(text[len - 1]))
		len--;
	len = cut(text, len);
	pcre2_set_match_limit(scratch->context,
			      (guint32)MIN(STEPS_MAX, regex->anywhere ? STEPS_ALL / MAX(len, 1) : STEPS_MAX));
	found = pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK | options, scratch->data,
			    scratch->context);
	/* 0: found, with more groups than the one we have room for. */
	return found >= 0 ? HG_FOUND : found == PCRE2_ERROR_NOMATCH ? HG_FOUND_NOT : HG_FOUND_GAVE_UP;
}

enum hg_found hg_regex_find(const hg_regex *regex, const char *text, gsize len)
{
	return find(regex, text, len, 0);
}

enum hg_found hg_regex_find_slowly(const hg_regex *regex, const char *text, gsize len)
{
	return find(regex, text, len, PCRE2_NO_JIT);
}

static gboolean finds_everywhere(const hg_regex *regex)
{
	static const char *const texts[] = { "", "qzx", "0 7", "\xe4\xbd\xa0\n-", " ?" };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		if (hg_regex_find(regex, texts[i], strlen(texts[i])) != HG_FOUND)
			return FALSE;
	return TRUE;
}

const char *hg_regex_doubt(const hg_regex *regex)
{
	if (finds_everywhere(regex))
		return "this pattern matches every text: part of it can match nothing at all";
	return NULL;
}
