/* visitor_say.c - what a visitor says: read and weighed before anything of it is stored */
#include "visitor_say.h"

#include <string.h>

#include "text.h"
#include "visitor_identity.h"

#define ID_LEAST 8			/* characters of a client's id: it must not meet another one of his */
#define ID_MOST 64
#define NAME_MAX_BYTES 200
#define EMAIL_MAX_BYTES 254
#define PHONE_MAX_BYTES 16
#define URL_MAX_BYTES 2048
#define TITLE_MAX_BYTES 512
#define CONTEXT_MAX 20			/* what the page says besides: so many, ... */
#define CONTEXT_KEY_MAX 64
#define CONTEXT_VALUE_MAX 1024		/* ... so long */
#define CHOICE_MAX_BYTES 256
#define FILES_MOST 20
#define LOOK_BACK 50			/* messages that are looked at for one to refer to */

static void saying_free(gpointer p)
{
	json_object_put(((struct visitor_saying *)p)->about);
	g_free(p);
}

/* ---- what is said ---- */

static gboolean read_id(struct visitor_call *call, struct visitor_saying *said, const char *id)
{
	g_autofree char *key = NULL;
	gsize len = id ? strlen(id) : 0;

	if (len < ID_LEAST || len > ID_MOST || strspn(id, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") != len)
		return hg_fail(&call->error, HG_ERROR_INPUT, "id: %d to %d letters, digits, - and _ are wanted, new for each "
			       "message and the same when it is sent again: a UUIDv7, say", ID_LEAST, ID_MOST);
	said->client_id = hg_arena_str(call->arena, id);
	key = g_strconcat(call->who.id, ":", id, NULL);
	said->key = hg_arena_str(call->arena, key);
	return TRUE;
}

static gboolean read_files(struct visitor_call *call, struct visitor_saying *said, struct json_object *list)
{
	gsize n = list ? json_object_array_length(list) : 0;

	if (n > (gsize)MIN(call->set->uploads.count, FILES_MOST))
		return hg_fail(&call->error, HG_ERROR_LIMIT, "files: a message may have %" G_GINT64_FORMAT " at most",
			       MIN(call->set->uploads.count, FILES_MOST));
	said->upload_ids = hg_arena_alloc(call->arena, (n + 1) * sizeof *said->upload_ids);
	for (gsize i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		if (!json_object_is_type(one, json_type_string))
			return hg_fail(&call->error, HG_ERROR_INPUT, "files: ids of uploads are wanted");
		said->upload_ids[said->n_uploads++] = hg_arena_str(call->arena, json_object_get_string(one));
	}
	return TRUE;
}

static gboolean is_blank(const char *text)
{
	for (; *text; text = g_utf8_next_char(text))
		if (!g_unichar_isspace(g_utf8_get_char(text)))
			return FALSE;
	return TRUE;
}

static gboolean read_text(struct visitor_call *call, struct visitor_saying *said, const char *text)
{
	glong length = text ? g_utf8_strlen(text, -1) : 0;

	if ((!text || is_blank(text)) && !said->n_uploads)
		return hg_fail(&call->error, HG_ERROR_INPUT, "text: there is nothing in it");
	if (length > call->set->text_max)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "text: it has %ld characters, at most %" G_GINT64_FORMAT " fit",
			       length, call->set->text_max);
	said->text = hg_arena_str(call->arena, text && !is_blank(text) ? text : "");
	return TRUE;
}

/* ---- what he says of himself ---- */

static gboolean fits(const char *key, const char *value)
{
	if (strcmp(key, "email") == 0)
		return hg_visitor_email_fits(value);
	if (strcmp(key, "phone") == 0)
		return hg_visitor_phone_fits(value);
	return hg_text_printable(value) && !strpbrk(value, "\n\t");
}

const char *hg_visitor_read_profile(struct visitor_call *call, struct json_object *profile)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, NAME_MAX_BYTES },
		{ "email", CALL_TEXT, EMAIL_MAX_BYTES }, { "phone", CALL_TEXT, PHONE_MAX_BYTES }, { 0 } };
	g_autoptr(GString) out = g_string_new(NULL);

	if (!hg_asked_check(profile, "profile", known, &call->error))
		return NULL;
	hg_json_open(out, '{');
	for (const struct call_member *member = known; member->name; member++) {
		const char *value = hg_json_str(profile, member->name);

		if (!value || !*value)
			continue;
		if (!fits(member->name, value)) {
			hg_fail(&call->error, HG_ERROR_INPUT, "profile: \"%s\" is %s", member->name,
				strcmp(member->name, "email") == 0 ? "no mail address"
				: strcmp(member->name, "phone") == 0 ? "no number like +447700900123" : "not one line of text");
			return NULL;
		}
		hg_json_add_str(out, member->name, value);
	}
	if (call->locale)
		hg_json_add_str(out, "locale", call->locale);
	hg_json_close(out, '}');
	return hg_arena_mem(call->arena, out->str, out->len);
}

