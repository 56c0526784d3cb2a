/* http_fetch.h - `fetch:` of a description: how the files of messages are got
 *
 *	fetch:
 *	  hosts: [ media.example.com, .example.net ]      # where files may lie; without: at any public host
 *	  basic: ...  bearer: ...  headers: ...            # as in http_request.h; only to hosts that are named
 *	  ask: { url: https://api.example.com/file, query: { id: "${file.ref}" }, pick: result.file_path }
 *	                                                  # a first question; what its answer says is ${file.path}
 *	  url: https://api.example.com/files/${file.path}  # or ${file.ref}; without: the reference (or what was found) is
 *	                                                  # the address
 */
#pragma once
#include <glib.h>

#include "description.h"
#include "http_send.h"

typedef struct ht_fetch ht_fetch;

ht_fetch *ht_fetch_new(struct ht_look *look, struct json_object *map);	/* NULL: told */
void ht_fetch_free(ht_fetch *fetch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_fetch, ht_fetch_free)

/* As fetch() of adapter.h; fetch NULL: the reference is the address, at any public host. */
void ht_fetch_file(const ht_fetch *fetch, ht_sender *sender, uint64_t ticket, const char *ref);
