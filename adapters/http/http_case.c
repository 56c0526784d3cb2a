/* http_case.c - reads what an item is: `message:`, `status:`, `consent:`, `verify:`, `ignore:` */
#include <string.h>

#include "ways_in.h"

#define MORE_MAX    8		/* `also:`; paths of a hash */
#define WAIT_MOST_MS 86400000

static const char *const kinds[] = { "", "message", "status", "consent", "verify", "ignore", NULL };

/* ---- freeing ---- */

static void free_hash(struct ht_hash *hash)
{
	if (!hash)
		return;
	g_ptr_array_unref(hash->picks);
	g_free(hash);
}

static void free_message(struct ht_message *m)
{
	ht_pick *const picks[] = { m->id, m->from, m->to, m->name, m->username, m->group, m->subject, m->text, m->payload,
				   m->answers, m->target, m->sent, m->consent, m->part_ref, m->part, m->parts, m->udh };

	for (gsize i = 0; i < G_N_ELEMENTS(picks); i++)
		ht_pick_free(picks[i]);
	free_hash(m->hash);
	g_ptr_array_unref(m->also);
	g_ptr_array_unref(m->files);
	g_free(m);
}

static void free_status(struct ht_status *s)
{
	ht_pick *const picks[] = { s->id, s->key, s->state, s->code, s->text, s->to, s->from, s->at };

	for (gsize i = 0; i < G_N_ELEMENTS(picks); i++)
		ht_pick_free(picks[i]);
	g_free(s);
}

static void free_consent(struct ht_consent *c)
{
	ht_pick *const picks[] = { c->id, c->from, c->to, c->word, c->text };

	for (gsize i = 0; i < G_N_ELEMENTS(picks); i++)
		ht_pick_free(picks[i]);
	g_free(c);
}

static void free_verify(struct ht_verify *v)
{
	ht_pick_free(v->token);
	ht_pick_free(v->echo);
	ht_pick_free(v->confirm);
	g_strfreev(v->secrets);
	g_strfreev(v->hosts);
	ht_reply_free(v->reply);
	g_free(v);
}

void ht_case_clear(gpointer data)
{
	struct ht_case *c = data;

	ht_when_free(c->when);
	ht_path_free(c->each);
	g_clear_pointer(&c->message, free_message);
	g_clear_pointer(&c->status, free_status);
	g_clear_pointer(&c->consent, free_consent);
	g_clear_pointer(&c->verify, free_verify);
}

/* ---- messages ---- */

static struct ht_hash *read_hash(struct ht_look *look, struct json_object *id)
{
	static const char *const keys[] = { "hash", "within", NULL };
	struct ht_hash *hash = g_new0(struct ht_hash, 1);

	ht_keys(look, id, keys);
	hash->picks = ht_picks_new(look, id, "hash", MORE_MAX);
	hash->within_ms = ht_span(look, id, "within", 0);
	if (!ht_member(look, id, "within", FALSE))
		ht_wrong(look, NULL, "'within' is missing: for how long the same values are the same message (1h, say); the "
			 "provider repeats what it got no answer for, and a person may write the same again");
	else if (hash->within_ms < 1000)
		ht_wrong(look, "within", "at least 1s");
	return hash;
}

static void read_id(struct ht_look *look, struct json_object *map, struct ht_message *m)
{
	struct json_object *id = ht_member(look, map, "id", FALSE), *hash = NULL;
	gsize was;

	if (!id) {
		ht_wrong(look, NULL, "'id' is missing: where the provider's id stands, or { hash: [from, text], within: 1h } where it "
			 "has none; by it a message that comes again is known");
		return;
	}
	if (json_object_is_type(id, json_type_object))
		json_object_object_get_ex(id, "hash", &hash);
	if (!hash) {
		m->id = ht_pick_new(look, map, "id", TRUE);
		return;
	}
	was = ht_enter(look, "id");
	m->hash = read_hash(look, id);
	ht_leave(look, was);
}

