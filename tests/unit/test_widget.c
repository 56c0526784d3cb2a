/* test_widget.c - the chat widget's channel: what its options may be, what can be said on it, who serves it and when */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "inside.h"
#include "widget.h"

extern const struct hg_adapter hg_adapter_v1;

/* What headgate fills in where nothing is said; each test changes some of it. */
static struct hg_visitor_conf plain(void)
{
	return (struct hg_visitor_conf){
		.theme = { .accent = (char *)"#1b5e9b", .mode = (char *)"auto", .position = (char *)"end" },
		.identity.algorithm = (char *)"HS256",
	};
}

#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })

/* ---- check ---- */

static void on_wrong(void *arg, const struct hg_err *err)
{
	g_string_append_printf(arg, "%s %s: %s\n", err->kind ? "error" : "warning", err->at, err->text);
}

static char *checked(const struct hg_visitor_conf *conf)
{
	GString *said = g_string_new(NULL);

	hg_adapter_v1.check_all(conf, on_wrong, said);
	return g_string_free(said, FALSE);
}

static void assert_checked(const struct hg_visitor_conf *conf, const char *words)
{
	g_autofree char *said = checked(conf);

	if (*words ? !strstr(said, words) : *said)
		fail_msg("\"%s\" is said, not \"%s\"", said, words);
}

static void what_is_usual_is_fine(void **state)
{
	struct hg_visitor_conf conf = plain();

	(void)state;
	assert_checked(&conf, "");
	conf.origins = WORDS((char *)"https://www.acme.example", (char *)"https://*.acme.example", (char *)"https://acme.example:8443",
			     (char *)"http://localhost:8000", (char *)"http://127.0.0.1", (char *)"http://[::1]:3000",
			     (char *)"http://shop.localhost");
	conf.languages = WORDS((char *)"en", (char *)"pt-BR", (char *)"zh-Hant-TW");
	conf.greeting = WORDS((char *)"", (char *)"Hello", (char *)"de", (char *)"Hallo");
	conf.uploads.types = WORDS((char *)"image/*", (char *)"application/vnd.ms-excel", (char *)"image/svg+xml");
	conf.theme.on_accent = (char *)"#fff";
	conf.prechat.ask = WORDS((char *)"name");
	conf.prechat.require = true;
	assert_checked(&conf, "");
}

/* Each as somebody may write it, and what a browser would never send. */
static void what_is_no_origin_is_told_with_the_right_one(void **state)
{
	static const struct { const char *origin, *words; } cases[] = {
		{ "www.acme.example", "error origins: origins: \"www.acme.example\" is none" },
		{ "https://www.acme.example/", "browsers write https://www.acme.example" },
		{ "https://www.acme.example/shop", "browsers write https://www.acme.example" },
		{ "https://WWW.acme.example", "browsers write https://www.acme.example" },
		{ "https://www.acme.example:443", "browsers write https://www.acme.example" },
		{ "http://localhost:80", "browsers write http://localhost" },
		{ "https://ana@acme.example", "browsers write https://acme.example" },
		{ "ftp://acme.example", "is none" }, { "https://", "is none" }, { "null", "is none" },
		{ "*", "the star stands for all below a domain" }, { "https://*", "the star" }, { "https://*.", "the star" },
		{ "https://*.example", "the star" }, { "https://shop*.acme.example", "the star" },
		{ "https://*.*.acme.example", "the star" }, { "https://acme.example/*", "the star" },
		{ "http://intranet.acme.example", "warning origins: origins: who is between http://intranet.acme.example" },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_visitor_conf conf = plain();

		conf.origins = WORDS((char *)cases[i].origin);
		assert_checked(&conf, cases[i].words);
	}
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
	struct hg_visitor_conf conf = plain();
	g_autofree char *said = NULL;

	(void)state;
	conf.origins = WORDS((char *)"acme", (char *)"https://fine.example", (char *)"x");
	conf.theme.accent = (char *)"blue";
	conf.prechat.require = true;
	conf.languages = WORDS((char *)"deutsch");
	conf.greeting = WORDS((char *)"EN", (char *)"Hello");
	conf.uploads.types = WORDS((char *)"png", (char *)"*/*", (char *)"image/", (char *)"image/*x", (char *)"a/b/c");
	said = checked(&conf);
	for (guint i = 0; i < 2; i++)
		assert_non_null(strstr(said, i ? "\"acme\" is none" : "\"x\" is none"));
	assert_non_null(strstr(said, "theme.accent: \"blue\" is no colour"));
	assert_non_null(strstr(said, "error prechat.require"));
	assert_non_null(strstr(said, "languages: \"deutsch\" is none"));
	assert_non_null(strstr(said, "greeting: \"EN\" is no language"));
	for (char **type = conf.uploads.types; *type; type++) {
		g_autofree char *words = g_strdup_printf("uploads.types: \"%s\" is none", *type);

		assert_non_null(strstr(said, words));
	}
}

