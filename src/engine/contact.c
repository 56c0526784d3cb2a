/* contact.c - who it is: addresses find a person, proven ones are joined, conflicts are flagged
 *
 * Nobody is ever merged here.  When two proven addresses of one message belong to two contacts,
 * the message goes to the first one's and both are flagged: a person has to look. */
#include "turn.h"

#include "number.h"

#include <string.h>

const char *hg_contact_alias_uri(hg_arena *arena, const struct hg_address *address)
{
	g_autofree char *claimed = NULL;

	if (address->proof != HG_CLAIMED)
		return address->uri;
	/* What somebody merely says he is must not find the one who proved it. */
	claimed = g_strconcat("claimed:", address->uri, NULL);
	return hg_arena_str(arena, claimed);
}

static gboolean load(hg_turn *turn, gint64 n, hg_contact **ret, GError **error)
{
	for (int i = 0; i < 8; i++) {
		if (!hg_store_contact_get(turn->store, turn->arena, n, ret, error))
			return FALSE;
		if (!*ret || !(*ret)->merged_into)
			return TRUE;
		n = (*ret)->merged_into;
	}
	return TRUE;
}

/* An address that was given up finds its former owner only for what was said before that. */
static gboolean finds(const hg_alias *alias, const struct hg_in *in, const struct hg_address *address)
{
	if (alias->proof != HG_FORMER || address->proof == HG_FORMER)
		return TRUE;
	return in->sent_ms && in->sent_ms < alias->since_ms;
}

static hg_alias *listed(const hg_turn *turn, const char *uri)
{
	for (guint i = 0; turn->addresses_of && i < turn->addresses->len; i++) {
		hg_alias *alias = g_ptr_array_index(turn->addresses, i);

		if (strcmp(alias->uri, uri) == 0)
			return alias;
	}
	return NULL;
}

/* Addresses of one person lie far apart, and events want all that he has: so who is found by one of them is asked for his
 * others at once, and only what is not among these is looked for. */
static gboolean find_all(hg_turn *turn, const struct hg_in *in, hg_alias **aliases, GError **error)
{
	for (gsize i = 0; i < in->n_from; i++) {
		const char *uri = hg_contact_alias_uri(turn->arena, &in->from[i]);

		aliases[i] = listed(turn, uri);
		if (!aliases[i] && !hg_store_alias_find(turn->store, turn->arena, uri, &aliases[i], error))
			return FALSE;
		if (aliases[i] && i + 1 < in->n_from && !hg_turn_addresses(turn, aliases[i]->contact_n, error))
			return FALSE;
	}
	return TRUE;
}

/* Present addresses go before former ones, and those the message came from before others. */
static gint64 owner(const struct hg_in *in, hg_alias *const *aliases)
{
	static const gboolean rounds[] = { FALSE, TRUE };

	for (gsize round = 0; round < G_N_ELEMENTS(rounds); round++)
		for (gsize i = 0; i < in->n_from; i++)
			if (aliases[i] && (in->from[i].proof == HG_FORMER) == rounds[round] &&
			    finds(aliases[i], in, &in->from[i]))
				return aliases[i]->contact_n;
	return 0;
}

/* Nobody has the number as it is spelt now: who has it as it was spelt before? */
static gboolean find_twin(hg_turn *turn, const struct hg_in *in, gint64 *ret_n, GError **error)
{
	*ret_n = 0;
	for (gsize i = 0; i < in->n_from && !*ret_n; i++) {
		g_autofree char *twin = in->from[i].proof == HG_PROVEN ? hg_number_twin(in->from[i].uri) : NULL;
		hg_alias *alias = NULL;

		if (twin && !hg_store_alias_find(turn->store, turn->arena, twin, &alias, error))
			return FALSE;
		if (alias && alias->proof == HG_PROVEN)
			*ret_n = alias->contact_n;
	}
	return TRUE;
}

static gboolean make_contact(hg_turn *turn, const struct hg_in *in, hg_case *kase, GError **error)
{
	hg_contact *contact = hg_arena_alloc(turn->arena, sizeof(*contact));

	hg_id_new(turn->engine->env, "con", contact->id);
	contact->created_ms = turn->now_ms;
	if (!in->echo) {
		contact->name = in->name;
		contact->username = in->username;
	}
	if (!hg_store_contact_add(turn->store, contact, error))
		return FALSE;
	kase->contact = contact;
	kase->contact_new = TRUE;
	return TRUE;
}

static gboolean flag(hg_turn *turn, hg_case *kase, const char *uri, gint64 other_n, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "contact", kase->contact->id);
	hg_contact *other;

	if (!load(turn, other_n, &other, error))
		return FALSE;
	if (!other || other->n == kase->contact->n)
		return TRUE;
	if (!kase->contact->conflicted || !other->conflicted)
		hg_warn(&ctx, "contact.conflict", "an address of this contact is proven to be %s's too; neither is "
			"merged, a person has to look", other->id);
	if (!kase->contact->conflicted) {
		kase->contact->conflicted = TRUE;
		kase->contact_changed = TRUE;
	}
	(void)uri;
	if (other->conflicted)
		return TRUE;
	other->conflicted = TRUE;
	return hg_store_contact_update(turn->store, other, error);
}

