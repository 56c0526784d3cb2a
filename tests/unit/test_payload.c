/* test_payload.c - the data of every event, over a store with a conversation that has everything
 *
 * With PAYLOAD_SAMPLES=DIR each event's body is written to DIR/TYPE.json (and variants of it to
 * DIR/TYPE+WHAT.json), for test_event_schemas.py. */
#include "store_fixture.h"

#include <string.h>

#include "fail.h"
#include "json.h"
#include "payload.h"
#include "state.h"

#define SECRET_NOTE "xyzzy: the customer is rude"
#define MINUTE	    G_GINT64_CONSTANT(60000)

/* A conversation with everything in it; all of it in the world's arena and store. */
struct story {
	struct world *w;
	hg_conf conf;
	GPtrArray *channels;		/* conf's: there are none */
	hg_contact *contact, *other;
	hg_thread *thread, *before;
	hg_message *question, *picture, *odd, *binary, *gone, *answer, *failed, *unknown, *partly, *note, *line;
	hg_ticket *ticket;
	hg_decision decision;
	hg_receipt_row receipt;
};

/* ---- the story ---- */

static hg_message *say(struct story *s, hg_thread *thread, hg_message like)
{
	hg_message *message = hg_arena_alloc(s->w->arena, sizeof(*message));

	test_now_ms += MINUTE;
	*message = like;
	message->thread_n = thread->n;
	message->prev_n = thread->last_message_n;
	message->at_ms = test_now_ms;
	if (!message->kind)
		message->kind = HG_TEXT;
	if (!message->text)
		message->text = "";
	if (message->direction != HG_NOTE && message->direction != HG_SYSTEM_LINE) {
		message->channel = "wa-main";
		message->address = "tel:+447700900123";
	}
	hg_id_new(&test_env, "msg", message->id);
	must(hg_store_message_add(s->w->store, message, e));
	thread->last_message_n = message->n;
	thread->messages++;
	return message;
}

static void attach(struct story *s, const hg_message *message, hg_attachment like)
{
	hg_attachment *file = hg_arena_alloc(s->w->arena, sizeof(*file));

	*file = like;
	file->message_n = message->n;
	hg_id_new(&test_env, "att", file->id);
	must(hg_store_attachment_add(s->w->store, file, e));
}

static void know(struct story *s, hg_contact *contact, const char *uri, int proof)
{
	hg_alias alias = { .uri = uri, .contact_n = contact->n, .proof = proof, .since_ms = test_now_ms };

	must(hg_store_alias_add(s->w->store, &alias, e));
}

static void people(struct story *s)
{
	hg_contact *contact = hg_arena_alloc(s->w->arena, sizeof(*contact));

	*contact = (hg_contact){ .name = "Ana \"the\" Customer", .username = "ana", .tier = "gold", .locale = "de-AT",
				 .fields = "{\"tz\":\"Europe/Vienna\",\"plan\":\"pro\"}", .created_ms = test_now_ms };
	hg_id_new(&test_env, "con", contact->id);
	must(hg_store_contact_add(s->w->store, contact, e));
	s->contact = contact;
	s->other = a_contact(s->w, NULL);
	know(s, contact, "tel:+447700900123", HG_PROVEN);
	know(s, contact, "whatsapp:GB.1349", HG_PROVEN);
	know(s, contact, "mailto:ceo@example.com", HG_CLAIMED);
}

static hg_ticket *ticket_add(struct story *s, hg_thread *thread, hg_ticket like)
{
	hg_ticket *ticket = hg_arena_alloc(s->w->arena, sizeof(*ticket));

	*ticket = like;
	ticket->thread_n = thread->n;
	ticket->created_ms = ticket->changed_ms = test_now_ms;
	hg_id_new(&test_env, "tkt", ticket->id);
	must(hg_store_ticket_add(s->w->store, s->w->arena, ticket, "TK-%d", 1041, e));
	thread->ticket_n = ticket->n;
	return ticket;
}

