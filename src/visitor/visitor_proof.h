/* visitor_proof.h - proof of work: what a client computes before a session begins, where too many begin
 *
 * No puzzle for people (WCAG 2.2, 3.3.8): the browser looks for a nonce by itself.  We keep nothing of a challenge but
 * that it was used. */
#pragma once
#include <glib.h>
#include "env.h"

#define HG_PROOF_LIFE_MS (5 * 60 * 1000)	/* a challenge is good for so long */
#define HG_PROOF_NONCE_MAX 64			/* bytes of a nonce */

typedef struct hg_visitor_proofs hg_visitor_proofs;

hg_visitor_proofs *hg_visitor_proofs_new(const guint8 key[32]);
void hg_visitor_proofs_free(hg_visitor_proofs *proofs);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_visitor_proofs, hg_visitor_proofs_free)

/* A challenge for that channel; yours. */
char *hg_visitor_proof_ask(hg_visitor_proofs *proofs, struct hg_env *env, const char *channel, guint bits);
/* SHA-256 of challenge, "." and nonce begins with so many zero bits as were asked for; and the challenge is
 * ours, for that channel, of late, and was not used before: it counts once. */
gboolean hg_visitor_proof_take(hg_visitor_proofs *proofs, const char *channel, const char *challenge, const char *nonce,
			       gint64 now_ms);
