/* test_config.c - typed configuration: defaults, secrets, includes, comparing generations */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "config_fixture.h"
#include "fail.h"
#include "options.h"
#include "secret.h"
#include "tables.h"

#define SECOND G_GINT64_CONSTANT(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static hg_conf *conf_of(const char *text)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_doc *doc = hg_doc_parse("test.yaml", text, diag);
	g_autoptr(hg_conf) conf = doc ? hg_conf_make("test.yaml", doc, &probe_finder, diag) : NULL;
	g_autofree char *wrong = hg_diag_render(diag, FALSE);

	if (!conf)
		fail_msg("%s", wrong);
	return g_steal_pointer(&conf);
}

static void an_empty_file_gives_the_documented_defaults(void **state)
{
	g_autoptr(hg_conf) c = conf_of("config_version: 1\n");

	(void)state;
	assert_string_equal(c->gateway.name, "headgate");
	assert_string_equal(c->gateway.listen, "127.0.0.1:8420");
	assert_null(c->gateway.public_url);
	assert_string_equal(c->gateway.socket, "/run/headgate/headgate.sock");
	assert_string_equal(c->gateway.adapter_dir, HG_ADAPTER_DIR);
	assert_int_equal(c->gateway.max_connections, 1024);
	assert_int_equal(c->gateway.max_per_address, 64);
	assert_int_equal(c->gateway.head_timeout_ms, 10 * SECOND);
	assert_int_equal(c->gateway.body_timeout_ms, 30 * SECOND);
	assert_int_equal(c->gateway.idle_timeout_ms, 60 * SECOND);
	assert_string_equal(c->store.driver, "sqlite");
	assert_int_equal(c->store.min_free, 128 << 20);
	assert_int_equal(c->window.dedupe_ms, 7 * DAY);
	assert_int_equal(c->window.join_ms, 7 * DAY);
	assert_int_equal(c->window.reopen_ms, 3 * DAY);
	assert_int_equal(c->window.n_ages, 1);
	assert_int_equal(c->window.ages[0].within_ms, 3 * DAY);
	assert_int_equal(c->window.ages[0].what, HG_CLOSED_REOPEN);
	assert_string_equal(c->engine.fallback, "convert");
	assert_int_equal(c->engine.settle_ms, 20 * SECOND);
	assert_int_equal(c->engine.first_response_ms, 5 * MINUTE);
	assert_int_equal(c->engine.idle_close_ms, DAY);
	assert_string_equal(c->ticket.number, "TK-%d");
	assert_int_equal(c->ticket.first_number, 1000);
	assert_null(c->ticket.confirm);
	assert_int_equal(c->ticket.confirm_wait_ms, MINUTE);
	assert_int_equal(strlen(c->hash), 64);
}

#define CHANNEL "config_version: 1\nchannels:\n  a: { adapter: probe, account: 7, token: env:PROBE_TOKEN"

static void a_channel_gets_common_options_and_its_adapters(void **state)
{
	g_autoptr(hg_conf) c = conf_of(CHANNEL ", wait: 1m30s, imap: { host: mx }, tags: blue }\n"
				       "  b: { adapter: probe, account: 8, token: credential:api }\n");
	const struct hg_channel_conf *a = hg_conf_channel(c, "a"), *b = hg_conf_channel(c, "b");
	const struct probe_conf *p = a->options;

	(void)state;
	assert_ptr_equal(a->desc, &probe_adapter);
	assert_int_equal(b->index, 1);
	assert_int_equal(b->place.line, 4);
	assert_string_equal(a->scope, "default");
	assert_string_equal(a->on_ambiguous, "hold");
	assert_int_equal(a->ambiguous_wait_ms, 10 * MINUTE);
	assert_int_equal(a->media_max, 100 << 20);
	assert_null(a->media_types);
	assert_string_equal(p->account, "7");
	assert_string_equal(p->token, "SeCrEt-of-the-environment");
	assert_string_equal(p->mode, "careful");
	assert_false(p->fast);
	assert_int_equal(p->rate, 10);
	assert_int_equal(p->wait_ms, 90 * SECOND);
	assert_int_equal(p->most, 1 << 20);
	assert_string_equal(p->tags[0], "blue");
	assert_null(p->tags[1]);
	assert_null(p->keys);
	assert_string_equal(p->imap_host, "mx");
	assert_int_equal(p->imap_port, 993);
	p = b->options;
	assert_string_equal(p->token, "SeCrEt-of-a-credential");
	assert_string_equal(p->tags[1], "green");
	assert_null(hg_conf_channel(c, "c"));
}

