/* import.c - history from elsewhere: closed conversations in which nothing happens
 *
 * No event, rule, ticket, timer or job comes of it, and nobody is told.  A customer who goes on with such a conversation begins
 * one of his own: its threads go by keys that nothing proposes, and its provider ids lead nowhere.  What was imported is known for
 * ever, because archives are read again, and mailboxes from their beginning. */
#include "turn.h"

#include <string.h>

#define KEY "history:"

struct importing { hg_turn *turn; const char *space; gint64 fresh, known; };

gboolean hg_import_is_history(const hg_thread *thread)
{
	return g_str_has_prefix(thread->key ?: "", KEY);
}

/* Where nothing was ever imported, no message pays for the look-up. */
gboolean hg_import_knows(hg_turn *turn, const char *space, const char *key, gboolean *ret, GError **error)
{
	hg_engine *engine = turn->engine;
	gboolean any;

	*ret = FALSE;
	if (!engine->imports) {
		if (!hg_store_imported_any(turn->store, &any, error))
			return FALSE;
		engine->imports = any ? 1 : -1;
	}
	return engine->imports < 0 || hg_store_imported_has(turn->store, space, key, ret, error);
}

/* Also what came or went by headgate itself: by its key, an answer of ours by its id. */
static gboolean is_known(struct importing *im, const struct hg_in *in, gboolean *ret, GError **error)
{
	const char *key = in->dedupe ?: in->id;
	hg_turn *turn = im->turn;
	gint64 n = 0;

	if (!hg_import_knows(turn, im->space, key, ret, error))
		return FALSE;
	if (!*ret && (!hg_store_seen_find(turn->store, im->space, key, turn->now_ms, &n, error) ||
		      (!n && in->echo && in->id && !hg_store_seen_find(turn->store, im->space, in->id, turn->now_ms, &n, error))))
		return FALSE;
	*ret = *ret || n;
	return TRUE;
}

/* By the channel and what the archive calls the conversation. */
static const char *key_of(hg_turn *turn, const struct hg_in *in)
{
	g_autofree char *name = g_strconcat(turn->command->channel, " ", in->group ?: "", NULL), *hex = NULL, *key = NULL;
	guint8 hash[32];

	hg_sha256(name, strlen(name), hash);
	hex = hg_hex(hash, 16);
	key = g_strconcat(KEY, hex, NULL);
	return hg_arena_str(turn->arena, key);
}

static gboolean find_thread(hg_turn *turn, hg_case *kase, const struct hg_in *in, GError **error)
{
	const char *scope = hg_inbound_scope(turn), *key = key_of(turn, in);
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	hg_thread *thread;

	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, scope, key, 1, found, error))
		return FALSE;
	if (found->len) {
		kase->thread = g_ptr_array_index(found, 0);
		return TRUE;
	}
	kase->thread = thread = hg_arena_alloc(turn->arena, sizeof(*thread));
	hg_id_new(turn->engine->env, "thr", thread->id);
	thread->contact_n = kase->contact->n;
	thread->scope = scope;
	thread->shadow = g_str_has_prefix(scope, HG_SHADOW_SCOPE);
	thread->key = key;
	thread->state = HG_THREAD_CLOSED;
	thread->resolution = HG_RES_UNKNOWN;
	thread->channel = turn->command->channel;
	thread->opened_ms = thread->last_ms = thread->closed_ms = in->sent_ms;
	return hg_store_thread_add(turn->store, thread, error);
}

