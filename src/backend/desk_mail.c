/* desk_mail.c - a step's parts become a mail's recipe, and what became of the mail an answer */
#include "desk_mail.h"

#include <string.h>

#include "change.h"
#include "json.h"

#define FILES_MAX 64

struct under_way {
	hg_desk_answered *done;
	void *arg;
};

struct hg_desk_mail {
	void (*dispatch)(void *ctx, hg_dispatch *dispatch);
	void *ctx;
	gint64 last_n;			/* jobs of ours are numbered downwards: no outbox has such */
	GHashTable *under_way;		/* struct under_way by number */
};

hg_desk_mail *hg_desk_mail_new(void (*dispatch)(void *ctx, hg_dispatch *dispatch), void *ctx)
{
	hg_desk_mail *mail = g_new0(hg_desk_mail, 1);

	mail->dispatch = dispatch;
	mail->ctx = ctx;
	mail->under_way = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return mail;
}

gboolean hg_desk_mail_is(const struct hg_client_call *call)
{
	return g_str_has_prefix(call->url, HG_DESK_MAIL_URL);
}

/* ---- answers ---- */

static void answer(struct under_way *u, int status, const GString *body)
{
	u->done(u->arg, &(struct hg_desk_answer){ .status = status, .code = HG_CLIENT_OK, .sent = TRUE, .body = body->str,
						  .len = body->len, .retry_ms = -1 });
}

static void answer_words(struct under_way *u, int status, const char *text)
{
	g_autoptr(GString) body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_add_str(body, "message", text ? text : "the mail server did not say why");
	hg_json_close(body, '}');
	answer(u, status, body);
}

static void answer_lost(struct under_way *u, const char *text)
{
	u->done(u->arg, &(struct hg_desk_answer){ .code = HG_CLIENT_CLOSED, .sent = TRUE, .body = "", .retry_ms = -1,
						  .error = text ? text : "nobody knows whether the mail was taken" });
}

static void answer_sent(struct under_way *u, const struct hg_result *sent)
{
	g_autofree char *ticket = sent->also && *sent->also ? hg_change_mail_ticket(*sent->also) : NULL;
	g_autoptr(GString) body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_opt_str(body, "ticket", ticket);
	hg_json_opt_str(body, "id", sent->id);
	hg_json_close(body, '}');
	answer(u, 200, body);
}

static void tell(struct under_way *u, const struct hg_result *sent)
{
	if (sent->fate == HG_SENT)
		answer_sent(u, sent);
	else if (sent->fate == HG_AMBIGUOUS)
		answer_lost(u, sent->text);
	else if (sent->fate == HG_FAILED && sent->reach <= HG_REACH_CONTACT)
		answer_words(u, 422, sent->text);
	else
		answer_words(u, 503, sent->text);
}

gboolean hg_desk_mail_sent(hg_desk_mail *mail, const hg_command *command)
{
	struct under_way *u = g_hash_table_lookup(mail->under_way, &command->job_n), was;

	if (command->kind != HG_CMD_SENT || !u)
		return command->kind == HG_CMD_SENT && command->job_n < 0;
	was = *u;
	g_hash_table_remove(mail->under_way, &command->job_n);
	tell(&was, &command->sent);
	return TRUE;
}

void hg_desk_mail_free(hg_desk_mail *mail)
{
	GHashTableIter iter;
	void *u;

	if (!mail)
		return;
	g_hash_table_iter_init(&iter, mail->under_way);
	while (g_hash_table_iter_next(&iter, NULL, &u))
		answer_lost(u, "headgate ended before the mail server had answered");
	g_hash_table_unref(mail->under_way);
	g_free(mail);
}

/* ---- the mail ---- */

/* A part's text, in arena; NULL: there is none of that name. */
static const char *part_of(hg_arena *arena, const struct hg_client_call *call, const char *name)
{
	for (gsize i = 0; i < call->n_parts; i++)
		if (!call->parts[i].path && strcmp(call->parts[i].name, name) == 0 && call->parts[i].len)
			return hg_arena_mem(arena, call->parts[i].data, call->parts[i].len);
	return NULL;
}

