/* http_item.c - messages, receipts and words of consent, out of what a description says where they stand */
#include <string.h>

#include "http_item.h"
#include "text.h"
#include "udh.h"

#define ID_MAX 512	/* bytes; a longer one is taken by its hash */

const char *ht_item_text(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);

	return text && *text ? hg_arena_str(h->arena, text) : NULL;
}

static const char *own_address(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *raw = NULL, *uri = ht_address(h, pick, scope, &raw);

	return hg_arena_str(h->arena, uri);
}

/* ---- pieces ---- */

static gint64 number(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);
	gint64 n;

	return text && g_ascii_string_to_signed(text, 10, 0, 65535, &n, NULL) ? n : 0;
}

static void set_piece(struct ht_harvest *h, const struct ht_message *m, const char *ref, gint64 part, gint64 parts,
		      struct hg_in *in)
{
	if (!ref || parts < 2 || parts > 255 || part < 1 || part > parts)
		return;
	in->part_ref = hg_arena_str(h->arena, ref);
	in->part = (int)part;
	in->parts = (int)parts;
	in->part_wait_ms = m->wait_ms;
}

static gboolean read_udh(const char *hex, struct hg_udh *udh)
{
	gsize len = strlen(hex) / 2;
	g_autofree guint8 *bytes = g_malloc(len + 1);

	return len && hg_unhex(hex, bytes, len) && hg_udh_parse(bytes, len, udh) && udh->concat;
}

static void take_piece(struct ht_harvest *h, const struct ht_message *m, const struct ht_scope *scope, struct hg_in *in)
{
	g_autofree char *ref = ht_pick_text(m->part_ref, scope), *hex = ht_pick_text(m->udh, scope);
	struct hg_udh udh;

	if (hex && read_udh(hex, &udh)) {
		g_autofree char *said = g_strdup_printf("%u", udh.ref);

		set_piece(h, m, said, udh.part, udh.parts, in);
	} else {
		set_piece(h, m, ref, number(m->part, scope), number(m->parts, scope), in);
	}
}

/* ---- identity ---- */

static void add_field(GString *all, const char *text)
{
	g_string_append_printf(all, "%zu:", text ? strlen(text) : 0);
	g_string_append(all, text ? text : "");
}

static const char *hashed(struct ht_harvest *h, const struct ht_message *m, const struct ht_scope *scope,
			  const struct hg_in *in)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (guint i = 0; i < m->hash->picks->len; i++) {
		g_autofree char *text = ht_pick_text(g_ptr_array_index(m->hash->picks, i), scope);

		add_field(all, text);
	}
	add_field(all, in->part_ref);
	g_string_append_printf(all, "%d:%" G_GINT64_FORMAT, in->part,
			       (in->sent_ms ? in->sent_ms : scope->now_ms) / m->hash->within_ms);
	return ht_hash_key(h, "hash", all->str, all->len);
}

/* A message without its id is one all the same; what came with it tells it from others. */
static void take_id(struct ht_harvest *h, const struct ht_message *m, const struct ht_scope *scope, struct json_object *item,
		    struct hg_in *in)
{
	const char *raw;
	gsize len;

	if (m->hash) {
		in->dedupe = hashed(h, m, scope, in);
		return;
	}
	in->id = ht_item_text(h, m->id, scope);
	if (in->id && strlen(in->id) <= ID_MAX)
		return;
	raw = ht_item_raw(h, item, &len);
	in->dedupe = ht_hash_key(h, "item", raw, len);
	in->id = NULL;
}

/* ---- messages ---- */

static const char *const *one_ref(struct ht_harvest *h, const char *ref)
{
	const char **refs;

	if (!ref)
		return NULL;
	refs = hg_arena_alloc(h->arena, 2 * sizeof(*refs));
	refs[0] = ref;
	return refs;
}

static const char *payload(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope)
{
	struct json_object *value = ht_pick_json(pick, scope);
	gsize len;
	const char *json = value ? ht_item_raw(h, value, &len) : NULL;

	json_object_put(value);
	return json;
}

static void set_odd(struct ht_harvest *h, struct json_object *item, const char *note, struct hg_in *in)
{
	in->kind = HG_UNSUPPORTED;
	in->note = note;
	in->raw = ht_item_raw(h, item, &in->raw_len);
	if (!in->id && !in->dedupe)
		in->dedupe = ht_hash_key(h, "odd", in->raw, in->raw_len);
	h->odd++;
}