static void a_tree_is_json_of_what_stands_there(void **state)
{
	g_autoptr(hg_conf) c = conf_of(CHANNEL ", shape: { in: [007, 7, -7, +7, 1.5, true, ~, 'true'], \"a/b\": { c: d } }, "
				       "secrets: { hook: env:PROBE_TOKEN, other: credential:api } }\n");
	const struct probe_conf *p = hg_conf_channel(c, "a")->options;

	(void)state;
	assert_string_equal(p->shape, "{\"in\":[\"007\",7,-7,\"+7\",\"1.5\",true,null,\"true\"],\"a/b\":{\"c\":\"d\"}}");
	assert_string_equal(hg_map_value(p->secrets, "hook"), "SeCrEt-of-the-environment");
	assert_string_equal(hg_map_value(p->secrets, "other"), "SeCrEt-of-a-credential");
	assert_null(hg_map_value(p->secrets, "third"));
}

/* A reload that changes nothing but the description is one. */
static void a_tree_in_a_file_of_its_own_is_part_of_the_hash(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("hg-tree-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(dir, "shape.yaml", NULL);
	g_autofree char *text = g_strdup_printf(CHANNEL ", shape: %s }\n", file), *hash = NULL;
	hg_conf *one, *two;

	(void)state;
	assert_true(g_file_set_contents(file, "in: { path: sms }\n", -1, NULL));
	one = conf_of(text);
	hash = g_strdup(one->hash);
	assert_true(g_file_set_contents(file, "in: { path: mms }\n", -1, NULL));
	two = conf_of(text);
	assert_string_not_equal(hash, two->hash);
	assert_false(hg_options_equal(probe_adapter.options, hg_conf_channel(one, "a")->options,
				      hg_conf_channel(two, "a")->options, 0, 0));
	hg_conf_unref(one);
	hg_conf_unref(two);
	g_unlink(file);
	g_rmdir(dir);
}

static void a_backend_gets_its_defaults(void **state)
{
	g_autoptr(hg_conf) c = conf_of("config_version: 1\nbackends:\n  desk: { url: https://d.example/x, "
				       "secrets: [credential:desk, env:DESK_SECRET] }\n");
	const struct hg_backend_conf *b = hg_conf_backend(c, "desk");

	(void)state;
	assert_string_equal(b->preset, "webhook");
	assert_int_equal(b->timeout_ms, 20 * SECOND);
	assert_int_equal(b->give_up_ms, 7 * DAY);
	assert_int_equal(b->concurrency, 16);
	assert_int_equal(g_strv_length(b->secrets), 2);
	assert_string_equal(b->secrets[1], "whsec_U2VDckV0LVNlQ3JFdC1TZUNyRXQtU2VDckV0");
	assert_true(b->allow_private);
}

/* A default outside of its own range would make every file wrong. */
static void every_default_lies_in_its_range(void **state)
{
	(void)state;
	for (const struct hg_section *s = hg_conf_sections; s->name; s++)
		for (const struct hg_option *opt = s->options; opt->name; opt++) {
			g_autoptr(hg_diag) diag = hg_diag_new();
			g_autofree char *conf = g_malloc0(sizeof(hg_conf)), *wrong = NULL;
			struct hg_option one[] = { *opt, HG_OPTION_END };

			one[0].flags &= ~HG_OPT_REQUIRED;
			hg_options_fill(one, NULL, s->name, NULL, conf, diag);
			hg_options_clear(one, conf);
			wrong = hg_diag_render(diag, FALSE);
			assert_string_equal(wrong, "");
			assert_true(strlen(opt->help) > 10);
		}
}

static void the_environment_names_another_adapter_directory(void **state)
{
	g_autoptr(hg_conf) c = NULL;

	(void)state;
	g_setenv("HEADGATE_ADAPTER_DIR", "/build/adapters", TRUE);
	c = conf_of("config_version: 1\ngateway: { adapter_dir: /from/file }\n");
	g_unsetenv("HEADGATE_ADAPTER_DIR");
	assert_string_equal(c->gateway.adapter_dir, "/build/adapters");
}

static void a_trailing_slash_of_the_public_url_goes(void **state)
{
	g_autoptr(hg_conf) c = conf_of("config_version: 1\ngateway: { public_url: https://c.example/x// }\n");

	(void)state;
	assert_string_equal(c->gateway.public_url, "https://c.example/x");
}

static void two_generations_are_compared_by_their_values(void **state)
{
	static const struct { const char *text; gboolean all, reload, restart; } cases[] = {
		{ CHANNEL " }\n",                   TRUE,  TRUE,  TRUE  },
		{ CHANNEL ", rate: 10 }\n",         TRUE,  TRUE,  TRUE  },
		{ CHANNEL ", rate: 11 }\n",         FALSE, FALSE, TRUE  },
		{ CHANNEL ", fast: true }\n",       FALSE, TRUE,  FALSE },
		{ CHANNEL ", tags: [red] }\n",      FALSE, TRUE,  FALSE },
		{ CHANNEL ", keys: env:PROBE_TOKEN }\n", FALSE, TRUE, FALSE },
		{ CHANNEL ", imap: { host: x } }\n", FALSE, TRUE, FALSE },
	};
	g_autoptr(hg_conf) old = conf_of(cases[0].text);
	const void *a = hg_conf_channel(old, "a")->options;
	const struct hg_option *table = probe_adapter.options;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_conf) new = conf_of(cases[i].text);
		const void *b = hg_conf_channel(new, "a")->options;

		if (hg_options_equal(table, a, b, 0, 0) != cases[i].all ||
		    hg_options_equal(table, a, b, HG_OPT_RELOAD, 0) != cases[i].reload ||
		    hg_options_equal(table, a, b, 0, HG_OPT_RELOAD) != cases[i].restart)
			fail_msg("wrong about %s", cases[i].text);
	}
}