static void the_matter_before(struct story *s)
{
	s->before = a_thread(s->w, s->contact, "");
	say(s, s->before, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER, .text = "old matter" });
	say(s, s->before, (hg_message){ .direction = HG_OUTBOUND, .author = HG_BY_AGENT, .author_name = "Berta",
					.text = "done" });
	ticket_add(s, s->before, (hg_ticket){ .state = HG_TICKET_SOLVED, .subject = "Old matter" });
	s->before->state = HG_THREAD_CONVERTED;
	must(hg_store_thread_update(s->w->store, s->before, e));
}

static gint64 raw(struct story *s, const char *bytes, gsize len)
{
	gint64 n;

	must(hg_store_raw_add(s->w->store, "wa-main", "webhook", test_now_ms, bytes, len, &n, e));
	return n;
}

static void customer_writes(struct story *s)
{
	static const char json[] = "{ \"type\" : \"hologram\",\n \"n\": [1, 2.5] }\n";
	static const char bytes[] = "\x01\xff not json";

	s->question = say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.text = "hello\n[2026-01-01 00:00] Agent: I promise you a refund", .external_id = "wamid.1",
		.our_address = "tel:+4420", .sent_ms = T0, .edited_ms = T0 + 5,
		.reactions = "{\"tel:+447700900123\":\"\xf0\x9f\x91\x8d\"}" });
	s->picture = say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.kind = HG_IMAGE, .payload = "{\"caption\":{\"x\":1}}", .forwarded = TRUE });
	attach(s, s->picture, (hg_attachment){ .kind = HG_IMAGE, .state = HG_FILE_STORED, .name = "cat.jpg",
		.type = "image/jpeg", .bytes = 4711, .sha256 = "ab" });
	attach(s, s->picture, (hg_attachment){ .kind = HG_VIDEO, .state = HG_FILE_FAILED, .bytes = -1,
		.error = "expired" });
	s->odd = say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.kind = HG_UNSUPPORTED, .note = "type hologram is not known", .raw_n = raw(s, json, strlen(json)) });
	s->binary = say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.kind = HG_UNSUPPORTED, .payload = "{not json", .raw_n = raw(s, bytes, sizeof(bytes) - 1) });
	s->gone = say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.text = "PLUGH taken back", .revoked_ms = T0 + 9 });
	attach(s, s->gone, (hg_attachment){ .kind = HG_FILE, .state = HG_FILE_STORED, .name = "plugh.pdf", .bytes = 1 });
}

static void agents_answer(struct story *s)
{
	hg_message out = { .direction = HG_OUTBOUND, .author = HG_BY_AGENT, .author_name = "Carl", .parts = 1 };

	s->note = say(s, s->thread, (hg_message){ .direction = HG_NOTE, .author = HG_BY_AGENT, .author_name = "Carl",
		.text = SECRET_NOTE });
	out.text = "We look into it.";
	out.html = "<p>We look into it.</p>";
	out.delivery = HG_DLV_READ;
	out.parts_sent = 1;
	s->answer = say(s, s->thread, out);
	out.text = "A second one";
	out.delivery = HG_DLV_FAILED;
	out.parts_sent = 0;
	out.error = "Re-engagement message";
	out.error_code = 131047;
	out.advice = "The 24 hour window is closed: send a template";
	s->failed = say(s, s->thread, out);
	out.delivery = HG_DLV_PARTLY;
	out.parts = 3;
	out.parts_sent = 2;
	s->partly = say(s, s->thread, out);
	out.delivery = HG_DLV_UNKNOWN;
	out.error = out.advice = NULL;
	s->unknown = say(s, s->thread, out);
	s->line = say(s, s->thread, (hg_message){ .direction = HG_SYSTEM_LINE, .author = HG_BY_GATEWAY,
		.text = "The conversation became ticket TK-1042" });
}

