/* phrases.h - what the gateway says by itself where nobody configured it, in seven languages */
#pragma once
#include <glib.h>

enum hg_phrase {
	HG_SAY_CONFIRM,		/* a ticket was made: ${number} */
	HG_SAY_EXPECTED,	/* behind it: ${expected} */
	HG_SAY_RATING,		/* 1 to 5? */
	HG_SAY_THUMBS,
	HG_SAY_SOLVED,		/* does that solve it? */
	HG_SAY_EMAIL,		/* which address? */
	HG_SAY_STOPPED,		/* he said STOP: he gets no more */
	HG_SAY_STARTED,		/* START */
	HG_SAY_HELP,		/* HELP: ${company} */
	HG_SAY_UNSEEN,		/* by mail, before answers nobody saw in the chat ... */
	HG_SAY_UNSEEN_END,	/* ... and behind them */
	HG_SAY_TRANSCRIPT,	/* by mail, before what was said */
	HG_SAY_N
};

/* lang: "de", or NULL; English where there is no such language. */
const char *hg_phrase(int phrase, const char *lang);
/* "4 hours", rounded up: to minutes below an hour, to days where it is whole days or more than two, else hours.  Yours to free. */
char *hg_phrase_span(gint64 ms, const char *lang);
const char *const *hg_phrase_langs(void);	/* NULL-ended */
