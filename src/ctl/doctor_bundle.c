/* doctor_bundle.c - what others need to help, and nothing that is anybody's
 *
 * Nothing is looked for and taken out: what is not known to be harmless is not put in.  Texts are kept where they are one of
 * our own words, numbers as they are; of all others only their length is told. */
#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "env.h"
#include "slurp.h"
#include "tar.h"
#include "text.h"

#define LOG_LINES "1000"
#define LOG_MAX (4 << 20)
#define DEPTH 8

/* ---- words that are ours ---- */

static gboolean is_word(const char *text, gsize most)
{
	gsize len = strlen(text);

	return len && len <= most && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static gboolean is_time(const char *text)
{
	return strlen(text) < HG_TIME_SIZE && hg_time_parse(text) >= 0;
}

static void put_length(GString *out, const char *text)
{
	g_autofree char *length = g_strdup_printf("<%zu bytes>", strlen(text));

	hg_json_put_str(out, length);
}

/* ---- JSON: status ---- */

/* Members whose texts are words of headgate's, or what an operator calls a part of the configuration. */
static gboolean is_ours(const char *key, guint depth)
{
	static const char *const keys[] = { "version", "state", "condition", "adapter", "store_driver", "target", "config_hash", "channel",
					    "backend", NULL };

	return key && (g_strv_contains(keys, key) || (depth > 1 && strcmp(key, "name") == 0));
}

static void put_text(GString *out, const char *key, const char *text, guint depth)
{
	if (is_time(text) || (is_ours(key, depth) && (is_word(text, 64) || strcmp(key, "version") == 0)))
		hg_json_put_str(out, text);
	else
		put_length(out, text);
}

static void put_shape(GString *out, const char *key, struct json_object *value, guint depth);	/* NOLINT(misc-no-recursion) */

static void put_members(GString *out, struct json_object *object, guint depth)	/* NOLINT(misc-no-recursion) */
{
	hg_json_open(out, '{');
	json_object_object_foreach(object, key, value) {
		if (!is_word(key, 64))
			continue;
		hg_json_key(out, key);
		put_shape(out, key, value, depth + 1);
	}
	hg_json_close(out, '}');
}

/* As deep as DEPTH. */
static void put_shape(GString *out, const char *key, struct json_object *value, guint depth)	/* NOLINT(misc-no-recursion) */
{
	switch (depth < DEPTH ? json_object_get_type(value) : json_type_null) {
	case json_type_object:
		put_members(out, value, depth);
		return;
	case json_type_array:
		hg_json_open(out, '[');
		for (gsize i = 0; i < json_object_array_length(value); i++)
			put_shape(out, key, json_object_array_get_idx(value, i), depth + 1);
		hg_json_close(out, ']');
		return;
	case json_type_string:
		put_text(out, key, json_object_get_string(value), depth);
		return;
	case json_type_null:
		hg_json_put_raw(out, "null");
		return;
	default:	/* numbers, true, false */
		hg_json_put_raw(out, json_object_to_json_string(value));
	}
}

/* ---- the configuration: what is set, and what of it is no text of anybody's ---- */

static gboolean is_plain_value(const char *key, const char *text)
{
	static const char *const word_keys[] = { "adapter", "preset", "driver", "default", "log_format", "log_level", "on_ambiguous",
						 "requester", "scope", "tls", NULL };

	return hg_span_parse(text) >= 0 || hg_bytes_parse(text) >= 0 || strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
	       (g_strv_contains(word_keys, key) && is_word(text, 32));
}

static void put_scalar(GString *out, const char *key, const char *text)
{
	/* A number may be a telephone's: short ones are not. */
	if (is_plain_value(key, text) && strlen(text) <= 12 && !(strlen(text) > 5 && strspn(text, "0123456789") == strlen(text)))
		hg_json_put_str(out, text);
	else
		put_length(out, text);
}

static void put_node(GString *out, const char *key, const hg_node *node, guint depth);	/* NOLINT(misc-no-recursion) */

static void put_map(GString *out, const hg_node *map, guint depth)	/* NOLINT(misc-no-recursion) */
{
	hg_json_open(out, '{');
	for (guint i = 0; i < hg_node_size(map); i++) {
		const char *key = hg_node_key(map, i);

		if (!is_word(key, 40))
			continue;
		hg_json_key(out, key);
		put_node(out, key, hg_node_value(map, i), depth + 1);
	}
	hg_json_close(out, '}');
}

static void put_node(GString *out, const char *key, const hg_node *node, guint depth)	/* NOLINT(misc-no-recursion) */
{
	/* Deeper down, keys are what people call things: rules, queues of agents, fields. */
	static const char *const open[] = { "gateway", "store", "window", "ticket", "report", "channels", "backends", "alarms", "retention",
					    "console", NULL };
	const char *text = hg_node_text(node);
	g_autofree char *many = NULL;

	if (text) {
		put_scalar(out, key, text);
	} else if (hg_node_type(node) == HG_NODE_MAP && depth < 4 && (depth != 1 || g_strv_contains(open, key))) {
		put_map(out, node, depth);
	} else {
		many = g_strdup_printf("<%u of them>", hg_node_type(node) == HG_NODE_SCALAR ? 0 : hg_node_size(node));
		hg_json_put_str(out, many);
	}
}

static void put_config(GString *out, const hg_node *root)
{
	if (root && hg_node_type(root) == HG_NODE_MAP)
		put_map(out, root, 0);
	else
		g_string_append(out, "{}");
}

/* ---- the log: times, levels and words of events ---- */

static void put_field(GString *out, const char *line, const char *name)
{
	g_autofree char *plain = g_strconcat(name, "=", NULL), *json = g_strconcat("\"", name, "\":\"", NULL);
	const char *at = strstr(line, json), *found = at ? at + strlen(json) : NULL;
	gsize len;

	if (!found && (at = strstr(line, plain)) && (at == line || at[-1] == ' '))
		found = at + strlen(plain);
	len = found ? strspn(found, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-") : 0;
	if (len && len <= 40)
		g_string_append_printf(out, "%s%s=%.*s", out->len && out->str[out->len - 1] != '\n' ? " " : "", name, (int)len, found);
}

static void put_log(GString *out, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		/* What stands behind the text belongs to it. */
		char *end = strstr(*line, " text=");

		if (end)
			*end = '\0';
		if ((end = strstr(*line, "\"text\":")))
			*end = '\0';
		put_field(out, *line, "ts");
		put_field(out, *line, "level");
		put_field(out, *line, "event");
		put_field(out, *line, "adapter");
		if (out->len && out->str[out->len - 1] != '\n')
			g_string_append_c(out, '\n');
	}
}

static char *journal_of(const char *unit)
{
	const char *argv[] = { "journalctl", "-u", unit, "-n", LOG_LINES, "-o", "cat", "--no-pager", "-q", NULL };
	char *text = NULL;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text, NULL, NULL, NULL))
		return NULL;
	return text;
}

