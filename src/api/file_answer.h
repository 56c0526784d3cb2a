/* file_answer.h - stored files in answers: what a program or a browser is told of them */
#pragma once
#include <glib.h>
#include "http_server.h"
#include "model.h"

/* Nothing in it runs, whatever it is: also for who opens it in a window of its own. */
#define HG_FILE_POLICY "Content-Security-Policy: default-src 'none'; sandbox"

/* "Content-Disposition: ..." by RFC 6266 with RFC 8187's coding: a plain fallback and the UTF-8 form.  shown: a page may
 * show it; else it is saved, never opened.  Yours. */
char *hg_file_disposition(const char *name, gboolean shown);
/* A media type that cannot smuggle a second header; anything odd is plain bytes.  Yours. */
char *hg_file_media_type(const char *type);
/* STATE: it is not stored (yet), or not any more. */
gboolean hg_file_stored(const hg_attachment *attachment, GError **error);
/* On a reader thread: the bytes of a stored attachment.  -1 with error set: it is not stored (STATE), or its file is not
 * there (BROKEN). */
int hg_file_open(const char *attachments, const hg_attachment *attachment, gint64 *ret_size, GError **error);
/* A file on its way out: opened on a reader thread, sent from the loop. */
struct hg_file_out {
	int fd;				/* -1: not open (any more) */
	gint64 size;
	char *disposition, *media;	/* its headers; ours */
};
void hg_file_out_init(struct hg_file_out *file);
void hg_file_out_clear(struct hg_file_out *file);
/* On a reader thread: opens it for browsers.  shown: in the page, if its bytes say that it is a picture that nothing can run in;
 * else it is saved. */
gboolean hg_file_out_open(struct hg_file_out *file, const char *attachments, const hg_attachment *attachment, gboolean shown,
			  GError **error);
/* more: further headers, NULL-ended; or NULL.  Answers and frees the request; the file is closed when it has left. */
void hg_file_out_send(struct hg_file_out *file, hg_request *req, const char *const *more);
/* enum hg_kind of what is of that media type (or NULL). */
int hg_file_kind(const char *type);