static void read_parts(struct ht_look *look, struct json_object *map, struct ht_message *m)
{
	static const char *const keys[] = { "ref", "part", "total", "udh", "wait", NULL };
	struct json_object *parts = ht_member(look, map, "parts", FALSE);
	gsize was = ht_enter(look, "parts");

	if (parts && ht_keys(look, parts, keys)) {
		m->udh = ht_pick_new(look, parts, "udh", FALSE);
		m->part_ref = ht_pick_new(look, parts, "ref", !m->udh);
		m->part = ht_pick_new(look, parts, "part", !m->udh);
		m->parts = ht_pick_new(look, parts, "total", !m->udh);
		m->wait_ms = ht_span(look, parts, "wait", 0);
		if (m->wait_ms > WAIT_MOST_MS)
			ht_wrong(look, "wait", "at most a day");
	}
	ht_leave(look, was);
}

static struct ht_message *read_message(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "kind", "id", "from", "also", "to", "name", "username", "group", "subject", "text",
					    "payload", "answers", "target", "sent", "consent", "files", "parts", NULL };
	static const char *const words[] = { "message", "edit", "revoke", "reaction", NULL };
	static const int in[] = { HG_TEXT, HG_EDIT, HG_REVOKE, HG_REACTION };
	struct ht_message *m = g_new0(struct ht_message, 1);
	int kind;

	ht_keys(look, map, keys);
	kind = ht_word(look, map, "kind", words, 0);
	m->kind = in[MAX(kind, 0)];
	read_id(look, map, m);
	m->from = ht_pick_new(look, map, "from", TRUE);
	m->also = ht_picks_new(look, map, "also", MORE_MAX);
	m->to = ht_pick_new(look, map, "to", FALSE);
	m->name = ht_pick_new(look, map, "name", FALSE);
	m->username = ht_pick_new(look, map, "username", FALSE);
	m->group = ht_pick_new(look, map, "group", FALSE);
	m->subject = ht_pick_new(look, map, "subject", FALSE);
	m->text = ht_pick_new(look, map, "text", FALSE);
	m->payload = ht_pick_new(look, map, "payload", FALSE);
	m->answers = ht_pick_new(look, map, "answers", FALSE);
	m->target = ht_pick_new(look, map, "target", m->kind != HG_TEXT);
	m->sent = ht_pick_new(look, map, "sent", FALSE);
	m->consent = ht_pick_new(look, map, "consent", FALSE);
	m->files = ht_files_read(look, map);
	read_parts(look, map, m);
	if (!m->text && !m->files->len && m->kind == HG_TEXT && json_object_is_type(map, json_type_object))
		ht_wrong(look, NULL, "a message needs 'text', 'files' or both");
	return m;
}

/* ---- receipts, consent, handshakes ---- */

const char *const ht_states[] = { "ignore", "sent", "delivered", "read", "played", "failed", "opted_out", NULL };

/* What a status becomes is one of the words, whatever comes: all the map's right sides are. */
static void check_states(struct ht_look *look, struct json_object *map)
{
	struct json_object *state = ht_member(look, map, "state", FALSE), *table = NULL;
	gsize was = ht_enter(look, "state"), inner;

	if (json_object_is_type(state, json_type_object))
		json_object_object_get_ex(state, "map", &table);
	if (!json_object_is_type(table, json_type_object)) {
		ht_wrong(look, NULL, "wants a map: of the provider's words and ours: { path: ..., map: { DELIVRD: delivered } }");
		ht_leave(look, was);
		return;
	}
	inner = ht_enter(look, "map");
	json_object_object_foreach(table, from, to) {
		(void)to;
		if (ht_word(look, table, from, ht_states, 0) < 0)
			continue;
	}
	ht_leave(look, inner);
	ht_leave(look, was);
}

static struct ht_status *read_status(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "id", "key", "state", "code", "text", "to", "from", "at", NULL };
	struct ht_status *s = g_new0(struct ht_status, 1);

	ht_keys(look, map, keys);
	s->id = ht_pick_new(look, map, "id", FALSE);
	s->key = ht_pick_new(look, map, "key", FALSE);
	s->state = ht_pick_new(look, map, "state", TRUE);
	s->code = ht_pick_new(look, map, "code", FALSE);
	s->text = ht_pick_new(look, map, "text", FALSE);
	s->to = ht_pick_new(look, map, "to", FALSE);
	s->from = ht_pick_new(look, map, "from", FALSE);
	s->at = ht_pick_new(look, map, "at", FALSE);
	if (!ht_member(look, map, "id", FALSE) && !ht_member(look, map, "key", FALSE))
		ht_wrong(look, NULL, "needs 'id' (the provider's, as its answer to our request said it) or 'key' (ours, as it stands "
			 "in the address of reports: $query:key): which message is it about?");
	if (ht_member(look, map, "state", FALSE))
		check_states(look, map);
	return s;
}

