/* visitor_upload.h - files of visitors on their way up: in pieces, over restarts, until a message names them
 *
 * A file is announced, comes in pieces in order, and is done when all of it is there and is what it was said to be.
 * It lies in a folder of the attachments (HG_STORE_UPLOADS), its bytes under its id and what is known of it in ID.json, so
 * that a restart forgets nothing a visitor was told of.  What no message names is deleted after a while (uploads.keep).
 *
 * The table lives on the loop; the disk is touched on reader threads, for one upload by one at a time. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "arena.h"
#include "env.h"

#define HG_UPLOAD_PIECE_MAX (1 << 20)	/* bytes of one PUT */
#define HG_UPLOADS_MAX	    20000	/* of all visitors ... */
#define HG_UPLOADS_BYTES    (G_GINT64_CONSTANT(4) << 30)	/* ... and so many bytes, as announced */
#define HG_UPLOAD_ID_LEN    22		/* base64url of 16 random bytes */

struct visitor_upload {
	char id[HG_UPLOAD_ID_LEN + 1];
	char *uri, *channel;		/* whose; ours, as the rest */
	char *name, *type;		/* type: as announced ("": not said), then as it is */
	gint64 bytes, offset;		/* announced; there */
	gint64 at_ms;			/* announced, UTC */
	char sha256[65];		/* "": not done */
	gboolean writing;		/* a piece is being written, or it is being deleted: nobody else touches it */
	guint held;			/* by messages on their way */
	gboolean said;			/* a message has it: counts for nothing any more */
	gboolean foreign;		/* announced at another node */
};

typedef struct hg_visitor_uploads hg_visitor_uploads;

/* Reads what an earlier run left in the directory of the attachments: before the loop turns.  shared: other nodes are at
 * work in it; what they were told of is found when it is asked for, and nothing of it is touched before. */
hg_visitor_uploads *hg_visitor_uploads_new(const char *attachments, gboolean shared);
void hg_visitor_uploads_free(hg_visitor_uploads *uploads);	/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_visitor_uploads, hg_visitor_uploads_free)
const char *hg_visitor_uploads_dir(const hg_visitor_uploads *uploads);

/* Announces one; bytes is not more than may be.  NULL with error: his unsaid files are most already (LIMIT), or there is
 * no room for anybody's (BUSY).  Lent; it is writing. */
struct visitor_upload *hg_visitor_upload_add(hg_visitor_uploads *uploads, struct hg_env *env, const char *uri,
					     const char *channel, const char *name, const char *type, gint64 bytes,
					     guint most, GError **error);
/* His of that id on that channel, or NULL.  Lent. */
struct visitor_upload *hg_visitor_upload_find(hg_visitor_uploads *uploads, const char *uri, const char *channel,
					      const char *id);
/* It is gone from the disk, or never came to it. */
void hg_visitor_upload_forget(hg_visitor_uploads *uploads, struct visitor_upload *upload);
/* How long what is announced on a channel is kept, in milliseconds. */
typedef gint64 hg_visitor_upload_keep(void *ctx, const char *channel);
/* Those older than that (others' an hour later), and held by nobody, become writing; the caller deletes their files, then forgets them.  Lent
 * structs in an array that is yours. */
GPtrArray *hg_visitor_uploads_expire(hg_visitor_uploads *uploads, hg_visitor_upload_keep *keep, void *ctx, gint64 now_ms);

/* The files of a message, by their ids: stored already, so hg_in.files has sha256 and path and no bytes.  Held until
 * released; files is the arena's.  FALSE: one of them is not his, expired, or not done (MISSING), named twice or with too
 * many others (INPUT, LIMIT). */
gboolean hg_visitor_uploads_claim(hg_visitor_uploads *uploads, const char *uri, const char *channel,
				  const char *const *ids, gsize n, gsize most, hg_arena *arena, struct hg_file *ret_files,
				  GError **error);
/* said: the message is on disk. */
void hg_visitor_uploads_release(hg_visitor_uploads *uploads, const struct hg_file *files, gsize n, gboolean said);

/* ---- visitor_upload_disk.c: on a reader thread, or where there is none yet ---- */

enum upload_end { HG_UPLOAD_MORE = 0, HG_UPLOAD_DONE, HG_UPLOAD_LIES };

/* Files for one that was announced.  FALSE: STORE; nothing is left. */
gboolean hg_upload_disk_begin(const char *dir, const struct visitor_upload *upload, GError **error);
/* A piece at upload->offset, on the disk when it returns; upload is changed.  LIES: the first bytes are not of its type,
 * or of none of `types` (as hg_sniff_among()); it is deleted. */
enum upload_end hg_upload_disk_add(const char *dir, struct visitor_upload *upload, const void *bytes, gsize len,
				   char **types, GError **error);
void hg_upload_disk_delete(const char *dir, const char *id);
/* The one of that id, or NULL: it is none, or broken, and is deleted.  Yours, by hg_visitor_upload_free(). */
struct visitor_upload *hg_upload_disk_read(const char *dir, const char *id);
/* The same of one that another node may be writing: nothing is changed or deleted. */
struct visitor_upload *hg_upload_disk_look(const char *dir, const char *id);
void hg_visitor_upload_free(struct visitor_upload *upload);
