/* db_verb.c - db: what the database is made of, whether it is sound, and writing it anew */
#include <stdio.h>
#include <string.h>
#include "db_verbs.h"
#include "long_run.h"
#include "text.h"
#include "upkeep.h"

static hg_store *open_reader(struct ctl *ctl, struct ctl_place *place, int *ret_code)
{
	g_autoptr(GError) error = NULL;
	hg_store *store = NULL;

	*ret_code = CTL_CONFIG;
	if (ctl_place_read(ctl, place) && !(store = hg_store_open_reader(&place->options, 0, &error))) {
		ctl_say_error(ctl, "%s", error->message);
		*ret_code = ctl_exit_of(error);
	}
	return store;
}

/* ---- info ---- */

struct table_list { struct ctl *ctl; GString *json; };

static void tell_table(void *arg, const char *table, gint64 rows, gint64 bytes)
{
	struct table_list *list = arg;
	g_autofree char *size = bytes >= 0 ? ctl_bytes(bytes) : g_strdup("-");

	if (!list->ctl->json) {
		printf("  %-12s %10" G_GINT64_FORMAT "  %s\n", table, rows, size);
		return;
	}
	hg_json_open(list->json, '{');
	hg_json_add_str(list->json, "table", table);
	hg_json_add_int(list->json, "rows", rows);
	if (bytes >= 0)
		hg_json_add_int(list->json, "bytes", bytes);
	hg_json_close(list->json, '}');
}

static void print_info(const char *name, const struct hg_store_info *info)
{
	g_autofree char *path = ctl_safe(name, FALSE), *bytes = ctl_bytes(info->bytes), *wal = ctl_bytes(info->wal_bytes);
	g_autofree char *free_bytes = ctl_bytes(info->free_pages * info->page_size);
	char newest[HG_TIME_SIZE], since[HG_TIME_SIZE];

	if (info->page_size)
		printf("%s  schema %d, %s and a log of %s, %s of it free\n", path, info->schema, bytes, wal, free_bytes);
	else
		printf("%s  schema %d, %s\n", path, info->schema, bytes);
	printf("newest  %.19s UTC\n", info->newest_ms ? hg_time(info->newest_ms, newest) : "never");
	printf("journal since %.19s UTC\n", info->journal_since_ms ? hg_time(info->journal_since_ms, since) : "never");
}

static void print_info_json(const char *name, const struct hg_store_info *info, const GString *tables)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "path", name);
	hg_json_add_int(out, "schema", info->schema);
	hg_json_add_int(out, "bytes", info->bytes);
	if (info->page_size) {
		hg_json_add_int(out, "wal_bytes", info->wal_bytes);
		hg_json_add_int(out, "page_size", info->page_size);
		hg_json_add_int(out, "pages", info->pages);
		hg_json_add_int(out, "free_pages", info->free_pages);
	}
	hg_json_add_time(out, "journal_since", info->journal_since_ms);
	hg_json_add_time(out, "newest", info->newest_ms);
	hg_json_key(out, "tables");
	g_string_append_printf(out, "[%s]", tables->str);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int info(struct ctl *ctl)
{
	g_autoptr(GString) tables = g_string_new(NULL);
	struct table_list list = { ctl, tables };
	g_autoptr(GError) error = NULL;
	struct hg_store_info info = { 0 };
	struct ctl_place place;
	int code;
	hg_store *store = open_reader(ctl, &place, &code);

	if (store && !ctl->json)
		printf("%s  %-12s %10s  SIZE%s\n", ctl_look(ctl, CTL_BOLD), "TABLE", "ROWS", ctl_look(ctl, CTL_PLAIN));
	if (store && hg_store_info(store, &info, tell_table, &list, &error))
		code = CTL_DONE;
	else if (store)
		ctl_say_error(ctl, "%s", error->message);
	if (code == CTL_DONE && ctl->json)
		print_info_json(hg_store_name(store), &info, tables);
	else if (code == CTL_DONE)
		print_info(hg_store_name(store), &info);
	g_clear_pointer(&store, hg_store_close);
	ctl_place_clear(&place);
	return code == CTL_CONFIG && error ? CTL_NO : code;
}

static const struct ctl_verb info_verb = {
	.name = "info", .help = "how large it is, and what takes the room", .run = info,
};

/* ---- check ---- */

static void tell_breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	struct table_list *list = arg;
	g_autofree char *safe = ctl_safe(id, FALSE);

	if (!list->ctl->json) {
		printf("%s  %s  %s\n", invariant, safe, remedy);
		return;
	}
	hg_json_open(list->json, '{');
	hg_json_add_str(list->json, "invariant", invariant);
	hg_json_add_str(list->json, "id", id);
	hg_json_add_str(list->json, "remedy", remedy);
	hg_json_close(list->json, '}');
}

