/* unseen.c - answers a visitor did not see: the company's own push hears of them, then they go by mail
 *
 * Two timers of a thread: "push" begins with an answer that has not reached a browser, "unseen" with one nobody has read.
 * Each does once what is due for all such answers together. */
#include "turn.h"

#include <string.h>

#include "json.h"
#include "phrases.h"

#define LOOK_BACK     200		/* messages looked through for what was not seen */
#define ANSWERS_MOST  50		/* of one mail: the newest */
#define FILES_MOST    20		/* of one mail */
#define PREVIEW_MAX   120		/* bytes of the text in contact.unreachable_reply */
#define MAILTO	      "mailto:"
#define DAY_MS	      (24 * 60 * 60 * G_GINT64_CONSTANT(1000))
/* To an address that a visitor only says is his: it may be anybody's, who must not be flooded through us. */
#define CLAIMED_A_DAY 10

/* What was not seen of a thread. */
typedef struct hg_unseen {
	const struct hg_channel_conf *conf;
	hg_visit *visit;		/* of the address that the newest went to; or NULL: nothing was */
	hg_visit marks;			/* of all his addresses together: the newest of each */
	GPtrArray *visits;		/* of hg_visit *; ours */
	GPtrArray *answers;		/* of hg_message *, newest first; ours */
	gint64 before_n;		/* the message before the oldest of them; 0: none */
} hg_unseen;