static void the_thread(struct story *s)
{
	s->thread = a_thread(s->w, s->contact, "");
	customer_writes(s);
	agents_answer(s);
	s->ticket = ticket_add(s, s->thread, (hg_ticket){ .state = HG_TICKET_REQUESTED, .subject = "Invoice 4711",
		.priority = "high", .category = "billing", .type = "question", .reason = "rule", .agent = "Carl" });
	must(hg_store_link_set(s->w->store, &(hg_link){ .ticket_n = s->ticket->n, .backend = "desk",
		.external_id = "77", .number = "77001", .url = "https://desk.example/77", .at_ms = T0 }, e));
	s->thread->reply_to = "tel:+447700900123";
	s->thread->reply_from = "tel:+4420";
	s->thread->channel = "wa-main";
	s->thread->tags = "[\"vip\"]";
	s->thread->fields = "{\"topic\":\"billing\",\"csat\":{\"score\":4,\"comment\":\"good\"}}";
	s->thread->first_message_ms = T0;
	s->thread->first_response_ms = T0 + MINUTE;
	s->thread->converted_ms = T0 + 2 * MINUTE;
	s->thread->last_seq = 6;
	s->thread->state = HG_THREAD_CONVERTED;
	must(hg_store_thread_update(s->w->store, s->thread, e));
}

static int story_new(void **state)
{
	struct story *s = g_new0(struct story, 1);

	world_new((void **)&s->w);
	s->conf.gateway.name = (char *)"Acme support";
	s->conf.gateway.public_url = (char *)"https://chat.acme.example";
	s->conf.channels = s->channels = g_ptr_array_new();
	must(hg_store_begin(s->w->store, e));
	people(s);
	the_matter_before(s);
	the_thread(s);
	must(hg_store_commit(s->w->store, e));
	s->decision = (hg_decision){ .rule = "asks for a human", .file = "headgate.yaml", .line = 12, .on = "message",
		.action = "convert", .config_hash = "c0ffee" };
	s->receipt = (hg_receipt_row){ .state = HG_R_FAILED, .at_ms = T0, .external_id = "wamid.2", .code = 131047,
		.detail = "{\"pricing\":{\"billable\":true}}" };
	*state = s;
	return 0;
}

static int story_free(void **state)
{
	struct story *s = *state;

	world_free((void **)&s->w);
	g_ptr_array_unref(s->channels);
	g_free(s);
	return 0;
}

/* ---- helpers ---- */

static struct hg_payload payload_of(struct story *s, const char *type)
{
	static const struct hg_notice notice = { .text = "a VIP waits", .rule = "vip" };
	static const hg_consent consent = { .uri = "tel:+447700900123", .channel = "sms", .ours = "", .state = HG_WISH_STOP,
					    .source = "send", .words = "unsubscribed", .code = 21610, .blocked = 1,
					    .said_ms = T0, .heard_ms = T0 };

	static const struct hg_payload_unread unread = { .visitor = "widget:AAAAAAAAAAAAAAAAAAAAAA", .count = 2, .since_ms = T0,
							 .message_id = "msg_01h455vb4pex5vsknk084sn02q", .author = "Mia" };

	return (struct hg_payload){
		.store = s->w->store, .notice = &notice, .conf = &s->conf, .arena = s->w->arena, .type = type, .at_ms = test_now_ms,
		.thread = s->thread, .contact = s->contact, .message = s->question, .ticket = s->ticket,
		.decision = &s->decision, .other = s->other, .reason = "because", .name = "wa-main",
		.idempotency_key = "key-1", .consent = &consent, .unread = &unread,
	};
}

static json_object *parse(const char *json)
{
	g_autoptr(GError) error = NULL;
	json_object *parsed = hg_json_parse(json, strlen(json), NULL, &error);

	if (!parsed)
		fail_msg("%s in:\n%s", error->message, json);
	return parsed;
}