static void take_files(hg_arena *arena, const struct hg_client_call *call, struct hg_out *out)
{
	struct hg_file *files = hg_arena_alloc(arena, FILES_MAX * sizeof(*files));

	for (gsize i = 0; i < call->n_parts && out->n_files < FILES_MAX; i++) {
		const struct hg_client_part *part = &call->parts[i];

		if (part->path)
			files[out->n_files++] = (struct hg_file){ .size = sizeof(*files), .kind = HG_FILE,
				.name = hg_arena_str(arena, part->filename), .type = hg_arena_str(arena, part->type),
				.path = hg_arena_str(arena, part->path), .bytes = -1 };
	}
	out->files = files;
	out->file_size = sizeof(*files);
}

/* For the address alone. */
static gboolean asks(const struct hg_client_call *call)
{
	return strcmp(call->url, HG_DESK_MAIL_URL "address") == 0;
}

/* As adapters/email/email_plan.h has it. */
static void put_recipe(hg_arena *arena, const struct hg_client_call *call, gint64 now_ms, struct hg_out *out)
{
	g_autoptr(GString) json = g_string_new(NULL);

	hg_json_open(json, '{');
	hg_json_add_str(json, "to", part_of(arena, call, "to") ?: "");
	hg_json_opt_str(json, "name", part_of(arena, call, "name"));
	hg_json_add_str(json, "subject", part_of(arena, call, "subject") ?: "");
	hg_json_add_str(json, "text", part_of(arena, call, "text") ?: "");
	hg_json_add_int(json, "date_ms", now_ms);
	hg_json_add_str(json, "thread", part_of(arena, call, "thread"));
	hg_json_add_bool(json, "asks", asks(call));
	hg_json_close(json, '}');
	out->body = hg_arena_mem(arena, json->str, json->len);
	out->len = json->len;
}

static hg_dispatch *make(hg_desk_mail *mail, const char *channel, gint64 now_ms, const struct hg_client_call *call)
{
	hg_arena *arena = hg_arena_new();
	hg_dispatch *dispatch = hg_arena_alloc(arena, sizeof(*dispatch));
	const char *thread = part_of(arena, call, "thread");

	*dispatch = (hg_dispatch){ .arena = arena, .channel = hg_arena_str(arena, channel) };
	dispatch->job = (hg_job){ .n = --mail->last_n, .target = HG_TO_CHANNEL, .name = dispatch->channel, .file = -1 };
	dispatch->out = (struct hg_out){ .size = sizeof(dispatch->out), .ticket = 1, .kind = HG_TEXT, .now_ms = now_ms };
	/* The first mail is what the others answer: its id is the thread's. */
	dispatch->out.key = asks(call) || part_of(arena, call, "first") ? thread : part_of(arena, call, "id");
	dispatch->job.key = dispatch->out.key;
	take_files(arena, call, &dispatch->out);
	put_recipe(arena, call, now_ms, &dispatch->out);
	return dispatch;
}

static const char *missing(const struct hg_client_call *call)
{
	static const char *const names[] = { "thread", "to", "id" };
	g_autoptr(hg_arena) arena = hg_arena_new();

	for (gsize i = 0; i < (asks(call) ? 1 : G_N_ELEMENTS(names)); i++)
		if (!part_of(arena, call, names[i]))
			return names[i];
	return NULL;
}

void hg_desk_mail_call(hg_desk_mail *mail, const char *channel, gint64 now_ms, const struct hg_client_call *call,
		       hg_desk_answered *done, void *arg)
{
	struct under_way now = { done, arg }, *u;
	const char *lacks = missing(call);
	g_autofree char *why = lacks ? g_strdup_printf("the preset's mail has no part '%s'", lacks) : NULL;
	hg_dispatch *dispatch;

	if (why) {
		done(arg, &(struct hg_desk_answer){ .code = HG_CLIENT_CALL, .body = "", .retry_ms = -1, .error = why });
		return;
	}
	if (!channel) {
		answer_words(&now, 503, "no e-mail channel is named");
		return;
	}
	dispatch = make(mail, channel, now_ms, call);
	u = g_new(struct under_way, 1);
	*u = now;
	g_hash_table_insert(mail->under_way, g_memdup2(&dispatch->job.n, sizeof(gint64)), u);
	mail->dispatch(mail->ctx, dispatch);
}
