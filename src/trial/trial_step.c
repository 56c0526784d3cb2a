/* trial_step.c - one step of a test: what a customer, an agent or the clock does */
#include "trial_made.h"

#include <string.h>

#include "hook_answer.h"
#include "json.h"
#include "text.h"

#define SAY	(1 << HG_STEP_SAY)
#define REPLY	(1 << HG_STEP_REPLY)
#define NOTE	(1 << HG_STEP_NOTE)
#define CLOSE	(1 << HG_STEP_CLOSE)
#define REOPEN	(1 << HG_STEP_REOPEN)
#define CONVERT	(1 << HG_STEP_CONVERT)
#define STATUS	(1 << HG_STEP_STATUS)
#define CHANGE	(1 << HG_STEP_CHANGE)
#define LOST	(1 << HG_STEP_LOST)
#define HELPDESK (1 << HG_STEP_HELPDESK)
#define ALL	(~0U)

enum form { WORD = 1, FLAG, ADDRESSES, WORDS, PAIRS, NUMBER, TIMES, OTHER };

static const struct key {
	const char *name;
	enum form form;
	unsigned kinds;			/* steps that may have it */
	int makes;			/* enum hg_step_kind this key makes a step of; or 0 */
	gsize offset;
} keys[] = {
#define KEY(form_, kinds_, makes_, name_, field_) \
	{ name_, form_, kinds_, makes_, G_STRUCT_OFFSET(struct hg_trial_step, field_) }
	KEY(TIMES, ALL, 0, "at", at_ms), KEY(TIMES, ALL, 0, "after", at_ms), KEY(OTHER, ALL, 0, "expect", expect),
	KEY(ADDRESSES, ALL, 0, "from", from),
	KEY(WORD, SAY, HG_STEP_SAY, "text", text), KEY(WORD, SAY, 0, "channel", channel),
	KEY(WORD, SAY, 0, "name", name), KEY(WORD, SAY, 0, "id", id), KEY(WORD, SAY, 0, "answers", answers),
	KEY(WORD, SAY, 0, "subject", subject), KEY(OTHER, SAY, 0, "kind", what),
	KEY(FLAG, SAY, 0, "automatic", automatic), KEY(FLAG, SAY, 0, "forwarded", forwarded),
	KEY(FLAG, SAY, 0, "echo", echo), KEY(WORDS, SAY, HG_STEP_SAY, "files", files),
	KEY(PAIRS, SAY, 0, "headers", headers),
	KEY(OTHER, SAY, 0, "facts", facts),
	KEY(WORD, REPLY, HG_STEP_REPLY, "reply", text), KEY(FLAG, REPLY, 0, "bot", bot),
	KEY(WORD, NOTE, HG_STEP_NOTE, "note", text), KEY(OTHER, CLOSE, HG_STEP_CLOSE, "close", what),
	KEY(FLAG, CLOSE, 0, "ask", ask),
	KEY(OTHER, REOPEN, HG_STEP_REOPEN, "reopen", what), KEY(OTHER, CONVERT, HG_STEP_CONVERT, "convert", what),
	KEY(WORD, STATUS, HG_STEP_STATUS, "status", text),
	KEY(WORDS, CHANGE, HG_STEP_CHANGE, "tag", tags), KEY(WORDS, CHANGE, HG_STEP_CHANGE, "untag", untags),
	KEY(PAIRS, CHANGE, HG_STEP_CHANGE, "set", sets), KEY(NUMBER, LOST, HG_STEP_LOST, "undelivered", code),
	KEY(OTHER, HELPDESK, HG_STEP_HELPDESK, "helpdesk", what),
	KEY(WORD, REPLY | NOTE | CLOSE | REOPEN | CONVERT | CHANGE, 0, "agent", agent),
	KEY(WORD, CONVERT, 0, "priority", priority), KEY(WORD, CONVERT, 0, "category", category),
#undef KEY
};

const char *const hg_trial_step_keys[] = { "at", "after", "from", "channel", "text", "name", "id", "answers",
	"subject", "kind", "automatic", "forwarded", "echo", "files", "headers", "facts", "reply", "bot", "note", "close",
	"ask", "reopen", "convert", "status", "tag", "untag", "set", "undelivered", "helpdesk", "agent", "priority", "category", "expect",
	NULL };

static gboolean wrong(const hg_node *node, hg_diag *diag, const char *hint, const char *text)
{
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), hint, "%s", text);
	return FALSE;
}

/* ---- values ---- */

const char *hg_trial_address(hg_arena *arena, const char *text)
{
	const char *scheme = text[0] == '+' ? "tel:" : strchr(text, '@') && !strchr(text, ':') ? "mailto:" : "";
	g_autofree char *uri = g_strconcat(scheme, text, NULL);

	return *scheme || (strchr(text, ':') && *text != ':') ? hg_arena_str(arena, uri) : NULL;
}