static gboolean read_profile(struct visitor_call *call, struct visitor_saying *said, struct json_object *profile)
{
	const char *name = hg_json_str(profile, "name");

	if (!profile)
		return TRUE;
	said->profile = hg_visitor_read_profile(call, profile);
	said->name = name && *name ? hg_arena_str(call->arena, name) : NULL;
	said->about = json_object_get(profile);
	return said->profile != NULL;
}

/* ---- where he is, for the agent ---- */

/* Agents click on it: nothing but a page's address. */
static gboolean is_page(const char *url)
{
	return (g_ascii_strncasecmp(url, "https://", 8) == 0 || g_ascii_strncasecmp(url, "http://", 7) == 0) &&
	       hg_text_printable(url) && !strpbrk(url, " \t\n\"<>");
}

static gboolean add_page(struct visitor_call *call, struct json_object *page, GString *out)
{
	static const struct call_member known[] = { { "url", CALL_TEXT, URL_MAX_BYTES }, { "title", CALL_TEXT, TITLE_MAX_BYTES },
		{ 0 } };
	const char *url = hg_json_str(page, "url");

	if (!page)
		return TRUE;
	if (!hg_asked_check(page, "page", known, &call->error))
		return FALSE;
	hg_json_key(out, "page");
	hg_json_open(out, '{');
	hg_json_opt_str(out, "url", url && is_page(url) ? url : NULL);
	hg_json_opt_str(out, "title", hg_json_str(page, "title"));
	hg_json_close(out, '}');
	return TRUE;
}

static gboolean context_fits(const char *key, struct json_object *value)
{
	return *key && strlen(key) <= CONTEXT_KEY_MAX && hg_text_printable(key) &&
	       json_object_is_type(value, json_type_string) &&
	       json_object_get_string_len(value) <= CONTEXT_VALUE_MAX;
}

/* Keys are a stranger's: they are written like values. */
static gboolean add_context(struct visitor_call *call, struct json_object *context, GString *out)
{
	if (!context)
		return TRUE;
	if (json_object_object_length(context) > CONTEXT_MAX)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "context: it has more than %d members", CONTEXT_MAX);
	json_object_object_foreach(context, key, value) {
		if (!context_fits(key, value))
			return hg_fail(&call->error, HG_ERROR_INPUT, "context: names of at most %d bytes and texts of at "
				       "most %d are wanted", CONTEXT_KEY_MAX, CONTEXT_VALUE_MAX);
	}
	hg_json_add_raw(out, "context", json_object_to_json_string_ext(context, JSON_C_TO_STRING_PLAIN |
								       JSON_C_TO_STRING_NOSLASHESCAPE));
	return TRUE;
}

static gboolean read_payload(struct visitor_call *call, struct visitor_saying *said, struct json_object *body)
{
	const char *choice = hg_json_str(body, "choice");
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	if (!add_page(call, hg_json_obj(body, "page"), out) || !add_context(call, hg_json_obj(body, "context"), out))
		return FALSE;
	if (choice) {
		hg_json_key(out, "button");
		hg_json_open(out, '{');
		hg_json_add_str(out, "id", choice);
		hg_json_add_str(out, "text", said->text);
		hg_json_close(out, '}');
	}
	hg_json_close(out, '}');
	said->kind = choice ? HG_BUTTON : HG_TEXT;
	said->payload = out->len > 2 ? hg_arena_mem(call->arena, out->str, out->len) : NULL;
	return TRUE;
}

/* ---- POST threads, threads/{}/messages ---- */

