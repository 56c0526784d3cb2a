/* files.c - what came with a message: refused, kept, or fetched by work of its own */
#include "turn.h"

static gboolean type_wanted(const struct hg_channel_conf *conf, const char *type)
{
	if (!conf || !conf->media_types)
		return TRUE;
	for (char **pattern = conf->media_types; *pattern; pattern++)
		if (g_pattern_match_simple(*pattern, type ?: ""))
			return TRUE;
	return FALSE;
}

/* What a visitor sent lies in a file before its message is told of: no bytes in the command, none in the journal. */
static gboolean is_moved(const struct hg_file *file)
{
	return file->path && file->sha256 && !file->data && !file->ref;
}

static const char *file_refused(const struct hg_channel_conf *conf, const struct hg_file *file)
{
	if (conf && file->bytes > conf->media_max)
		return "larger than the channel's media_max";
	if (!type_wanted(conf, file->type))
		return "of a type the channel's media_types does not name";
	if (!file->data && !is_moved(file) && (!file->ref || !*file->ref))
		return "the provider gave nothing to fetch it by";
	return NULL;
}

/* Bytes that came along: on disk, under their hash, before the commit that names them. */
static gboolean store_data(hg_turn *turn, const struct hg_file *file, hg_attachment *attachment, GError **error)
{
	hg_upload *upload = hg_upload_new(hg_store_attachments(turn->store), error);
	char sha256[65];
	gint64 bytes;

	if (!upload)
		return FALSE;
	if (!hg_upload_write(upload, file->data, (gsize)file->bytes, error)) {
		hg_upload_cancel(upload);
		return FALSE;
	}
	if (!hg_upload_finish(upload, sha256, &bytes, error))
		return FALSE;
	attachment->state = HG_FILE_STORED;
	attachment->sha256 = hg_arena_str(turn->arena, sha256);
	attachment->bytes = bytes;
	return TRUE;
}

static gboolean move_file(hg_turn *turn, const struct hg_file *file, hg_attachment *attachment, GError **error)
{
	attachment->state = HG_FILE_STORED;
	return hg_attachment_move(hg_store_attachments(turn->store), file->path, file->sha256, error);
}

gboolean hg_inbound_store(hg_turn *turn, struct hg_file *file, const char **ret_why, GError **error)
{
	hg_attachment stored = { .bytes = file->bytes, .sha256 = file->sha256 };

	*ret_why = file_refused(hg_conf_channel(turn->conf, turn->command->channel), file);
	if (!*ret_why && !file->data && !is_moved(file))
		*ret_why = "its bytes did not come along";
	if (*ret_why)
		return TRUE;
	if (file->data ? !store_data(turn, file, &stored, error) : !move_file(turn, file, &stored, error))
		return FALSE;
	file->bytes = stored.bytes;
	file->sha256 = stored.sha256;
	file->data = NULL;
	return TRUE;
}

static gboolean fetch_later(hg_turn *turn, const hg_case *kase, const hg_attachment *attachment, GError **error)
{
	return hg_outbox_add(turn, &(hg_job){
		.target = HG_TO_FETCH, .name = turn->command->channel, .lane = attachment->id,
		.due_ms = turn->now_ms, .thread_n = kase->thread->n, .message_n = attachment->message_n,
		.attachment_n = attachment->n, .file = -1 }, error);
}

static gboolean take_file(hg_turn *turn, const hg_case *kase, const hg_message *message,
			  const struct hg_file *file, GError **error)
{
	hg_attachment *attachment = hg_arena_alloc(turn->arena, sizeof(*attachment));
	const char *refused = file_refused(hg_conf_channel(turn->conf, turn->command->channel), file);

	hg_id_new(turn->engine->env, "att", attachment->id);
	*attachment = (hg_attachment){
		.message_n = message->n, .kind = file->kind, .state = refused ? HG_FILE_FAILED : HG_FILE_PENDING,
		.name = file->name, .type = file->type, .bytes = file->bytes, .sha256 = file->sha256,
		.ref = file->ref, .expires_ms = file->expires_ms, .error = refused, .content_id = file->content_id,
	};
	hg_id_new(turn->engine->env, "att", attachment->id);
	if (!refused && file->data && !store_data(turn, file, attachment, error))
		return FALSE;
	if (!refused && is_moved(file) && !move_file(turn, file, attachment, error))
		return FALSE;
	if (!hg_store_attachment_add(turn->store, attachment, error))
		return FALSE;
	return attachment->state != HG_FILE_PENDING || fetch_later(turn, kase, attachment, error);
}

gboolean hg_inbound_files(hg_turn *turn, const hg_case *kase, const hg_message *message, const struct hg_in *in,
			  GError **error)
{
	for (gsize i = 0; i < in->n_files; i++)
		if (!take_file(turn, kase, message, &in->files[i], error))
			return FALSE;
	return TRUE;
}
