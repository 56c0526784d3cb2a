/* generation.h - the newest configuration, for readers on other threads */
#pragma once
#include <glib.h>
#include "conf.h"

struct hg_generation {
	GMutex lock;
	hg_conf *conf;			/* ours; under lock */
};

void hg_generation_init(struct hg_generation *gen, hg_conf *conf);	/* takes a reference */
void hg_generation_set(struct hg_generation *gen, hg_conf *conf);	/* takes a reference */
void hg_generation_clear(struct hg_generation *gen);
/* A reference of yours: that generation stays whole until you give it back, whatever is reloaded. */
hg_conf *hg_generation_get(struct hg_generation *gen);
