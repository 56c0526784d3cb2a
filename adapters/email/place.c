/* place.c - how far each folder was read, as the cursor keeps it
 *
 *	{"folders":{"INBOX":{"v":1700000000,"uid":4711}},"oauth":"sealed"}
 *
 * Folders that are no longer configured keep theirs: who lists one again goes on where he was. */
#include "place.h"

#include <json-c/json.h>
#include <string.h>

#include "email.h"
#include "json.h"

#define PLACES_MAX 64

static guint32 u32(struct json_object *obj, const char *key)
{
	return (guint32)CLAMP(hg_json_int(obj, key, 0), 0, G_MAXUINT32);
}

void email_places_read(struct email *e)
{
	const char *cursor = e->host->cursor(e->ch);
	g_autoptr(json_object) json = *cursor ? hg_json_parse(cursor, strlen(cursor), NULL, NULL) : NULL;
	struct json_object *folders = hg_json_obj(json, "folders");

	if (*cursor && !json)
		e->host->log(e->ch, 3, "email.cursor", "the cursor cannot be read: folders are read as if for the first time");
	if (folders) {
		json_object_object_foreach(folders, folder, value) {
			struct place *place = g_new0(struct place, 1);

			place->validity = u32(value, "v");
			place->uid = u32(value, "uid");
			place->to = u32(value, "to");
			place->since_ms = hg_json_int(value, "since", 0);
			if (g_hash_table_size(e->places) < PLACES_MAX)
				g_hash_table_insert(e->places, g_strdup(folder), g_steal_pointer(&place));
			g_free(place);
		}
	}
	email_oauth_unseal(e, hg_json_str(json, "oauth"));
}

static void put(GString *out, const char *folder, const struct place *place)
{
	hg_json_key(out, folder);
	hg_json_open(out, '{');
	hg_json_add_int(out, "v", place->validity);
	hg_json_add_int(out, "uid", place->uid);
	if (place->to > place->uid) {
		hg_json_add_int(out, "since", place->since_ms);
		hg_json_add_int(out, "to", place->to);
	}
	hg_json_close(out, '}');
}

char *email_places_write(struct email *e, const char *folder, const struct place *place)
{
	g_autofree char *sealed = email_oauth_seal(e);
	GString *out = g_string_new(NULL);
	GHashTableIter iter;
	void *name, *value;

	hg_json_open(out, '{');
	hg_json_key(out, "folders");
	hg_json_open(out, '{');
	g_hash_table_iter_init(&iter, e->places);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (!folder || strcmp(name, folder) != 0)
			put(out, name, value);
	if (folder)
		put(out, folder, place);
	hg_json_close(out, '}');
	hg_json_opt_str(out, "oauth", sealed);
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}