static void hg_unseen_done(hg_unseen *unseen)
{
	g_clear_pointer(&unseen->answers, g_ptr_array_unref);
	g_clear_pointer(&unseen->visits, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(hg_unseen, hg_unseen_done)

/* ---- when ---- */

static const struct hg_channel_conf *conf_of(const hg_turn *turn, const hg_message *message)
{
	return hg_visitor_is(message->address) && message->channel ? hg_conf_channel(turn->conf, message->channel) : NULL;
}

static gboolean by_somebody(const hg_message *message)
{
	return hg_message_is_answer(message) && !message->revoked_ms &&
	       (message->author == HG_BY_AGENT || message->author == HG_BY_BOT || message->author == HG_BY_OUTSIDE);
}

static gboolean watch(hg_turn *turn, const hg_case *kase, const char *kind, gint64 after_ms, GError **error)
{
	hg_timer *timer;

	if (!hg_store_timer_get(turn->store, turn->arena, kase->thread->n, kind, &timer, error))
		return FALSE;
	return timer || hg_timer_set(turn, kase->thread->n, kind, turn->now_ms + after_ms, NULL, error);
}

gboolean hg_unseen_watch(hg_turn *turn, const hg_case *kase, const hg_message *message, GError **error)
{
	const struct hg_channel_conf *conf = conf_of(turn, message);

	if (!conf || kase->thread->shadow || !by_somebody(message))
		return TRUE;
	return (!conf->unseen.push_ms || watch(turn, kase, "push", conf->unseen.push_ms, error)) &&
	       (!conf->unseen.mail || watch(turn, kase, "unseen", conf->unseen.after_ms, error));
}

/* ---- what ---- */

/* Identified, he goes by another address: what was told of under the one before is not told of again. */
static hg_visit marks_of(const GPtrArray *visits)
{
	hg_visit marks = { 0 };

	for (guint i = 0; i < visits->len; i++) {
		const hg_visit *visit = g_ptr_array_index(visits, i);

		marks.read_n = MAX(marks.read_n, visit->read_n);
		marks.mailed_n = MAX(marks.mailed_n, visit->mailed_n);
		marks.mailed_ms = MAX(marks.mailed_ms, visit->mailed_ms);
		marks.pushed_n = MAX(marks.pushed_n, visit->pushed_n);
	}
	return marks;
}

static hg_visit *visit_of(const GPtrArray *visits, const char *uri)
{
	for (guint i = 0; i < visits->len; i++)
		if (strcmp(((const hg_visit *)g_ptr_array_index(visits, i))->uri, uri) == 0)
			return g_ptr_array_index(visits, i);
	return NULL;
}

/* Behind what was read, and what was told of before. */
static gboolean find(hg_turn *turn, const hg_case *kase, gboolean push, hg_unseen *ret, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	int seen = push ? HG_DLV_DELIVERED : HG_DLV_READ;
	gint64 from_n;

	ret->answers = g_ptr_array_new();
	ret->visits = g_ptr_array_new();
	if (!hg_store_visit_list(turn->store, turn->arena, kase->thread->n, ret->visits, error) ||
	    !hg_store_message_list(turn->store, turn->arena, kase->thread->last_message_n, LOOK_BACK, messages, error))
		return FALSE;
	ret->marks = marks_of(ret->visits);
	from_n = MAX(ret->marks.read_n, push ? ret->marks.pushed_n : ret->marks.mailed_n);
	for (guint i = 0; i < messages->len; i++) {
		hg_message *message = g_ptr_array_index(messages, i);

		if (message->n <= from_n)
			break;
		if (!by_somebody(message) || !conf_of(turn, message) || message->delivery >= seen)
			continue;
		if (!ret->visit) {
			ret->conf = conf_of(turn, message);
			ret->visit = visit_of(ret->visits, message->address);
		}
		g_ptr_array_add(ret->answers, message);
		ret->before_n = message->prev_n;
	}
	return TRUE;
}

static hg_message *newest_of(const hg_unseen *unseen)
{
	return g_ptr_array_index(unseen->answers, 0);
}

/* ---- push ---- */

static gboolean push_due(hg_turn *turn, hg_case *kase, GError **error)
{
	g_auto(hg_unseen) unseen = { 0 };
	struct hg_payload_unread unread = { 0 };
	const hg_message *newest;
	g_autofree char *preview = NULL;

	if (!find(turn, kase, TRUE, &unseen, error))
		return FALSE;
	if (!unseen.answers->len || !unseen.visit || !unseen.conf->unseen.push_ms)
		return TRUE;
	newest = newest_of(&unseen);
	unread.visitor = newest->address;
	unread.count = unseen.answers->len;
	unread.since_ms = ((const hg_message *)g_ptr_array_index(unseen.answers, unseen.answers->len - 1))->at_ms;
	unread.message_id = newest->id;
	unread.author = newest->author_name;
	if (unseen.conf->unseen.preview)
		unread.preview = preview = hg_text_valid(newest->text, -1, PREVIEW_MAX);
	unseen.visit->pushed_n = newest->n;
	return hg_store_visit_set(turn->store, unseen.visit, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "contact.unreachable_reply", .unread = &unread },
			     error);
}

/* ---- where to by mail ---- */

static gboolean vouched_mail(hg_turn *turn, const hg_case *kase, const char **ret, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	*ret = NULL;
	if (!hg_store_alias_list(turn->store, turn->arena, kase->contact->n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len && !*ret; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (alias->proof == HG_PROVEN && g_str_has_prefix(alias->uri, MAILTO))
			*ret = alias->uri;
	}
	return TRUE;
}

static gboolean claimed_mail(hg_turn *turn, const hg_unseen *unseen, const char **ret, GError **error)
{
	hg_visitor *visitor;

	*ret = NULL;
	for (guint i = 0; i < unseen->visits->len && !*ret; i++) {
		const char *uri = ((const hg_visit *)g_ptr_array_index(unseen->visits, i))->uri;

		if (!hg_store_visitor_get(turn->store, turn->arena, uri, "", &visitor, error))
			return FALSE;
		*ret = visitor ? visitor->email : NULL;
	}
	return TRUE;
}

/* Robots are not sent to strangers: what bots say goes by mail only to an address that is known to be his. */
static void leave_out_bots(hg_unseen *unseen)
{
	for (guint i = unseen->answers->len; i > 0; i--)
		if (((const hg_message *)g_ptr_array_index(unseen->answers, i - 1))->author == HG_BY_BOT)
			g_ptr_array_remove_index(unseen->answers, i - 1);
}

static gboolean may_have_more(hg_turn *turn, const char *channel, const char *to, gboolean *ret, GError **error)
{
	g_autofree char *uri = g_strconcat("unseen:", to, NULL);
	struct hg_pace pace;

	if (!hg_store_pace_get(turn->store, channel, uri, &pace, error))
		return FALSE;
	if (turn->now_ms - pace.fresh_ms >= DAY_MS) {
		pace.fresh_ms = turn->now_ms;
		pace.fresh_n = 0;
	}
	*ret = pace.fresh_n < CLAIMED_A_DAY;
	pace.fresh_n += *ret;
	return !*ret || hg_store_pace_set(turn->store, channel, uri, &pace, error);
}

/* *ret NULL: nowhere. */
static gboolean find_mail(hg_turn *turn, const hg_case *kase, hg_unseen *unseen, const char **ret, GError **error)
{
	gboolean may = TRUE;

	if (!vouched_mail(turn, kase, ret, error))
		return FALSE;
	if (*ret)
		return TRUE;
	leave_out_bots(unseen);
	if (!unseen->answers->len || !claimed_mail(turn, unseen, ret, error))
		return !unseen->answers->len;
	if (*ret && !may_have_more(turn, unseen->conf->unseen.mail, *ret, &may, error))
		return FALSE;
	*ret = may ? *ret : NULL;
	return TRUE;
}

/* ---- the mail ---- */

static void put_answer(const hg_unseen *unseen, const hg_message *message, GString *text)
{
	char at[HG_TIME_SIZE];

	g_string_append_c(text, '\n');
	if (unseen->answers->len > 1) {
		hg_time(message->at_ms, at);
		g_string_append_printf(text, "%s%s%.10s %.5s UTC\n", message->author_name ?: "", message->author_name ? ", " : "",
				       at, at + 11);
	}
	g_string_append_printf(text, "%s\n", message->text);
}

static gboolean write_text(hg_turn *turn, hg_case *kase, const hg_unseen *unseen, const char **ret, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *intro, *end;

	if (!hg_speak(turn, kase, NULL, HG_SAY_UNSEEN, NULL, &intro, error) ||
	    !hg_speak(turn, kase, NULL, HG_SAY_UNSEEN_END, NULL, &end, error))
		return FALSE;
	g_string_append_printf(text, "%s\n", intro);
	for (guint i = MIN(unseen->answers->len, ANSWERS_MOST); i > 0; i--)
		put_answer(unseen, g_ptr_array_index(unseen->answers, i - 1), text);
	g_string_append_printf(text, "\n%s", end);
	*ret = hg_arena_mem(turn->arena, text->str, text->len);
	return TRUE;
}

static const char *write_payload(hg_turn *turn, const hg_unseen *unseen)
{
	g_autoptr(GString) out = g_string_new(HG_COPY_UNSEEN ",\"of\":[");

	for (guint i = MIN(unseen->answers->len, ANSWERS_MOST); i > 0; i--)
		g_string_append_printf(out, "\"%s\"%s", ((const hg_message *)g_ptr_array_index(unseen->answers, i - 1))->id,
				       i > 1 ? "," : "");
	g_string_append(out, "]}");
	return hg_arena_str(turn->arena, out->str);
}

static gboolean add_files(hg_turn *turn, const hg_unseen *unseen, struct hg_copy *copy, GError **error)
{
	struct hg_file *files = hg_arena_alloc(turn->arena, FILES_MOST * sizeof(*files));
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	for (guint i = MIN(unseen->answers->len, ANSWERS_MOST); i > 0; i--)
		if (!hg_store_attachment_list(turn->store, turn->arena,
					      ((const hg_message *)g_ptr_array_index(unseen->answers, i - 1))->n, rows, error))
			return FALSE;
	for (guint i = 0; i < rows->len && copy->n_files < FILES_MOST; i++) {
		const hg_attachment *row = g_ptr_array_index(rows, i);

		if (row->state == HG_FILE_STORED)
			files[copy->n_files++] = (struct hg_file){
				.size = sizeof(*files), .kind = row->kind, .name = row->name, .type = row->type,
				.sha256 = row->sha256, .bytes = row->bytes };
	}
	copy->files = files;
	return TRUE;
}

/* Too big for a mail: the text goes alone, for the files are still in the chat. */
static gboolean send_copy(hg_turn *turn, hg_case *kase, struct hg_copy *copy, hg_message **ret, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (hg_reply_copy(turn, kase, copy, ret, &why))
		return TRUE;
	if (why->code != HG_ERROR_LIMIT || !copy->n_files) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	copy->n_files = 0;
	return hg_reply_copy(turn, kase, copy, ret, error);
}

static gboolean note(hg_turn *turn, hg_case *kase, const char *text, GError **error)
{
	return hg_case_line(turn, kase, hg_arena_str(turn->arena, text), error);
}

static gboolean mail(hg_turn *turn, hg_case *kase, hg_unseen *unseen, const char *to, GError **error)
{
	struct hg_copy copy = { .channel = unseen->conf->unseen.mail, .to = to, .name = newest_of(unseen)->author_name,
				.past_n = unseen->before_n, .payload = write_payload(turn, unseen) };
	g_autoptr(GError) why = NULL;
	g_autofree char *line = NULL;
	hg_message *sent;

	unseen->visit->mailed_n = newest_of(unseen)->n;
	unseen->visit->mailed_ms = turn->now_ms;
	if (!write_text(turn, kase, unseen, &copy.text, error) || !add_files(turn, unseen, &copy, error) ||
	    !hg_store_visit_set(turn->store, unseen->visit, error))
		return FALSE;
	if (send_copy(turn, kase, &copy, &sent, &why)) {
		line = g_strdup_printf("%u %s not seen in the chat and %s sent by mail to %s.", unseen->answers->len,
				       unseen->answers->len == 1 ? "answer was" : "answers were",
				       unseen->answers->len == 1 ? "was" : "were", to + strlen(MAILTO));
		return note(turn, kase, line, error);
	}
	if (why->code == HG_ERROR_STORE) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	line = g_strdup_printf("What was not seen in the chat could not be sent by mail: %s.", why->message);
	return note(turn, kase, line, error);
}

static gboolean mail_due(hg_turn *turn, hg_case *kase, GError **error)
{
	g_auto(hg_unseen) unseen = { 0 };
	const char *to;
	gint64 from_ms;

	if (!find(turn, kase, FALSE, &unseen, error))
		return FALSE;
	if (!unseen.answers->len || !unseen.visit || !unseen.conf->unseen.mail)
		return TRUE;
	from_ms = unseen.marks.mailed_ms ? unseen.marks.mailed_ms + unseen.conf->unseen.gap_ms : 0;
	if (turn->now_ms < from_ms)
		return hg_timer_set(turn, kase->thread->n, "unseen", from_ms, NULL, error);
	return find_mail(turn, kase, &unseen, &to, error) && (!to || mail(turn, kase, &unseen, to, error));
}

gboolean hg_unseen_is(const char *timer_kind)
{
	return strcmp(timer_kind, "push") == 0 || strcmp(timer_kind, "unseen") == 0;
}

gboolean hg_unseen_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	return strcmp(timer->kind, "push") == 0 ? push_due(turn, kase, error) : mail_due(turn, kase, error);
}
