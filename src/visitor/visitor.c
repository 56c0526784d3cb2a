/* visitor.c - all that visitors reach, put together: channels served now, keys, hours, live events */
#include "visitor.h"

#include <string.h>

#include "metrics_text.h"
#include "text.h"
#include "visitor_call.h"
#include "visitor_upload.h"

static void place_free(gpointer p)
{
	struct visitor_place *place = p;

	hg_visitor_rates_free(place->rates);
	g_free(place->name);
	g_free(place);
}

void hg_visitor_key(const hg_visitors *visitors, const char *purpose, guint8 ret[32])
{
	g_autofree char *text = g_strconcat("headgate visitor ", purpose, NULL);

	hg_hmac_sha256(visitors->env.key, 32, text, strlen(text), ret);
}

/* ---- channels come and go ---- */

static guint64 seed(hg_visitors *visitors)
{
	struct hg_env *env = hg_loop_env(visitors->env.loop);
	guint64 ret;

	env->random(env, &ret, sizeof ret);
	return ret;
}

/* conf is not kept: what a request goes by is the generation it came in. */
static void serve(void *ctx, hg_channel *channel, const struct hg_visitor_conf *conf)
{
	hg_visitors *visitors = ctx;
	const char *name = hg_channel_name(channel);
	struct visitor_place *place = g_hash_table_lookup(visitors->places, name);

	if (!place) {
		place = g_new0(struct visitor_place, 1);
		place->visitors = visitors;
		place->name = g_strdup(name);
		g_hash_table_insert(visitors->places, place->name, place);
	}
	place->channel = channel;
	if (place->rates && hg_visitor_rates_fit(place->rates, conf))
		return;
	hg_visitor_rates_free(place->rates);
	place->rates = hg_visitor_rates_new(conf, seed(visitors));
}

static void leave(void *ctx, hg_channel *channel)
{
	hg_visitors *visitors = ctx;
	const char *name = hg_channel_name(channel);
	const struct visitor_place *place = g_hash_table_lookup(visitors->places, name);
	const struct hg_visitor_live_ended all = { .channel = name, .until_ms = G_MAXINT64 };	/* they come again */

	if (!place || place->channel != channel)
		return;
	hg_visitor_live_end(visitors->live, &all);
	g_hash_table_remove(visitors->places, name);
}

static void say(void *ctx, hg_channel *channel, const struct hg_out *out)
{
	hg_visitors *visitors = ctx;

	hg_spread_say(visitors, hg_channel_name(channel), out);
}

struct visitor_place *hg_visitor_place(const struct visitor_call *call)
{
	return call->channel ? g_hash_table_lookup(call->visitors->places, call->channel->name) : NULL;
}

const struct hg_inside_visitor *hg_visitors_inside(hg_visitors *visitors)
{
	return &visitors->inside;
}

/* ---- the whole ---- */

/* Read before by whoever checked the configuration, so nothing is wrong with them. */
static hg_hours *read_hours(const hg_conf *conf)
{
	g_autoptr(hg_diag) diag = hg_diag_new();

	return hg_hours_read(conf->hours, diag);
}

hg_visitors *hg_visitors_new(const struct hg_visitors_env *env, hg_conf *conf)
{
	hg_visitors *visitors = g_new0(hg_visitors, 1);
	guint8 key[32];

	visitors->env = *env;
	visitors->conf = hg_conf_ref(conf);
	visitors->hours = read_hours(conf);
	visitors->places = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
	hg_visitor_key(visitors, "token", visitors->token_key);
	hg_visitor_key(visitors, "id", visitors->id_key);
	hg_visitor_key(visitors, "proof", key);
	visitors->proofs = hg_visitor_proofs_new(key);
	hg_visitor_key(visitors, "place", key);
	visitors->live = hg_visitor_live_new(env->loop, env->readers, conf, key, env->last_event_n);
	visitors->uploads = hg_visitor_uploads_new(env->attachments, env->shared);
	hg_upload_sweep_start(visitors);
	visitors->inside = (struct hg_inside_visitor){ .ctx = visitors, .serve = serve, .leave = leave, .say = say };
	visitors->why = g_string_new(NULL);
	visitors->headers = g_ptr_array_new_with_free_func(g_free);
	visitors->refused = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	return visitors;
}

void hg_visitors_stop(hg_visitors *visitors)
{
	hg_visitor_live_stop(visitors->live);
}

void hg_visitors_free(hg_visitors *visitors)
{
	if (!visitors)
		return;
	hg_upload_sweep_stop(visitors);
	hg_visitor_live_free(visitors->live);
	hg_visitor_uploads_free(visitors->uploads);
	hg_visitor_proofs_free(visitors->proofs);
	g_hash_table_unref(visitors->places);
	g_hash_table_unref(visitors->refused);
	g_ptr_array_unref(visitors->headers);
	g_string_free(visitors->why, TRUE);
	hg_hours_free(visitors->hours);
	hg_conf_unref(visitors->conf);
	g_free(visitors);
}

void hg_visitors_reload(hg_visitors *visitors, hg_conf *conf)
{
	hg_conf *old = visitors->conf;

	visitors->conf = hg_conf_ref(conf);
	hg_hours_free(visitors->hours);
	visitors->hours = read_hours(conf);
	hg_visitor_live_reload(visitors->live, conf);
	hg_conf_unref(old);
}

void hg_visitors_publish(hg_visitors *visitors, const hg_event *const *events, guint n)
{
	hg_visitor_live_publish(visitors->live, events, n);
}

void hg_visitors_come_again(hg_visitors *visitors)
{
	hg_visitor_live_end(visitors->live, &(struct hg_visitor_live_ended){ .until_ms = G_MAXINT64 });
}

gboolean hg_visitors_followed(const hg_visitors *visitors)
{
	return hg_visitor_live_followed(visitors->live);
}

void hg_visitors_heard(hg_visitors *visitors, const char *uri)
{
	hg_visitor_live_heard(visitors->live, uri);
}

/* ---- figures ---- */

void hg_visitor_count(hg_visitors *visitors, const char *word)
{
	guint64 *count = g_hash_table_lookup(visitors->refused, word);

	if (!count) {
		count = g_new0(guint64, 1);
		g_hash_table_insert(visitors->refused, (gpointer)word, count);
	}
	++*count;
}

void hg_visitors_metrics(hg_visitors *visitors, GString *out)
{
	GHashTableIter iter;
	gpointer word, count;

	hg_visitor_live_metrics(visitors->live, out);
	hg_metric_head(out, "headgate_visitor_refused_total", "counter", "Requests of visitors that were refused, by problem.");
	g_hash_table_iter_init(&iter, visitors->refused);
	while (g_hash_table_iter_next(&iter, &word, &count))
		hg_metric_int(out, "headgate_visitor_refused_total", (const char *const[]){ "reason", word, NULL },
			      (gint64)*(guint64 *)count);
}
