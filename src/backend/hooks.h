/* hooks.h - carries questions to hooks and their answers back
 *
 * Lives on one loop.  One attempt a question: who does not answer in time is not asked again about the same
 * message.  The outcome goes back as a FACTS command; what it is worth is the engine's to say. */
#pragma once
#include <glib.h>
#include "command.h"
#include "conf.h"
#include "http_client.h"
#include "loop.h"
#include "ports.h"

typedef struct hg_hooks hg_hooks;

/* Takes the command; never refuses. */
typedef void hg_hooks_result(void *arg, hg_command *command);

hg_hooks *hg_hooks_new(hg_conf *conf, hg_loop *loop, hg_client *client, hg_hooks_result *result, void *arg);
void hg_hooks_free(hg_hooks *hooks);		/* after the client: each question has its result */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_hooks, hg_hooks_free)
void hg_hooks_reload(hg_hooks *hooks, hg_conf *conf);

/* On the loop: asks.  Takes dispatch. */
void hg_hooks_send(hg_hooks *hooks, hg_dispatch *dispatch);
