/* principal.h - who asks: a name, what it may do, and which channels it may see
 *
 * What it may never changes, only until when; whoever goes on with it after a request (a live stream, an export) holds a
 * reference.  Any thread. */
#pragma once
#include <glib.h>

/* What a token may do.  In the configuration, the store and the route table they are words: hg_scope_word(). */
enum hg_scope {
	HG_SCOPE_READ = 1 << 0,		/* threads, messages, events, contacts; REPORT too */
	HG_SCOPE_REPORT = 1 << 1,	/* reports and what they are made of */
	HG_SCOPE_REPLY = 1 << 2,	/* answers, notes, files, participants */
	HG_SCOPE_START = 1 << 3,	/* conversations with somebody who has not written */
	HG_SCOPE_CONVERT = 1 << 4,	/* tickets, closing, tags and fields, drops */
	HG_SCOPE_LINK = 1 << 5,		/* a ticket as the helpdesk knows it */
	HG_SCOPE_CONTACTS = 1 << 6,	/* merge, block, export, consent */
	HG_SCOPE_ERASE = 1 << 7,	/* a contact, for ever */
	HG_SCOPE_OPERATE = 1 << 8,	/* channels, outbox, dead letters, quarantine, reload, fsck, decisions, rules */
	HG_SCOPE_AUDIT = 1 << 9,	/* who did what */
	HG_SCOPE_BACKUP = 1 << 10,
	HG_SCOPE_ADMIN = 1 << 11,	/* all of these, and tokens */
};
#define HG_SCOPES 12
#define HG_SCOPE_ALL ((1U << HG_SCOPES) - 1)

/* "read", "operate" ...: of one bit. */
const char *hg_scope_word(guint32 scope);
/* The bit of a word; 0: it is none. */
guint32 hg_scope_of_word(const char *word);
/* Of a NULL-ended list (NULL: none); a word that is none counts for nothing. */
guint32 hg_scopes_of_words(const char *const *words);
/* Of viewer, operator or admin, who sit at the console; 0: there is no such role.  And the role of a set, or "". */
guint32 hg_role_scopes(const char *role);
const char *hg_role_of(guint32 scopes);
/* ADMIN may do all, READ also REPORT. */
gboolean hg_scope_allows(guint32 has, guint32 wanted);

struct hg_principal {
	char *name;			/* "token:desk", "local:0", "console:ann" */
	guint32 scopes;			/* enum hg_scope */
	char *capacity;			/* for the audit: its token's id, or the role in the console; or NULL */
	char **channels;		/* it sees no other; NULL: it sees all */
	gint64 expires_ms;		/* atomic; 0: never */
	gint64 token_n;			/* row of its token in the store; 0: of the configuration, or the unix socket */
	gatomicrefcount refs;
	gint over;			/* atomic: its token was revoked, or is gone from the configuration */
};

/* channels (or NULL) are copied. */
struct hg_principal *hg_principal_new(const char *name, guint32 scopes, const char *const *channels);
const struct hg_principal *hg_principal_ref(const struct hg_principal *principal);
void hg_principal_unref(const struct hg_principal *principal);	/* NULL is fine */

/* Its token is good for longer than was said. */
void hg_principal_put_off(const struct hg_principal *principal, gint64 expires_ms);
/* Its token is good no more. */
void hg_principal_end(const struct hg_principal *principal);
/* FALSE: what is under way for it has to end now (revoked, expired).  Long work asks every now and then. */
gboolean hg_principal_holds(const struct hg_principal *principal, gint64 now_ms);
/* channel NULL (of no channel): only for those who see all. */
gboolean hg_principal_sees(const struct hg_principal *principal, const char *channel);
