/* channel_setup.h - inside of the verb channel setup */
#pragma once
#include "ctl.h"
#include "load.h"

typedef struct setup {
	struct ctl *ctl;
	const char *name;		/* of the channel */
	const char *file;		/* of --write; or NULL */
	const struct hg_adapter *adapter;
	GHashTable *answers;		/* option -> what was said, never empty; ours */
	GString *yaml;			/* the section */
	char *verify_token;		/* or NULL */
	gboolean made;			/* it was made here */
	char *url;			/* or NULL: nobody calls it */
	char *adapter_dir;		/* of the configuration; or NULL */
} setup_t;

/* ---- channel_setup_ask.c ---- */

#define SETUP_VERIFY_TOKEN "verify_token"

/* Takes --set, and asks for the rest on a terminal.  FALSE: ctl->exit is what to return, all is said. */
gboolean setup_ask(struct setup *setup);
gboolean setup_is_secret(const struct hg_option *option);

/* ---- channel_setup_yaml.c ---- */

/* The section as YAML, below "channels:". */
void setup_render(struct setup *setup, GString *out, gboolean checked);
/* Reads it as the daemon does.  Secrets that are not there yet are taken for good.  FALSE: said. */
gboolean setup_check(struct setup *setup);