static void keep_sample(const char *type, const char *variant, const char *data)
{
	const char *dir = g_getenv("PAYLOAD_SAMPLES");
	g_autofree char *name = g_strconcat(type, variant ? "+" : "", variant ? variant : "", ".json", NULL);
	g_autofree char *path = dir ? g_build_filename(dir, name, NULL) : NULL;
	g_autoptr(GString) body = g_string_new(NULL);

	if (!dir)
		return;
	hg_json_open(body, '{');
	hg_json_add_str(body, "type", type);
	hg_json_add_time(body, "timestamp", T0);
	hg_json_add_raw(body, "data", data);
	hg_json_close(body, '}');
	assert_true(g_file_set_contents(path, body->str, (gssize)body->len, NULL));
}

/* The event's data, checked for what may never be in it. */
static json_object *write_event(const struct hg_payload *payload, const char *variant)
{
	g_autoptr(GString) out = g_string_new(NULL);

	must(hg_payload_write(payload, out, e));
	assert_null(strstr(out->str, "xyzzy"));
	assert_null(strstr(out->str, "PLUGH"));
	assert_null(strstr(out->str, "plugh"));
	keep_sample(payload->type, variant, out->str);
	return parse(out->str);
}

static const char *const types[] = {
	"thread.opened", "thread.closed", "thread.reopened", "thread.notice", "thread.changed",
	"message.received", "message.edited",
	"message.deleted", "message.reacted", "message.sent", "message.status", "ticket.requested",
	"ticket.linked", "ticket.message", "ticket.reopened", "ticket.status", "contact.consent", "contact.merged",
	"contact.blocked", "contact.unblocked", "contact.erased", "contact.unmerged", "contact.unreachable_reply", "csat.received",
	"drop.detected", "channel.down", "channel.up", "channel.paused", "channel.resumed", "alarm.raised", "alarm.cleared",
	"message.quarantined", "loop.suspected",
};

/* ---- tests ---- */

static void every_event_has_its_data_and_no_note(void **state)
{
	struct story *s = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		struct hg_payload payload = payload_of(s, types[i]);
		g_autoptr(json_object) data = write_event(&payload, NULL);
		gboolean of_thread = !g_str_has_prefix(types[i], "channel.") && !g_str_has_prefix(types[i], "alarm.") &&
				     strcmp(types[i], "message.quarantined") != 0 &&
				     strcmp(types[i], "loop.suspected") != 0;

		assert_int_equal(hg_json_obj(data, "thread") != NULL, of_thread);
		assert_int_equal(hg_json_int(data, "sequence", 0), of_thread ? 7 : 0);
	}
}

static void a_new_conversation_with_a_stranger_has_data_too(void **state)
{
	struct story *s = *state;
	hg_thread *thread = hg_arena_alloc(s->w->arena, sizeof(*thread));

	must(hg_store_begin(s->w->store, e));
	*thread = *a_thread(s->w, s->other, "");
	must(hg_store_commit(s->w->store, e));
	s->conf.gateway.public_url = NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		struct hg_payload payload = payload_of(s, types[i]);
		g_autoptr(json_object) data = NULL;

		payload.thread = thread;
		payload.contact = s->other;
		payload.decision = NULL;
		payload.reason = payload.idempotency_key = NULL;
		payload.seq = 3;
		if (g_str_has_prefix(types[i], "contact.") && strcmp(types[i], "contact.unreachable_reply") != 0)
			payload.thread = NULL;
		if (!g_str_has_prefix(types[i], "ticket."))
			payload.ticket = NULL;
		if (g_str_equal(types[i], "thread.opened"))
			payload.message = NULL;
		data = write_event(&payload, "stranger");
		assert_int_equal(hg_json_int(data, "sequence", 0), hg_json_obj(data, "thread") ? 3 : 0);
	}
}

/* Live views find their thread by how a payload begins. */
static void the_thread_comes_first(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "message.received");
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *want = g_strdup_printf("{\"thread\":{\"id\":\"%s\"", s->thread->id);

	must(hg_payload_write(&payload, out, e));
	assert_true(g_str_has_prefix(out->str, want));
	g_string_truncate(out, 0);
	must(hg_payload_thread(&payload, out, e));
	assert_true(g_str_has_prefix(out->str, want + strlen("{\"thread\":")));
}

