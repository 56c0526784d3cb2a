/* simulate_script.c - reads a script: every mistake in it is told with file, line and column before anything is sent */
#include "simulate_script.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 1000
#define WAIT_MAX_MS (60 * 60 * 1000)
#define WITHIN_MS 5000

struct reading {
	struct sim *sim;
	hg_diag *diag;
	GPtrArray *steps;
	GHashTable *names;		/* name -> struct sim_step, both lent */
};

static void step_free(gpointer p)
{
	struct sim_step *step = p;

	sim_call_clear(&step->call);
	sim_outcome_clear(&step->outcome);
	g_free(step->message);
	g_free(step);
}

static void wrong(struct reading *r, const hg_node *node, const char *text)
{
	hg_diag_add(r->diag, HG_SEV_ERROR, hg_node_place(node), NULL, "%s", text);
}

/* A text, or NULL and told when it has to be there. */
static const char *text_of(struct reading *r, const hg_node *map, const char *key, gboolean need)
{
	const hg_node *node = hg_node_get(map, key);

	if (node && hg_node_text(node))
		return hg_node_text(node);
	if (node || need)
		hg_diag_add(r->diag, HG_SEV_ERROR, hg_node_place(node ? node : map), NULL, node ? "'%s' wants a text" : "'%s' is missing", key);
	return NULL;
}

static gint64 span_of(struct reading *r, const hg_node *map, const char *key)
{
	const hg_node *node = hg_node_get(map, key);
	gint64 ms = 0;

	if (node && hg_node_span(node, &ms, r->diag) && ms > WAIT_MAX_MS)
		wrong(r, node, "at most an hour");
	return ms;
}

static struct sim_step *named(struct reading *r, const hg_node *node)
{
	const char *name = hg_node_text(node);
	struct sim_step *step = name ? g_hash_table_lookup(r->names, name) : NULL;

	if (!step)
		hg_diag_add(r->diag, HG_SEV_ERROR, hg_node_place(node), "give a step before it a name: name: first",
			    "no step before this one is called '%s'", name ? name : "");
	return step;
}

/* ---- what is done ---- */

static void read_channel(struct reading *r, const hg_node *map, struct sim_step *step)
{
	step->channel = text_of(r, map, "channel", TRUE);
	if (!step->channel)
		return;
	step->set = sim_channel_named(r->sim, step->channel);
	if (!step->set)
		hg_diag_add(r->diag, HG_SEV_ERROR, hg_node_place(hg_node_get(map, "channel")), NULL,
			    "the configuration has no channel '%s', and none of such an adapter", step->channel);
	else if (!sim_adapter_of(step->set))
		hg_diag_add(r->diag, HG_SEV_ERROR, hg_node_place(hg_node_get(map, "channel")), NULL,
			    "nobody can be simulated on channels of the adapter %s", step->set->adapter);
}

static void read_say(struct reading *r, const hg_node *map, struct sim_step *step)
{
	static const char *const keys[] = { "channel", "from", "text", "name", "subject", "id", "ago", "fault", NULL };
	static const char *const faults[] = { "none", "forged", "broken", "cut", "lost", NULL };
	static const char *const no_files[] = { NULL };
	const hg_node *fault;

	if (!hg_node_check_keys(map, "say", keys, r->diag))
		return;
	read_channel(r, map, step);
	step->said = (struct sim_said){ .text = text_of(r, map, "text", TRUE), .from = text_of(r, map, "from", FALSE),
		.name = text_of(r, map, "name", FALSE), .subject = text_of(r, map, "subject", FALSE), .id = text_of(r, map, "id", FALSE),
		.files = no_files };
	step->ago_ms = span_of(r, map, "ago");
	fault = hg_node_get(map, "fault");
	if (fault && hg_node_one_of(fault, "fault", faults, r->diag))
		while (strcmp(faults[step->fault], hg_node_text(fault)) != 0)
			step->fault++;
}

static void read_reply(struct reading *r, const hg_node *map, struct sim_step *step)
{
	static const char *const keys[] = { "to", "text", NULL };
	const hg_node *to;

	if (!hg_node_check_keys(map, "reply", keys, r->diag) || !text_of(r, map, "to", TRUE))
		return;
	to = hg_node_get(map, "to");
	step->text = text_of(r, map, "text", TRUE);
	step->of = named(r, to);
}

static void read_receipt(struct reading *r, const hg_node *map, struct sim_step *step)
{
	static const char *const keys[] = { "of", "state", NULL };
	static const char *const states[] = { "sent", "delivered", "read", "failed", NULL };

	if (!hg_node_check_keys(map, "receipt", keys, r->diag) || !text_of(r, map, "of", TRUE))
		return;
	step->of = named(r, hg_node_get(map, "of"));
	step->state = text_of(r, map, "state", TRUE);
	if (step->state)
		hg_node_one_of(hg_node_get(map, "state"), "state", states, r->diag);
	if (step->of && step->of->kind != SIM_REPLY)
		wrong(r, hg_node_get(map, "of"), "receipts are of what we said: name a reply");
}

static void read_named(struct reading *r, const hg_node *node, struct sim_step *step)
{
	step->of = named(r, node);
	if (step->of && step->of->kind != SIM_SAY)
		wrong(r, node, "name a step that says something");
}

