/* inside.h - what adapters of this tree may have beyond adapter.h, by host->inside()
 *
 * An adapter that asks for any of this is built and released with the daemon: nothing here keeps its
 * shape from one version to the next. */
#pragma once
#include <headgate/adapter.h>

/* struct event_base *: the channel's loop.  Events of the adapter run on it, are its own, and are gone
 * before close() returns. */
#define HG_INSIDE_EVENT_BASE "event_base.1"

/* const struct hg_inside_visitor *: for the adapter whose customers sit in a browser or an app and speak our own client API.
 * NULL where nobody serves it (headgatectl, tests). */
#define HG_INSIDE_VISITOR "visitor.1"

/* const struct hg_inside_take *: for adapters that keep connections of their own: what a provider would bring can be handed in
 * (headgatectl simulate), and in capture mode they are opened without making any.  NULL where nobody does. */
#define HG_INSIDE_TAKE "take.1"
/* In hg_adapter.caps, beside HG_CAP_SINGLE: it keeps to offline().  Others are not opened in capture mode. */
#define HG_INSIDE_CAP_OFFLINE (1u << 31)

/* const struct hg_inside_look *: for adapters that can ask their provider something harmless with the channel's own credentials.
 * NULL where nobody would hear of it. */
#define HG_INSIDE_LOOK "look.1"

struct hg_channel;
struct hg_out;
struct hg_visitor_conf;		/* visitor_conf.h */

/* All on the channel's loop. */
struct hg_inside_visitor {
	void *ctx;		/* what the three get first */
	/* From now on the client API serves this channel by conf, which is lent until leave(), or until the next serve()
	 * (a reload) has returned.  From start() on. */
	void (*serve)(void *ctx, struct hg_channel *, const struct hg_visitor_conf *conf);
	/* No more, from stop() on: requests that name it get 503, and live streams end.  Without serve() it does nothing. */
	void (*leave)(void *ctx, struct hg_channel *);
	/* HG_READ (target: the id that a message of the visitor's came in with) and HG_TYPING (good for some seconds), said to
	 * out->to; out is lent for the call.  Who is not there misses it. */
	void (*say)(void *ctx, struct hg_channel *, const struct hg_out *out);
};

/* Bytes as the provider would have brought them (a mail, a PDU), taken to be his.  It emits a batch with ack and arg and returns
 * 0, or fills err (INPUT: they cannot be read) and emits nothing. */
typedef int hg_take_fn(void *state, const void *bytes, size_t len, hg_ack_fn *ack, void *arg, struct hg_err *err);

struct hg_inside_take {
	bool (*offline)(struct hg_channel *);	/* from open() to close() no connection may be made; the same all that time */
	void (*serve)(struct hg_channel *, hg_take_fn *take);	/* from start() on, until close() */
};

struct hg_inside_look {
	/* From start() on, until close().  look() begins calls by http(), at once or where the one before is answered, and does with
	 * the answers what it always does; an operator who probes the channel is told what they show of the credentials. */
	void (*serve)(struct hg_channel *, void (*look)(void *state));
};
