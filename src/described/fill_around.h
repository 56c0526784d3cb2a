/* fill_around.h - what is done to a value of a template on its way: "${word(contact.email)}"; for fill.c */
#pragma once
#include <glib.h>

typedef const struct ht_around ht_around;

/* Of "word(contact.email)": cuts name down to what is between the parentheses.  NULL, name as it was: there is no such
 * word. */
ht_around *ht_around_of(char *name);
/* FALSE: it is not what is wanted: no time, no word. */
gboolean ht_around_run(ht_around *around, GString *value);
/* Is what it leaves one word of letters, digits and "@._+-"? */
gboolean ht_around_is_word(ht_around *around);
