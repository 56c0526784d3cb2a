/* fuzz_twilio.c - signed requests of Twilio that hold whatever: each becomes something that can be stored
 *
 * The first line is the query of the target, the rest the body: a form, and read as an answer of the list, too. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "twilio_read.h"
#include "twilio_sign.h"

#define NOW INT64_C(1795168931000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *senders[] = { (char *)"+447700900900", (char *)"whatsapp:+14155238886", (char *)"12345", NULL };
static char *keys[] = { (char *)"never the token of this", NULL };
static const struct twilio_conf conf = {
	.account_sid = (char *)"AC0", .from = senders, .messaging_service = (char *)"MG0", .opt_out = (char *)"provider",
	.base_url = (char *)"https://api.twilio.com", .country = (char *)"GB",
};

static void check_text(const char *text)
{
	g_assert_true(!text || g_utf8_validate(text, -1, NULL));
}

static void check_in(const struct hg_in *in)
{
	g_assert_true(in->id || in->dedupe);
	g_assert_true(in->n_from || in->kind == HG_IGNORED);
	g_assert_true(in->text && (in->kind != HG_UNSUPPORTED || in->raw));
	check_text(in->text);
	check_text(in->payload);
	check_text(in->name);
	for (gsize i = 0; i < in->n_from; i++)
		g_assert_true(strchr(in->from[i].uri, ':') && g_utf8_validate(in->from[i].uri, -1, NULL));
	for (gsize i = 0; i < in->n_files; i++)
		g_assert_nonnull(in->files[i].ref);
	if (in->payload) {
		g_autoptr(json_object) json = hg_json_parse(in->payload, strlen(in->payload), NULL, NULL);

		g_assert_nonnull(json);
	}
}

static void check_hook(const hg_params *form, const hg_params *query, const void *body, gsize len)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct twilio_found found;

	twilio_read_hook(&conf, form, query, body, len, NOW, arena, &found);
	g_assert_true(found.n_in + found.n_receipts > 0);
	for (gsize i = 0; i < found.n_in; i++)
		check_in(&found.in[i]);
	for (gsize i = 0; i < found.n_receipts; i++) {
		g_assert_true(found.receipt.state >= HG_R_SENT && found.receipt.state <= HG_R_FAILED);
		g_assert_true(found.receipt.at_ms > 0 && found.receipt.at_ms <= NOW);
		check_text(found.receipt.text);
	}
}

static void check_listed(const void *body, gsize len)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(json_object) json = hg_json_parse(body, len, NULL, NULL);
	struct hg_in in;
	gint64 ms = 0;

	if (json && twilio_read_listed(&conf, json, 0, arena, &in, &ms))
		check_in(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	g_autofree char *target = g_strndup((const char *)data, line ? (gsize)(line - data) : 0);
	const char *body = line ? (const char *)line + 1 : (const char *)data;
	gsize len = line ? size - (gsize)(line + 1 - data) : size;
	g_autoptr(hg_params) query = hg_params_query(target), form = len ? hg_params_parse(body, len, NULL) : NULL;
	g_autofree char *url = g_strconcat("https://x.example", target, NULL);

	if (!form)
		return 0;
	check_hook(form, query, body, len);
	check_listed(body, len);
	g_assert_false(twilio_signed(url, form, keys, "qqqqqqqqqqqqqqqqqqqqqqqqqqo="));
	g_assert_false(twilio_signed_body(url, body, len, keys, hg_params_get(form, "s")));
	return 0;
}
