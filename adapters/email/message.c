/* message.c - a parsed mail as the gateway takes it: one message, or a report on one of ours */
#include "message.h"

#include <string.h>

#include "json.h"
#include "mail_token.h"
#include "text.h"

#define REFS_MAX  60		/* ids a message may answer */
#define FILES_MAX 64
#define ID_MAX	  300		/* bytes of a Message-ID that is used as it stands */

/* ---- who ---- */

static const char *lower(hg_arena *arena, const char *address)
{
	g_autofree char *low = g_ascii_strdown(address, -1);

	return hg_arena_str(arena, low);
}

const char *const *message_ours(hg_arena *arena, const struct email_conf *conf)
{
	gsize n = conf->aliases ? g_strv_length(conf->aliases) : 0;
	const char **ours = hg_arena_alloc(arena, (n + 2) * sizeof(*ours));

	ours[0] = lower(arena, conf->address);
	for (gsize i = 0; i < n; i++)
		ours[i + 1] = lower(arena, conf->aliases[i]);
	return ours;
}

char *email_instance(const struct email_conf *conf)
{
	static const char what[] = "headgate loop";
	guint8 mac[32];

	hg_hmac_sha256(conf->token_secret[0], strlen(conf->token_secret[0]), what, strlen(what), mac);
	return hg_hex(mac, 8);
}

/* "support+t.TOKEN@acme.example" is support@acme.example too. */
static gboolean is_ours(const char *const *ours, const char *address)
{
	g_autofree char *low = g_ascii_strdown(address, -1);
	char *plus = strchr(low, '+'), *at = strrchr(low, '@');

	if (plus && at && plus < at)
		memmove(plus, at, strlen(at) + 1);
	return g_strv_contains(ours, low);
}

static const char *address_uri(hg_arena *arena, const char *address)
{
	g_autofree char *low = g_ascii_strdown(address, -1);
	g_autofree char *uri = g_strconcat("mailto:", low, NULL);

	return hg_arena_str(arena, uri);
}

static const struct hg_mail_person *first(const struct hg_mail_people *people)
{
	return people->n ? &people->of[0] : NULL;
}

/* A form on a web page writes in our own name and puts the customer into Reply-To: nobody vouches for him then. */
static const struct hg_mail_person *writer_of(const hg_mail *mail, const char *const *ours)
{
	const struct hg_mail_person *from = first(&mail->from), *reply = first(&mail->reply_to);

	return from && reply && *reply->address && is_ours(ours, from->address) && !is_ours(ours, reply->address) ? reply : from;
}

static const char *received_as(hg_arena *arena, const hg_mail *mail, const char *const *ours)
{
	const struct hg_mail_people *const lists[] = { &mail->delivered, &mail->to, &mail->cc };

	for (gsize l = 0; l < G_N_ELEMENTS(lists); l++)
		for (gsize i = 0; i < lists[l]->n; i++)
			if (is_ours(ours, lists[l]->of[i].address))
				return address_uri(arena, lists[l]->of[i].address);
	return NULL;
}

/* ---- what it answers ---- */

static gboolean is_in(const GPtrArray *list, const char *text)
{
	for (guint i = 0; i < list->len; i++)
		if (strcmp(list->pdata[i], text) == 0)
			return TRUE;
	return FALSE;
}

static void add(GPtrArray *refs, hg_arena *arena, const char *id)
{
	if (refs->len < REFS_MAX && *id && strlen(id) <= 2000 && !is_in(refs, id))
		g_ptr_array_add(refs, hg_arena_str(arena, id));
}

static void add_token(GPtrArray *refs, hg_arena *arena, const struct email_conf *conf, const char *text)
{
	g_autofree char *token = text ? hg_mail_token_in(text) : NULL;

	if (token && hg_mail_token_check(token, (const char *const *)conf->token_secret))
		add(refs, arena, token);
}

static void add_tokens_of(GPtrArray *refs, hg_arena *arena, const struct email_conf *conf, const struct hg_mail_people *people)
{
	for (gsize i = 0; i < people->n; i++)
		add_token(refs, arena, conf, people->of[i].address);
}

/* Tokens first: in the address it was sent to, then in what it answers, nearest first.  They alone prove anything.
 * Who forwards begins something new, though his program names what he forwards: only the address counts then. */
