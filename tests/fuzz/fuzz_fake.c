/* fuzz_fake.c - what the example adapter's provider may deliver or answer */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fake_wire.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_header(const struct hg_http_answer *answer, const char *name)
{
	(void)answer;
	return *name == 'R' ? "7" : NULL;
}

static void check_delivery(const struct delivery *d)
{
	g_assert(d->batch.n_in + d->batch.n_receipts <= ITEMS_MAX);
	for (size_t i = 0; i < d->batch.n_in; i++) {
		const struct hg_in *in = &d->in[i];

		g_assert(in->kind && in->text);
		if (in->kind == HG_UNSUPPORTED || in->kind == HG_RAW)
			g_assert(in->raw && (in->raw_len || in->kind == HG_RAW));
		else
			g_assert(in->id && in->n_from == 1 && in->from->uri);
		g_assert(!in->n_files || in->files[0].ref);
	}
	for (size_t i = 0; i < d->batch.n_receipts; i++)
		g_assert(d->receipt[i].state && (d->receipt[i].id || d->receipt[i].key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *json = hg_json_parse(data, size, NULL, NULL);
	struct delivery *d = json ? read_delivery(json) : NULL;
	struct hg_http_answer answer = { .size = sizeof(answer), .status = size ? 199 + data[0] : 0, .sent = size & 1,
					 .header = no_header };
	struct hg_result result = judge(&answer, json, size & 2);

	g_assert(result.fate && result.retry_ms == 7000);
	if (d)
		check_delivery(d);
	free(d);
	json_object_put(json);
	return 0;
}
