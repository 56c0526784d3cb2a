/* value.h - one value of one option: text to the type of its table row, and what is wrong with it */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "node.h"

/* Which option, where its value stands, and whom to tell. */
struct hg_spot {
	const struct hg_option *opt;
	const char *what;		/* "channel wa-main"; "" at the top level */
	const hg_node *node;		/* NULL: the text is the table's fallback */
	const struct hg_place *place;
	hg_diag *diag;
};

void hg_spot_error(const struct hg_spot *spot, const char *hint, const char *fmt, ...)
	G_GNUC_PRINTF(3, 4);

/* All write their value on success only; otherwise one error went to the spot's diag.  plain: not
 * quoted in the file. */
gboolean hg_value_bool(const struct hg_spot *spot, const char *text, bool *ret);
gboolean hg_value_number(const struct hg_spot *spot, const char *text, int64_t *ret);
/* STRING, URL, PATH, ENUM, SECRET and one item of STRINGS, SECRETS; yours to free. */
char *hg_value_text(const struct hg_spot *spot, const char *text);
gboolean hg_value_is_secret(const struct hg_option *opt);
