/* hook_answer.h - what a hook says: read strictly, kept in one form */
#pragma once
#include <glib.h>
#include "conf.h"
#include "diag.h"

#define HG_ANSWER_MAX (64 * 1024)	/* bytes of an answer */

struct json_object;

/* {"contact":{...},"message":{...},"thread":{...}} with what was said and is known here; parts and members nobody
 * knows are left out, as are texts that are null.  Yours; NULL: INPUT or LIMIT, and the text begins with the
 * member that is wrong. */
struct json_object *hg_hook_answer_read(const void *bytes, gsize len, GError **error);
/* The same as written in a configuration: `default:`, or a test's `facts:`.  Here what is not known is an error,
 * too.  NULL: diag says why. */
struct json_object *hg_hook_answer_of_node(const hg_node *node, const char *what, hg_diag *diag);
/* `default:` of all hooks. */
void hg_hooks_check(const hg_conf *conf, hg_diag *diag);
