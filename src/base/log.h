/* log.h - one line per event, with the context it happened in */
#pragma once
#include <glib.h>

enum hg_level { HG_LOG_DEBUG, HG_LOG_INFO, HG_LOG_WARN, HG_LOG_ERROR };

/* Context is chained (channel, then message, then ticket) and lives on the caller's stack. */
struct hg_ctx {
	const struct hg_ctx *up;	/* or NULL */
	const char *key, *value;
};
#define HG_CTX(up_, key_, value_) ((struct hg_ctx){ .up = (up_), .key = (key_), .value = (value_) })

enum hg_log_format { HG_LOG_LOGFMT, HG_LOG_JSON };

/* A finished line, without newline.  For tests and `headgatectl tail`; called under a lock. */
typedef void hg_log_sink(void *arg, enum hg_level level, const char *event, const char *line);

void hg_log_init(enum hg_log_format format, enum hg_level least);
void hg_log_set_sink(hg_log_sink *sink, void *arg);	/* NULL: stderr again */

/* ctx may be NULL.  event is a stable word ("inbound.duplicate"); the text is for people.
 * Never pass secrets or message bodies.  Thread-safe; control characters are escaped. */
void hg_log(enum hg_level level, const struct hg_ctx *ctx, const char *event, const char *fmt, ...)
	G_GNUC_PRINTF(4, 5);
#define hg_debug(ctx, event, ...) hg_log(HG_LOG_DEBUG, (ctx), (event), __VA_ARGS__)
#define hg_info(ctx, event, ...)  hg_log(HG_LOG_INFO, (ctx), (event), __VA_ARGS__)
#define hg_warn(ctx, event, ...)  hg_log(HG_LOG_WARN, (ctx), (event), __VA_ARGS__)
#define hg_err(ctx, event, ...)   hg_log(HG_LOG_ERROR, (ctx), (event), __VA_ARGS__)
