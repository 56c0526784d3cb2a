/* desc_cache.h - compiled descriptions, for calls that see nothing but a channel's options and may come on any thread */
#pragma once
#include "description.h"

/* Lent until given back; NULL: it has errors, which check_all() tells. */
const ht_desc *ht_desc_lend(const char *json);
void ht_desc_give_back(const ht_desc *desc);		/* NULL is fine */