static gsize find_tokens(GPtrArray *refs, hg_arena *arena, const struct email_conf *conf, const hg_mail *mail)
{
	add_tokens_of(refs, arena, conf, &mail->delivered);
	add_tokens_of(refs, arena, conf, &mail->to);
	add_tokens_of(refs, arena, conf, &mail->cc);
	for (gsize i = 0; i < mail->in_reply_to.n && !mail->forwarded; i++)
		add_token(refs, arena, conf, mail->in_reply_to.of[i]);
	for (gsize i = mail->references.n; i-- > 0 && !mail->forwarded;)
		add_token(refs, arena, conf, mail->references.of[i]);
	return refs->len;
}

static void set_refs(struct hg_in *in, hg_arena *arena, const struct email_conf *conf, const hg_mail *mail)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new();

	in->vouched = find_tokens(refs, arena, conf, mail);
	for (gsize i = 0; i < mail->in_reply_to.n && !mail->forwarded; i++)
		add(refs, arena, mail->in_reply_to.of[i]);
	for (gsize i = mail->references.n; i-- > 0 && !mail->forwarded;)
		add(refs, arena, mail->references.of[i]);
	if (!refs->len)
		return;
	g_ptr_array_add(refs, NULL);
	in->refs = hg_arena_mem(arena, refs->pdata, refs->len * sizeof(void *));
}

/* ---- what it says ---- */

static int kind_of_file(const char *type)
{
	static const struct { const char *prefix; int kind; } kinds[] = {
		{ "image/", HG_IMAGE }, { "audio/", HG_AUDIO }, { "video/", HG_VIDEO },
	};

	for (gsize i = 0; type && i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_prefix(type, kinds[i].prefix))
			return kinds[i].kind;
	return HG_FILE;
}

static void set_files(struct hg_in *in, hg_arena *arena, const hg_mail *mail)
{
	gsize n = MIN(mail->n_files, FILES_MAX);
	struct hg_file *files = hg_arena_alloc(arena, (n + 1) * sizeof(*files));

	for (gsize i = 0; i < n; i++) {
		const struct hg_mail_file *from = &mail->files[i];

		files[i] = (struct hg_file){ .size = sizeof(*files), .kind = kind_of_file(from->content_type),
					     .name = from->filename, .type = from->content_type, .sha256 = from->sha256,
					     .bytes = (int64_t)from->size, .data = from->data, .content_id = from->content_id };
	}
	in->files = files;
	in->n_files = n;
	in->file_size = sizeof(*files);
}

/* The same mail in two mailboxes is one message; another with a Message-ID used before is not (failures 4 and 20). */
static void set_key(struct hg_in *in, hg_arena *arena, const hg_mail *mail)
{
	gboolean usable = mail->message_id && strlen(mail->message_id) <= ID_MAX;
	g_autofree char *key = g_strconcat(usable ? mail->message_id : "", " ", mail->content_hash, NULL);

	in->id = usable ? mail->message_id : NULL;
	in->dedupe = hg_arena_str(arena, key);
	in->wide = true;
}

static void put_people(GString *out, const char *key, const struct hg_mail_people *people)
{
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (gsize i = 0; i < MIN(people->n, 50); i++)
		hg_json_put_str(out, people->of[i].address);
	hg_json_close(out, ']');
}

/* What rules and people may want to know beside the text. */
static const char *payload(hg_arena *arena, const hg_mail *mail, const struct stamp *stamp)
{
	static const char *const sure[] = { "low", "medium", "high" };
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	put_people(out, "to", &mail->to);
	put_people(out, "cc", &mail->cc);
	hg_json_add_str(out, "reply_confidence", sure[CLAMP(mail->confidence, 0, 2)]);
	hg_json_add_bool(out, "spam", mail->spam);
	if (stamp->whole)
		hg_json_add_int(out, "whole_size", stamp->whole);
	hg_json_key(out, "warnings");
	hg_json_open(out, '[');
	for (gsize i = 0; i < MIN(mail->n_warnings, 20); i++)
		hg_json_put_str(out, mail->warnings[i]);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	return hg_arena_str(arena, out->str);
}

/* Only a part was fetched (failure 19): whoever reads it has to know. */
static void mark_part(struct hg_in *in, hg_arena *arena, const struct stamp *stamp)
{
	g_autofree char *size = g_format_size((guint64)stamp->whole);
	g_autofree char *note = g_strdup_printf("[This mail has %s and is too large to be taken whole: the rest of it, with its "
						"files, is in the mailbox.]", size);
	g_autofree char *text = g_strdup_printf("%s\n\n%s", in->text, note);

	in->note = hg_arena_str(arena, note);
	in->text = hg_arena_str(arena, text);
}

