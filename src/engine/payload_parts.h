/* payload_parts.h - the pieces of event payloads, for the files that write them */
#pragma once
#include <glib.h>
#include "payload.h"

#define HG_TALK_MAX	  500		/* newest messages of a conversation that an event carries */
#define HG_TALK_BYTES_MAX (1 << 20)	/* and how much text they may have together */
#define HG_TRANSCRIPT_MAX (256 << 10)
#define HG_RAW_MAX	  (64 << 10)	/* of what an adapter did not understand */

/* A message with its files, as read from the store. */
typedef struct hg_said {
	const hg_message *message;
	GPtrArray *files;		/* of hg_attachment *; ours */
} hg_said;

/* The conversation, oldest message first, without notes. */
typedef struct hg_talk {
	GArray *said;			/* of hg_said; ours */
	gboolean cut;			/* there are older messages */
} hg_talk;
gboolean hg_talk_read(const struct hg_payload *payload, hg_talk *ret, GError **error);
void hg_talk_done(hg_talk *talk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(hg_talk, hg_talk_done)

gboolean hg_said_read(const struct hg_payload *payload, const hg_message *message, hg_said *ret,
		      GError **error);
void hg_said_done(hg_said *said);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(hg_said, hg_said_done)
/* A message as a JSON object. */
gboolean hg_said_write(const struct hg_payload *payload, const hg_said *said, GString *out,
		       GError **error);
void hg_file_write(const struct hg_payload *payload, const hg_attachment *file, const char *message_id,
		   GString *out);
void hg_transcript_write(const struct hg_payload *payload, const hg_talk *talk, GString *out);
/* What to tell the agent where a message failed or may have; NULL: nothing.  Yours to free. */
char *hg_said_note(const hg_message *message);
void hg_error_write(const hg_message *message, GString *out);	/* an object, or null */

/* <public_url>/<what>/<id>, or null. */
void hg_url_add(const struct hg_payload *payload, const char *key, const char *what, const char *id,
		GString *out);
/* JSON that others made: as it is when it is JSON, else as a string. */
void hg_json_add_foreign(GString *out, const char *key, const char *bytes, gsize len);

/* Key and object. */
void hg_thread_add_ref(const struct hg_payload *payload, GString *out);
gboolean hg_contact_add(const struct hg_payload *payload, const char *key, const hg_contact *contact,
			GString *out, GError **error);
/* All that is shown of him, without the braces; aliases: of hg_alias *, all of his. */
void hg_contact_write_members(const hg_contact *contact, const GPtrArray *aliases, GString *out);
/* ticket NULL: null. */
gboolean hg_ticket_add(const struct hg_payload *payload, const hg_ticket *ticket, GString *out, GError **error);
/* The newest opinion of the thread's customer, or null. */
gboolean hg_csat_add(const struct hg_payload *payload, GString *out, GError **error);
/* Members: subject; the clocks; tags and custom. */
void hg_subject_add(const struct hg_payload *payload, GString *out);
void hg_clocks_add(const hg_thread *thread, GString *out);
void hg_marks_add(const hg_thread *thread, GString *out);