static char *log_text(struct doctor *doctor, const char *unit)
{
	const char *file = ctl_value(doctor->ctl, "log");
	g_autoptr(GString) text = g_string_new(NULL);
	int fd;

	if (!file)
		return journal_of(unit);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	/* Of one that is longer its beginning. */
	if (!hg_slurp(fd, LOG_MAX, "", text, NULL) && text->len > LOG_MAX)
		g_string_truncate(text, LOG_MAX);
	close(fd);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ---- findings: which, not why: reasons quote others ---- */

static void put_findings(GString *out, const struct doctor *doctor)
{
	g_autofree char *text = g_strdup_printf("[%s]", doctor->json->str);
	g_autoptr(json_object) list = hg_json_parse(text, strlen(text), NULL, NULL);

	hg_json_open(out, '[');
	for (gsize i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *finding = json_object_array_get_idx(list, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "check", hg_json_str(finding, "check"));
		hg_json_add_str(out, "level", hg_json_str(finding, "level"));
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

/* ---- the archive ---- */

static void put_system(GString *out)
{
	struct utsname name;

	hg_json_open(out, '{');
	hg_json_add_str(out, "headgatectl", PACKAGE_VERSION);
	if (uname(&name) == 0) {
		hg_json_add_str(out, "system", name.sysname);
		hg_json_add_str(out, "release", name.release);
		hg_json_add_str(out, "machine", name.machine);
	}
	hg_json_add_int(out, "processors", (gint64)g_get_num_processors());
	hg_json_close(out, '}');
}

static void add(GString *tar, const char *name, const GString *text)
{
	g_autofree char *path = g_strconcat("headgate-doctor/", name, NULL);

	hg_tar_add(tar, path, text->str, text->len, hg_now(hg_env_system()));
}

static void add_metrics(struct doctor *doctor, GString *tar)
{
	g_auto(ctl_reply) reply = { 0 };
	g_autoptr(GString) text = g_string_new(NULL);

	if (!doctor->status || ctl_call(doctor->ctl, "GET", "/metrics", NULL, NULL, &reply) != CTL_DONE)
		return;
	g_string_append(text, reply.body);
	add(tar, "metrics.txt", text);
}

static void add_log(struct doctor *doctor, GString *tar, const char *unit)
{
	g_autofree char *from = log_text(doctor, unit);
	g_autoptr(GString) text = g_string_new(NULL);

	if (from)
		put_log(text, from);
	add(tar, "log.txt", text);
}

static GString *archive(struct doctor *doctor, const char *unit)
{
	g_autoptr(GString) findings = g_string_new(NULL), status = g_string_new(NULL), config = g_string_new(NULL);
	g_autoptr(GString) system = g_string_new(NULL);
	GString *tar = g_string_new(NULL);

	put_findings(findings, doctor);
	put_config(config, hg_doc_root(doctor->place.doc));
	put_system(system);
	add(tar, "findings.json", findings);
	add(tar, "config.json", config);
	add(tar, "system.json", system);
	if (doctor->status) {
		put_shape(status, NULL, doctor->status, 0);
		add(tar, "status.json", status);
	}
	add_metrics(doctor, tar);
	add_log(doctor, tar, unit);
	hg_tar_end(tar);
	return tar;
}

gboolean doctor_bundle(struct doctor *doctor, const char *path, const char *unit)
{
	g_autoptr(GString) tar = archive(doctor, unit);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	gboolean done = fd >= 0 && write(fd, tar->str, tar->len) == (ssize_t)tar->len;
	int why = errno;

	if (fd >= 0)
		close(fd);
	if (!done)
		ctl_say_error(doctor->ctl, "%s: %s", path, g_strerror(why));
	else if (!doctor->ctl->json && !doctor->ctl->quiet)
		printf("%s may be shown to others: look into it (tar -xf) if you want to be sure\n", path);
	return done;
}
