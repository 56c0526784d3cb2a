/* tar.h - a tar archive (POSIX.1-2017 pax, "ustar Interchange Format") written into memory: for small texts that go together */
#pragma once
#include <glib.h>

/* One file of mode 0600 and no owner.  name: at most 100 bytes, no slash in front. */
void hg_tar_add(GString *tar, const char *name, const char *bytes, gsize len, gint64 at_ms);
void hg_tar_end(GString *tar);
