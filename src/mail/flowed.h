/* flowed.h - text/plain; format=flowed (RFC 3676) with its paragraphs put together again */
#pragma once
#include <glib.h>

/* text: UTF-8, lines end with LF.  delsp: DelSp=yes (section 4.2).  Yours; quoted lines keep their ">". */
char *hg_flowed_text(const char *text, gsize len, gboolean delsp);