static int print_checked(struct ctl *ctl, const GString *json, guint breaches)
{
	g_autofree char *text = ctl->json ? g_strdup_printf("{\"breaches\":[%s],\"count\":%u}", json->str, breaches) : NULL;

	if (text)
		ctl_put_json(text);
	else if (!ctl->quiet)
		printf("%u breach%s\n", breaches, breaches == 1 ? "" : "es");
	return breaches ? CTL_NO : CTL_DONE;
}

static int check(struct ctl *ctl)
{
	g_autoptr(GString) json = g_string_new(NULL);
	struct table_list list = { ctl, json };
	g_autoptr(GError) error = NULL;
	struct ctl_place place;
	guint breaches = 0;
	int code;
	hg_store *store = open_reader(ctl, &place, &code);

	if (store && hg_store_fsck(store, place.attachments, tell_breach, &list, &breaches, &error)) {
		code = print_checked(ctl, json, breaches);
	} else if (store) {
		ctl_say_error(ctl, "%s", error->message);
		code = CTL_NO;
	}
	g_clear_pointer(&store, hg_store_close);
	ctl_place_clear(&place);
	return code;
}

static const struct ctl_verb check_verb = {
	.name = "check", .help = "audit it as fsck does, with no daemon needed", .run = check,
	.more = "Reads only; a daemon may run. Behind a restore it says whether all is there before anything is started.",
	.exits = "0 sound, 1 breaches found",
};

/* ---- compact, migrate ---- */

static int failed(const struct ctl *ctl, const GError *error)
{
	ctl_say_error(ctl, "%s", error->message);
	return ctl_exit_of(error);
}

static int compact_it(struct ctl *ctl, const struct ctl_place *place)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *was = NULL, *is = NULL;
	gint64 before, after;

	if (!hg_store_compact(&place->options, &before, &after, &error))
		return failed(ctl, error);
	text = g_strdup_printf("{\"before\":%" G_GINT64_FORMAT ",\"after\":%" G_GINT64_FORMAT "}", before, after);
	was = ctl_bytes(before);
	is = ctl_bytes(after);
	if (ctl->json)
		ctl_put_json(text);
	else if (!ctl->quiet)
		printf("%s before, %s now\n", was, is);
	return CTL_DONE;
}

static int compact(struct ctl *ctl)
{
	struct ctl_place place;
	int code = ctl_place_read(ctl, &place) ? compact_it(ctl, &place) : CTL_CONFIG;

	ctl_place_clear(&place);
	return code;
}

static const struct ctl_verb compact_verb = {
	.name = "compact", .help = "write it anew, without what is free, while no daemon runs", .run = compact,
	.more = "Worth it when much was deleted (info says how much is free): the room is used again by what comes next "
		"anyway. As much as the database has must be free on its disk. Killed at any moment it leaves what was there.",
	.exits = "0 done, 5 too little room, or the store is no file but PostgreSQL's, 78 a daemon runs",
};

static int migrate(struct ctl *ctl)
{
	g_autoptr(GError) error = NULL;
	struct ctl_place place;
	hg_store *store = NULL;
	int code = CTL_CONFIG;

	if (ctl_place_read(ctl, &place) && !(store = hg_store_open(&place.options, &error)))
		code = failed(ctl, error);
	if (store) {
		g_autofree char *text = g_strdup_printf("{\"schema\":%d}", hg_store_schema(store));

		if (ctl->json)
			ctl_put_json(text);
		else if (!ctl->quiet)
			printf("schema %d\n", hg_store_schema(store));
		hg_store_close(store);
		code = CTL_DONE;
	}
	ctl_place_clear(&place);
	return code;
}

static const struct ctl_verb migrate_verb = {
	.name = "migrate", .help = "bring it to the schema of this version, while no daemon runs", .run = migrate,
	.more = "headgated does the same when it starts, and keeps a copy of what was before (headgate.db-schemaN) either way. Done by hand "
		"it can be looked at before anything is live.",
	.exits = "0 done, 78 a daemon runs, or a newer headgate wrote it",
};

const struct ctl_verb ctl_verb_db = {
	.name = "db", .help = "the database itself: its size, its soundness, its upkeep",
	.subs = CTL_SUBS(&info_verb, &check_verb, &compact_verb, &migrate_verb, &ctl_verb_db_copy),
};
