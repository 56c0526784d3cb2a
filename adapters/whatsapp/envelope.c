/* envelope.c - entries and changes of a webhook, and which reader each goes to
 *
 * Meta puts several entries, changes, messages and statuses into one POST and repeats the whole POST
 * when it is refused: so nothing in here ever refuses, and no element can hurt its neighbours. */
#include <string.h>

#include "identity.h"
#include "read.h"
#include "utf8.h"

#define DAY_MS    INT64_C(86400000)
#define DEPTH_MAX 32

static bool is_ours(const struct wa_conf *conf, const char *number)
{
	for (char **id = conf->phone_number_id; id && *id; id++)
		if (!strcmp(*id, number))
			return true;
	return false;
}

/* Fields that speak of one of our numbers, with all the shapes of "messages". */
static bool is_conversation(const char *field)
{
	static const char *const fields[] = {
		"messages", "standby", "smb_message_echoes", "calls", "user_preferences",
		"user_id_update", "messaging_handovers", "group_lifecycle_update",
		"group_participants_update", "group_settings_update", "group_status_update",
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!strcmp(field, fields[i]))
			return true;
	return false;
}

/* Another number of the same app: Meta posts all of them to one URL.  Once a day that is news (it may
 * be a number somebody forgot to list); each delivery is kept. */
static void add_foreign(struct wa_change *c)
{
	struct wa_read *r = c->r;
	struct hg_in in = {
		.kind = HG_ACCOUNT, .note = "unknown phone_number_id",
		.dedupe = wa_fmt(r->pool, "unknown_number:%s:%lld", c->number,
				 (long long)(r->now_ms / DAY_MS)),
		.text = wa_fmt(r->pool, "webhooks arrive for phone_number_id %s, which this channel does "
			       "not list: add it to phone_number_id, or give that number a callback URL "
			       "of its own", c->number),
	};

	wa_count(r, "unknown_number");
	wa_add(r, &in);
	c->field = "unknown_number";
	wa_add_ignored(c, c->change, in.text);
}

/* The id our number goes by in this change.  FALSE when the change is not for us. */
static bool route(struct wa_change *c)
{
	char **ids = c->r->wa->conf->phone_number_id;

	c->number = wa_id(wa_obj(c->value, "metadata"), "phone_number_id");
	if (!c->number)		/* messaging_handovers say it here */
		c->number = wa_id(wa_obj(c->value, "recipient"), "phone_number_id");
	if (!c->number) {	/* not said: with a single number there is no doubt */
		if (ids && ids[0] && !ids[1])
			c->number = ids[0];
		return true;
	}
	return is_ours(c->r->wa->conf, c->number);
}

/* Everything that has the shape of "messages"; box holds the arrays. */
static void read_box(struct wa_change *c, struct json_object *box)
{
	static const char *const arrays[] = { "messages", "message_echoes", "statuses", "errors", "calls" };
	bool any = false;

	c->contacts = wa_arr(box, "contacts");
	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
		struct json_object *list = wa_get(box, arrays[i]);

		if (!list)
			continue;
		any = true;
		if (!json_object_is_type(list, json_type_array)) {
			wa_add_unsupported(c->r, NULL, c->change, wa_fmt(c->r->pool, "%s is no list", arrays[i]));
			continue;
		}
		c->echo = i == 1;
		if (i < 2)
			wa_read_messages(c, list);
		else if (i == 2)
			wa_read_statuses(c, list);
		else if (i == 3)
			wa_read_errors(c, list);
		else
			wa_read_calls(c, list);
	}
	if (!any)
		wa_add_ignored(c, c->change, "nothing in it");
}

static void read_known(struct wa_change *c)
{
	struct json_object *inner = wa_obj(c->value, "standby");

	if (!strcmp(c->field, "messages") || !strcmp(c->field, "smb_message_echoes") ||
	    !strcmp(c->field, "calls"))
		read_box(c, c->value);
	else if (!strcmp(c->field, "standby")) {
		c->standby = true;	/* the arrays are seen both in value and one level deeper */
		read_box(c, inner ? inner : c->value);
	} else
		wa_read_field(c);
}

static void read_change(struct wa_read *r, struct json_object *change, int64_t time_ms)
{
	struct wa_change c = {
		.r = r, .change = change, .time_ms = time_ms,
		.value = wa_obj(change, "value"), .field = wa_text(change, "field"),
	};

	if (!c.value || !c.field) {
		wa_add_unsupported(r, NULL, change, "a change without field or value");
		return;
	}
	if (is_conversation(c.field) && !route(&c))
		add_foreign(&c);
	else
		read_known(&c);
}

