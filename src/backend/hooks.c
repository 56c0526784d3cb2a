/* hooks.c - one question: POST, and what came back */
#include "hooks.h"

#include <string.h>

#include "env.h"
#include "failpoint.h"
#include "hook_answer.h"
#include "sign.h"

/* An answer that comes so much too late is still worth having: it is known the next time. */
#define LATE_MS 5000

struct hg_hooks {
	hg_conf *conf;
	hg_loop *loop;
	hg_client *client;
	hg_hooks_result *result;
	void *arg;
};

struct question {
	hg_hooks *hooks;
	hg_dispatch *dispatch;
};

hg_hooks *hg_hooks_new(hg_conf *conf, hg_loop *loop, hg_client *client, hg_hooks_result *result, void *arg)
{
	hg_hooks *hooks = g_new0(hg_hooks, 1);

	*hooks = (hg_hooks){ hg_conf_ref(conf), loop, client, result, arg };
	return hooks;
}

void hg_hooks_free(hg_hooks *hooks)
{
	if (!hooks)
		return;
	hg_conf_unref(hooks->conf);
	g_free(hooks);
}

void hg_hooks_reload(hg_hooks *hooks, hg_conf *conf)
{
	hg_conf *old = hooks->conf;

	hooks->conf = hg_conf_ref(conf);
	hg_conf_unref(old);
}

/* What is wrong with it in one line; NULL: it is to be read.  Yours. */
static char *why_not(const struct hg_client_answer *answer)
{
	if (answer->code == HG_CLIENT_BIG)
		return g_strdup_printf("its answer has more than %d bytes", HG_ANSWER_MAX);
	if (answer->code != HG_CLIENT_OK && answer->code != HG_CLIENT_REDIRECT)
		return g_strdup(answer->error);
	if (answer->status >= 300 && answer->status < 400)
		return g_strdup_printf("it answered %d (redirects are not followed)", answer->status);
	if (answer->status < 200 || answer->status >= 300)
		return g_strdup_printf("it answered %d", answer->status);
	return NULL;
}

static void end(hg_hooks *hooks, hg_dispatch *dispatch, const struct hg_client_answer *answer)
{
	g_autofree char *why = why_not(answer);
	hg_command *command;

	if (answer->code == HG_CLIENT_CANCELLED) {	/* we stop: it is asked again at the next start */
		hg_dispatch_free(dispatch);
		return;
	}
	command = hg_command_new(HG_CMD_FACTS);
	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	command->facts.text = hg_arena_str(command->arena, why);
	/* An empty 2xx: nothing is known, and nothing is wrong. */
	if (!why) {
		command->facts.len = answer->len ? answer->len : 2;
		command->facts.body = hg_arena_mem(command->arena, answer->len ? answer->body : "{}", command->facts.len);
	}
	(void)HG_FAILPOINT(HOOK_ANSWERED);
	hooks->result(hooks->arg, command);
	hg_dispatch_free(dispatch);
}

static void answered(void *arg, const struct hg_client_answer *answer)
{
	struct question *question = arg;

	end(question->hooks, question->dispatch, answer);
	g_free(question);
}

void hg_hooks_send(hg_hooks *hooks, hg_dispatch *dispatch)
{
	const struct hg_hook_conf *hook = hg_conf_hook(hooks->conf, dispatch->job.name);
	const hg_job *job = &dispatch->job;
	g_auto(GStrv) headers = NULL;
	struct question *question;

	if (!hook) {			/* taken out of the configuration meanwhile */
		const struct hg_client_answer none = { .code = HG_CLIENT_CALL, .body = "",
						       .error = "this hook is not configured any more" };

		end(hooks, dispatch, &none);
		return;
	}
	headers = hg_sign_headers(hook->secrets, job->key, hg_now(hg_loop_env(hooks->loop)) / 1000, job->body, job->len);
	question = g_new(struct question, 1);
	*question = (struct question){ hooks, dispatch };
	(void)HG_FAILPOINT(HOOK_BEGIN);
	hg_client_call(hooks->client, &(struct hg_client_call){
		.method = "POST", .url = hook->url, .headers = (const char *const *)headers,
		.body = job->body, .len = job->len, .timeout_ms = hook->deadline_ms + LATE_MS,
		.connect_ms = hook->deadline_ms, .max_reply = HG_ANSWER_MAX, .private_ok = hook->allow_private,
	}, answered, question);
}