static void set_kind(struct ht_harvest *h, struct json_object *item, struct hg_in *in)
{
	if (in->kind == HG_TEXT && !*in->text && in->n_files)
		in->kind = in->files[0].kind;
	else if (in->kind == HG_TEXT && !*in->text && !in->part_ref)
		set_odd(h, item, "there is neither text nor a file in it", in);
	else if (in->kind != HG_TEXT && !in->target)
		set_odd(h, item, "it does not say which message it is about", in);
}

/* The provider says what it has understood, and has answered it. */
static void take_word(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope, struct hg_in *in)
{
	g_autofree char *word = ht_pick_text(pick, scope);
	g_autofree char *lower = word ? g_ascii_strdown(word, -1) : g_strdup("");

	if (strcmp(lower, "stop") != 0 && strcmp(lower, "start") != 0 && strcmp(lower, "help") != 0)
		return;
	in->kind = HG_CONSENT;
	in->reply_text = in->text;
	in->text = hg_arena_str(h->arena, lower);
	in->answered = true;
}

static void take_words(struct ht_harvest *h, const struct ht_message *m, const struct ht_scope *scope, struct hg_in *in)
{
	const char *text = ht_item_text(h, m->text, scope);

	in->text = text ? text : "";
	in->to = own_address(h, m->to, scope);
	in->name = ht_item_text(h, m->name, scope);
	in->username = ht_item_text(h, m->username, scope);
	in->group = ht_item_text(h, m->group, scope);
	in->subject = ht_item_text(h, m->subject, scope);
	in->payload = payload(h, m->payload, scope);
	in->refs = one_ref(h, ht_item_text(h, m->answers, scope));
	in->target = ht_item_text(h, m->target, scope);
	in->sent_ms = ht_pick_time(m->sent, scope);
}

static void take_files(struct ht_harvest *h, const GPtrArray *files, const struct ht_scope *scope, struct hg_in *in)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(struct hg_file));

	ht_files_find(files, scope, h->arena, all);
	if (!all->len)
		return;
	in->files = hg_arena_mem(h->arena, all->data, all->len * sizeof(struct hg_file));
	in->n_files = all->len;
	in->file_size = sizeof(struct hg_file);
}

void ht_item_message(struct ht_harvest *h, const struct ht_message *m, const struct ht_scope *scope, struct json_object *item)
{
	struct hg_in in = { .size = sizeof(in), .kind = m->kind };

	take_words(h, m, scope, &in);
	in.from = ht_addresses(h, m->from, m->also, scope, &in.n_from);
	take_files(h, m->files, scope, &in);
	take_piece(h, m, scope, &in);
	take_id(h, m, scope, item, &in);
	if (in.from)
		set_kind(h, item, &in);
	else
		set_odd(h, item, "it does not say who wrote it", &in);
	if (in.kind == HG_TEXT)
		take_word(h, m->consent, scope, &in);
	g_array_append_val(h->in, in);
}

/* ---- words of consent ---- */

static void add_consent(struct ht_harvest *h, const char *word, const struct hg_address *from, gsize n_from, const char *to,
			const char *id, struct hg_in *in)
{
	g_autofree char *key = g_strdup_printf("consent:%s:%s:%s", word, from[0].uri, id ? id : "");

	in->size = sizeof(*in);
	in->kind = HG_CONSENT;
	in->text = word;
	in->from = from;
	in->n_from = n_from;
	in->to = to;
	in->dedupe = ht_hash_key(h, "consent", key, strlen(key));
	in->answered = true;
	g_array_append_val(h->in, *in);
}

void ht_item_consent(struct ht_harvest *h, const struct ht_consent *c, const struct ht_scope *scope, struct json_object *item)
{
	static const char *const words[] = { "stop", "start", "help", NULL };
	g_autofree char *said = ht_pick_text(c->word, scope), *lower = g_ascii_strdown(said ? said : "", -1);
	struct hg_in in = { .sent_ms = 0 };
	gsize n = 0, len;
	const struct hg_address *from = ht_addresses(h, c->from, NULL, scope, &n);
	int word = ht_index(words, lower);
	const char *id = ht_item_text(h, c->id, scope);

	if (!from || word < 0) {
		const char *raw = ht_item_raw(h, item, &len);

		ht_harvest_odd(h, raw, len, from ? "its word of consent is none of stop, start, help" : "it does not say who it is about");
		return;
	}
	in.reply_text = ht_item_text(h, c->text, scope);
	/* Without an id the same word may be said again tomorrow. */
	if (!id) {
		const char *raw = ht_item_raw(h, item, &len);

		id = ht_hash_key(h, "item", raw, len);
	}
	add_consent(h, words[word], from, n, own_address(h, c->to, scope), id, &in);
}