static void lists_have_an_end(void **state)
{
	char *many[70] = { NULL };
	struct hg_visitor_conf conf = plain();

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(many) - 1; i++)
		many[i] = (char *)"https://acme.example";
	conf.origins = many;
	assert_checked(&conf, "origins lists 69, at most 64 fit");
	conf = plain();
	for (guint i = 0; i < G_N_ELEMENTS(many) - 1; i++)
		many[i] = (char *)"image/png";
	conf.uploads.types = many;
	assert_checked(&conf, "uploads.types lists 69, at most 64 fit");
	conf = plain();
	conf.identity.secrets = WORDS((char *)"one", (char *)"two", (char *)"three");
	assert_checked(&conf, "two keys at most");
}

/* ---- colours ---- */

static void what_cannot_be_read_is_an_error_and_what_cannot_be_seen_a_warning(void **state)
{
	static const struct { const char *accent, *on, *mode, *words; } cases[] = {
		{ "#1b5e9b", "#ffffff", "auto", "" },
		{ "#1b5e9b", "#1b5e9b", "auto", "error theme.on_accent: theme.on_accent: #1b5e9b cannot be read on #1b5e9b: its contrast is 1.0" },
		{ "#1b5e9b", "#000000", "auto", "cannot be read on #1b5e9b: its contrast is 3.1, and WCAG 2.2 asks for 4.5; #ffffff has 6.7" },
		{ "#767676", "#ffffff", "light", "" },
		{ "#777777", "#ffffff", "light", "its contrast is 4.5, and WCAG 2.2 asks for 4.5; #000000 has 4.7" },
		{ "#ffee00", NULL, "auto", "warning theme.accent: theme.accent: #ffee00 can hardly be told from a white page" },
		{ "#ffee00", NULL, "dark", "" },
		{ "#101010", NULL, "dark", "can hardly be told from a dark page" },
		{ "#101010", NULL, "light", "" },
		{ "#1b5e9b", "white", "light", "error theme.on_accent: theme.on_accent: \"white\" is no colour" },
		{ "#1b5e9", NULL, "light", "error theme.accent: theme.accent: \"#1b5e9\" is no colour: write \"#1b5e9b\"" },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_visitor_conf conf = plain();

		conf.theme.accent = (char *)cases[i].accent;
		conf.theme.on_accent = (char *)cases[i].on;
		conf.theme.mode = (char *)cases[i].mode;
		assert_checked(&conf, cases[i].words);
	}
}

/* ---- keys: made with openssl(1) for this test ---- */

