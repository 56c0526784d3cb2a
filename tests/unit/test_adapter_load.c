/* test_adapter_load.c - which files become adapters, and what is said of those that do not */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <cmocka.h>

#include "desc.h"
#include "fail.h"
#include "load.h"
#include "log.h"

static const char *built(void)
{
	return "tests/unit/adapters/.libs";	/* seen from the directory of the build */
}

struct place { char *dir; hg_loader *loader; };

static int make_place(void **state)
{
	struct place *p = g_new0(struct place, 1);

	hg_log_init(HG_LOG_LOGFMT, HG_LOG_ERROR + 1);
	p->dir = g_dir_make_tmp("hg-load-XXXXXX", NULL);
	p->loader = hg_loader_new(p->dir);
	*state = p;
	return 0;
}

static int end_place(void **state)
{
	struct place *p = *state;
	g_autoptr(GDir) dir = g_dir_open(p->dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(p->dir, name, NULL);

		g_remove(path);
	}
	g_rmdir(p->dir);
	hg_loader_free(p->loader);
	g_free(p->dir);
	g_free(p);
	return 0;
}

/* A copy of what the build made, under a name of its own. */
static char *put(struct place *p, const char *from, const char *as, int mode)
{
	g_autofree char *source = g_strdup_printf("%s/%s.so", built(), from), *bytes = NULL;
	char *path = g_strdup_printf("%s/%s.so", p->dir, as);
	gsize len;

	assert_true(g_file_get_contents(source, &bytes, &len, NULL));
	assert_true(g_file_set_contents(path, bytes, (gssize)len, NULL));
	assert_int_equal(g_chmod(path, mode), 0);
	return path;
}

static void refused(struct place *p, const char *name, int code, const char *words)
{
	g_autoptr(GError) error = NULL;
	const struct hg_adapter *found = hg_loader_get(p->loader, name, &error);

	assert_null(found);
	assert_non_null(error);
	if (!strstr(error->message, words))
		fail_msg("\"%s\" does not say \"%s\"", error->message, words);
	assert_int_equal(error->code, code);
}

static void an_adapter_is_found_once_and_its_table_is_lent(void **state)
{
	struct place *p = *state;
	g_autofree char *path = put(p, "naughty", "naughty", 0755);
	g_autoptr(GError) error = NULL;
	const struct hg_adapter *found = hg_loader_get(p->loader, "naughty", &error);

	if (!found)
		fail_msg("%s", error->message);
	assert_string_equal(found->name, "naughty");
	assert_int_equal(found->size, sizeof(*found));
	assert_non_null(found->send);
	assert_null(found->health);
	/* Once loaded, what happens to the file is of no matter. */
	g_remove(path);
	assert_ptr_equal(hg_loader_get(p->loader, "naughty", NULL), found);
}

static void what_is_missing_is_told_with_what_there_is(void **state)
{
	struct place *p = *state;
	g_autofree char *one = NULL, *two = NULL;

	refused(p, "naughti", HG_ERROR_MISSING, "holds none at all");
	one = put(p, "naughty", "naughty", 0755);
	two = put(p, "naughty", "other", 0755);
	refused(p, "naughti", HG_ERROR_MISSING, "there are: naughty, other (did you mean naughty?)");
}

static void a_name_cannot_lead_out_of_the_directory(void **state)
{
	static const char *const names[] = { "", "../naughty", "a/b", ".", "..", "Naughty", "1st", "a b", "-x",
		"averyveryveryveryverylongnameindeed" };

	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		refused(*state, names[i], HG_ERROR_CONFIG, "cannot be the name of an adapter");
}

static void files_that_others_can_write_are_refused(void **state)
{
	struct place *p = *state;
	g_autofree char *group = put(p, "naughty", "group", 0775), *all = put(p, "naughty", "all", 0757);
	g_autofree char *good = put(p, "naughty", "naughty", 0755);

	refused(p, "group", HG_ERROR_DENIED, "chmod go-w");
	refused(p, "all", HG_ERROR_DENIED, "chmod go-w");
	g_chmod(p->dir, 0777);
	refused(p, "naughty", HG_ERROR_DENIED, "may be written by others");
	g_chmod(p->dir, 0755);
	assert_non_null(hg_loader_get(p->loader, "naughty", NULL));
}

static void files_of_other_users_are_refused(void **state)
{
	struct place *p = *state;
	g_autofree char *path = put(p, "naughty", "naughty", 0755);

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(path, 65534, 65534), 0);
	refused(p, "naughty", HG_ERROR_DENIED, "belongs to user 65534");
}