/* A secret that changed in its place is a change, though the file is the same. */
static void a_changed_secret_is_a_change(void **state)
{
	g_autoptr(hg_conf) old = conf_of(CHANNEL " }\n"), new = NULL;

	(void)state;
	g_setenv("PROBE_TOKEN", "SeCrEt-number-two", TRUE);
	new = conf_of(CHANNEL " }\n");
	g_setenv("PROBE_TOKEN", "SeCrEt-of-the-environment", TRUE);
	assert_string_equal(old->hash, new->hash);
	assert_false(hg_options_equal(probe_adapter.options, hg_conf_channel(old, "a")->options,
				      hg_conf_channel(new, "a")->options, 0, 0));
}

static void a_generation_lives_until_its_last_reference(void **state)
{
	hg_conf *c = conf_of("config_version: 1\n"), *second = hg_conf_ref(c);

	(void)state;
	hg_conf_unref(c);
	assert_string_equal(second->gateway.name, "headgate");
	hg_conf_unref(second);
}

/* ---- secrets ---- */

static void put(const char *dir, const char *name, const char *bytes, gssize len, mode_t mode)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	assert_true(g_file_set_contents(path, bytes, len, NULL));
	assert_int_equal(chmod(path, mode), 0);
}

static void secret_references_are_read_or_refused(void **state)
{
	static const struct { const char *ref, *want, *error; } cases[] = {
		{ "env:PROBE_TOKEN",    "SeCrEt-of-the-environment", NULL },
		{ "credential:api",     "SeCrEt-of-a-credential",    NULL },
		{ "file:one",           "one line",                  NULL },
		{ "file:two",           "two\nlines",                NULL },
		{ "file:blank-line",    "blank\n",                   NULL },
		{ "env:PROBE_UNSET",    NULL, "secret env:PROBE_UNSET: it is not set in the environment" },
		{ "file:zero",          NULL, "it is not text: use base64 or hex for bytes" },
		{ "file:group",         NULL, "others may write to it: chmod go-w (0600 is best)" },
		{ "file:big",           NULL, "it has more than 64 KiB" },
		{ "file:fifo",          NULL, "it is not a regular file" },
		{ "hunter2",            NULL, "a secret is not written into the file" },
		{ "env:",               NULL, "a secret is not written into the file" },
		{ "env:a b",            NULL, "a secret is not written into the file" },
		{ "file:",              NULL, "a secret is not written into the file" },
		{ "credential:../api",  NULL, "a secret is not written into the file" },
		{ "credential:..",      NULL, "a secret is not written into the file" },
	};
	g_autofree char *dir = g_dir_make_tmp("hg-secret-XXXXXX", NULL);
	g_autofree char *conf = g_build_filename(dir, "headgate.yaml", NULL);
	g_autofree char *big = g_strnfill(HG_SECRET_MAX + 1, 'x');
	g_autofree char *fifo = g_build_filename(dir, "fifo", NULL);
	struct hg_place place = { conf, 1, 1 };
	static const char *const files[] = { "one", "two", "blank-line", "zero", "group", "big", "fifo" };

	(void)state;
	put(dir, "one", "one line\n", -1, 0600);
	put(dir, "two", "two\nlines", -1, 0600);
	put(dir, "blank-line", "blank\n\n", -1, 0600);
	put(dir, "zero", "a\0b", 3, 0600);
	put(dir, "group", "x", -1, 0620);
	put(dir, "big", big, -1, 0600);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		char *got = hg_secret_read(cases[i].ref, &place, &error);

		if (g_strcmp0(got, cases[i].want) != 0 || !got != !!error ||
		    (error && !strstr(error->message, cases[i].error)))
			fail_msg("%s: got %s, error %s", cases[i].ref, got,
				 error ? error->message : "none");
		hg_secret_free(got);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(dir, files[i], NULL);

		g_unlink(path);
	}
	g_rmdir(dir);
}