#define RSA_2048 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjN2p1ur1d7NvHFNQt0qP\n" \
	"3GxzKrmtnkAWR9IdEx+Dso91YmSD+UfwUFmfqdpaB+HqIaDFUWtPbQO5eqeq/8ue\n" \
	"liiGy6J3Y+1Dpl9VPVQMOp0SJKTnDFBHY4LNcYC0c+IsPWoYPA+Ce/CSyMuOCHei\n" \
	"udJCpc+3ZSL268ewxPEoWrRA1D5dcpiJf+dY70lj9UAl9wvnZm+7axzasD13KvOl\n" \
	"Na5t9psE4K/Djdg99jRoptSzYtbMqd0nttm8cqJbbou6ONPSK/Ulq68SuRmfnBeN\n" \
	"nc7ymo/2s0DBd+Zr70S6FNoktEtMd7KaSJWITfJnuH/5MoUOTKMZbTaS24jiPdSK\n" \
	"LQIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"
#define RSA_1024 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCe3qt+Do67jvc3uH/+cvRZxoeQ\n" \
	"jCayaPQFqsvEI3Jqq/z+VmNqKmxcP/ANbr5echtc+2QNJ+tn4ESb35vWz8Tnrh14\n" \
	"MNYmuxKfcGN8aZVc77gLEeRyqWWWhK6KVo+MFVnxv9nWFRSanQN90pGTa/aQ3mDE\n" \
	"ZLWxkA7JkePjU9206wIDAQAB\n" \
	"-----END PUBLIC KEY-----\n"
#define P_256 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2uQAPZsiDSywp/jJT4kxY0TzFVd2\n" \
	"SEYL8UCZuDI545xA5iQz3Q1BAZcuEJLFuXYXkg22CyFtqFCq+Yau3/ALdA==\n" \
	"-----END PUBLIC KEY-----\n"
#define P_384 \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE37PPMphIsiLullPEEft74u/lxStwbp4i\n" \
	"mcZFzb8saS0lPDQGW1JduWc89Sqkn07/eWFWvuU0NGbOdNKsLAl/dho05JrNf2EB\n" \
	"4dNUzgmxF5iydEeolgUgYUyFMaU3gcHa\n" \
	"-----END PUBLIC KEY-----\n"

static void a_key_must_fit_its_algorithm(void **state)
{
	static const struct { const char *algorithm, *key, *words; } cases[] = {
		{ "RS256", RSA_2048, "" },
		{ "ES256", P_256, "" },
		{ "RS256", NULL, "error identity.algorithm: identity.algorithm: RS256 needs identity.public_key" },
		{ "RS256", RSA_1024, "is no RSA key of at least 2048 bits" },
		{ "RS256", P_256, "is no RSA key" },
		{ "ES256", P_384, "is no key on the curve P-256" },
		{ "ES256", RSA_2048, "is no key on the curve P-256" },
		{ "ES256", "-----BEGIN PUBLIC KEY-----", "is no key on the curve P-256" },
		{ "HS256", RSA_2048, "error identity.public_key: identity.public_key is for RS256 or ES256" },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_visitor_conf conf = plain();

		conf.identity.algorithm = (char *)cases[i].algorithm;
		conf.identity.public_keys = cases[i].key ? WORDS((char *)cases[i].key) : NULL;
		assert_checked(&conf, cases[i].words);
	}
}

static void who_must_be_vouched_for_needs_a_key_that_does(void **state)
{
	struct hg_visitor_conf conf = plain();

	(void)state;
	conf.identity.required = conf.identity.hmac = true;
	assert_checked(&conf, "error identity.hmac: identity.hmac needs identity.secret");
	assert_checked(&conf, "error identity.required: identity.required: nobody could be vouched for");
	conf.identity.secrets = WORDS((char *)"0123456789012345678901234567890123456789");
	assert_checked(&conf, "");
}

/* ---- plan ---- */

struct planned { struct hg_plan plan; guint parts; char *text; };

static void on_part(struct hg_plan *plan, const struct hg_part *part)
{
	struct planned *p = (struct planned *)plan;

	p->parts++;
	p->text = g_strdup(part->text);
	assert_int_equal(part->file, -1);
	assert_null(part->body);
}

