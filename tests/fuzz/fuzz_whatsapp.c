/* fuzz_whatsapp.c - a webhook of WhatsApp that anybody could have written
 *
 * Corpus: adapters/whatsapp/payloads. */
#include <headgate/adapter.h>
#include <string.h>

#include "json.h"
#include "read.h"

static int64_t now(struct hg_channel *ch)
{
	(void)ch;
	return INT64_C(1795168931000);
}

static struct json_object *json(const void *bytes, size_t len, struct hg_err *err)
{
	static const struct hg_json_limits limits = { .duplicates = TRUE };
	g_autoptr(GError) error = NULL;
	struct json_object *root = hg_json_parse(bytes, len, &limits, &error);

	if (!root)
		g_snprintf(err->text, sizeof(err->text), "%s", error->message);
	return root;
}

static void count(struct hg_channel *ch, const char *what)
{
	(void)ch;
	(void)what;
}

static void condition(struct hg_channel *ch, int state, const struct hg_err *err)
{
	(void)ch;
	(void)state;
	(void)err;
}

static uint64_t timer(struct hg_channel *ch, int64_t ms, void (*fn)(void *state))
{
	(void)ch;
	(void)ms;
	(void)fn;
	return 1;
}

static void untimer(struct hg_channel *ch, uint64_t id)
{
	(void)ch;
	(void)id;
}

/* What the gateway relies on of every item. */
static void check(const struct wa_read *r)
{
	g_assert(r->n_in || r->n_receipts);
	for (size_t i = 0; i < r->n_in; i++) {
		const struct hg_in *in = &r->in[i];

		g_assert(in->size == sizeof(*in) && in->kind && in->text && (in->id || in->dedupe));
		g_assert(in->kind != HG_UNSUPPORTED || in->raw);
		g_assert(in->kind >= HG_IDENTITY || in->kind == HG_UNSUPPORTED || in->n_from);
		g_assert(g_utf8_validate(in->text, -1, NULL));
		for (size_t k = 0; k < in->n_from; k++)
			g_assert(g_str_has_prefix(in->from[k].uri, "tel:+") ||
				 g_str_has_prefix(in->from[k].uri, "whatsapp:"));
		for (size_t k = 0; k < in->n_files; k++)
			g_assert(in->files[k].ref && in->files[k].expires_ms > 0);
	}
	for (size_t i = 0; i < r->n_receipts; i++)
		g_assert(r->receipts[i].state && r->receipts[i].id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *numbers[] = { (char *)"109876543210", (char *)"209876543210", NULL };
	static const struct hg_host host = { .size = sizeof(host), .now_ms = now, .json = json, .count = count,
		.condition = condition, .timer = timer, .untimer = untimer };
	static const struct wa_conf conf = { .phone_number_id = numbers, .urls = (char *)"graph",
		.base_url = (char *)"https://graph.facebook.com" };
	struct whatsapp wa = { .host = &host, .conf = &conf };
	struct wa_read r;

	wa_read_init(&r, &wa);
	wa_read_body(&r, data, size);
	check(&r);
	wa_read_done(&r);
	return 0;
}
