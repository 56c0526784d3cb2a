/* say.h - what a message that goes out is made of, by name: the values of templates and conditions */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "http_request.h"

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
/* As templates and conditions ask for it: root of its scope is the part.  say: lent as long. */
struct ht_voice ht_say_voice(struct ht_say *say);

/* Is it for this part?  A request whose `when` names no file is for parts without one, one that names no kind for what
 * is said (not reactions and the like). */
gboolean ht_request_fits(const ht_request *request, struct ht_say *say);
const char *ht_say_make(const ht_request *request, struct ht_say *say, struct ht_made *ret);	/* ht_request_make() */
