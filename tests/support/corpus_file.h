/* corpus_file.h - cases of hostile bytes from a file of "name | rule | want | bytes" lines */
#pragma once
#include <glib.h>

struct corpus_case {
	char *name, *rule, *want;
	GString *bytes;
};

struct corpus_macro {		/* "{name}" in the bytes; its own text may have others */
	const char *name, *text;
};

/* Reads $srcdir/name; "#" begins a comment line.  In the bytes stand \r \n \t \0 \\ \xHH, {macro} and
 * {3*text}; where braces mean themselves, macros are NULL and <3*text> is written.  What cannot be read ends the test.  Returns struct corpus_case *, freed with the array. */
GPtrArray *corpus_read(const char *name, const struct corpus_macro *macros);