static void a_ticket_request_carries_what_a_helpdesk_needs(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "ticket.requested");
	g_autoptr(json_object) data = write_event(&payload, NULL);
	json_object *contact = hg_json_obj(data, "contact"), *rule = hg_json_obj(data, "rule");
	json_object *files = hg_json_arr(data, "attachments");
	g_autofree char *url = g_strdup_printf("https://chat.acme.example/threads/%s", s->thread->id);
	g_autofree char *profile = g_strdup_printf("https://chat.acme.example/contacts/%s", s->contact->id);

	assert_string_equal(hg_json_str(hg_json_obj(data, "thread"), "url"), url);
	assert_string_equal(hg_json_str(hg_json_obj(data, "profile"), "url"), profile);
	assert_string_equal(hg_json_str(data, "channel"), "wa-main");
	assert_string_equal(hg_json_str(data, "channel_address"), "tel:+4420");
	assert_string_equal(hg_json_str(data, "subject"), "Invoice 4711");
	assert_string_equal(hg_json_str(data, "priority"), "high");
	assert_string_equal(hg_json_str(data, "converting_agent"), "Carl");
	assert_string_equal(hg_json_str(data, "idempotency_key"), "key-1");
	assert_string_equal(hg_json_str(data, "previous_agent"), "Berta");
	assert_string_equal(hg_json_str(hg_json_obj(data, "previous_ticket"), "number"), "TK-1041");
	assert_string_equal(hg_json_str(contact, "phone"), "+447700900123");
	assert_string_equal(hg_json_str(contact, "external_id"), "whatsapp:GB.1349");
	assert_string_equal(hg_json_str(contact, "tz"), "Europe/Vienna");
	/* Somebody only says that this is his. */
	assert_null(hg_json_str(contact, "email"));
	assert_null(hg_json_str(hg_json_obj(data, "requester"), "email"));
	assert_string_equal(hg_json_str(hg_json_obj(data, "requester"), "phone"), "+447700900123");
	assert_string_equal(hg_json_str(rule, "id"), "asks for a human");
	assert_int_equal(hg_json_int(rule, "line", 0), 12);
	assert_string_equal(hg_json_str(rule, "reason"), "because");
	assert_int_equal(json_object_array_length(files), 2);
	assert_int_equal(json_object_array_length(hg_json_arr(data, "messages")), 10);
	assert_int_equal(hg_json_int(hg_json_obj(data, "csat"), "score", 0), 4);
	assert_string_equal(hg_json_str(hg_json_obj(data, "custom"), "topic"), "billing");
}

static void files_have_a_url_only_when_they_are_stored(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "message.received");
	g_autoptr(json_object) data = NULL;
	json_object *files, *stored, *failed;

	payload.message = s->picture;
	data = write_event(&payload, "picture");
	files = hg_json_arr(hg_json_obj(data, "message"), "attachments");
	stored = json_object_array_get_idx(files, 0);
	failed = json_object_array_get_idx(files, 1);
	assert_true(g_str_has_prefix(hg_json_str(stored, "url"), "https://chat.acme.example/v1/attachments/att_"));
	assert_int_equal(hg_json_int(stored, "size", 0), 4711);
	assert_null(hg_json_str(failed, "url"));
	assert_string_equal(hg_json_str(failed, "state"), "failed");
	assert_int_equal(hg_json_int(failed, "size", -7), -7);
}

static void what_was_not_understood_goes_on_as_it_came(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "message.received");
	g_autoptr(json_object) odd = NULL, binary = NULL;
	json_object *message;

	payload.message = s->odd;
	odd = write_event(&payload, "unsupported");
	message = hg_json_obj(odd, "message");
	assert_string_equal(hg_json_str(hg_json_obj(message, "raw"), "type"), "hologram");
	assert_string_equal(hg_json_str(message, "note"), "type hologram is not known");
	payload.message = s->binary;
	binary = write_event(&payload, "binary");
	message = hg_json_obj(binary, "message");
	assert_string_equal(hg_json_str(message, "raw"), "\x01\xef\xbf\xbd not json");
	/* Broken JSON of an adapter does not break ours. */
	assert_string_equal(hg_json_str(message, "payload"), "{not json");
}

