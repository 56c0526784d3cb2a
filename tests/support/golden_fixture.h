/* golden_fixture.h - recorded texts: a folder with one NAME.yaml for each kind of mistake, and the full
 * text it gives in NAME.out */
#pragma once
#include <glib.h>

/* Goes into the folder, below the top of the source ($srcdir).  --write among the arguments: recorded
 * texts are written again (make golden).  FALSE: it was said what is wrong. */
gboolean golden_enter(int argc, char **argv, const char *folder);
/* "NAME.yaml", sorted; part-*.yaml are left out: they are what others include. */
GPtrArray *golden_files(void);
/* Compares what run gives for each of them; fails the test where they differ, or are fewer than least. */
void golden_check(char *(*run)(const char *file), guint least);
