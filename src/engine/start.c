/* start.c - we write first: to whom, whether he may be written to, and in which conversation
 *
 * What goes on with him on that channel takes the message: two tickets about one matter would promise different things.
 * Nothing is written before all that can refuse it has been asked. */
#include "outgoing.h"
#include "standing.h"

#include "json.h"
#include "number.h"

#include <string.h>

#define ADDRESS_MAX 512
#define MAILTO	    "mailto:"

struct start {
	struct hg_outgoing out;
	struct hg_proposed proposed;	/* thread NULL: a new one */
	struct hg_address to;
	struct hg_in in;		/* as if he had written: who that would be, and where */
	const char *by;
	hg_case kase;
};

/* ---- whom ---- */

static const char *mail_uri(hg_turn *turn, const char *given)
{
	gboolean pure = FALSE;
	const char *email = hg_answer_email(given, turn->arena, &pure);
	g_autofree char *low = email && pure ? g_ascii_strdown(email, -1) : NULL, *uri = low ? g_strconcat(MAILTO, low, NULL) : NULL;

	return hg_arena_str(turn->arena, uri);
}

static const char *number_uri(hg_turn *turn, const char *given)
{
	struct hg_number number;

	if (!hg_number_parse(given, NULL, FALSE, &number) || (number.kind != HG_NUMBER_E164 && number.kind != HG_NUMBER_SHORT))
		return NULL;
	return hg_arena_str(turn->arena, number.uri);
}

/* As adapters say who wrote: else he would be somebody else when he answers. */
static gboolean read_address(hg_turn *turn, const char *given, const char **ret, GError **error)
{
	gboolean mail = given && (g_ascii_strncasecmp(given, MAILTO, strlen(MAILTO)) == 0 ||
				  (strchr(given, '@') && !strchr(given, ':')));

	*ret = NULL;
	if (given && strlen(given) <= ADDRESS_MAX && hg_text_printable(given))
		*ret = mail ? mail_uri(turn, given) : number_uri(turn, given);
	if (!*ret && given && !mail && strchr(given, ':') && !strpbrk(given, " \t") && strlen(given) <= ADDRESS_MAX &&
	    hg_text_printable(given) && g_ascii_strncasecmp(given, "tel:", 4) != 0)
		*ret = given;
	return *ret || hg_fail(error, HG_ERROR_INPUT, "\"to\" is a number with its country (+447700900123), a mail address, or "
			       "an address as a thread shows it (whatsapp:...)");
}

/* Who is named has to be whose address it is; one nobody has is nobody's yet.  Whether there is such a contact is not told. */
static gboolean is_meant(const hg_contact *found, const char *id, GError **error)
{
	return !id || (found && strcmp(found->id, id) == 0) ||
	       hg_fail(error, HG_ERROR_DENIED, "that address is not known to be %.60s's: leave \"contact\" out, and whoever has it is "
		       "written to", id);
}

/* Where anybody may say that he is anybody, who said so is answered at that address too. */
static gboolean find_contact(hg_turn *turn, struct start *start, GError **error)
{
	if (!hg_contact_find(turn, &start->in, &start->kase, error))
		return FALSE;
	if (start->kase.contact)
		return TRUE;
	start->to.proof = HG_CLAIMED;
	if (!hg_contact_find(turn, &start->in, &start->kase, error))
		return FALSE;
	if (!start->kase.contact)
		start->to.proof = HG_PROVEN;
	return TRUE;
}

/* ---- whether ---- */

