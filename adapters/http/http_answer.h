/* http_answer.h - what a provider's answer means for the message that was sent
 *
 *	type: json                      # json, xml, form, text; else by its Content-Type, and JSON where that says nothing
 *	ok: 200-299                     # statuses, or a list of them: the message was taken ...
 *	when: { messages[0].status: "0" }            # ... if the answer says that too (some answer 200 to all)
 *	like: [ "ID: {id}" ]            # of plain text: taken when it is like one of these ...
 *	unlike: [ "ERR: {code}, {text}" ]            # ... and not when like one of those; {id}, {code}, {text} are picked
 *	                                # so, {} is anything
 *	id: messages[0].message-id      # picks (description.h): the provider's id of the message,
 *	also: [ ... ]                   # more ids by which receipts may name it,
 *	code: messages[0].status        # its code, a row of `codes:`; "http:402" there is a status,
 *	text: messages[0].error-text    # its words for people,
 *	retry_after: parameters.retry_after          # seconds; else the header Retry-After
 */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "description.h"

typedef struct ht_answer ht_answer;

/* map NULL: taken by its status, with no id.  NULL: told. */
ht_answer *ht_answer_new(struct ht_look *look, struct json_object *map);
void ht_answer_free(ht_answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_answer, ht_answer_free)

struct ht_judged {
	struct hg_result result;	/* its texts are in here, or static */
	gboolean opted_out;		/* the receiver wants no messages */
	char *id, *text;
	char *also[2];			/* for result.also */
};
void ht_answer_read(const ht_answer *answer, const ht_desc *desc, const struct hg_http_answer *http,
		    struct ht_judged *ret);
void ht_judged_clear(struct ht_judged *judged);
typedef struct ht_judged ht_judged;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ht_judged, ht_judged_clear)