static gboolean take_over(hg_turn *turn, hg_case *kase, hg_alias *alias, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "contact", kase->contact->id);

	hg_info(&ctx, "contact.address_reused", "an address its former owner gave up is this contact's now");
	alias->contact_n = kase->contact->n;
	alias->proof = HG_PROVEN;
	alias->since_ms = turn->now_ms;
	turn->addresses_of = 0;
	return hg_store_alias_update(turn->store, alias, error);
}

static gboolean retire(hg_turn *turn, hg_alias *alias, GError **error)
{
	if (alias->proof == HG_FORMER)
		return TRUE;
	alias->proof = HG_FORMER;
	alias->since_ms = turn->now_ms;
	turn->addresses_of = 0;
	return hg_store_alias_update(turn->store, alias, error);
}

static gboolean join(hg_turn *turn, hg_case *kase, const struct hg_in *in, gsize i, hg_alias *alias,
		     GError **error)
{
	const struct hg_address *address = &in->from[i];
	gint64 me = kase->contact->n;

	if (alias && alias->proof == HG_FORMER && address->proof != HG_FORMER && !finds(alias, in, address))
		return take_over(turn, kase, alias, error);
	if (alias && alias->contact_n != me)
		return flag(turn, kase, address->uri, alias->contact_n, error);
	if (alias)
		return address->proof != HG_FORMER || retire(turn, alias, error);
	/* A claimed address beside a proven one is hearsay: only the one answers go to is kept. */
	if (address->proof == HG_FORMER || (address->proof == HG_CLAIMED && i > 0))
		return TRUE;
	turn->addresses_of = 0;
	return hg_store_alias_add(turn->store, &(hg_alias){
		.uri = hg_contact_alias_uri(turn->arena, address), .contact_n = me,
		.proof = address->proof, .since_ms = turn->now_ms }, error);
}

/* Names are what people call themselves today: attributes, never keys. */
static void rename_contact(hg_case *kase, const struct hg_in *in)
{
	hg_contact *contact = kase->contact;

	if (in->echo)
		return;
	if (in->name && *in->name && g_strcmp0(in->name, contact->name) != 0) {
		contact->name = in->name;
		kase->contact_changed = TRUE;
	}
	if (in->username && *in->username && g_strcmp0(in->username, contact->username) != 0) {
		contact->username = in->username;
		kase->contact_changed = TRUE;
	}
}

static gboolean find(hg_turn *turn, const struct hg_in *in, hg_alias **aliases, hg_case *kase, GError **error)
{
	gint64 n;

	if (!find_all(turn, in, aliases, error))
		return FALSE;
	n = owner(in, aliases);
	if (!n && !find_twin(turn, in, &n, error))
		return FALSE;
	return !n || load(turn, n, &kase->contact, error);
}

gboolean hg_contact_find(hg_turn *turn, const struct hg_in *in, hg_case *kase, GError **error)
{
	return find(turn, in, hg_arena_alloc(turn->arena, (in->n_from + 1) * sizeof(hg_alias *)), kase, error);
}

gboolean hg_contact_resolve(hg_turn *turn, const struct hg_in *in, gboolean make, hg_case *kase, GError **error)
{
	hg_alias **aliases = hg_arena_alloc(turn->arena, (in->n_from + 1) * sizeof(*aliases));

	if (!find(turn, in, aliases, kase, error))
		return FALSE;
	/* Made a moment ago, when it was asked who this is. */
	kase->contact_new = kase->contact && kase->contact->n == turn->newcomer;
	if (!kase->contact && !make)
		return TRUE;
	if (!kase->contact && !make_contact(turn, in, kase, error))
		return FALSE;
	for (gsize i = 0; i < in->n_from; i++)
		if (!join(turn, kase, in, i, aliases[i], error))
			return FALSE;
	if (!kase->contact_new)
		rename_contact(kase, in);
	return hg_moved(turn, kase->contact, in, error);
}

gboolean hg_contact_present(hg_turn *turn, const hg_contact *contact, const char *uri, const char **ret,
			    GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	gsize scheme = strcspn(uri ?: "", ":") + 1;
	hg_alias *alias;

	*ret = uri;
	if (!uri || !hg_store_alias_find(turn->store, turn->arena, uri, &alias, error))
		return !uri;
	if (!alias || alias->proof != HG_FORMER)
		return TRUE;
	*ret = NULL;
	if (!hg_store_alias_list(turn->store, turn->arena, contact->n, list, error))
		return FALSE;
	for (guint i = 0; i < list->len; i++) {
		alias = g_ptr_array_index(list, i);
		if (alias->proof == HG_PROVEN && strncmp(alias->uri, uri, scheme) == 0)
			*ret = alias->uri;
	}
	return TRUE;
}