/* A scalar or a list of them, as an array that ends with NULL. */
static const char *const *words_of(hg_trials *trials, const hg_node *node, gboolean addresses, hg_diag *diag)
{
	gboolean list = hg_node_type(node) == HG_NODE_LIST;
	guint n = list ? hg_node_size(node) : 1;
	const char **words = hg_arena_alloc(trials->arena, (n + 1) * sizeof(*words));

	for (guint i = 0; i < n; i++) {
		const hg_node *item = list ? hg_node_at(node, i) : node;
		const char *text = hg_node_text(item);

		words[i] = text && addresses ? hg_trial_address(trials->arena, text) : text;
		if (!words[i])
			wrong(item, diag, NULL, addresses ? "an address is wanted here: \"+447700900123\", "
			      "ana@example.com or one with its scheme" : "a text or a list of texts is wanted here");
	}
	return n ? words : NULL;
}

/* { plan: pro }: names with their values, one after the other. */
static const char *const *pairs_of(hg_trials *trials, const hg_node *node, hg_diag *diag)
{
	guint n = hg_node_type(node) == HG_NODE_MAP ? hg_node_size(node) : 0;
	const char **words = hg_arena_alloc(trials->arena, (2 * n + 1) * sizeof(*words));

	if (!n)
		wrong(node, diag, "write { NAME: value }", "names with their values are wanted here");
	for (guint i = 0; i < n; i++) {
		words[2 * i] = hg_node_key(node, i);
		words[2 * i + 1] = hg_node_text(hg_node_value(node, i));
		if (!words[2 * i + 1])
			wrong(hg_node_value(node, i), diag, NULL, "a text is wanted here");
	}
	return n ? words : NULL;
}

/* "+2h" since the test began, or "2h" after the step before. */
static gboolean read_time(const hg_node *node, gboolean after, gint64 from_ms, gint64 *ret_ms, hg_diag *diag)
{
	const char *text = hg_node_text(node);
	gint64 ms = text ? hg_span_parse(text + (text[0] == '+')) : -1;

	if (ms < 0)
		return wrong(node, diag, NULL, "a time such as +2h, 20s or 3d is wanted here");
	if (after)
		ms += from_ms;
	else if (ms < from_ms)
		return wrong(node, diag, "steps stand in the order they happen; at counts from the test's beginning",
			     "this is before the step above it");
	*ret_ms = ms;
	return TRUE;
}

static gboolean known(const hg_node *node, const char *what, const char *const *words, hg_diag *diag)
{
	const char *text = hg_node_text(node);
	const char *near = text ? hg_nearest(text, words) : NULL;
	g_autofree char *all = g_strjoinv(", ", (char **)words);
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near)
				     : g_strdup_printf("known here: %s", all);
	g_autofree char *said = NULL;

	if (text && g_strv_contains(words, text))
		return TRUE;
	said = g_strdup_printf("there is no %s \"%.40s\"", what, text ? text : "");
	return wrong(node, diag, hint, said);
}

static const struct { const char *word; int kind; } kind_words[] = { { "text", HG_TEXT }, { "image", HG_IMAGE },
	{ "audio", HG_AUDIO }, { "video", HG_VIDEO }, { "file", HG_FILE }, { "sticker", HG_STICKER },
	{ "location", HG_LOCATION }, { "contacts", HG_CONTACTS }, { "button", HG_BUTTON }, { "form", HG_FORM },
	{ "order", HG_ORDER }, { "call", HG_CALL }, { "unsupported", HG_UNSUPPORTED }, { "reaction", HG_REACTION },
	{ "edit", HG_EDIT }, { "revoke", HG_REVOKE } };

static void read_kind(const hg_node *node, int *ret, hg_diag *diag)
{
	const char *words[G_N_ELEMENTS(kind_words) + 1] = { NULL };

	for (gsize i = 0; i < G_N_ELEMENTS(kind_words); i++) {
		words[i] = kind_words[i].word;
		if (g_strcmp0(hg_node_text(node), words[i]) == 0)
			*ret = kind_words[i].kind;
	}
	known(node, "kind of message", words, diag);
}

static void read_resolution(const hg_node *node, int *ret, hg_diag *diag)
{
	static const char *const words[] = { "unknown", "resolved", "unresolved", NULL };

	for (int i = 0; words[i]; i++)
		if (g_strcmp0(hg_node_text(node), words[i]) == 0)
			*ret = i;	/* as in enum hg_resolution */
	known(node, "resolution", words, diag);
}

/* Those of the configuration, all of them. */
static void read_helpdesk(const hg_trials *trials, const hg_node *node, int *ret, hg_diag *diag)
{
	static const char *const words[] = { "up", "down", NULL };

	*ret = g_strcmp0(hg_node_text(node), "down") == 0 ? HG_DOWN : HG_UP;
	if (known(node, "condition of the helpdesk", words, diag) && !trials->conf->backends->len)
		wrong(node, diag, "name one under backends:", "there is no helpdesk in this configuration");
}