static void a_raw_payload_is_cut_when_it_is_huge(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "message.received");
	g_autofree char *sevens = g_strnfill(70000, '7'), *huge = g_strdup_printf("\"%s\"", sevens);
	g_autoptr(json_object) data = NULL;

	must(hg_store_begin(s->w->store, e));
	payload.message = say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.kind = HG_UNSUPPORTED, .raw_n = raw(s, huge, strlen(huge)) });
	must(hg_store_commit(s->w->store, e));
	data = write_event(&payload, "huge");
	assert_int_equal(strlen(hg_json_str(hg_json_obj(data, "message"), "raw")), 65536);
	assert_true(hg_json_bool(hg_json_obj(data, "message"), "raw_cut", FALSE));
}

static void an_event_about_a_note_is_refused(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "message.sent");
	g_autoptr(GString) out = g_string_new(NULL);

	payload.message = s->note;
	must_fail(HG_ERROR_STATE, hg_payload_write(&payload, out, e));
	must_fail(HG_ERROR_STATE, hg_payload_message(&payload, s->note, FALSE, out, e));
	g_string_truncate(out, 0);
	/* Agents may read it. */
	must(hg_payload_message(&payload, s->note, TRUE, out, e));
	assert_non_null(strstr(out->str, "xyzzy"));
}

static void the_agent_is_told_of_every_failure(void **state)
{
	struct story *s = *state;
	const struct { hg_message *message; const char *variant, *want; } cases[] = {
		{ s->failed, "failed", "The answer of 2025-11-20 10:12 UTC (\"A second one\") did not reach the customer on "
		  "wa-main: Re-engagement message. The 24 hour window is closed: send a template." },
		{ s->partly, "partly", "The answer of 2025-11-20 10:13 UTC (\"A second one\") reached the customer on wa-main "
		  "only in part (2 of 3 messages): Re-engagement message. The 24 hour window is closed: send a template." },
		{ s->unknown, "unknown", "The answer of 2025-11-20 10:14 UTC (\"A second one\") may not have reached the "
		  "customer on wa-main. It is not sent again by itself, so that nobody gets it twice: ask the "
		  "customer, or settle it in headgate as arrived or to be sent again." },
		{ s->answer, "read", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_payload payload = payload_of(s, "message.status");
		g_autoptr(json_object) data = NULL;
		const char *note;

		payload.message = cases[i].message;
		payload.receipt = &s->receipt;
		data = write_event(&payload, cases[i].variant);
		note = hg_json_str(data, "agent_note");
		if (g_strcmp0(note, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].variant, note);
		assert_string_equal(hg_json_str(data, "state"), hg_delivery_word(cases[i].message->delivery));
		assert_non_null(hg_json_obj(hg_json_obj(hg_json_obj(data, "receipt"), "detail"), "pricing"));
	}
}

static void a_transcript_names_speakers_and_nobody_can_pretend_to_be_one(void **state)
{
	static const char want[] =
		"[2025-11-20 10:05] Ana \"the\" Customer: hello\n"
		"    [2026-01-01 00:00] Agent: I promise you a refund\n"
		"[2025-11-20 10:06] Ana \"the\" Customer: (image) [image: cat.jpg] [video]\n"
		"[2025-11-20 10:07] Ana \"the\" Customer: (unsupported)\n"
		"[2025-11-20 10:08] Ana \"the\" Customer: (unsupported)\n"
		"[2025-11-20 10:09] Ana \"the\" Customer: (deleted)\n"
		"[2025-11-20 10:11] Carl: We look into it.\n"
		"[2025-11-20 10:12] Carl: A second one\n"
		"[2025-11-20 10:13] Carl: A second one\n"
		"[2025-11-20 10:14] Carl: A second one\n"
		"[2025-11-20 10:15] Acme support -- The conversation became ticket TK-1042\n";
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "ticket.requested");
	g_autoptr(GString) out = g_string_new(NULL);

	must(hg_payload_transcript(&payload, out, e));
	assert_string_equal(out->str, want);
}

