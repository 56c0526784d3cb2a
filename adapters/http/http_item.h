/* http_item.h - one item of a request as what the gateway takes; for http_harvest.c */
#pragma once
#include "http_harvest.h"
#include "number.h"

void ht_item_message(struct ht_harvest *h, const struct ht_message *m, const struct ht_scope *scope, struct json_object *item);
void ht_item_status(struct ht_harvest *h, const struct ht_status *s, const struct ht_scope *scope, struct json_object *item);
void ht_item_consent(struct ht_harvest *h, const struct ht_consent *c, const struct ht_scope *scope, struct json_object *item);

/* ---- http_harvest.c ---- */

/* "word:" and the SHA-256 of the bytes, in the arena. */
char *ht_hash_key(struct ht_harvest *h, const char *word, const void *bytes, gsize len);
/* The item as JSON, in the arena. */
const char *ht_item_raw(struct ht_harvest *h, struct json_object *item, gsize *ret_len);
/* One address; yours, as is *ret_raw: another spelling of it, or NULL. */
char *ht_address(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope, char **ret_raw);
/* A picked text in the arena; or NULL. */
const char *ht_item_text(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope);