static gboolean may_begin(hg_turn *turn, const char *channel, GError **error)
{
	const struct hg_channel_conf *conf = channel ? hg_conf_channel(turn->conf, channel) : NULL;
	const struct hg_ports *ports = &turn->engine->ports;
	struct hg_limits limits = { .size = sizeof(limits) };
	hg_standing *pause;
	unsigned caps = 0;

	if (!conf)
		return hg_fail(error, HG_ERROR_INPUT, "there is no channel \"%.60s\"", channel ?: "");
	if (conf->shadow)
		return hg_fail(error, HG_ERROR_STATE, "channel %s is on trial: nothing is said on it", channel);
	if (!ports->limits(ports->ctx, channel, &limits, &caps))
		return hg_fail(error, HG_ERROR_BUSY, "channel %s does not run", channel);
	if (!(caps & HG_CAP_FIRST))
		return hg_fail(error, HG_ERROR_STATE, "on channel %s (%s) nobody can be written to first: answer a conversation that "
			       "the customer has begun", channel, conf->adapter);
	if (!hg_store_standing_get(turn->store, turn->arena, HG_STANDING_PAUSE, channel, &pause, error))
		return FALSE;
	return !pause || hg_fail(error, HG_ERROR_STATE, "channel %s is paused%s%s: \"headgatectl channel resume %s\" has it go on",
				 channel, pause->text ? ": " : "", pause->text ?: "", channel);
}

/* A conversation that is not in the store yet, for what looks at one before anything is written. */
static hg_thread *blank(hg_turn *turn)
{
	hg_thread *thread = hg_arena_alloc(turn->arena, sizeof(*thread));

	*thread = (hg_thread){ .key = "", .subject = turn->command->subject };
	return thread;
}

static gboolean look(hg_turn *turn, struct start *start, GError **error)
{
	const hg_command *command = turn->command;
	const hg_thread *thread;

	if (!may_begin(turn, command->channel, error) || !read_address(turn, command->reply.to, &start->to.uri, error) ||
	    !find_contact(turn, start, error) ||
	    !is_meant(start->kase.contact, command->text, error) ||
	    !hg_threading_goes_on(turn, start->kase.contact, hg_inbound_scope(turn), &start->proposed, error))
		return FALSE;
	thread = start->kase.thread = start->proposed.thread ?: blank(turn);
	start->out.channel = command->channel;
	start->out.to = start->to.uri;
	if (g_strcmp0(thread->channel, start->out.channel) == 0 && g_strcmp0(thread->reply_to, start->out.to) == 0)
		start->out.from = thread->reply_from;
	return hg_outgoing_prepare(turn, &start->kase, &start->out, error);
}

/* ---- doing it ---- */

static const char *who(hg_turn *turn)
{
	const char *agent = turn->command->agent, *principal = turn->command->principal ?: "the API";
	g_autofree char *text = agent ? g_strdup_printf("started by %s (%s)", agent, principal) :
					g_strdup_printf("started by %s", principal);

	return hg_arena_str(turn->arena, text);
}

/* The conversation, in the store. */
static gboolean enter(hg_turn *turn, struct start *start, GError **error)
{
	hg_case *kase = &start->kase;

	if (!hg_contact_resolve(turn, &start->in, TRUE, kase, error))
		return FALSE;
	if (start->proposed.thread)
		return TRUE;
	if (!hg_thread_open(turn, kase, hg_inbound_scope(turn), start->proposed.key, error))
		return FALSE;
	kase->thread->channel = start->out.channel;
	kase->thread->reply_to = start->out.to;
	kase->thread->subject = turn->command->subject;
	return TRUE;
}

/* Rules are asked about what customers say; who began it is kept where their decisions are. */
static gboolean keep(hg_turn *turn, struct start *start, struct hg_judged *judged, GError **error)
{
	g_autofree char *joins = NULL;

	if (start->proposed.thread) {
		joins = g_strconcat(start->proposed.reason, "; ", start->by, NULL);
		start->proposed.reason = hg_arena_str(turn->arena, joins);
	} else {
		start->proposed.reason = start->by;
	}
	return hg_judge_unasked(turn, &start->kase, "start", &start->in, &start->proposed, judged, error);
}

static void tag(hg_turn *turn, hg_case *kase)
{
	const char *const *tags = turn->command->add_tags;

	if (tags)
		hg_marks_tag(turn, kase, tags, g_strv_length((char **)tags), NULL, NULL, NULL);
}