/* NULL: it is planned, as one part with the whole text. */
static void assert_planned(const struct hg_out *out, int kind, const char *words)
{
	const struct hg_visitor_conf conf = plain();
	struct planned p = { .plan = { sizeof(p.plan), on_part } };
	struct hg_err err = { 0 };
	int rc = hg_adapter_v1.plan(&conf, out, &p.plan, &err);

	if (!words) {
		if (rc || p.parts != 1 || g_strcmp0(p.text, out->text) != 0)
			fail_msg("%d, %u parts, \"%s\": %s", rc, p.parts, p.text, err.text);
	} else if (rc != -1 || p.parts || err.kind != kind || !strstr(err.text, words)) {
		fail_msg("%d, %u parts, kind %d: \"%s\", not \"%s\"", rc, p.parts, err.kind, err.text, words);
	}
	g_free(p.text);
}

static void an_answer_is_one_part_with_all_that_is_in_it(void **state)
{
	static const struct hg_file files[3] = { { .size = sizeof(files[0]) }, { .size = sizeof(files[0]) }, { .size = sizeof(files[0]) } };
	g_autofree char *longest = g_strnfill(200000, 'x');
	struct hg_out out = { .size = sizeof(out), .kind = HG_TEXT, .text = "Hello", .files = files, .n_files = 3,
			      .file_size = sizeof(files[0]) };

	(void)state;
	assert_planned(&out, 0, NULL);
	out.text = "";
	assert_planned(&out, 0, NULL);
	out.n_files = 0;
	assert_planned(&out, HG_ERR_INPUT, "no text and no file");
	out.text = longest;
	assert_planned(&out, 0, NULL);
	out.template_json = "{\"name\":\"x\"}";
	assert_planned(&out, HG_ERR_UNSUPPORTED, "no templates");
}

static void choices_are_looked_at(void **state)
{
	static const struct { const char *payload, *words; int kind; } cases[] = {
		{ "{\"choices\":[{\"id\":\"y\",\"title\":\"Yes\"},{\"id\":\"n\",\"title\":\"No\"}]}", NULL, 0 },
		{ "{\"choices\":[]}", "and nothing else", HG_ERR_INPUT },
		{ "{\"buttons\":[1]}", "payload on a chat widget is", HG_ERR_INPUT },
		{ "{\"choices\":[{\"id\":\"y\",\"title\":\"Yes\"}],\"more\":1}", "and nothing else", HG_ERR_INPUT },
		{ "[]", "payload on a chat widget is", HG_ERR_INPUT },
		{ "nonsense", "payload on a chat widget is", HG_ERR_INPUT },
		{ "{\"choices\":[{\"id\":\"y\",\"title\":\"Yes\"},{\"id\":\"n\"}]}", "choice 2 needs an id", HG_ERR_INPUT },
		{ "{\"choices\":[{\"id\":\"\",\"title\":\"Yes\"}]}", "choice 1 needs", HG_ERR_INPUT },
		{ "{\"choices\":[{\"id\":7,\"title\":\"Yes\"}]}", "choice 1 needs", HG_ERR_INPUT },
		{ "{\"choices\":[{\"id\":\"y\",\"title\":\"Yes\",\"url\":\"https://x.example\"}]}", "has nothing else", HG_ERR_INPUT },
		{ "{\"choices\":[\"y\"]}", "choice 1 needs", HG_ERR_INPUT },
	};
	struct hg_out out = { .size = sizeof(out), .kind = HG_TEXT, .text = "Does that help?" };
	g_autoptr(GString) many = g_string_new("{\"choices\":[");
	g_autofree char *title = g_strnfill(81, 'x'), *wide = NULL;

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		out.payload = cases[i].payload;
		assert_planned(&out, cases[i].kind, cases[i].words);
	}
	for (guint i = 0; i < 11; i++)
		g_string_append_printf(many, "%s{\"id\":\"%u\",\"title\":\"t\"}", i ? "," : "", i);
	g_string_append(many, "]}");
	out.payload = many->str;
	assert_planned(&out, HG_ERR_LIMIT, "payload has 11 choices, at most 10 fit");
	out.payload = wide = g_strdup_printf("{\"choices\":[{\"id\":\"y\",\"title\":\"%s\"}]}", title);
	assert_planned(&out, HG_ERR_INPUT, "at most 80 characters");
}

