/* fake_wire.h - what the made-up provider's JSON means; README.md describes it */
#ifndef FAKE_WIRE_H
#define FAKE_WIRE_H

#include <headgate/adapter.h>
#include <json-c/json.h>

#define ITEMS_MAX 50		/* of one delivery */
#define WORDS_MAX 8		/* ids that one item names */

/* A batch and what it points to.  Strings are the JSON's: free it after emit(), which copies. */
struct delivery {
	struct hg_batch batch;
	struct hg_in in[ITEMS_MAX];
	struct hg_address from[ITEMS_MAX];
	struct hg_file file[ITEMS_MAX];
	struct hg_receipt receipt[ITEMS_MAX];
	const char *refs[ITEMS_MAX][WORDS_MAX + 1], *also[ITEMS_MAX][WORDS_MAX + 1];
};

/* One item, or a list of them.  NULL when there are more than fit; else for free(). */
struct delivery *read_delivery(struct json_object *json);

/* hex: HMAC-SHA256 of the bytes, or NULL. */
bool signature_ok(const char *secret, const void *bytes, size_t len, const char *hex);

/* What became of a send, or of the question (ask) whether one arrived. */
struct hg_result judge(const struct hg_http_answer *answer, struct json_object *body, bool ask);

/* A list of texts, as far as it fits; NULL: there is none.  words ends with NULL. */
const char *const *list(struct json_object *obj, const char *key, const char *words[WORDS_MAX + 1]);
const char *str(struct json_object *obj, const char *key);	/* NULL: missing, or no string */

#endif