static void what_is_no_adapter_is_told_apart(void **state)
{
	struct place *p = *state;
	g_autofree char *old = put(p, "of_v7", "of_v7", 0755), *none = put(p, "of_none", "of_none", 0755);
	g_autofree char *text = g_build_filename(p->dir, "text.so", NULL), *dir = g_build_filename(p->dir, "dir.so", NULL);
	g_autofree char *renamed = put(p, "naughty", "renamed", 0755);

	assert_true(g_file_set_contents(text, "no ELF", -1, NULL));
	assert_int_equal(g_chmod(text, 0644), 0);
	assert_int_equal(g_mkdir(dir, 0755), 0);
	refused(p, "of_v7", HG_ERROR_CONFIG, "another version of the adapter interface (hg_adapter_v7");
	refused(p, "of_none", HG_ERROR_CONFIG, "does not export hg_adapter_v1");
	refused(p, "text", HG_ERROR_CONFIG, "cannot be loaded");
	refused(p, "dir", HG_ERROR_CONFIG, "is no file");
	refused(p, "renamed", HG_ERROR_CONFIG, "its name is \"naughty\", which must be the file's, \"renamed\"");
}

static void another_directory_is_looked_in_when_told(void **state)
{
	struct place *p = *state;
	struct hg_adapter_finder finder = hg_loader_finder(p->loader);
	const char *const *names;

	assert_null(*finder.names(finder.ctx));
	finder.look_in(finder.ctx, built());
	names = finder.names(finder.ctx);
	assert_true(g_strv_contains(names, "naughty"));
	assert_true(g_strv_contains(names, "of_none"));
	assert_string_equal(hg_loader_dir(p->loader), built());
	assert_non_null(finder.find(finder.ctx, "naughty", NULL));
}

/* ---- tables ---- */

struct conf { char *text; bool flag; int64_t number; char **list; };

static void route_handle(void *s, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	(void)s;
	(void)req;
	(void)rep;
}
static int an_open(const struct hg_host *h, struct hg_channel *c, const void *o, void **s, struct hg_err *e)
{
	(void)h;
	(void)c;
	(void)o;
	(void)s;
	(void)e;
	return 0;
}
static void a_verb(void *s)
{
	(void)s;
}
static void a_send(void *s, const struct hg_out *out)
{
	(void)s;
	(void)out;
}
static int a_plan(const void *c, const struct hg_out *o, struct hg_plan *p, struct hg_err *e)
{
	(void)c;
	(void)o;
	(void)p;
	(void)e;
	return 0;
}

struct table {
	struct hg_option options[8];
	struct hg_route routes[4];
	struct hg_adapter desc;
};

static void good_table(struct table *t)
{
	*t = (struct table){
		.options = {
			HG_OPTION(struct conf, text, STRING, HG_OPT_REQUIRED, NULL, "1..10", "A text."),
			HG_OPTION(struct conf, flag, BOOL, 0, "true", NULL, "A flag."),
			HG_OPTION(struct conf, number, MSECS, HG_OPT_RELOAD, "5s", "1s..1m", "A time."),
			HG_OPTION_AT(struct conf, list, "deep.list", STRINGS, 0, "[a, b]", "a|b|c", "A list."),
		},
		.routes = { { "POST", "webhook", 1000, route_handle } },
		.desc = { .size = sizeof(struct hg_adapter), .name = "t", .version = "1", .summary = "s",
			  .conf_size = sizeof(struct conf), .open = an_open, .close = a_verb, .send = a_send },
	};
	t->desc.options = t->options;
	t->desc.routes = t->routes;
}

#define MISTAKE(name, change) static void name(struct table *t) { change; }
MISTAKE(bad_size, t->desc.size = 12)
MISTAKE(no_version, t->desc.version = NULL)
MISTAKE(no_summary, t->desc.summary = "two\x01lines")
MISTAKE(no_close, t->desc.close = NULL)
MISTAKE(plan_alone, t->desc.send = NULL; t->desc.plan = a_plan)
MISTAKE(caps_alone, t->desc.send = NULL; t->desc.caps = HG_CAP_ECHO)
MISTAKE(no_way, t->desc.send = NULL; t->desc.routes = NULL)
MISTAKE(huge_conf, t->desc.conf_size = 1 << 20)
MISTAKE(outside, t->options[2].offset = sizeof(struct conf) - 4)
MISTAKE(far_outside, t->options[2].offset = SIZE_MAX - 7)
MISTAKE(crooked, t->options[2].offset = offsetof(struct conf, number) + 1)
MISTAKE(shared, t->options[3].offset = t->options[0].offset)
MISTAKE(twice, t->options[1].name = "text")
MISTAKE(bad_name, t->options[1].name = "Flag")
MISTAKE(common_name, t->options[1].name = "media_max")
MISTAKE(common_part, t->options[1].name = "poll.often")
MISTAKE(bad_dots, t->options[1].name = "a..b")
MISTAKE(bad_type, t->options[1].type = 77)
MISTAKE(bad_flag, t->options[1].flags = 1 << 30)
MISTAKE(bad_range, t->options[2].range = "1s..never")
MISTAKE(turned_range, t->options[2].range = "1m..1s")
MISTAKE(enum_of_none, t->options[0].type = HG_OPT_ENUM; t->options[0].range = NULL)
MISTAKE(number_of_words, t->options[2].range = "a|b")
MISTAKE(bad_fallback, t->options[2].fallback = "5")
MISTAKE(out_of_range, t->options[2].fallback = "2m")
MISTAKE(needless, t->options[0].fallback = "x")
MISTAKE(open_secret, t->options[0].type = HG_OPT_SECRET; t->options[0].flags = 0; t->options[0].fallback = "env:X")
MISTAKE(no_help, t->options[0].help = "")
MISTAKE(bad_method, t->routes[0].method = "post")
MISTAKE(no_method, t->routes[0].method = NULL)
MISTAKE(bad_path, t->routes[0].path = "/webhook")
MISTAKE(dotted_path, t->routes[0].path = "a/../b")
MISTAKE(big_body, t->routes[0].max_body = 1u << 31)
MISTAKE(no_handle, t->routes[0].handle = NULL)
MISTAKE(route_twice, t->routes[1] = t->routes[0])