static gboolean read_body(struct visitor_call *call, struct visitor_saying *said, struct json_object *body)
{
	const char *website = hg_json_str(body, "website"), *locale = hg_json_str(body, "locale");

	if (website && *website)
		return hg_visitor_wrong(call, 403, "refused", "this was filled in by a machine");
	call->locale = hg_arena_str(call->arena, locale);
	return hg_visitor_within(call, VISITOR_RATE_MESSAGES) && hg_visitor_within(call, VISITOR_RATE_ADDRESS) &&
	       read_id(call, said, hg_json_str(body, "id")) && read_files(call, said, hg_json_arr(body, "files")) &&
	       read_text(call, said, hg_json_str(body, "text")) &&
	       read_profile(call, said, hg_json_obj(body, "profile")) && read_payload(call, said, body);
}

void hg_say_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "id", CALL_TEXT, ID_MOST }, { "text", CALL_TEXT, G_MAXSIZE },
		{ "files", CALL_LIST, 0 }, { "profile", CALL_OBJECT, 0 }, { "page", CALL_OBJECT, 0 },
		{ "context", CALL_OBJECT, 0 }, { "choice", CALL_TEXT, CHOICE_MAX_BYTES }, { "locale", CALL_TEXT, 64 },
		{ "website", CALL_TEXT, G_MAXSIZE }, { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, known);
	struct visitor_saying *said;

	if (!body)
		return;
	said = g_new0(struct visitor_saying, 1);
	call->extra = said;
	call->extra_free = saying_free;
	read_body(call, said, body);
}

gboolean hg_saying_write(struct visitor_call *call, hg_store *store, const char *key, gboolean *ret_found)
{
	hg_message *message = NULL;
	hg_thread *thread = NULL;
	gint64 n = 0;

	*ret_found = FALSE;
	if (!hg_store_seen_find(store, call->channel->name, key, call->now_ms, &n, &call->error) ||
	    (n && !hg_store_message_get(store, call->arena, n, &message, &call->error)) ||
	    (message && !hg_store_thread_get(store, call->arena, message->thread_n, &thread, &call->error)))
		return FALSE;
	if (!thread)
		return TRUE;
	*ret_found = TRUE;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "thread");
	if (!hg_visitor_thread_write(&call->eyes, thread, call->out, &call->error))
		return FALSE;
	hg_json_key(call->out, "message");
	if (!hg_visitor_message_write(&call->eyes, thread, message, call->out, &call->error))
		return FALSE;
	hg_json_close(call->out, '}');
	return TRUE;
}

/* The newest message that this channel has an id of: by it the engine knows the conversation. */
static gboolean find_ref(struct visitor_call *call, hg_store *store, struct visitor_saying *said)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	hg_thread *thread;

	if (!hg_visitor_find_thread(call, &thread) ||
	    !hg_store_message_list(store, call->arena, thread->last_message_n, LOOK_BACK, messages, &call->error))
		return FALSE;
	for (guint i = 0; i < messages->len && !said->ref; i++) {
		const hg_message *message = g_ptr_array_index(messages, i);

		if (message->external_id && g_strcmp0(message->channel, call->channel->name) == 0)
			said->ref = message->external_id;
	}
	return TRUE;
}

/* What the form asks for, where it has to be answered. */
static gboolean is_known(struct visitor_call *call, hg_store *store, const struct visitor_saying *said)
{
	g_autoptr(GPtrArray) missing = g_ptr_array_new();
	g_autofree char *words = NULL;

	if (!call->set->prechat.require)
		return TRUE;
	if (!hg_visitor_missing(call, store, said->about, missing))
		return FALSE;
	if (!missing->len)
		return TRUE;
	g_ptr_array_add(missing, NULL);
	words = g_strjoinv(", ", (char **)missing->pdata);
	return hg_visitor_wrong(call, 400, "profile-required", "this channel wants to know first: %s; send it as \"profile\"",
				words);
}

void hg_say_read(struct visitor_call *call, hg_store *store)
{
	struct visitor_saying *said = call->extra;

	if (!hg_saying_write(call, store, said->key, &said->found) || said->found)
		return;
	if (call->param[0])
		(void)find_ref(call, store, said);
	else
		(void)is_known(call, store, said);
}
