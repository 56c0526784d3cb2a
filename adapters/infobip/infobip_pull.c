/* infobip_pull.c - pulling what did not arrive out of Infobip's inboxes
 *
 * Source: Infobip, "Get inbound SMS messages", "Get inbound MMS messages": each message of the last 48 hours is handed
 * out once.  So an answer is held until the store has it; and as little as possible is asked for at a time. */
#include <string.h>

#include "api_url.h"
#include "infobip.h"
#include "json.h"

#define AT_A_TIME  50
#define REPLY_MAX  (4 * 1024 * 1024)
#define AGAIN_MS   5000

static void again(void *state);

static const char *inbox(const struct infobip *ib)
{
	char **pull = ib->conf->pull;

	for (gsize i = 0; pull && pull[i]; i++)
		if (i == ib->pull.which)
			return pull[i];
	return NULL;
}

void infobip_poll_end(struct infobip *ib)
{
	struct json_object *results = hg_json_arr(ib->pull.held, "results");

	if (results)
		ib->host->log(ib->ch, 3, "pull.lost", "the channel ends while %zu messages that Infobip hands out only once "
			      "are not stored: look for them in Infobip's portal", json_object_array_length(results));
	g_clear_pointer(&ib->pull.held, json_object_put);
}

static void next_inbox(struct infobip *ib)
{
	ib->pull.which++;
	if (inbox(ib)) {
		ib->host->polled(ib->ch, true);
		return;
	}
	ib->pull.which = 0;
	ib->host->polled(ib->ch, false);
}

static void stored(void *arg, int how)
{
	struct infobip *ib = arg;
	gboolean more = hg_json_number(ib->pull.held, "pendingMessageCount", 0) > 0;

	if (how == HG_BUSY) {
		ib->pull.timer = ib->host->timer(ib->ch, AGAIN_MS, again);
		return;
	}
	if (how == HG_CLOSING)
		return;		/* close() says what is lost */
	g_clear_pointer(&ib->pull.held, json_object_put);
	if (more)
		ib->host->polled(ib->ch, true);
	else
		next_inbox(ib);
}

static void store(struct infobip *ib)
{
	struct hg_gather gather;
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(struct hg_in),
				  .receipt_size = sizeof(struct hg_receipt) };

	hg_gather_init(&gather, ib->host, ib->ch);
	infobip_read(ib, &gather, ib->pull.held);
	batch.in = (const struct hg_in *)(void *)gather.in->data;
	batch.n_in = MIN(gather.in->len, 1000);
	batch.receipts = (const struct hg_receipt *)(void *)gather.receipts->data;
	batch.n_receipts = MIN(gather.receipts->len, 1000);
	batch.raw = hg_gather_json(&gather, ib->pull.held);
	batch.raw_len = strlen(batch.raw);
	ib->host->emit(ib->ch, &batch, stored, ib);
	hg_gather_done(&gather);
}

static void again(void *state)
{
	struct infobip *ib = state;

	ib->pull.timer = 0;
	store(ib);
}

static void failed(struct infobip *ib, const struct hg_http_answer *answer)
{
	gboolean denied = answer->status == 401 || answer->status == 403;

	if (!denied || !ib->pull.denied)
		ib->host->log(ib->ch, 2, "pull.failed", "Infobip's inbox answered %d%s%s%s", answer->status,
			      answer->error ? ": " : "", answer->error ? answer->error : "",
			      denied ? ": api_key lacks the scope; give it to the key, or say pull: off" : "");
	ib->pull.denied = denied;
	next_inbox(ib);
}

static void answered(void *arg, const struct hg_http_answer *answer)
{
	struct infobip *ib = arg;
	struct hg_err err = { 0 };
	struct json_object *root = answer->status == 200 ? ib->host->json(answer->len ? answer->body : "", answer->len, &err)
							 : NULL;
	struct json_object *results = hg_json_arr(root, "results");

	if (!results) {
		failed(ib, answer);
		json_object_put(root);
	} else if (!json_object_array_length(results)) {
		ib->pull.denied = false;
		next_inbox(ib);
		json_object_put(root);
	} else {
		ib->pull.denied = false;
		ib->pull.held = root;
		store(ib);
	}
}

/* Where it got to is Infobip's to remember, so that since_ms says nothing here. */
void infobip_poll(void *state, int64_t since_ms)
{
	struct infobip *ib = state;
	const char *what = inbox(ib);
	g_autofree char *path = NULL, *url = NULL, *auth = infobip_auth(ib->conf);
	const char *headers[] = { auth, "Accept: application/json", NULL };
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .headers = headers, .timeout_ms = ib->conf->timeout, .max_reply = REPLY_MAX,
	};

	(void)since_ms;
	if (!what || strcmp(what, "off") == 0) {
		ib->pull.which = 0;
		ib->host->polled(ib->ch, false);
		return;
	}
	path = g_strdup_printf("%s/1/inbox/reports?limit=%d", what, AT_A_TIME);
	url = hg_api_url(ib->conf->base_url, path);
	get.url = url;
	ib->host->http(ib->ch, &get, answered, ib);
}