static void read_entry(struct wa_read *r, struct json_object *entry)
{
	struct json_object *changes = wa_arr(entry, "changes");

	if (!changes) {
		wa_add_unsupported(r, NULL, entry, "an entry without changes");
		return;
	}
	for (size_t i = 0; i < wa_len(changes); i++)
		read_change(r, wa_at(changes, i), wa_time(entry, "time"));
}

/* Signed, but no JSON: all of it is one item. */
static void add_unparsed(struct wa_read *r, const void *body, size_t len, const char *why)
{
	struct json_object *text = json_object_new_string_len(body, (int)len);
	struct hg_in in = {
		.kind = HG_UNSUPPORTED, .text = "", .raw = len ? body : "", .raw_len = len,
		.note = wa_fmt(r->pool, "a webhook that is no JSON: %s", why),
		.dedupe = wa_hash_key(r->pool, "body", text),
	};

	json_object_put(text);
	wa_count(r, "unreadable_body");
	wa_add(r, &in);
}

/* The last place in the batch is kept for it: nothing is left out silently.  The delivery goes with the
 * first part only, which may have nothing new in it: so it is here as well. */
static void say_left_over(struct wa_read *r, const void *body, size_t len)
{
	size_t more = r->n_in == WA_ITEMS_MAX;
	struct hg_in in = {
		.kind = HG_UNSUPPORTED, .text = "", .raw = body, .raw_len = len,
		.note = wa_fmt(r->pool, "a webhook with %zu items more than the %d that are taken apart; "
			       "they are in the raw delivery", r->left_over + more, WA_ITEMS_MAX),
		.dedupe = wa_hash_key(r->pool, "left_over", r->root),
	};

	wa_count(r, "left_over");
	r->n_in -= more;
	wa_add(r, &in);
}

/* Strings of json-c end at the first NUL for all who read them here, so it becomes U+FFFD. */
static void mend_nuls(char *json, size_t len)
{
	const char *end = json + len;

	for (char *at = json; (at = memchr(at, '\\', (size_t)(end - at))) && end - at >= 6; at += 2)
		if (!memcmp(at, "\\u0000", 6))
			memcpy(at, "\\ufffd", 6);
}

/* The host's reader stops at a tree of 64 MiB, and json-c at nothing: it takes 800 bytes for "{}". */
#define TREE_MAX (64 << 20)

static bool tree_fits(const char *json, size_t len)
{
	size_t takes = 0;
	char quote = '\0';

	for (size_t i = 0; i < len && takes <= TREE_MAX; i++) {
		char c = json[i];

		if (quote) {
			i += c == '\\';
			quote = c == quote ? '\0' : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else {
			takes += c == '{' ? 800 : c == '[' ? 360 : c == ':' ? 100 : c == ',' ? 72 : 0;
		}
	}
	return takes <= TREE_MAX;
}

/* The host's reader refuses half an emoji in a name, a NUL or a broken byte, and with it the whole
 * delivery.  The bytes are signed by the provider, so json-c's milder reading may have a try, with
 * U+FFFD in the place of what is no character. */
static struct json_object *read_mildly(struct wa_read *r, const void *body, size_t len)
{
	struct json_tokener *reader = len > WA_BODY_MAX ? NULL : json_tokener_new_ex(DEPTH_MAX);
	struct json_object *root;
	char *mended;

	if (!reader)
		return NULL;
	mended = wa_new(r->pool, 3 * len + 1);
	len = wa_utf8_mend(body, len, mended);
	mend_nuls(mended, len);
	json_tokener_set_flags(reader, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = tree_fits(mended, len) ? json_tokener_parse_ex(reader, mended, (int)len) : NULL;
	if (json_tokener_get_error(reader) != json_tokener_success || !root) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(reader);
	return root;
}

static struct json_object *read_json(struct wa_read *r, const void *body, size_t len, struct hg_err *err)
{
	struct json_object *root = r->wa->host->json(body, len, err);

	if (root)
		return root;
	root = read_mildly(r, body, len);
	if (root)
		wa_count(r, "odd_json");
	return root;
}

void wa_read_body(struct wa_read *r, const void *body, size_t len)
{
	struct hg_err err = { 0 };
	struct json_object *entries;

	r->root = read_json(r, body, len, &err);
	if (!r->root) {
		add_unparsed(r, body, len, err.text);
		return;
	}
	entries = wa_arr(r->root, "entry");
	if (!entries) {
		wa_add_unsupported(r, NULL, r->root, "a webhook without entries");
		return;
	}
	for (size_t i = 0; i < wa_len(entries); i++)
		read_entry(r, wa_at(entries, i));
	if (r->left_over)
		say_left_over(r, body, len);
	if (!r->n_in && !r->n_receipts)
		wa_add_unsupported(r, NULL, r->root, "a webhook with nothing in it");
}