/* A mistake of any kind on the line of a literal secret, in every place it may stand. */
static void a_literal_secret_is_masked_whatever_else_is_wrong(void **state)
{
	static const char *const texts[] = {
		"channels: { a: { adapter: probe, token: hunter2, mode: wrong } }",
		"channels: { a: { adapter: probe, mode: wrong, token: 'hunter2' } }",
		"channels: { a: { adapter: prob, app_secret: \"hunter2\", mode: wrong } }",
		"channels: { a: { adapter: probe, keys: [ hunter2, env:X, \"hunter2\" ], mode: x } }",
		"channels: { a: { adapter: probe, whatever: hunter2, mode: wrong } }",
		"channels: { a: { adapter: probe, \"token\":\"hunter2\", mode: wrong } }",
		"channels: { a: { adapter: probe, imap: { pass: hunter2 } } }",
		"channels: { a: hunter2 }",
		"channels: { a: [hunter2] }",
		"backends: { a: { url: 'https://u:hunter2@x/', secret: hunter2, secrets: hunter2 } }",
		"backends: { a: { url: 'https://u:hunter2@x/', preset: hm, secrets: { a: hunter2 } } }",
		"api: { tokens: { a: hunter2 } }",
		"api: { tokens: { a: { token: hunter2 }, b: { tokn: hunter2, scopes: x } } }",
		"api: { token: hunter2 }",
		"token: hunter2",
		"passwd: hunter2, and: @more",
		"passwd: 'hunter2",
		"passwd: [hunter2, @x]",
		"passwd: {a: hunter2, b: @x}",
		"passwd: >\n  hunter2\n @x",
		"passwd:\n- hunter2\n- \"hunter2\\q\"\n",
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(hg_diag) diag = hg_diag_new();
		hg_doc *doc = hg_doc_parse("test.yaml", texts[i], diag);
		g_autoptr(hg_conf) conf = doc ? hg_conf_make("x", doc, &probe_finder, diag) : NULL;
		g_autofree char *text = hg_diag_render(diag, TRUE), *json = hg_diag_json(diag);

		assert_null(conf);
		if (strstr(text, "hunter2") || strstr(json, "hunter2"))
			fail_msg("%s gives\n%s%s", texts[i], text, json);
	}
}

