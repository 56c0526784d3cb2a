/* record.h - what an attack on a promise came to, for doc/proof.md */
#pragma once
#include <glib.h>

/* Appends one line of JSON to the file $HEADGATE_RECORDS, where that is set: an attack of this name in
 * tests/proof/attacks.yaml tried count things, and found of them broke the promise.  Lines of one name in one
 * run are added up.  figures: more to tell, as a flat JSON object of numbers and texts; NULL: nothing. */
void record(const char *name, gint64 count, gint64 found, const char *figures);
