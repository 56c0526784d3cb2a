/* widget.c - the channel of those who write from a page or an app: options, and where the client API finds them
 *
 * What visitors say does not come through here: src/visitor reads it and hands it to the channel as any adapter would.
 * What they are told lies in the store, from where their browsers fetch it: sending is done when it is kept. */
#include "widget.h"

#include <glib.h>

#include "inside.h"

typedef struct hg_visitor_conf C;

struct widget {			/* one channel */
	const struct hg_host *host;
	struct hg_channel *ch;
	const C *conf;
	const struct hg_inside_visitor *inside;
	gboolean served;
};

#define OPT(field, name, kind, fallback, range, help) \
	HG_OPTION_AT(C, field, name, kind, HG_OPT_RELOAD, fallback, range, help)

static const struct hg_option options[] = {
	OPT(origins, "origins", STRINGS, NULL, "1..255",
	    "Pages the widget may stand on: https://www.acme.example; https://*.acme.example is all below it. Without it only "
	    "headgate's own page may talk to this channel, and apps."),
	OPT(title, "title", STRING, NULL, "1..60", "What stands at its top; without it the gateway's name."),
	OPT(greeting, "greeting", MAP, NULL, "1..500",
	    "What it says before anybody has written, or { en: ..., de: ... } by language."),
	OPT(languages, "languages", STRINGS, NULL, "2..16",
	    "Languages it is offered in; the first one is for those who speak none of them. Without it all there are."),

	OPT(theme.accent, "theme.accent", STRING, "#1b5e9b", "1..20", "Colour of its button, its top and the visitor's own lines."),
	OPT(theme.on_accent, "theme.on_accent", STRING, NULL, "1..20",
	    "Colour of what is written on it; without it black or white, whichever is better read."),
	OPT(theme.mode, "theme.mode", ENUM, "auto", "auto|light|dark", "auto: as the visitor's device has it."),
	OPT(theme.position, "theme.position", ENUM, "end", "end|start",
	    "Corner of its button: end is to the right where people write to the right."),
	OPT(theme.logo, "theme.logo", URL, NULL, NULL, "Image beside the title; the page's own rules must allow it."),

	OPT(identity.secrets, "identity.secret", SECRETS, NULL, "32..512",
	    "Key by which your site's server vouches for who is logged in (HS256, hmac); two while one replaces the other."),
	OPT(identity.public_keys, "identity.public_key", STRINGS, NULL, NULL,
	    "The same with a key pair (RS256, ES256): the public key in PEM; two while one replaces the other."),
	OPT(identity.algorithm, "identity.algorithm", ENUM, "HS256", "HS256|RS256|ES256",
	    "The one algorithm that is believed, whatever a token says of itself."),
	OPT(identity.audience, "identity.audience", STRING, NULL, "1..200", "What must stand in a token's aud, when set."),
	OPT(identity.max_age_ms, "identity.max_age", MSECS, "1h", "1m..24h",
	    "Tokens that are good for longer than this are refused."),
	OPT(identity.hmac, "identity.hmac", BOOL, "false", NULL,
	    "Take an HMAC of the user's id too, as other widgets do; it never expires, so who has seen one is that user for good."),
	OPT(identity.required, "identity.required", BOOL, "false", NULL, "Nobody writes anonymously."),

	OPT(prechat.ask, "prechat.ask", STRINGS, NULL, "name|email|phone",
	    "What is asked before the first message, where it is not known: name, email, phone."),
	OPT(prechat.require, "prechat.require", BOOL, "false", NULL, "It has to be answered; without, it can be skipped."),

	OPT(hours, "hours", STRING, NULL, "1..64", "Business hours (of hours:) that it shows; without it nothing is said of hours."),
	OPT(reply_time, "reply_time", ENUM, "auto", "auto|never",
	    "Says how long answers take: the measured median, when there is enough to measure."),

	OPT(uploads.on, "uploads.on", BOOL, "true", NULL, "May visitors send files?"),
	OPT(uploads.types, "uploads.types", STRINGS,
	    "[image/jpeg, image/png, image/gif, image/webp, application/pdf, text/plain, audio/*, video/mp4]", "3..100",
	    "Media types taken; image/* is all images. What a file is, is seen by its first bytes, not by its name."),
	OPT(uploads.max, "uploads.max", BYTES, "20MiB", "1KiB..1GiB", "Largest file; media_max of the channel counts as well."),
	OPT(uploads.count, "uploads.count", INT, "5", "1..10", "Files with one message."),
	OPT(uploads.keep_ms, "uploads.keep", MSECS, "1d", "10m..7d", "How long a file waits for its message; then it is forgotten."),

	OPT(rate.sessions, "rate.sessions", INT, "300", "1..100000", "New anonymous visitors from one address in an hour."),
	OPT(rate.messages, "rate.messages", INT, "20", "1..10000", "Messages of one visitor in a minute."),
	OPT(rate.address, "rate.address", INT, "120", "1..100000",
	    "Messages from one address in a minute: many visitors sit behind that of an office."),
	OPT(rate.uploads, "rate.uploads", INT, "60", "1..10000", "Files of one visitor in an hour."),
	OPT(rate.requests, "rate.requests", INT, "300", "10..100000", "Requests of any kind of one visitor in a minute."),

	OPT(proof.ask, "proof.ask", ENUM, "auto", "auto|always|never",
	    "Has a browser do some work before it gets a session (no puzzle; nobody sees it): auto when its address had many."),
	OPT(proof.bits, "proof.bits", INT, "16", "8..24", "How much: each more is twice as much; 16 is about a second."),
	OPT(proof.after, "proof.after", INT, "20", "1..100000", "auto: from so many new visitors of one address in an hour on."),

	OPT(session.life_ms, "session.life", MSECS, "1h", "5m..24h", "How long a session's token is good; browsers renew it by themselves."),
	OPT(session.remember_ms, "session.remember", MSECS, "30d", "0s..365d",
	    "How long a visitor who comes back is still the same one; 0s: only while his session lasts, for shared computers."),
	OPT(session.streams, "session.streams", INT, "8", "1..100", "Live connections of one visitor at once."),

	OPT(text_max, "text_max", INT, "10000", "100..50000", "Characters of one message."),
	OPT(transcript, "transcript", BOOL, "true", NULL,
	    "Visitors may have a conversation sent to them, to an address that your site's server vouched for."),
	OPT(page, "page", BOOL, "true", NULL, "There is a page at /chat/NAME, for links, QR codes and apps."),
	OPT(form, "form", BOOL, "true", NULL, "That page has a plain form for those whose browser runs no scripts."),
	HG_OPTION_END
};