/* ---- receipts ---- */

static int reach_of(const struct ht_code *code)
{
	if (!code)
		return HG_REACH_MESSAGE;
	if (code->class == HT_CONTACT || code->class == HT_OPTED_OUT)
		return HG_REACH_CONTACT;
	return code->class == HT_ACCOUNT ? HG_REACH_ACCOUNT : HG_REACH_MESSAGE;
}

/* A code that is no number is told in the words. */
static void take_failure(struct ht_harvest *h, const struct ht_status *s, const struct ht_scope *scope, struct hg_receipt *r)
{
	g_autofree char *code = ht_pick_text(s->code, scope), *said = NULL;
	const struct ht_code *row = ht_desc_code(h->desc, code);
	const char *text = ht_item_text(h, s->text, scope);
	gint64 n;

	r->reach = reach_of(row);
	r->advice = row ? row->advice : NULL;
	r->text = text;
	if (code && g_ascii_string_to_signed(code, 10, G_MININT, G_MAXINT, &n, NULL)) {
		r->code = (int)n;
	} else if (code) {
		said = text ? g_strdup_printf("%s: %s", code, text) : g_strdup(code);
		r->text = hg_arena_str(h->arena, said);
	}
}

static gboolean has_opted_out(const struct ht_harvest *h, const struct ht_status *s, const struct ht_scope *scope, int state)
{
	g_autofree char *code = ht_pick_text(s->code, scope);
	const struct ht_code *row = ht_desc_code(h->desc, code);

	return strcmp(ht_states[state], "opted_out") == 0 ||
	       (strcmp(ht_states[state], "failed") == 0 && row && row->class == HT_OPTED_OUT);
}

/* Whoever is not to be written to any more: so that nobody tries again. */
static void take_opt_out(struct ht_harvest *h, const struct ht_status *s, const struct ht_scope *scope,
			 const struct hg_receipt *r)
{
	struct hg_in in = { .code = r->code, .note = r->text ? r->text : "the provider refuses messages to this number" };
	gsize n = 0;
	const struct hg_address *to = ht_addresses(h, s->to, NULL, scope, &n);

	if (to)
		add_consent(h, "stop", to, n, own_address(h, s->from, scope), r->id ? r->id : r->key, &in);
}

static void add_unknown(struct ht_harvest *h, struct json_object *item, const char *said)
{
	g_autofree char *note = g_strdup_printf("the status '%.60s' is not in the description's map", said ? said : "");
	struct hg_in in = { .size = sizeof(in), .kind = HG_IGNORED, .text = "", .note = hg_arena_str(h->arena, note) };

	in.raw = ht_item_raw(h, item, &in.raw_len);
	in.dedupe = ht_hash_key(h, "status", in.raw, in.raw_len);
	h->unmatched++;
	g_array_append_val(h->in, in);
}

void ht_item_status(struct ht_harvest *h, const struct ht_status *s, const struct ht_scope *scope, struct json_object *item)
{
	static const int states[] = { 0, HG_R_SENT, HG_R_DELIVERED, HG_R_READ, HG_R_PLAYED, HG_R_FAILED, HG_R_FAILED };
	g_autofree char *said = ht_pick_text(s->state, scope);
	int state = said ? ht_index(ht_states, said) : -1;
	struct hg_receipt r = { .size = sizeof(r) };

	r.id = ht_item_text(h, s->id, scope);
	r.key = ht_item_text(h, s->key, scope);
	if (state < 0 || (!r.id && !r.key)) {
		add_unknown(h, item, said);
		return;
	}
	if (!state) {
		h->ignored++;
		return;
	}
	r.state = states[state];
	r.to = own_address(h, s->to, scope);
	r.at_ms = ht_pick_time(s->at, scope);
	if (r.state == HG_R_FAILED)
		take_failure(h, s, scope, &r);
	if (has_opted_out(h, s, scope, state)) {
		r.reach = HG_REACH_CONTACT;
		take_opt_out(h, s, scope, &r);
	}
	g_array_append_val(h->receipts, r);
}
