/* client_run.h - calls of the HTTP client, one after the other, with their answers kept */
#pragma once
#include "http_client.h"
#include "loop.h"
#include "script_server.h"

struct result {			/* a copy of an answer */
	guint count;		/* how often done was called */
	int status;
	gboolean sent;
	enum hg_client_code code;
	char *error, *body, *location, *retry_after, *x;	/* x: header X */
	gsize len;
};

struct run {
	hg_loop *loop;
	hg_client *client;
	guint pending;
	struct script_server *server;	/* or NULL */
	struct result last;		/* of run_call() */
};

int run_start(void **state);	/* cmocka's setup and teardown; *state is a struct run */
int run_stop(void **state);
void run_script(struct run *run, const struct script_step *steps, gsize n);
#define RUN_SCRIPT(run, ...) do {						\
	static const struct script_step script_[] = { __VA_ARGS__ };		\
	run_script((run), script_, G_N_ELEMENTS(script_));			\
} while (0)

/* "http://127.0.0.1:PORT" and path, for the script's server; yours to free. */
char *run_url(struct run *run, const char *path);
/* Starts a call; its answer lands in *result. */
guint64 run_begin(struct run *run, const struct hg_client_call *call, struct result *result);
void run_wait(struct run *run);		/* until no call is pending */
/* Both; url NULL: the script's server.  private_ok is set.  The answer is run->last. */
const struct result *run_call(struct run *run, struct hg_client_call call);
/* The same without touching private_ok. */
const struct result *run_strange(struct run *run, struct hg_client_call call);
void result_take(void *result, const struct hg_client_answer *answer);	/* a hg_client_done_fn */
void result_clear(struct result *result);