static void what_is_about_a_message_is_carried_and_other_kinds_are_not(void **state)
{
	struct hg_out out = { .size = sizeof(out), .kind = HG_REACTION, .text = "\xf0\x9f\x91\x8d", .target = "v:1" };
	g_autofree char *longest = g_strnfill(65, 'x');

	(void)state;
	assert_planned(&out, 0, NULL);
	out.text = longest;
	assert_planned(&out, HG_ERR_INPUT, "one emoji");
	out = (struct hg_out){ .size = sizeof(out), .kind = HG_EDIT, .text = "Better", .target = "k" };
	assert_planned(&out, 0, NULL);
	out.text = "";
	assert_planned(&out, HG_ERR_INPUT, "needs the new text");
	out.kind = HG_REVOKE;
	assert_planned(&out, 0, NULL);
	out.kind = 4711;
	assert_planned(&out, HG_ERR_UNSUPPORTED, "cannot carry this");
}

/* ---- a channel's life ---- */

struct far {			/* host and client API in one */
	struct hg_host host;
	struct hg_inside_visitor inside;
	gboolean lacks;		/* nobody serves */
	const struct hg_visitor_conf *served;
	guint serves, leaves, said, drains;
	struct hg_result sent;
	guint64 ticket;
	int condition;
};

static struct far far;

static void serve(void *ctx, struct hg_channel *ch, const struct hg_visitor_conf *conf)
{
	assert_ptr_equal(ctx, &far);
	assert_ptr_equal(ch, &far);
	far.served = conf;
	far.serves++;
}

static void leave(void *ctx, struct hg_channel *ch)
{
	assert_ptr_equal(ctx, &far);
	assert_ptr_equal(ch, &far);
	far.served = NULL;
	far.leaves++;
}

static void say(void *ctx, struct hg_channel *ch, const struct hg_out *out)
{
	assert_ptr_equal(ctx, &far);
	assert_ptr_equal(ch, &far);
	assert_string_equal(out->to, "widget:abc");
	far.said++;
}

static void *inside(struct hg_channel *ch, const char *what)
{
	assert_ptr_equal(ch, &far);
	assert_string_equal(what, HG_INSIDE_VISITOR);
	return far.lacks ? NULL : &far.inside;
}

static void sent(struct hg_channel *ch, uint64_t ticket, const struct hg_result *result)
{
	assert_ptr_equal(ch, &far);
	far.ticket = ticket;
	far.sent = *result;
}

static void condition(struct hg_channel *ch, int what, const struct hg_err *err)
{
	assert_ptr_equal(ch, &far);
	assert_null(err);
	far.condition = what;
}

static void drained(struct hg_channel *ch)
{
	assert_ptr_equal(ch, &far);
	far.drains++;
}

static void *opened(const struct hg_visitor_conf *conf)
{
	struct hg_err err = { 0 };
	void *state = NULL;

	far = (struct far){ .host = { .size = sizeof(far.host), .inside = inside, .sent = sent, .condition = condition, .drained = drained },
			    .inside = { &far, serve, leave, say } };
	assert_int_equal(hg_adapter_v1.open(&far.host, (struct hg_channel *)&far, conf, &state, &err), 0);
	return state;
}

static void it_is_served_from_start_to_stop(void **unused)
{
	const struct hg_visitor_conf conf = plain(), other = plain();
	void *state = opened(&conf);

	(void)unused;
	assert_int_equal(far.serves, 0);
	hg_adapter_v1.start(state);
	assert_ptr_equal(far.served, &conf);
	assert_int_equal(far.condition, HG_UP);
	assert_int_equal(hg_adapter_v1.reconf(state, &other, NULL), 0);
	assert_ptr_equal(far.served, &other);
	hg_adapter_v1.stop(state);
	assert_int_equal(far.leaves, 1);
	assert_int_equal(far.drains, 1);
	/* A reload between stop() and close() brings it back to nobody. */
	assert_int_equal(hg_adapter_v1.reconf(state, &conf, NULL), 0);
	assert_null(far.served);
	hg_adapter_v1.close(state);
	assert_int_equal(far.leaves, 1);
}