static struct ht_consent *read_consent(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "id", "from", "to", "word", "text", NULL };
	struct ht_consent *c = g_new0(struct ht_consent, 1);

	ht_keys(look, map, keys);
	c->id = ht_pick_new(look, map, "id", FALSE);
	c->from = ht_pick_new(look, map, "from", TRUE);
	c->to = ht_pick_new(look, map, "to", FALSE);
	c->word = ht_pick_new(look, map, "word", TRUE);
	c->text = ht_pick_new(look, map, "text", FALSE);
	return c;
}

/* Whose certificates and handshakes lie anywhere is asked to name the hosts. */
static void read_confirm(struct ht_look *look, struct json_object *map, struct ht_verify *v)
{
	v->confirm = ht_pick_new(look, map, "confirm", FALSE);
	v->hosts = ht_texts(look, map, "hosts");
	if (v->confirm && !v->hosts)
		ht_wrong(look, NULL, "'hosts' is missing: which hosts may be called to confirm ([.amazonaws.com]); others are not");
	if (!v->confirm && v->hosts)
		ht_wrong(look, "hosts", "is for 'confirm' alone");
}

static struct ht_verify *read_verify(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "token", "secret", "echo", "reply", "confirm", "hosts", NULL };
	struct ht_verify *v = g_new0(struct ht_verify, 1);
	struct json_object *reply;
	gsize was;

	ht_keys(look, map, keys);
	v->token = ht_pick_new(look, map, "token", FALSE);
	v->secrets = ht_texts(look, map, "secret");
	if (!ht_member(look, map, "token", FALSE) != !v->secrets)
		ht_wrong(look, NULL, "'token' (where it stands) and 'secret' (which it must be) go together");
	for (char **name = v->secrets; name && *name; name++)
		ht_given(look, "secret", "secret", *name);
	v->echo = ht_pick_new(look, map, "echo", FALSE);
	read_confirm(look, map, v);
	reply = ht_member(look, map, "reply", FALSE);
	was = ht_enter(look, "reply");
	v->reply = reply ? ht_reply_new(look, reply, 200) : NULL;
	ht_leave(look, was);
	if (v->echo && v->reply)
		ht_wrong(look, NULL, "'echo' answers with a value alone, 'reply' with more: one of them");
	return v;
}

/* ---- cases ---- */

static int kind_in(struct ht_look *look, struct json_object *map)
{
	int kind = 0;

	for (int i = HT_MESSAGE; kinds[i]; i++) {
		if (!ht_member(look, map, kinds[i], FALSE))
			continue;
		if (kind) {
			ht_wrong(look, kinds[i], "an item is one thing: '%s' or '%s', not both; make two cases of it", kinds[kind],
				 kinds[i]);
			return 0;
		}
		kind = i;
	}
	if (!kind)
		ht_wrong(look, NULL, "what is it? message, status, consent, verify or ignore is missing");
	return kind;
}

gboolean ht_case_read(struct ht_look *look, struct json_object *map, struct ht_case *ret)
{
	int kind = kind_in(look, map);
	guint errors = look->errors;
	struct json_object *inner;
	gsize was;

	*ret = (struct ht_case){ .kind = kind };
	if (!kind)
		return FALSE;
	inner = ht_member(look, map, kinds[kind], FALSE);
	was = ht_enter(look, kinds[kind]);
	if (kind == HT_MESSAGE)
		ret->message = read_message(look, inner);
	else if (kind == HT_STATUS)
		ret->status = read_status(look, inner);
	else if (kind == HT_CONSENT)
		ret->consent = read_consent(look, inner);
	else if (kind == HT_VERIFY)
		ret->verify = read_verify(look, inner);
	ht_leave(look, was);
	return look->errors == errors;
}
