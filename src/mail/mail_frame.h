/* mail_frame.h - what the daemon and a helper process say to each other
 *
 * A helper says READY once.  Then, as often as wanted: the daemon a head, the question as JSON, the raw mail; the
 * helper a head, the mail as JSON (doc/mail.md), the bytes of its files one after the other.  Lengths are told
 * before anything else and bounded by what was asked; a helper that a mail has taken over gets nothing else in. */
#pragma once
#include "mail_parse.h"

#define HG_FRAME_READY	   "headgate-mail 1\n"
#define HG_FRAME_READY_LEN (sizeof(HG_FRAME_READY) - 1)
#define HG_FRAME_HEAD	   20			/* bytes */
#define HG_FRAME_ASK_MAX   (4 * 1024 * 1024)
#define HG_FRAME_RAW_MAX   (256 * 1024 * 1024)

/* Bytes that follow, and the question's number, which its answer repeats. */
struct hg_frame_head { guint32 json, number; guint64 data; };

void hg_frame_head_write(const struct hg_frame_head *head, guint8 ret[HG_FRAME_HEAD]);
/* FALSE, INPUT: no head, or longer than most. */
gboolean hg_frame_head_read(const guint8 bytes[HG_FRAME_HEAD], const struct hg_frame_head *most, struct hg_frame_head *ret,
			    GError **error);
/* The longest answer to raw_len bytes that is believed. */
struct hg_frame_head hg_frame_answer_max(gsize raw_len);

/* The question without its raw mail and without words.  Yours. */
GString *hg_frame_ask_write(const struct hg_mail_ask *ask);
/* ret lives in the arena. */
gboolean hg_frame_ask_read(const char *json, gsize len, hg_arena *arena, struct hg_mail_ask *ret, GError **error);

/* NULL, INPUT: it is not what a helper says.  data: copied into the mail; its files' sizes must make data_len, and
 * their hashes be right. */
hg_mail *hg_frame_answer_read(const char *json, gsize len, const void *data, gsize data_len, GError **error);