/* Nothing is called, so nothing is slow; the same key again finds what is kept already. */
static void limits(const void *conf, struct hg_limits *ret)
{
	(void)conf;
	ret->key_life_ms = G_GINT64_CONSTANT(30) * 24 * 3600 * 1000;
}

/* ---- a channel's life ---- */

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state, struct hg_err *err)
{
	const struct hg_inside_visitor *inside = HG_HAS(host, inside) ? host->inside(ch, HG_INSIDE_VISITOR) : NULL;
	struct widget *w;

	if (!inside) {
		*err = (struct hg_err){ .kind = HG_ERR_CONFIG,
			.text = "this headgate is not the one the widget's adapter was built with: nobody serves the client API" };
		return -1;
	}
	w = g_new0(struct widget, 1);
	*w = (struct widget){ .host = host, .ch = ch, .conf = conf, .inside = inside };
	*state = w;
	return 0;
}

static void serve(struct widget *w)
{
	w->inside->serve(w->inside->ctx, w->ch, w->conf);
	w->served = TRUE;
}

static void leave(struct widget *w)
{
	if (w->served)
		w->inside->leave(w->inside->ctx, w->ch);
	w->served = FALSE;
}

static void start(void *state)
{
	struct widget *w = state;

	serve(w);
	w->host->condition(w->ch, HG_UP, NULL);
}

static void stop(void *state)
{
	struct widget *w = state;

	leave(w);
	w->host->drained(w->ch);
}

static void close_channel(void *state)
{
	leave(state);
	g_free(state);
}

static int reconf(void *state, const void *conf, struct hg_err *err)
{
	struct widget *w = state;

	(void)err;
	w->conf = conf;
	if (w->served)
		serve(w);
	return 0;
}

/* ---- out ---- */

/* It is in the store: that is where the visitor's browser reads it, now or when he comes back.  Receipts come from there. */
static void send_part(void *state, const struct hg_out *out)
{
	struct widget *w = state;
	const struct hg_result sent = { .size = sizeof(sent), .fate = HG_SENT, .id = out->key };

	if (out->kind == HG_READ || out->kind == HG_TYPING) {
		if (w->served)
			w->inside->say(w->inside->ctx, w->ch, out);
		return;
	}
	w->host->sent(w->ch, out->ticket, &sent);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "widget",
	.version = "0.1.0",
	.summary = "Chat in web pages and apps: headgate's own widget and client API",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_TYPING | HG_CAP_KEY | HG_CAP_REACTION,
	.conf_size = sizeof(C),
	.options = options,
	.check_all = widget_check_all,
	.limits = limits,
	.plan = widget_plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.reconf = reconf,
	.send = send_part,
};
