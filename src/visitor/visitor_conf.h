/* visitor_conf.h - how a channel of the chat widget is set: filled by the option table of adapters/widget, read by the
 * client API
 *
 * Never changed once made: a reload makes another one, see hg_inside_visitor.serve(). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Times are milliseconds, sizes bytes.  Lists end with NULL and are NULL when nothing is set; maps are name, value, ...,
 * NULL (HG_OPT_MAP). */
struct hg_visitor_conf {
	char **origins;			/* "https://www.acme.example": pages it may stand on, "*." before the host: and all
					 * below it; NULL: our own pages only */
	char *title;			/* NULL: the gateway's name */
	char **greeting;		/* by language; "" is for all others; NULL: none */
	char **languages;		/* offered, the first where the visitor's is not there; NULL: all there are */
	struct {
		char *accent;		/* "#1b5e9b", always # and six digits */
		char *on_accent;	/* what is written on it: the same, or NULL: hg_colour_on() (colour.h) */
		char *mode;		/* auto|light|dark */
		char *position;		/* end|start */
		char *logo;		/* URL or NULL */
	} theme;
	struct {
		char **secrets;		/* of HS256 and of hmac; one or two */
		char **public_keys;	/* PEM, of RS256 and ES256; one or two */
		char *algorithm;	/* HS256|RS256|ES256: the only one that is believed */
		char *audience;		/* `aud` a token must have; NULL: any */
		int64_t max_age_ms;	/* exp is at most so far ahead */
		bool hmac;		/* HMAC-SHA256 of the user id (hex) is taken too; it never expires */
		bool required;		/* no anonymous visitors */
	} identity;
	struct {
		char **ask;		/* name, email, phone: what is not known is asked for before the first message */
		bool require;		/* ... and has to be answered */
	} prechat;
	char *hours;			/* name of `hours:`; NULL: always open */
	char *reply_time;		/* auto|never: say how long answers take, measured */
	struct {
		bool on;
		char **types;		/* media types taken: "application/pdf"; with a star behind the slash all of a kind */
		int64_t max;		/* one file */
		int64_t count;		/* files of one message */
		int64_t keep_ms;	/* of what is uploaded and not said */
	} uploads;
	struct {
		int64_t sessions;	/* new anonymous sessions of one address in an hour */
		int64_t messages;	/* messages of one visitor in a minute */
		int64_t address;	/* messages of one address in a minute: an office has many visitors */
		int64_t uploads;	/* uploads of one visitor in an hour */
		int64_t requests;	/* requests of any kind of one visitor in a minute */
	} rate;
	struct {
		char *ask;		/* auto|always|never: for proof of work, before a session begins */
		int64_t bits;		/* leading zero bits of SHA-256 */
		int64_t after;		/* auto: from so many new sessions of an address in an hour on */
	} proof;
	struct {
		int64_t life_ms;	/* of a token */
		int64_t remember_ms;	/* how long after that it still gets a new one */
		int64_t streams;	/* live streams of one visitor at once */
	} session;
	int64_t text_max;		/* characters of one message */
	bool transcript;		/* may be asked for by mail */
	bool form;			/* the plain form at /chat/NAME, for those without JavaScript */
	bool page;			/* the page at /chat/NAME at all */
};
