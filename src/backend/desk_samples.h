/* desk_samples.h - `samples:` of a preset: what must be called, what is answered and what must come of it, played
 * without a network through the code that runs operations
 *
 *	samples:
 *	  given:                        # what a configuration would say, made up
 *	    url: https://desk.example
 *	    secrets: { token: made-up, webhook: made-up }
 *	    values: { queue: General }
 *	    public_url: https://chat.example.com
 *	    now: 2026-11-22T10:00:00Z
 *	    situation: { ... }          # laid over the stock one (below), for all operations
 *	  operations:
 *	    - name: a ticket with a file
 *	      seen: https://desk.example/docs, 2026-11-22       # or made_up: true: nobody has seen exactly this
 *	      op: create                # as in `operations:`
 *	      situation: { text: ..., files: [ { name: a.png, type: image/png, body: "bytes", or base64: ... } ] }
 *	                                # laid over the others, member by member; null takes one away
 *	      session: { token: made-up }       # as login has taken it
 *	      calls:                    # all that must be called, in order
 *	        - request: { method: POST, url: https://desk.example/api/tickets, headers: { Authorization: ... },
 *	                     json: { ... } }    # or form:, parts:, body:; base64: bytes.  What is named is compared,
 *	                                        # json, form and parts as a whole; in parts a file is { $file: a.png }
 *	          answer: { status: 201, headers: { Location: ... }, json: { ... } }    # or form:, body:, base64:
 *	        - request: { ... }
 *	          answer: { lost: true }        # none came: it may have arrived
 *	      expect: { outcome: done, take: { ticket.id: "7" }, text: words in what people are told, retry: 30s }
 *	                                # outcome: a word of outcomes.  What was captured is compared as far as it is named
 *	  back:
 *	    - name: an agent answers
 *	      seen: ...
 *	      request: { method: POST, peer: 192.0.2.1, query: "a=b", headers: { ... }, json: { ... } or form:, body:, base64: }
 *	      expect: { reply: 200 or { status:, type:, body: }, changes: [ { kind: reply, id: ..., ticket: ..., text: ... } ] }
 *	                                # changes as hg_change_write() tells them; the members that are named are compared.
 *	                                # unreadable: 1 where an item is expected that cannot be read
 *	  polls:
 *	    - name: two answers that no webhook told
 *	      seen: ...
 *	      op: fetch_changes         # or fetch_change
 *	      situation: { cursor: "17", since: ..., ... }
 *	      calls: [ ... ]
 *	      expect: { outcome: done, changes: [ ... ], cursor: "19", more: ... }
 *
 * The stock situation is a ticket that a customer asks for by WhatsApp: desk_samples.c has it. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "desk.h"

/* Plays all samples of a desk that was read from a file alone (hg_desk_read()).  Returns how many failed, each told as it
 * comes; samples that are no samples count as failed. */
guint hg_desk_samples(const hg_desk *desk, void (*tell)(void *arg, const struct hg_sample *sample), void *arg);
