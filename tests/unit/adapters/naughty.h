/* naughty.h - what the misbehaving adapter saw, for the tests that drive it */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct naughty_seen {
	unsigned opens, starts, stops, closes, reconfs;
	unsigned acks, ack_of[3];	/* by enum hg_stored */
	unsigned dones, works, job_dones, timers, ups, downs, idles, polls, sends, asks, fetches, unpacks, settles;
	unsigned after_close;		/* callbacks that came when no channel was open */
	int status;			/* of the last http() ... */
	bool sent;
	char error[256];		/* ... and its error; or the last session's */
	char data[4096];		/* what sessions used */
	size_t fed;			/* largest piece data() was called with */
	char cursor[64];		/* as seen by the last poll ... */
	int64_t since_ms;		/* ... and since when it was to look */
	int64_t up_ms, down_ms;		/* the clock at the last session's last up() and down() */
	char note[64];			/* option of the conf in use */
};