static void set_text(struct hg_in *in, hg_arena *arena, const hg_mail *mail, const struct stamp *stamp)
{
	in->kind = *mail->text || !mail->n_files ? HG_TEXT : kind_of_file(mail->files[0].content_type);
	in->subject = mail->subject;
	in->text = mail->text;
	in->reply_text = mail->reply_text;
	in->payload = payload(arena, mail, stamp);
	if (stamp->whole)
		mark_part(in, arena, stamp);
}

static void set_writer(struct hg_in *in, hg_arena *arena, const struct email_conf *conf, const hg_mail *mail)
{
	const char *const *ours = message_ours(arena, conf);
	const struct hg_mail_person *writer = writer_of(mail, ours);
	struct hg_address *from = hg_arena_alloc(arena, sizeof(*from));

	in->to = received_as(arena, mail, ours);
	in->automatic = mail->automatic != HG_AUTO_NONE;
	in->sender = mail->verdict;
	if (!writer || !*writer->address)
		return;		/* the gateway keeps what nobody can be named for */
	if (writer != first(&mail->from)) {
		in->sender = HG_SENDER_NONE;
		in->automatic = in->automatic && mail->automatic != HG_AUTO_OURS;
	}
	from->uri = address_uri(arena, writer->address);
	from->proof = HG_CLAIMED;
	in->from = from;
	in->n_from = 1;
	in->name = writer->name;
}

/* ---- reports ---- */

/* What a report says of a mail of ours counts only with a token: anybody can write one. */
static const char *reported(hg_arena *arena, const struct email_conf *conf, const hg_mail *mail)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new();

	add_token(refs, arena, conf, mail->report->envelope_id);
	add_token(refs, arena, conf, mail->report->message_id);
	find_tokens(refs, arena, conf, mail);
	return refs->len ? refs->pdata[0] : NULL;
}

static gboolean is_final(const struct hg_mail_report *report)
{
	return report->action && strcmp(report->action, "failed") == 0;
}

static void set_receipt(struct message *ret, hg_arena *arena, const char *id, const hg_mail *mail, const struct stamp *stamp)
{
	const struct hg_mail_report *report = mail->report;
	g_autofree char *text = g_strdup_printf("%s%s%s", report->status ? report->status : "undeliverable",
						report->diagnostic ? " " : "", report->diagnostic ? report->diagnostic : "");

	ret->receipt = (struct hg_receipt){ .size = sizeof(ret->receipt), .state = HG_R_FAILED, .id = id,
					    .to = report->recipient ? address_uri(arena, report->recipient) : NULL,
					    .at_ms = mail->date_ms ? mail->date_ms : stamp->received_ms,
					    .reach = HG_REACH_MESSAGE, .text = hg_arena_str(arena, text),
					    .advice = "look whether the address is right, or reach the customer another way" };
	ret->batch.receipts = &ret->receipt;
	ret->batch.n_receipts = 1;
	ret->batch.receipt_size = sizeof(ret->receipt);
	ret->in.kind = HG_IGNORED;
	ret->in.note = "a report that a mail of ours could not be delivered";
}

void message_read(hg_arena *arena, const struct email_conf *conf, const hg_mail *mail, const struct stamp *stamp,
		  struct message *ret)
{
	const char *id = mail->report ? reported(arena, conf, mail) : NULL;

	*ret = (struct message){ .in = { .size = sizeof(ret->in) }, .batch = { .size = sizeof(ret->batch) } };
	ret->batch.in = &ret->in;
	ret->batch.n_in = 1;
	ret->batch.in_size = sizeof(ret->in);
	set_text(&ret->in, arena, mail, stamp);
	set_key(&ret->in, arena, mail);
	set_writer(&ret->in, arena, conf, mail);
	set_refs(&ret->in, arena, conf, mail);
	set_files(&ret->in, arena, mail);
	ret->in.forwarded = mail->forwarded;
	ret->in.sent_ms = mail->date_ms ? mail->date_ms : stamp->received_ms;
	if (id && is_final(mail->report))
		set_receipt(ret, arena, id, mail, stamp);
	else if (mail->automatic == HG_AUTO_LOOP || (mail->automatic == HG_AUTO_OURS && ret->in.automatic)) {
		ret->in.kind = HG_IGNORED;
		ret->in.note = "a mail of our own that came back";
	}
}
