/* client_run.c - calls of the HTTP client, one after the other, with their answers kept */
#include <config.h>

#include "client_run.h"

#include <string.h>

#include "env.h"

struct ticket {
	struct run *run;
	struct result *result;
};

int run_start(void **state)
{
	struct run *run = g_new0(struct run, 1);

	run->loop = hg_loop_new(hg_env_system(), "test", NULL);
	run->client = hg_client_new(run->loop, NULL, NULL);
	*state = run;
	return 0;
}

int run_stop(void **state)
{
	struct run *run = *state;

	hg_client_free(run->client);
	hg_loop_free(run->loop);
	if (run->server)
		script_stop(run->server);
	result_clear(&run->last);
	g_free(run);
	return 0;
}

void run_script(struct run *run, const struct script_step *steps, gsize n)
{
	g_assert_null(run->server);
	run->server = script_start(steps, n);
}

char *run_url(struct run *run, const char *path)
{
	return g_strdup_printf("http://127.0.0.1:%u%s", script_port(run->server), path);
}

void result_clear(struct result *result)
{
	g_free(result->error);
	g_free(result->body);
	g_free(result->location);
	g_free(result->retry_after);
	g_free(result->x);
	memset(result, 0, sizeof(*result));
}

void result_take(void *arg, const struct hg_client_answer *answer)
{
	struct result *result = arg;
	guint count = result->count;

	result_clear(result);
	result->count = count + 1;
	result->status = answer->status;
	result->sent = answer->sent;
	result->code = answer->code;
	result->error = g_strdup(answer->error);
	result->body = g_strdup(answer->body);
	result->len = answer->len;
	result->location = g_strdup(hg_client_header(answer, "location"));
	result->retry_after = g_strdup(hg_client_header(answer, "Retry-After"));
	result->x = g_strdup(hg_client_header(answer, "X"));
}

static void on_done(void *arg, const struct hg_client_answer *answer)
{
	g_autofree struct ticket *ticket = arg;

	result_take(ticket->result, answer);
	if (!--ticket->run->pending)
		hg_loop_stop(ticket->run->loop);
}

guint64 run_begin(struct run *run, const struct hg_client_call *call, struct result *result)
{
	struct ticket *ticket = g_new(struct ticket, 1);
	guint before = result->count;
	guint64 id;

	*ticket = (struct ticket){ run, result };
	run->pending++;
	id = hg_client_call(run->client, call, on_done, ticket);
	g_assert_cmpuint(id, !=, 0);
	g_assert_cmpuint(result->count, ==, before);	/* never before hg_client_call() returns */
	return id;
}

void run_wait(struct run *run)
{
	if (run->pending)
		hg_loop_run(run->loop);
}

const struct result *run_strange(struct run *run, struct hg_client_call call)
{
	g_autofree char *url = call.url ? NULL : run_url(run, "/x");

	if (url)
		call.url = url;
	result_clear(&run->last);
	run_begin(run, &call, &run->last);
	run_wait(run);
	g_assert_cmpuint(run->last.count, ==, 1);
	return &run->last;
}

const struct result *run_call(struct run *run, struct hg_client_call call)
{
	call.private_ok = TRUE;
	return run_strange(run, call);
}