/* By hook, what it answers; each has the shape of an answer. */
static void read_facts(const hg_trials *trials, const hg_node *node, hg_diag *diag)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < trials->conf->hooks->len; i++)
		g_ptr_array_add(names, ((struct hg_hook_conf *)g_ptr_array_index(trials->conf->hooks, i))->name);
	g_ptr_array_add(names, NULL);
	if (!hg_node_check_keys(node, "facts", (const char *const *)names->pdata, diag))
		return;
	for (guint i = 0; i < hg_node_size(node); i++)
		json_object_put(hg_hook_answer_of_node(hg_node_value(node, i), hg_node_key(node, i), diag));
}

/* ---- a step ---- */

static void read_other(hg_trials *trials, const struct key *key, const hg_node *node, struct hg_trial_step *step,
		       hg_diag *diag)
{
	gboolean yes = TRUE;

	if (strcmp(key->name, "kind") == 0)
		read_kind(node, &step->what, diag);
	else if (strcmp(key->name, "close") == 0)
		read_resolution(node, &step->what, diag);
	else if (strcmp(key->name, "helpdesk") == 0)
		read_helpdesk(trials, node, &step->what, diag);
	else if (strcmp(key->name, "facts") == 0)
		read_facts(trials, step->facts = node, diag);
	else if (strcmp(key->name, "expect") == 0)
		hg_trial_expect_read(trials, step->expect = node, diag);
	else if (hg_node_bool(node, &yes, diag) && !yes)
		wrong(node, diag, NULL, "only true can stand here; leave the step out instead");
}

static void read_value(hg_trials *trials, const struct key *key, const hg_node *node, gint64 from_ms,
		       struct hg_trial_step *step, hg_diag *diag)
{
	void *into = G_STRUCT_MEMBER_P(step, key->offset);

	switch (key->form) {
	case WORD:
		*(const char **)into = hg_node_text(node);
		if (!hg_node_text(node))
			wrong(node, diag, NULL, "a text is wanted here");
		break;
	case FLAG:
		hg_node_bool(node, into, diag);
		break;
	case ADDRESSES:
	case WORDS:
		*(const char *const **)into = words_of(trials, node, key->form == ADDRESSES, diag);
		break;
	case PAIRS:
		*(const char *const **)into = pairs_of(trials, node, diag);
		break;
	case NUMBER:
		hg_node_int(node, 0, G_MAXINT32, into, diag);
		break;
	case TIMES:
		read_time(node, strcmp(key->name, "after") == 0, from_ms, into, diag);
		break;
	case OTHER:
	default:
		read_other(trials, key, node, step, diag);
	}
}

static const struct key *key_of(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* Which kind of step it is; two of them in one are an error. */
static gboolean kind_of(const hg_node *node, int *ret, hg_diag *diag)
{
	const char *first = NULL;

	*ret = HG_STEP_WAIT;
	for (guint i = 0; i < hg_node_size(node); i++) {
		const struct key *key = key_of(hg_node_key(node, i));

		if (!key->makes || key->makes == *ret)	/* analyser: the keys were checked */
			continue;
		if (first) {
			hg_diag_add(diag, HG_SEV_ERROR, hg_node_key_place(node, i), "make two steps of it",
				    "a step cannot have both %s and %s", first, key->name);
			return FALSE;
		}
		first = key->name;
		*ret = key->makes;
	}
	return TRUE;
}

static void check_say(const hg_trials *trials, const hg_node *node, const struct hg_trial_step *step, hg_diag *diag)
{
	if (!step->channel)
		wrong(node, diag, "name one of the channels", "it does not say on which channel");
	else
		known(hg_node_get(node, "channel"), "channel", trials->channels, diag);
	if (!hg_node_get(node, "from"))
		wrong(node, diag, "from: \"+447700900123\"", "it does not say whom it comes from");
}

gboolean hg_trial_step_read(hg_trials *trials, const hg_node *node, gint64 from_ms, struct hg_trial_step *ret,
			    hg_diag *diag)
{
	guint errors = hg_diag_count(diag, HG_SEV_ERROR);
	int kind;

	*ret = (struct hg_trial_step){ .place = *hg_node_place(node), .at_ms = from_ms };
	if (!hg_node_check_keys(node, "a step", hg_trial_step_keys, diag) || !kind_of(node, &kind, diag))
		return FALSE;
	ret->kind = kind;
	ret->what = kind == HG_STEP_SAY ? HG_TEXT : 0;
	for (guint i = 0; i < hg_node_size(node); i++) {
		const struct key *key = key_of(hg_node_key(node, i));

		if (key->kinds & (1U << kind))	/* analyser: the keys were checked */
			read_value(trials, key, hg_node_value(node, i), from_ms, ret, diag);
		else
			hg_diag_add(diag, HG_SEV_ERROR, hg_node_key_place(node, i), NULL,
				    "%s does not go with this kind of step", key->name);
	}
	if (hg_node_get(node, "at") && hg_node_get(node, "after"))
		wrong(node, diag, NULL, "it has both at and after: one of them is enough");
	if (kind == HG_STEP_SAY)
		check_say(trials, node, ret, diag);
	return hg_diag_count(diag, HG_SEV_ERROR) == errors;
}
