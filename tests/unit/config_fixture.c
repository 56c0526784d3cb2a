/* config_fixture.c - an adapter with every type of option, and a finder that knows it alone */
#include "config_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"

#define PROBE(field, name, ...) HG_OPTION_AT(struct probe_conf, field, name, __VA_ARGS__)
static const struct hg_option options[] = {
	PROBE(account, "account", STRING, HG_OPT_REQUIRED, NULL, "1..20", "Number of the account."),
	PROBE(token, "token", SECRET, HG_OPT_REQUIRED | HG_OPT_RELOAD, NULL, NULL, "Key of the account."),
	PROBE(base, "base_url", URL, 0, "https://probe.example/v1", NULL, "Where the provider is."),
	PROBE(file, "file", PATH, 0, NULL, NULL, "A file of its own."),
	PROBE(mode, "mode", ENUM, 0, "careful", "careful|swift|off", "How it works."),
	PROBE(fast, "fast", BOOL, 0, "false", NULL, "Whether it hurries."),
	PROBE(rate, "rate", INT, HG_OPT_RELOAD, "10", "1..100", "Calls a second."),
	PROBE(wait_ms, "wait", MSECS, HG_OPT_RELOAD, "5s", "1s..1h", "How long it waits."),
	PROBE(most, "most", BYTES, 0, "1MiB", "1KiB..16MiB", "Largest message."),
	PROBE(tags, "tags", STRINGS, 0, "[red, green]", "red|green|blue", "Colours it likes."),
	PROBE(keys, "keys", SECRETS, 0, NULL, "4..", "Keys that sign; two while one replaces the other."),
	PROBE(imap_host, "imap.host", STRING, 0, NULL, NULL, "Mail server."),
	PROBE(imap_port, "imap.port", INT, 0, "993", "1..65535", "Its port."),
	PROBE(shape, "shape", TREE, 0, NULL, NULL, "What the provider sends."),
	PROBE(secrets, "secrets", SECRET_MAP, 0, NULL, "4..", "Secrets by name."),
	PROBE(old, "old", STRING, HG_OPT_DEPRECATED, NULL, NULL, "Use mode instead."),
	HG_OPTION_END
};

/* A shape that says where it is wrong is wrong there. */
static gboolean shape_ok(const char *shape, struct hg_err *err)
{
	const char *at = shape ? strstr(shape, "\"wrong at\":\"") : NULL;

	if (!at)
		return TRUE;
	at += strlen("\"wrong at\":\"");
	g_strlcpy(err->at, at, MIN(sizeof(err->at), strcspn(at, "\"") + 1));
	g_strlcpy(err->text, "the shape is wrong", sizeof(err->text));
	return FALSE;
}

static int probe_check(const void *conf, struct hg_err *err)
{
	const struct probe_conf *p = conf;

	if (!shape_ok(p->shape, err))
		return -1;
	if (!p->fast || p->rate >= 10)
		return 0;
	err->kind = HG_ERR_CONFIG;
	g_strlcpy(err->text, "with fast: true the rate must be 10 or more", sizeof(err->text));
	return -1;
}

const struct hg_adapter probe_adapter = {
	.size = sizeof(struct hg_adapter),
	.name = "probe",
	.version = "1",
	.summary = "Every type of option, for tests",
	.conf_size = sizeof(struct probe_conf),
	.options = options,
	.check = probe_check,
};

static const struct hg_adapter *find(void *ctx, const char *name, GError **error)
{
	(void)ctx;
	if (strcmp(name, "probe") == 0)
		return &probe_adapter;
	if (strcmp(name, "ruined") == 0)
		hg_fail(error, HG_ERROR_CONFIG, "ruined.so: undefined symbol: nothing");
	if (strcmp(name, "absent") == 0)
		hg_fail(error, HG_ERROR_MISSING, "there is no adapter absent in /nowhere; there are: probe");
	return NULL;
}

static const char *const *names(void *ctx)
{
	static const char *const all[] = { "probe", "ruined", NULL };

	(void)ctx;
	return all;
}

const struct hg_adapter_finder probe_finder = { .find = find, .names = names };

/* ---- surroundings ---- */

static char *credentials;

static void write_file(const char *name, const char *text, mode_t mode)
{
	g_autofree char *path = g_build_filename(credentials, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(chmod(path, mode), ==, 0);
}

void config_fixture_init(void)
{
	credentials = g_dir_make_tmp("hg-config-XXXXXX", NULL);
	g_setenv("CREDENTIALS_DIRECTORY", credentials, TRUE);
	g_unsetenv("HEADGATE_ADAPTER_DIR");
	g_unsetenv("PROBE_UNSET");
	g_setenv("PROBE_TOKEN", "SeCrEt-of-the-environment", TRUE);
	g_setenv("PROBE_SHORT", "SeCrEt", TRUE);
	g_setenv("PROBE_EMPTY", "", TRUE);
	g_setenv("DESK_SECRET", "whsec_U2VDckV0LVNlQ3JFdC1TZUNyRXQtU2VDckV0", TRUE);
	g_setenv("DESK_SHORT", "whsec_U2VDckV0", TRUE);
	write_file("desk", "whsec_U2VDckV0LXR3by1TZUNyRXQtdHdvLVNlQ3JFdA==\n", 0400);
	write_file("api", "SeCrEt-of-a-credential\r\n", 0400);
	write_file("open", "SeCrEt-of-an-open-file\n", 0666);
	write_file("empty", "\n", 0400);
}

void config_fixture_done(void)
{
	static const char *const files[] = { "desk", "api", "open", "empty" };

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(credentials, files[i], NULL);

		g_unlink(path);
	}
	g_rmdir(credentials);
	g_clear_pointer(&credentials, g_free);
}

/* ---- running ---- */

static void summary(GString *out, const hg_conf *conf)
{
	g_string_append_printf(out, "fine: %u channels, %u backends, %u tokens, %u rules, %u tests\n",
			       conf->channels->len, conf->backends->len, conf->tokens->len,
			       conf->rules ? hg_node_size(conf->rules) : 0,
			       conf->tests ? hg_node_size(conf->tests) : 0);
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *c = g_ptr_array_index(conf->channels, i);

		g_string_append_printf(out, "channel %s: %s, %s:%d\n", c->name, c->adapter,
				       c->place.file, c->place.line);
	}
	for (guint i = 0; conf->rules && i < hg_node_size(conf->rules); i++) {
		const hg_node *rule = hg_node_at(conf->rules, i);
		const hg_node *name = hg_node_get(rule, "name");

		g_string_append_printf(out, "rule %s: %s:%d\n", name ? hg_node_text(name) : "?",
				       hg_node_place(rule)->file, hg_node_place(rule)->line);
	}
}

char *config_fixture_run(const char *path)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_conf) conf = hg_conf_read(path, &probe_finder, diag);
	g_autofree char *text = hg_diag_render(diag, FALSE);
	GString *out = g_string_new(NULL);

	/* The only path that differs from run to run. */
	g_string_append(out, text);
	g_string_replace(out, credentials, "$CREDENTIALS_DIRECTORY", 0);
	if (conf)
		summary(out, conf);
	else
		g_string_append_printf(out, "%u errors, %u warnings\n",
				       hg_diag_count(diag, HG_SEV_ERROR),
				       hg_diag_count(diag, HG_SEV_WARNING));
	return g_string_free(out, FALSE);
}