static hg_message *message_of(hg_turn *turn, const struct hg_in *in)
{
	hg_message *message = hg_arena_alloc(turn->arena, sizeof(*message));

	*message = (hg_message){
		.direction = in->echo ? HG_OUTBOUND : HG_INBOUND, .author = in->echo ? HG_BY_OUTSIDE : HG_BY_CUSTOMER,
		.author_name = in->echo ? in->username : NULL, .kind = in->kind, .channel = turn->command->channel,
		.external_id = in->id, .address = in->from[0].uri, .our_address = in->to, .subject = in->subject, .text = in->text,
		.reply_text = in->reply_text, .at_ms = in->sent_ms, .sent_ms = in->sent_ms, .echo = in->echo,
		.delivery = in->echo ? HG_DLV_SENT : HG_DLV_NONE, .note = in->note, .automatic = in->automatic,
		.sender = hg_sender_kept(in),
	};
	if (in->echo)
		message->parts = message->parts_sent = 1;
	return message;
}

static gboolean add_message(hg_turn *turn, hg_case *kase, const struct hg_in *in, GError **error)
{
	hg_thread *thread = kase->thread;
	gint64 last_ms = MAX(thread->last_ms, in->sent_ms);

	if (!hg_case_say(turn, kase, message_of(turn, in), error))
		return FALSE;
	thread->opened_ms = MIN(thread->opened_ms, in->sent_ms);
	thread->last_ms = thread->closed_ms = last_ms;
	if (!in->echo && (!thread->first_message_ms || in->sent_ms < thread->first_message_ms))
		thread->first_message_ms = in->sent_ms;
	if (!in->echo)
		thread->last_customer_ms = MAX(thread->last_customer_ms, in->sent_ms);
	if (!thread->subject)
		thread->subject = in->subject;
	return hg_case_save(turn, kase, error);
}

static gboolean take(struct importing *im, const struct hg_in *in, GError **error)
{
	hg_turn *turn = im->turn;
	gboolean known = FALSE;
	hg_case kase = { 0 };
	struct hg_in as;

	if (!is_known(im, in, &known, error))
		return FALSE;
	im->known += known;
	im->fresh += !known;
	if (known || turn->command->ask)
		return TRUE;
	turn->newcomer = 0;
	as = hg_sender_as(turn, in);
	turn->engine->imports = 1;
	return hg_contact_resolve(turn, &as, TRUE, &kase, error) && find_thread(turn, &kase, in, error) &&
	       add_message(turn, &kase, in, error) && hg_store_imported_add(turn->store, im->space, in->dedupe ?: in->id, error);
}

/* What makes no sense is the caller's mistake: nothing of it is kept. */
static gboolean check(const hg_turn *turn, const struct hg_in *in, gsize at, GError **error)
{
	const char *key = in->dedupe ?: in->id;

	if (in->kind != HG_TEXT || !in->n_from || !in->from[0].uri || !strchr(in->from[0].uri, ':'))
		return hg_fail(error, HG_ERROR_INPUT, "messages[%zu] has no address such as mailto:ana@example.com", at);
	if (!key || !*key)
		return hg_fail(error, HG_ERROR_INPUT, "messages[%zu] has no id: it would be there twice", at);
	if (in->sent_ms <= 0 || in->sent_ms > turn->now_ms)
		return hg_fail(error, HG_ERROR_INPUT, "messages[%zu] is of no time in the past", at);
	return TRUE;
}

gboolean hg_import(hg_turn *turn, GError **error)
{
	const struct hg_batch *batch = &turn->command->batch;
	struct importing im = { .turn = turn, .space = hg_ids_space(turn, turn->command->channel) };
	g_autofree char *answer = NULL;

	if (!hg_conf_channel(turn->conf, turn->command->channel))
		return hg_fail(error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", turn->command->channel);
	for (gsize i = 0; i < batch->n_in; i++)
		if (!check(turn, &batch->in[i], i, error))
			return FALSE;
	for (gsize i = 0; i < batch->n_in; i++)
		if (!take(&im, &batch->in[i], error))
			return FALSE;
	answer = g_strdup_printf("{\"new\":%" G_GINT64_FORMAT ",\"known\":%" G_GINT64_FORMAT "}", im.fresh, im.known);
	turn->answer = hg_arena_str(turn->arena, answer);
	return TRUE;
}
