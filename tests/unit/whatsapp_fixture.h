/* whatsapp_fixture.h - the WhatsApp adapter in the hands of a host that writes everything down */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "wire.h"

#define WA_NOW INT64_C(1795168931000)	/* 2026-11-20 10:02:11 UTC */
#define WA_NUMBER "109876543210"
#define WA_OTHER  "209876543210"	/* the second number of the channel */

struct wa_call {			/* an HTTP call the adapter made */
	char *method, *url, *body, *headers;	/* headers: one a line */
	char *parts;			/* "name=value" or "name=@path;name;type", one a line */
	hg_http_done_fn *done;		/* NULL: answered */
	void *arg;
};

typedef struct wa_host {
	struct hg_host table;		/* first: what the adapter sees */
	struct wa_conf conf;
	void *state;			/* of the open channel */
	gint64 now_ms;
	GString *log;			/* batches and what else was told, as text */
	GPtrArray *calls;		/* of struct wa_call */
	GHashTable *counts;		/* word -> number */
	guint emits, conditions;
	gsize raw_bytes;		/* of whole deliveries, summed up */
	int condition;			/* the last one told, 0: none */
	char *condition_text;
	struct hg_result sent;		/* the last one; strings are copies, ours */
	uint64_t sent_ticket;
	guint sents;
	void (*timer)(void *state);	/* of the last timer, NULL: none */
	gint64 timer_ms;
	const char *handshake_token;	/* token= in the URL of the next handshakes; NULL: none */
} wa_host;

/* A channel with sensible settings, opened and not started; change ->conf before using it if need be. */
struct wa_host *wa_host_new(void);
void wa_host_free(struct wa_host *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(wa_host, wa_host_free)

/* The webhook comes in, signed with the first secret (or as header says); the HTTP status it gets,
 * 0: when it is on disk.  What was emitted is in ->log afterwards. */
int wa_host_deliver(struct wa_host *host, const void *body, gsize len, const char *header);
char *wa_host_sign(const char *secret, const void *body, gsize len);
/* GET with the three parameters; the reply's body in ret_body (yours to free). */
int wa_host_handshake(struct wa_host *host, const char *mode, const char *token, const char *challenge,
		      char **ret_body);
const char *wa_host_take(struct wa_host *host);		/* ->log so far; emptied, valid until the next take */
guint wa_host_counted(struct wa_host *host, const char *word);

/* The last call gets its answer; status 0: none, then sent says whether bytes left. */
struct wa_call *wa_host_call(struct wa_host *host);
void wa_host_answer(struct wa_host *host, int status, const char *body, const char *retry_after);
void wa_host_no_answer(struct wa_host *host, gboolean sent, const char *error);

/* One batch as text, one member a line; sizes are checked. */
void wa_dump_batch(GString *out, const struct hg_batch *batch);
