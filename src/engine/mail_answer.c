/* mail_answer.c - mail from a helpdesk that is written to by mail: an agent's answer, and never a customer's message
 *
 * Such a helpdesk (preset email, or another whose answers come so) writes to the channel its mails went out by.  What it
 * says belongs to a ticket when it brings the ticket's token: in the address it is sent to, or in what it answers.  What
 * brings none is told to nobody and makes no conversation, or its next ticket would be a mail to itself. */
#include "turn.h"

#include <string.h>

#define MAILTO "mailto:"

struct written {			/* a mail of a helpdesk's */
	const struct hg_backend_conf *backend;
	hg_ticket *ticket;		/* NULL: it says which of none */
	const char *link;		/* what the ticket is called there */
};

static const char *value_of(const struct hg_backend_conf *backend, const char *name)
{
	for (char **value = backend->values; value && value[0]; value += 2)
		if (strcmp(value[0], name) == 0)
			return value[1];
	return NULL;
}

/* "ana@acme.example", or "@acme.example" for all of a domain. */
static gboolean is_like(const char *address, const char *pattern)
{
	const char *at = strrchr(address, '@');

	return !g_ascii_strcasecmp(address, pattern) || (*pattern == '@' && at && !g_ascii_strcasecmp(at, pattern));
}

static gboolean is_listed(const char *address, const char *list)
{
	g_auto(GStrv) all = g_strsplit_set(list ? list : "", ", ", -1);

	for (char **one = all; *one; one++)
		if (**one && is_like(address, *one))
			return TRUE;
	return FALSE;
}

/* Who says From: is anybody; where the receiving server has looked and it was not so, it is nobody's.  (There is somebody:
 * inbound.c takes nothing that names no sender.) */
static gboolean is_from(const struct hg_in *in, const char *list)
{
	const char *uri = in->from[0].uri;

	return in->sender != HG_SENDER_FAIL && g_str_has_prefix(uri, MAILTO) && is_listed(uri + strlen(MAILTO), list);
}

/* Tokens come first among what a mail refers to, and are vouched for by the adapter: never more than there are references. */
static gboolean find_ticket(hg_turn *turn, const struct hg_in *in, struct written *w, GError **error)
{
	for (gsize i = 0; !w->ticket && i < in->vouched; i++) {
		g_autofree char *link = hg_change_mail_ticket(in->refs[i]);

		if (!hg_store_ticket_by_link(turn->store, turn->arena, w->backend->name, link, &w->ticket, error))
			return FALSE;
		w->link = hg_arena_str(turn->arena, link);
	}
	return TRUE;
}

/* ret->backend NULL: it is from no helpdesk. */
static gboolean find(hg_turn *turn, const struct hg_in *in, struct written *ret, GError **error)
{
	const GPtrArray *backends = turn->conf->backends;

	*ret = (struct written){ .backend = NULL };
	for (guint i = 0; i < backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(backends, i);
		struct written w = { .backend = backend };
		gboolean box = is_from(in, value_of(backend, "mailbox")), agent = is_from(in, value_of(backend, "agents"));

		if (g_strcmp0(value_of(backend, "channel"), turn->command->channel) != 0 || (!box && !agent))
			continue;
		if (!find_ticket(turn, in, &w, error))
			return FALSE;
		/* An agent may write to us as anybody; the helpdesk itself does not. */
		if (w.ticket || (box && !ret->backend))
			*ret = w;
		if (w.ticket)
			return TRUE;
	}
	return TRUE;
}

/* ---- what it says ---- */

/* Bytes that came along are stored before the commit that names them. */
static gboolean take_files(hg_turn *turn, const struct hg_in *in, hg_change *change, GError **error)
{
	struct hg_file *files = hg_arena_alloc(turn->arena, (in->n_files + 1) * sizeof(*files));
	g_autoptr(GString) missing = g_string_new(NULL);

	for (gsize i = 0; i < in->n_files; i++) {
		const char *why = NULL;

		files[change->n_files] = in->files[i];
		if (!hg_inbound_store(turn, &files[change->n_files], &why, error))
			return FALSE;
		if (why)
			g_string_append_printf(missing, "%s%.100s: %s", missing->len ? "; " : "", in->files[i].name ?: "a file", why);
		else
			change->n_files++;
	}
	change->files = files;
	change->missing = missing->len ? hg_arena_str(turn->arena, missing->str) : NULL;
	return TRUE;
}

/* What a machine there says of itself agents read, and no customer: unless all that is answered there is marked so. */
static int kind_of(const struct written *w, const struct hg_in *in)
{
	gboolean answers = g_strcmp0(value_of(w->backend, "automatic"), "answer") == 0;

	return in->automatic && !answers ? HG_CHANGE_NOTE : HG_CHANGE_REPLY;
}

static gboolean apply(hg_turn *turn, const struct written *w, const struct hg_in *in, GError **error)
{
	const char *text = in->reply_text && *in->reply_text ? in->reply_text : in->text;
	hg_change change = {
		.kind = kind_of(w, in), .ticket = w->link, .text = text, .agent = in->name, .at_ms = in->sent_ms,
		.id = in->dedupe ?: in->id ?: w->link,	/* never: a mail has a hash or a name */
	};
	hg_case kase;

	return take_files(turn, in, &change, error) && hg_case_load(turn, w->ticket->thread_n, &kase, error) &&
	       hg_store_ticket_get(turn->store, turn->arena, w->ticket->n, &kase.ticket, error) &&
	       hg_change_apply(turn, &kase, w->backend->name, &change, error) && hg_case_save(turn, &kase, error);
}

gboolean hg_mail_answer(hg_turn *turn, const struct hg_in *in, gboolean *ret_taken, GError **error)
{
	struct written w;

	*ret_taken = FALSE;
	if (in->kind >= HG_REACTION || in->echo)
		return TRUE;
	if (!find(turn, in, &w, error))
		return FALSE;
	*ret_taken = w.backend != NULL;
	if (w.ticket)
		return apply(turn, &w, in, error);
	if (w.backend) {
		struct hg_ctx ctx = HG_CTX(NULL, "backend", w.backend->name);

		hg_info(&ctx, "mail_answer.of_none", "a mail of the helpdesk's to %s brings no ticket's token: it is kept and told to "
			"nobody", turn->command->channel);
	}
	return TRUE;
}