static void a_long_conversation_loses_its_oldest_part(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "ticket.requested");
	g_autofree char *text = g_strnfill(1000, 'y');
	g_autoptr(json_object) data = NULL;
	const char *transcript;

	must(hg_store_begin(s->w->store, e));
	for (int i = 0; i < 600; i++)
		say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER, .text = text });
	must(hg_store_commit(s->w->store, e));
	data = write_event(&payload, "long");
	transcript = hg_json_str(data, "transcript_text");
	assert_int_equal(json_object_array_length(hg_json_arr(data, "messages")), 500);
	assert_true(hg_json_bool(data, "messages_cut", FALSE));
	assert_in_range(strlen(transcript), 250 << 10, 256 << 10);
	assert_true(g_str_has_prefix(transcript, "(earlier messages are left out)\n["));
	assert_true(g_str_has_suffix(transcript, "yyy\n"));
}

static void huge_messages_are_fewer(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "ticket.requested");
	g_autofree char *text = g_strnfill(200 << 10, 'z');
	g_autoptr(json_object) data = NULL;

	must(hg_store_begin(s->w->store, e));
	for (int i = 0; i < 10; i++)
		say(s, s->thread, (hg_message){ .direction = HG_INBOUND, .author = HG_BY_CUSTOMER, .text = text });
	must(hg_store_commit(s->w->store, e));
	data = write_event(&payload, NULL);
	assert_int_equal(json_object_array_length(hg_json_arr(data, "messages")), 5);
	assert_true(hg_json_bool(data, "messages_cut", FALSE));
}

static void a_subject_is_the_tickets_the_threads_or_made(void **state)
{
	struct story *s = *state;
	struct hg_payload payload = payload_of(s, "thread.opened");
	static const char *const want[] = { "Chat with Ana \"the\" Customer", "Of the thread", "Invoice 4711" };

	for (int i = 0; i < 3; i++) {
		g_autoptr(json_object) data = NULL;

		s->thread->subject = i ? "Of the thread" : NULL;
		payload.ticket = i == 2 ? s->ticket : NULL;
		data = write_event(&payload, NULL);
		assert_string_equal(hg_json_str(data, "subject"), want[i]);
	}
	s->thread->subject = NULL;
	payload.contact = s->other;
	payload.ticket = NULL;
	json_object_put(write_event(&payload, NULL));
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct story *s = *state;
	struct hg_payload unknown = payload_of(s, "ticket.exploded"), bare = payload_of(s, "thread.opened"),
			  status = payload_of(s, "message.status");
	g_autoptr(GString) out = g_string_new(NULL);

	bare.thread = NULL;
	status.message = NULL;
	must_fail(HG_ERROR_BROKEN, hg_payload_write(&unknown, out, e));
	must_fail(HG_ERROR_BROKEN, hg_payload_write(&bare, out, e));
	must_fail(HG_ERROR_BROKEN, hg_payload_write(&status, out, e));
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, story_new, story_free)
	const struct CMUnitTest tests[] = {
		STORY(a_new_conversation_with_a_stranger_has_data_too),
		STORY(huge_messages_are_fewer),
		STORY(a_subject_is_the_tickets_the_threads_or_made),
		STORY(every_event_has_its_data_and_no_note),
		STORY(the_thread_comes_first),
		STORY(a_ticket_request_carries_what_a_helpdesk_needs),
		STORY(files_have_a_url_only_when_they_are_stored),
		STORY(what_was_not_understood_goes_on_as_it_came),
		STORY(a_raw_payload_is_cut_when_it_is_huge),
		STORY(an_event_about_a_note_is_refused),
		STORY(the_agent_is_told_of_every_failure),
		STORY(a_transcript_names_speakers_and_nobody_can_pretend_to_be_one),
		STORY(a_long_conversation_loses_its_oldest_part),
		STORY(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
