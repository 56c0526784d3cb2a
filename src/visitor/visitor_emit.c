/* visitor_emit.c - what a visitor said, handed to the engine as what came in on his channel; answered when it is
 * on disk, and told apart from what was there before */
#include <string.h>

#include "services.h"
#include "visitor_say.h"
#include "visitor_upload.h"

static void answer(struct visitor_call *call)
{
	const struct visitor_saying *said = call->extra;

	/* Facts are asked for first (hooks), or it is on trial: it comes as an event when it is a message. */
	if (said->pending) {
		call->status = 202;
		hg_json_open(call->out, '{');
		hg_json_add_raw(call->out, "thread", NULL);
		hg_json_add_raw(call->out, "message", NULL);
		hg_json_add_str(call->out, "client_id", said->client_id);
		hg_json_close(call->out, '}');
	}
	hg_visitor_finish(call);
}

static void look(struct visitor_call *call, hg_store *store)
{
	struct visitor_saying *said = call->extra;
	gboolean found = FALSE;

	/* With the first message he may have become somebody: his eyes are opened again. */
	call->eyes.store = store;
	if (hg_eyes_open(&call->eyes, call->who.uri, call->channel, &call->error) &&
	    hg_saying_write(call, store, said->key, &found))
		said->pending = !found;
}

static void stored(void *arg, int how)
{
	struct visitor_call *call = arg;
	const struct visitor_saying *said = call->extra;

	if (said->files)
		hg_visitor_uploads_release(call->visitors->uploads, said->files, said->n_uploads, how == HG_STORED);
	if (how != HG_STORED) {
		hg_visitor_refuse(call, 503, "busy", "it was not stored; send it again, with the same id");
		return;
	}
	hg_visitor_live_said(call->visitors->live, call->who.uri);
	hg_visitor_read(call, look, answer);
}

static gboolean claim(struct visitor_call *call, struct visitor_saying *said)
{
	if (!said->n_uploads)
		return TRUE;
	said->files = hg_arena_alloc(call->arena, said->n_uploads * sizeof *said->files);
	if (!hg_visitor_uploads_claim(call->visitors->uploads, call->who.uri, call->channel->name, said->upload_ids,
				      said->n_uploads, (gsize)call->set->uploads.count, call->arena, said->files, &call->error)) {
		said->files = NULL;
		return FALSE;
	}
	if (!*said->text)
		said->kind = said->files[0].kind;
	return TRUE;
}

static void add_address(const struct visitor_call *call, GArray *list, const char *scheme, const char *value, gboolean vouched)
{
	g_autofree char *uri = g_strconcat(scheme, value, NULL);
	struct hg_address address = { .uri = hg_arena_str(call->arena, uri), .proof = vouched ? HG_PROVEN : HG_CLAIMED };

	g_array_append_val(list, address);
}

void hg_visitor_addresses(const struct visitor_call *call, GArray *ret)
{
	g_autofree char *user = g_strdup_printf("user:%s:", call->channel->scope);
	const struct visitor_who *who = &call->who;

	add_address(call, ret, "", who->uri, TRUE);
	if (who->user)
		add_address(call, ret, user, who->user, TRUE);
	if (who->email)
		add_address(call, ret, "mailto:", who->email, who->email_vouched);
	if (who->phone)
		add_address(call, ret, "tel:", who->phone, who->phone_vouched);
}

static void emit(struct visitor_call *call, const struct visitor_saying *said, hg_channel *channel)
{
	g_autoptr(GArray) from = g_array_new(FALSE, FALSE, sizeof(struct hg_address));
	const char *const refs[] = { said->ref, NULL };
	struct hg_in in = {
		.size = sizeof in, .kind = said->kind, .id = said->key, .name = said->name ? said->name : call->who.name,
		.text = said->text, .payload = said->payload, .profile = said->profile,
		.files = said->files, .n_files = said->files ? said->n_uploads : 0, .file_size = sizeof *said->files,
		.refs = said->ref ? refs : NULL, .vouched = said->ref ? 1 : 0,
	};
	const struct hg_batch batch = { .size = sizeof batch, .in = &in, .n_in = 1, .in_size = sizeof in };

	hg_visitor_addresses(call, from);
	in.from = (struct hg_address *)(void *)from->data;
	in.n_from = from->len;
	hg_emit(channel, &batch, stored, call);
}

void hg_say_emit(struct visitor_call *call)
{
	struct visitor_saying *said = call->extra;
	const struct visitor_place *place = hg_visitor_place(call);

	if (said->found) {
		call->status = 200;
		hg_visitor_finish(call);
	} else if (!place) {
		hg_visitor_refuse(call, 503, "busy", "the channel is not running at the moment; send it again");
	} else if (claim(call, said)) {
		emit(call, said, place->channel);
	} else {
		hg_visitor_finish(call);
	}
}
