/* media.h - files that come by id: how they are named, asked for and fetched */
#pragma once
#include "pool.h"
#include "wire.h"

bool wa_media_id_ok(const char *id);		/* may stand in a URL's path as it is */
const char *wa_media_ref(struct wa_pool *pool, const char *number, const char *id);
/* Hex of a SHA-256 said in base64 (webhooks) or hex (the API); NULL for anything else. */
const char *wa_media_sha256(struct wa_pool *pool, const char *said);
void wa_media_fetch(void *state, uint64_t ticket, const char *ref);
