/* channels_inside.h - struct hg_channels, for channels.c and ports.c */
#pragma once
#include <glib.h>
#include "channel.h"
#include "channels.h"
#include "generation.h"

struct hg_channels {
	struct hg_channels_env env;
	struct hg_generation gen;	/* newest; any thread may read it */
	GPtrArray *slots;		/* of struct slot, ours, in the config's order */
	GHashTable *held;		/* names of channels on hold, ours */
	GHashTable *own;		/* where several nodes share the work: of those this one does; ours */
	gboolean started, stopping;
	guint64 done_timer;
	void (*done)(void *arg);	/* of stop */
	void *done_arg;
};

/* NULL: no such channel. */
hg_channel *hg_channels_find(hg_channels *channels, const char *name);