static void one_that_was_never_started_leaves_nothing(void **unused)
{
	const struct hg_visitor_conf conf = plain();

	(void)unused;
	hg_adapter_v1.close(opened(&conf));
	assert_int_equal(far.leaves, 0);
}

static void one_that_is_closed_in_the_middle_of_it_is_served_no_more(void **unused)
{
	const struct hg_visitor_conf conf = plain();
	void *state = opened(&conf);

	(void)unused;
	hg_adapter_v1.start(state);
	hg_adapter_v1.close(state);
	assert_int_equal(far.leaves, 1);
}

static void without_a_client_api_there_is_no_channel(void **unused)
{
	const struct hg_visitor_conf conf = plain();
	struct hg_err err = { 0 };
	void *state = NULL;

	(void)unused;
	hg_adapter_v1.close(opened(&conf));
	far.lacks = TRUE;
	assert_int_equal(hg_adapter_v1.open(&far.host, (struct hg_channel *)&far, &conf, &state, &err), -1);
	assert_int_equal(err.kind, HG_ERR_CONFIG);
	assert_non_null(strstr(err.text, "nobody serves the client API"));
	assert_null(state);
}

static void what_is_kept_is_sent_and_signs_are_passed_on(void **unused)
{
	const struct hg_visitor_conf conf = plain();
	struct hg_out out = { .size = sizeof(out), .ticket = 7, .kind = HG_TEXT, .to = "widget:abc", .key = "the-key", .text = "Hello" };
	struct hg_limits limits = { .size = sizeof(limits) };
	void *state = opened(&conf);

	(void)unused;
	hg_adapter_v1.start(state);
	hg_adapter_v1.send(state, &out);
	assert_int_equal(far.ticket, 7);
	assert_int_equal(far.sent.fate, HG_SENT);
	assert_string_equal(far.sent.id, "the-key");
	out.ticket = 0;
	out.kind = HG_READ;
	hg_adapter_v1.send(state, &out);
	out.kind = HG_TYPING;
	hg_adapter_v1.send(state, &out);
	assert_int_equal(far.said, 2);
	assert_int_equal(far.ticket, 7);
	hg_adapter_v1.stop(state);
	hg_adapter_v1.send(state, &out);
	assert_int_equal(far.said, 2);
	hg_adapter_v1.close(state);
	hg_adapter_v1.limits(&conf, &limits);
	assert_true(limits.key_life_ms > 24 * 3600 * 1000);
	assert_true(limits.max_text == 0 && limits.window_ms == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_usual_is_fine),
		cmocka_unit_test(what_is_no_origin_is_told_with_the_right_one),
		cmocka_unit_test(all_that_is_wrong_is_told_at_once),
		cmocka_unit_test(lists_have_an_end),
		cmocka_unit_test(what_cannot_be_read_is_an_error_and_what_cannot_be_seen_a_warning),
		cmocka_unit_test(a_key_must_fit_its_algorithm),
		cmocka_unit_test(who_must_be_vouched_for_needs_a_key_that_does),
		cmocka_unit_test(an_answer_is_one_part_with_all_that_is_in_it),
		cmocka_unit_test(choices_are_looked_at),
		cmocka_unit_test(what_is_about_a_message_is_carried_and_other_kinds_are_not),
		cmocka_unit_test(it_is_served_from_start_to_stop),
		cmocka_unit_test(one_that_was_never_started_leaves_nothing),
		cmocka_unit_test(one_that_is_closed_in_the_middle_of_it_is_served_no_more),
		cmocka_unit_test(without_a_client_api_there_is_no_channel),
		cmocka_unit_test(what_is_kept_is_sent_and_signs_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