static void tables_with_mistakes_are_refused_with_the_row(void **state)
{
	static const struct { void (*change)(struct table *); const char *words; } cases[] = {
		{ bad_size, "sizeof(struct hg_adapter)" },	{ no_version, "version" },
		{ no_summary, "summary" },			{ no_close, "open() and close()" },
		{ plan_alone, "plan() without send()" },	{ caps_alone, "there is no send()" },
		{ no_way, "no way in or out" },			{ huge_conf, "conf_size" },
		{ outside, "option 3 (number): its offset" },	{ far_outside, "lies outside of conf_size" },
		{ crooked, "not aligned" },			{ shared, "option 4 (deep.list): its field" },
		{ twice, "option 2 (text): its name stands there twice" },
		{ bad_name, "option 2 (Flag): its name" },	{ bad_dots, "option 2 (a..b): its name" },
		{ bad_type, "option 2 (flag): its type" },	{ bad_flag, "flags" },
		{ bad_range, "option 3 (number): its range" },	{ turned_range, "its range" },
		{ enum_of_none, "its range" },			{ number_of_words, "its range" },
		{ bad_fallback, "'number' must be a time" },	{ out_of_range, "'number' must be from 1s to 1m" },
		{ needless, "required and has a default" },	{ open_secret, "a secret has a default" },
		{ common_name, "option 2 (media_max): its name is that of an option which every channel has" },
		{ common_part, "which every channel has" },
		{ no_help, "no help" },				{ bad_method, "route 1 (webhook): its method" },
		{ no_method, "its method" },			{ bad_path, "route 1 (/webhook): its path" },
		{ dotted_path, "its path" },			{ big_body, "max_body" },
		{ no_handle, "handle()" },			{ route_twice, "route 2 (webhook): it stands there twice" },
	};
	struct table t;

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree struct hg_adapter *taken = NULL;

		good_table(&t);
		cases[i].change(&t);
		taken = hg_desc_take(&t.desc, "t", &error);
		if (taken || !strstr(error->message, cases[i].words))
			fail_msg("case %u: got \"%s\", want \"%s\"", i, taken ? "no error" : error->message,
				 cases[i].words);
	}
}

static void a_good_table_is_taken(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree struct hg_adapter *taken = NULL;
	struct table t;

	(void)state;
	good_table(&t);
	taken = hg_desc_take(&t.desc, "t", &error);
	if (!taken)
		fail_msg("%s", error->message);
	assert_ptr_equal(taken->options, t.options);
}

static void an_older_table_has_nothing_where_ours_goes_on(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autofree struct hg_adapter *taken = NULL, *larger = NULL;
	struct { struct hg_adapter desc; void *more[4]; } newer;
	struct table t;

	(void)state;
	good_table(&t);
	t.desc.fetch = (void (*)(void *, uint64_t, const char *))(void *)0x1;
	t.desc.size = offsetof(struct hg_adapter, fetch);
	taken = hg_desc_take(&t.desc, "t", &error);
	assert_non_null(taken);
	assert_ptr_equal(taken->send, a_send);
	assert_null(taken->fetch);

	good_table(&t);
	newer.desc = t.desc;
	newer.desc.size = sizeof(newer);
	larger = hg_desc_take(&newer.desc, "t", &error);
	assert_non_null(larger);
	assert_int_equal(larger->size, sizeof(*larger));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, end_place)
		PLACED(an_adapter_is_found_once_and_its_table_is_lent),
		PLACED(what_is_missing_is_told_with_what_there_is),
		PLACED(a_name_cannot_lead_out_of_the_directory),
		PLACED(files_that_others_can_write_are_refused),
		PLACED(files_of_other_users_are_refused),
		PLACED(what_is_no_adapter_is_told_apart),
		PLACED(another_directory_is_looked_in_when_told),
		cmocka_unit_test(a_good_table_is_taken),
		cmocka_unit_test(tables_with_mistakes_are_refused_with_the_row),
		cmocka_unit_test(an_older_table_has_nothing_where_ours_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
