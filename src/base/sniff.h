/* sniff.h - what a file is, by how it begins: what its sender calls it is only a claim */
#pragma once
#include <glib.h>

#define HG_SNIFF_BYTES 512	/* of the beginning are looked at; that many are enough */

/* The media type that the first bytes tell, or NULL: they tell nothing.  Static. */
const char *hg_sniff(const void *bytes, gsize len);
/* What a file is to be kept as that begins so and whose sender calls it `claimed` ("image/png; x=y", "", NULL: he says
 * nothing).  NULL: it is not what he says.  Yours to free.  A claim that no first bytes could prove or refute is
 * believed, for it is never more than a label on a download. */
char *hg_sniff_type(const char *claimed, const void *bytes, gsize len);
/* A picture that every browser shows in a page and that can hold nothing that runs: what may be served inline, when
 * hg_sniff() says so too. */
gboolean hg_sniff_is_harmless(const char *type);
/* Is type (or NULL) one of those that a channel takes: "image/png", or "image/" and a star for all pictures?  NULL: all. */
gboolean hg_sniff_among(char **patterns, const char *type);