static void read_wait(struct reading *r, const hg_node *node, struct sim_step *step)
{
	if (hg_node_span(node, &step->wait_ms, r->diag) && step->wait_ms > WAIT_MAX_MS)
		wrong(r, node, "at most an hour");
}

/* ---- what has to come of it ---- */

static int truth_of(struct reading *r, const hg_node *map, const char *key)
{
	const hg_node *node = hg_node_get(map, key);
	gboolean is = FALSE;

	return node && hg_node_bool(node, &is, r->diag) ? is : -1;
}

static const char *word_of(struct reading *r, const hg_node *map, const char *key, const char *const *known)
{
	const hg_node *node = hg_node_get(map, key);

	return node && hg_node_one_of(node, key, known, r->diag) ? hg_node_text(node) : NULL;
}

static void read_expect(struct reading *r, const hg_node *map, struct sim_step *step)
{
	static const char *const keys[] = { "taken", "new", "proposal", "action", "rule", "state", "ticket", "thread", "delivery", "within",
					    NULL };
	static const char *const proposals[] = { "new", "join", "reopen", NULL };
	static const char *const states[] = { "open", "closed", "converted", NULL };
	static const char *const tickets[] = { "none", "new", "joined", NULL };
	static const char *const deliveries[] = { "queued", "sent", "delivered", "read", "failed", NULL };
	struct sim_expect *expect = &step->expect;

	*expect = (struct sim_expect){ .taken = -1, .fresh = -1, .within_ms = WITHIN_MS };
	if (!map || !hg_node_check_keys(map, "expect", keys, r->diag))
		return;
	expect->node = map;
	expect->taken = truth_of(r, map, "taken");
	expect->fresh = truth_of(r, map, "new");
	expect->proposal = word_of(r, map, "proposal", proposals);
	expect->action = text_of(r, map, "action", FALSE);
	expect->rule = text_of(r, map, "rule", FALSE);
	expect->state = word_of(r, map, "state", states);
	expect->ticket = word_of(r, map, "ticket", tickets);
	expect->delivery = word_of(r, map, "delivery", deliveries);
	expect->thread = text_of(r, map, "thread", FALSE);
	if (expect->thread)
		(void)named(r, hg_node_get(map, "thread"));
	if (hg_node_get(map, "within"))
		expect->within_ms = span_of(r, map, "within");
}

/* ---- steps ---- */

static const struct { const char *word; int kind; void (*read)(struct reading *, const hg_node *, struct sim_step *); } words[] = {
	{ "say", SIM_SAY, read_say }, { "again", SIM_AGAIN, read_named }, { "reply", SIM_REPLY, read_reply },
	{ "receipt", SIM_RECEIPT, read_receipt }, { "look", SIM_LOOK, read_named }, { "wait", SIM_WAIT, read_wait },
};

static void read_what(struct reading *r, const hg_node *node, struct sim_step *step)
{
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		const hg_node *what = hg_node_get(node, words[i].word);

		if (what && step->kind)
			wrong(r, what, "a step does one thing: make two of it");
		if (!what || step->kind)
			continue;
		step->kind = words[i].kind;
		words[i].read(r, what, step);
	}
	if (!step->kind)
		wrong(r, node, "a step is one of say, again, reply, receipt, look, wait");
}

static void read_step(struct reading *r, const hg_node *node)
{
	static const char *const keys[] = { "say", "again", "reply", "receipt", "look", "wait", "name", "expect", NULL };
	struct sim_step *step = g_new0(struct sim_step, 1);

	step->node = node;
	step->call = (sim_call){ .method = "POST", .headers = g_ptr_array_new_with_free_func(g_free), .body = g_string_new(NULL), .good = 200 };
	g_ptr_array_add(r->steps, step);
	if (!hg_node_check_keys(node, "a step", keys, r->diag))
		return;
	read_what(r, node, step);
	read_expect(r, hg_node_get(node, "expect"), step);
	step->name = text_of(r, node, "name", FALSE);
	if (step->name)
		g_hash_table_insert(r->names, (gpointer)step->name, step);
}

GPtrArray *sim_script_read(const hg_doc *doc, struct sim *sim, hg_diag *diag)
{
	static const char *const keys[] = { "steps", NULL };
	g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	struct reading r = { sim, diag, steps, names };
	const hg_node *root = hg_doc_root(doc), *list;

	if (!hg_node_check_keys(root, "a script", keys, diag))
		return NULL;
	list = hg_node_get(root, "steps");
	if (!list || hg_node_type(list) != HG_NODE_LIST || !hg_node_size(list) || hg_node_size(list) > STEPS_MAX) {
		wrong(&r, list ? list : root, "'steps' wants a list of 1 to 1000 steps");
		return NULL;
	}
	for (guint i = 0; i < hg_node_size(list); i++)
		read_step(&r, hg_node_at(list, i));
	return hg_diag_count(diag, HG_SEV_ERROR) ? NULL : g_steal_pointer(&steps);
}

int sim_script(struct sim *sim, const char *file, const char *key)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_read(file, diag);
	g_autoptr(GPtrArray) steps = doc ? sim_script_read(doc, sim, diag) : NULL;
	g_autofree char *text = steps ? NULL : hg_diag_render(diag, ctl_colours(sim->ctl, STDERR_FILENO));

	if (text)
		fputs(text, stderr);
	return steps ? sim_script_play(sim, steps, key) : CTL_CONFIG;
}
