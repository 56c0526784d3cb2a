/* subject.h - subjects of mails, as far as they say what belongs together */
#pragma once
#include <glib.h>

/* What it is about: without prefixes of answers and forwards in many languages, marks in brackets with a number in
 * them ("[TK-1042]"), case and white space; yours.  "": it says nothing. */
char *hg_subject_plain(const char *subject);
/* Does it begin as a forwarded mail's does ("Fwd:", "WG:")?  "Re: Fwd:" is an answer. */
gboolean hg_subject_is_forward(const char *subject);
/* The next word in brackets with a number in it, from *at on, which is moved behind it; yours, or NULL. */
char *hg_subject_mark(const char **at);
