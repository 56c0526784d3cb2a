/* fmt.h - a configuration laid out the usual way: two blanks a level, lists below their key, comments where they were */
#pragma once
#include <glib.h>

/* The text laid out anew; it means the same, which is looked up before it is returned.  INPUT: the text is no YAML, or it is
 * written in a way that cannot be laid out without changing what it means.  Yours. */
char *hg_conf_format(const char *text, GError **error);