/* ---- files ---- */

static char *include_error(const char *top)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_read(top, diag);

	return doc ? g_strdup("") : hg_diag_render(diag, FALSE);
}

static void included_files_must_be_ours_or_below_the_top_file(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("hg-include-XXXXXX", NULL);
	g_autofree char *sub = g_build_filename(dir, "etc", NULL);
	g_autofree char *top = g_build_filename(sub, "top.yaml", NULL);
	g_autofree char *other = g_build_filename(dir, "other.yaml", NULL);
	g_autofree char *link = g_build_filename(sub, "link.yaml", NULL);
	g_autofree char *absolute = g_strdup_printf("include: %s\n", other);
	g_autofree char *fine = NULL, *writable = NULL, *relative = NULL, *linked = NULL;

	(void)state;
	assert_int_equal(g_mkdir(sub, 0700), 0);
	put(dir, "other.yaml", "settle: 1m\n", -1, 0644);
	put(sub, "top.yaml", absolute, -1, 0644);
	fine = include_error(top);
	assert_string_equal(fine, "");
	chmod(other, 0666);
	writable = include_error(top);
	assert_non_null(strstr(writable, "others may write to it"));
	chmod(other, 0644);
	put(sub, "top.yaml", "include: ../other.yaml\n", -1, 0644);
	relative = include_error(top);
	assert_non_null(strstr(relative, "it leads out of the directory"));
	assert_int_equal(symlink(other, link), 0);
	put(sub, "top.yaml", "include: link.yaml\n", -1, 0644);
	linked = include_error(top);
	assert_non_null(strstr(linked, "it leads out of the directory"));
	g_unlink(link);
	g_unlink(top);
	g_unlink(other);
	g_rmdir(sub);
	g_rmdir(dir);
}

static void an_include_that_never_ends_and_a_huge_file_are_refused(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("hg-include-XXXXXX", NULL);
	g_autofree char *first = g_build_filename(dir, "0.yaml", NULL), *wrong = NULL, *huge = NULL;
	g_autofree char *spaces = g_strnfill(HG_DOC_FILE_MAX + 1, '\n');

	(void)state;
	for (int i = 0; i < HG_DOC_DEPTH_MAX + 3; i++) {
		g_autofree char *name = g_strdup_printf("%d.yaml", i);
		g_autofree char *text = g_strdup_printf("include: %d.yaml\n", i + 1);

		put(dir, name, text, -1, 0600);
	}
	wrong = include_error(first);
	assert_non_null(strstr(wrong, "more than 32 includes within each other"));
	put(dir, "0.yaml", spaces, -1, 0600);
	huge = include_error(first);
	assert_non_null(strstr(huge, "more than 1 MiB"));
	for (int i = 0; i < HG_DOC_DEPTH_MAX + 3; i++) {
		g_autofree char *name = g_strdup_printf("%s/%d.yaml", dir, i);

		g_unlink(name);
	}
	g_rmdir(dir);
}

static void the_hash_is_of_all_files(void **state)
{
	g_autofree char *dir = g_dir_make_tmp("hg-include-XXXXXX", NULL);
	g_autofree char *top = g_build_filename(dir, "top.yaml", NULL);
	g_autofree char *part = g_build_filename(dir, "part.yaml", NULL);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) a = NULL, b = NULL, c = NULL;

	(void)state;
	put(dir, "top.yaml", "include: part.yaml\n", -1, 0600);
	put(dir, "part.yaml", "settle: 1m\n", -1, 0600);
	a = hg_doc_read(top, diag);
	b = hg_doc_read(top, diag);
	put(dir, "part.yaml", "settle: 2m\n", -1, 0600);
	c = hg_doc_read(top, diag);
	assert_string_equal(hg_doc_hash(a), hg_doc_hash(b));
	assert_string_not_equal(hg_doc_hash(a), hg_doc_hash(c));
	g_unlink(top);
	g_unlink(part);
	g_rmdir(dir);
}

