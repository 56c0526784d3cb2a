/* say.h - what a message that goes out is made of, by name: the values of templates and conditions */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "fill.h"

/* One part of one message, as it is sent. */
struct ht_say {
	struct json_object *part;	/* of ht_part_read(); lent */
	const char *token;		/* of OAuth 2.0; or NULL */
	const struct ht_conf *conf;
	gint64 now_ms;			/* UTC */
};

extern const char *const ht_say_names[];	/* what a template may name */
extern const char *const ht_say_people[];	/* of them, what people write */

gboolean ht_say_value(void *say, const char *name, GString *out);	/* ht_fill_value */
/* For ht_when_fits(): root is the part. */
struct ht_scope ht_say_scope(const struct ht_say *say);