static gboolean make_ticket(hg_turn *turn, struct start *start, GError **error)
{
	if (!turn->command->ticket)
		return start->proposed.thread || hg_thread_watch(turn, &start->kase, error);
	return hg_convert(turn, &start->kase, &(struct hg_conversion){ .reason = start->by, .agent = turn->command->agent }, error);
}

static gboolean say(hg_turn *turn, struct start *start, hg_message **ret, GError **error)
{
	hg_case *kase = &start->kase;
	struct hg_judged judged;

	if (!enter(turn, start, error) || !keep(turn, start, &judged, error) ||
	    !hg_outgoing_queue(turn, kase, &start->out, ret, error) ||
	    !hg_judge_keep(turn, kase, &judged, start->proposed.thread ? "join" : "start", *ret, error))
		return FALSE;
	tag(turn, kase);
	if (!start->proposed.thread &&
	    !hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.opened", .message = *ret, .reason = start->by,
							      .decision = &judged.decision }, error))
		return FALSE;
	return make_ticket(turn, start, error) && hg_listen_sent(turn, kase, *ret, error) && hg_case_save(turn, kase, error);
}

static gboolean answer(hg_turn *turn, struct start *start, const hg_message *message, GError **error)
{
	struct hg_payload payload = {
		.store = turn->store, .conf = turn->conf, .arena = turn->arena, .at_ms = turn->now_ms,
		.thread = start->kase.thread, .contact = start->kase.contact,
	};
	GString *out = turn->engine->scratch;

	if (!hg_case_ticket(turn, &start->kase, error))
		return FALSE;
	payload.ticket = start->kase.ticket;
	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_bool(out, "joined", start->proposed.thread != NULL);
	hg_json_add_str(out, "thread_id", start->kase.thread->id);
	hg_json_key(out, "thread");
	if (!hg_payload_thread(&payload, out, error))
		return FALSE;
	hg_json_key(out, "message");
	if (!hg_payload_message(&payload, message, TRUE, out, error))
		return FALSE;
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
	turn->object = start->kase.thread->id;
	turn->message_id = hg_arena_str(turn->arena, message->id);
	return TRUE;
}

static struct start *begin(hg_turn *turn, GArray *parts)
{
	struct start *start = hg_arena_alloc(turn->arena, sizeof(*start));
	const struct hg_reply *reply = &turn->command->reply;

	*start = (struct start){
		.to = { .proof = HG_PROVEN }, .by = who(turn),
		.out = { .reply = reply, .author = reply->bot ? HG_BY_BOT : HG_BY_AGENT, .author_name = turn->command->agent,
			 .given = TRUE, .parts = parts },
	};
	start->in = (struct hg_in){ .size = sizeof(start->in), .kind = HG_TEXT, .from = &start->to, .n_from = 1,
				    .text = reply->text ?: "" };
	return start;
}

/* Nothing is begun, so that nobody else has to hear of it; it is counted as a refused answer is. */
static gboolean bar(hg_turn *turn, const char *why)
{
	turn->refused = hg_arena_str(turn->arena, why);
	hg_tally_note_channel(turn, turn->command->channel, HG_TALLY_BARRED);
	return TRUE;
}

gboolean hg_start_command(hg_turn *turn, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct start *start = begin(turn, parts);
	g_autoptr(GError) why = NULL;
	hg_message *message = NULL;

	if (!look(turn, start, &why)) {
		if (why->code == HG_ERROR_OPTED_OUT)
			return bar(turn, why->message);
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return say(turn, start, &message, error) && answer(turn, start, message, error);
}

gboolean hg_start_preview(hg_turn *turn, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct start *start = begin(turn, parts);

	if (!look(turn, start, error))
		return FALSE;
	hg_preview_answer(turn, start->out.channel, start->out.to, start->out.from, parts);
	return TRUE;
}