/* ---- nodes, for those who read rules ---- */

static void hand_written_sections_report_what_is_wrong(void **state)
{
	static const char *const keys[] = { "name", "when", "do", NULL };
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("r.yaml", "nam: x\nwhen: 'true'\ndo: 7\n", diag);
	const hg_node *root = hg_doc_root(doc);
	g_autofree char *text = NULL;
	gboolean yes;
	gint64 n;

	(void)state;
	assert_false(hg_node_check_keys(root, "rule", keys, diag));
	assert_false(hg_node_bool(hg_node_get(root, "when"), &yes, diag));
	assert_true(hg_node_int(hg_node_get(root, "do"), 1, 9, &n, diag));
	assert_int_equal(n, 7);
	assert_false(hg_node_int(hg_node_get(root, "do"), 8, 9, &n, diag));
	assert_false(hg_node_span(root, &n, diag));
	text = hg_diag_render(diag, FALSE);
	assert_string_equal(text,
		"r.yaml:1:1: error: rule has no 'nam'\n"
		"     1 | nam: x\n"
		"       | ^\n"
		"       = did you mean 'name'?\n"
		"r.yaml:1:1: error: a time such as 250ms, 20s, 5m or 7d is wanted here, not a map\n"
		"     1 | nam: x\n"
		"       | ^\n"
		"r.yaml:2:7: error: true or false is wanted here, not 'true'\n"
		"     2 | when: 'true'\n"
		"       |       ^\n"
		"r.yaml:3:5: error: a whole number from 8 to 9 is wanted here, not '7'\n"
		"     3 | do: 7\n"
		"       |     ^\n");
}

static void errors_come_as_json_too(void **state)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("r.yaml", "a: 1\na: 2\n", diag);
	g_autofree char *json = hg_diag_json(diag);

	(void)state;
	assert_non_null(doc);
	assert_string_equal(json, "[{\"severity\":\"error\",\"file\":\"r.yaml\",\"line\":2,\"column\":1,"
			    "\"text\":\"'a' is here a second time in the same map\",\"hint\":null}]");
}

static void more_errors_than_are_kept_are_counted(void **state)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree char *text = NULL;

	(void)state;
	for (int i = 0; i < HG_DIAG_MAX + 7; i++)
		hg_diag_add(diag, HG_SEV_ERROR, &(struct hg_place){ "x", i + 1, 1 }, NULL, "wrong");
	assert_int_equal(hg_diag_count(diag, HG_SEV_ERROR), HG_DIAG_MAX + 7);
	text = hg_diag_render(diag, FALSE);
	assert_true(g_str_has_suffix(text, "... and 7 more\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_gives_the_documented_defaults),
		cmocka_unit_test(a_channel_gets_common_options_and_its_adapters),
		cmocka_unit_test(a_tree_is_json_of_what_stands_there),
		cmocka_unit_test(a_tree_in_a_file_of_its_own_is_part_of_the_hash),
		cmocka_unit_test(a_backend_gets_its_defaults),
		cmocka_unit_test(every_default_lies_in_its_range),
		cmocka_unit_test(the_environment_names_another_adapter_directory),
		cmocka_unit_test(a_trailing_slash_of_the_public_url_goes),
		cmocka_unit_test(two_generations_are_compared_by_their_values),
		cmocka_unit_test(a_changed_secret_is_a_change),
		cmocka_unit_test(a_generation_lives_until_its_last_reference),
		cmocka_unit_test(secret_references_are_read_or_refused),
		cmocka_unit_test(a_literal_secret_is_masked_whatever_else_is_wrong),
		cmocka_unit_test(included_files_must_be_ours_or_below_the_top_file),
		cmocka_unit_test(an_include_that_never_ends_and_a_huge_file_are_refused),
		cmocka_unit_test(the_hash_is_of_all_files),
		cmocka_unit_test(hand_written_sections_report_what_is_wrong),
		cmocka_unit_test(errors_come_as_json_too),
		cmocka_unit_test(more_errors_than_are_kept_are_counted),
	};
	int failed;

	config_fixture_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	config_fixture_done();
	return failed;
}
