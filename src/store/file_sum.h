/* file_sum.h - inside src/store: what a file's bytes come to */
#pragma once
#include <glib.h>

#define HG_FILE_CHUNK 65536

/* Bytes as they are read; FALSE: stop. */
typedef gboolean hg_file_bytes(void *arg, const void *bytes, gsize len);
/* Reads all of the file (no symbolic link).  FALSE with errno set, or errno 0 when heard said so. */
gboolean hg_file_read(const char *path, hg_file_bytes *heard, void *arg);
/* Its SHA-256 as hex and its size; heard may be NULL. */
gboolean hg_file_sum(const char *path, hg_file_bytes *heard, void *arg, char ret_hex[65], gint64 *ret_bytes);
