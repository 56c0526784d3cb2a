/* test_described_auth.c - who may call: every way helpdesks prove themselves, by signatures that others have published
 *
 * Nothing here is signed by the code that verifies.  What has no published vector was computed with Python's hmac. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "described_fixture.h"
#include "http_auth.h"

static char *secrets[] = {
	(char *)"whsec", (char *)"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	(char *)"other", (char *)"whsec_c2Vjb25kLXNlY3JldC1vZi10aGUtdGVzdHM=",
	(char *)"github", (char *)"It's a Secret to Everybody", (char *)"jefe", (char *)"Jefe",
	(char *)"hubspot", (char *)"client-secret", (char *)"v2", (char *)"yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
	(char *)"basic", (char *)"open sesame", (char *)"shared", (char *)"a long shared secret", (char *)"empty", (char *)"", (char *)"pair", (char *)"Aladdin:open sesame",
	(char *)"base64", (char *)"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", (char *)"hex", (char *)"00ff10", (char *)"odd", (char *)"0g!", NULL,
};
static char *values[] = { (char *)"public", (char *)"PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=", NULL };

struct asking {			/* one request */
	const char *method, *url, *body, *peer;
	const char *headers[8];	/* name, value ..., NULL */
	gint64 now_ms;
};
static const struct asking *asking;	/* whose headers are asked for */

static const char *header(const void *from, const char *name)
{
	(void)from;
	for (const char *const *h = asking->headers; *h; h += 2)
		if (g_ascii_strcasecmp(*h, name) == 0)
			return h[1];
	return NULL;
}

static const char *req_header(const struct hg_http_req *req, const char *name)
{
	(void)req;
	return header(NULL, name);
}

static const char *no_query(const struct hg_http_req *req, const char *name)
{
	(void)req;
	(void)name;
	return NULL;
}

static gboolean is_genuine(const char *auth, const struct asking *a)
{
	g_autofree char *json = g_strdup_printf("{'auth':%s}", auth);
	struct json_object *map = desk_json(json);
	struct hg_err err;
	struct ht_look look = desk_look(&err);
	g_autoptr(ht_auth) compiled = NULL;
	struct hg_http_req req = { .size = sizeof(req), .method = a->method ? a->method : "POST", .path = "hook", .peer = a->peer,
				   .body = a->body, .len = strlen(a->body), .header = req_header, .query = no_query,
				   .target = "/backend/desk/hook" };
	struct ht_scope scope = { .header = header, .body = a->body, .len = req.len, .method = req.method, .url = a->url,
				  .now_ms = a->now_ms, .secrets = secrets, .values = values };
	struct ht_asked asked = { .req = &req, .scope = &scope, .url = a->url };
	const char *why;
	int verdict;

	look.knows = FALSE;
	compiled = ht_auth_new(&look, map, "auth");
	if (!compiled)
		fail_msg("%s: %s: %s", auth, err.at, err.text);
	asking = a;
	verdict = ht_auth_judge(compiled, &asked, &why);
	assert_true((verdict == HT_GENUINE) == (why == NULL));
	g_string_free(look.at, TRUE);
	json_object_put(map);
	return verdict == HT_GENUINE;
}

/* What must hold, and no longer does when one byte of the body, or the header that carries the proof, is another. */
static void check_all(const char *auth, const struct asking *a, const char *proof)
{
	struct asking other = *a;
	g_autofree char *body = g_strconcat(a->body, " ", NULL), *changed = NULL;

	if (!is_genuine(auth, a))
		fail_msg("%s: refused", auth);
	other.body = body;
	assert_false(is_genuine(auth, &other));
	for (gsize i = 0; other.headers[i]; i += 2) {
		if (strcmp(other.headers[i], proof) != 0)
			continue;
		changed = g_strdup(other.headers[i + 1]);
		changed[strlen(changed) / 2] = changed[strlen(changed) / 2] == '5' ? '6' : '5';
		other.body = a->body;
		other.headers[i + 1] = changed;
		assert_false(is_genuine(auth, &other));
		other.headers[i] = "X-Nothing";
		assert_false(is_genuine(auth, &other));
		return;
	}
	fail_msg("%s: there is no %s", auth, proof);
}

/* ---- Standard Webhooks: the vector of the specification's own libraries ---- */

#define SIGNED_MS	  1614265330000
#define SIGNATURE	  "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static const struct asking standard = {
	.body = "{\"test\": 2432232314}", .now_ms = SIGNED_MS,
	.headers = { "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp", "1614265330", "webhook-signature", SIGNATURE },
};

static void standard_webhooks(void **state)
{
	struct asking a = standard;

	(void)state;
	check_all("{'standard_webhooks':{'secret':'whsec'}}", &standard, "webhook-signature");
	check_all("{'standard_webhooks':{'secret':['other','whsec']}}", &standard, "webhook-signature");
	assert_false(is_genuine("{'standard_webhooks':{'secret':'other'}}", &standard));
	/* Several signatures while secrets change; other versions are none of ours. */
	a.headers[5] = "v1,AAAA v2,zzzz " SIGNATURE;
	assert_true(is_genuine("{'standard_webhooks':{'secret':'whsec'}}", &a));
	a.headers[5] = "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
	assert_false(is_genuine("{'standard_webhooks':{'secret':'whsec'}}", &a));
	a.headers[5] = "";
	assert_false(is_genuine("{'standard_webhooks':{'secret':'whsec'}}", &a));
	/* The same by hand. */
	assert_true(is_genuine("{'hmac':{'secret':'whsec','key':'whsec','over':'${header:webhook-id}.${header:webhook-timestamp}.${body}',"
			       "'at':{'path':'$header:webhook-signature','do':[{'after':'v1,'}]}}}", &standard));
}

static void a_signature_does_not_last(void **state)
{
	struct asking a = standard;

	(void)state;
	a.now_ms = SIGNED_MS + 300000;
	assert_true(is_genuine("{'standard_webhooks':{'secret':'whsec'}}", &a));
	a.now_ms = SIGNED_MS + 300001;
	assert_false(is_genuine("{'standard_webhooks':{'secret':'whsec'}}", &a));
	assert_true(is_genuine("{'standard_webhooks':{'secret':'whsec','window':'10m'}}", &a));
	a.now_ms = SIGNED_MS - 300001;
	assert_false(is_genuine("{'standard_webhooks':{'secret':'whsec'}}", &a));
}

/* ---- hashes with a key ---- */

static void hub_signatures(void **state)
{
	/* GitHub, "Validating webhook deliveries"; RFC 2202 and RFC 4231, test case 2. */
	static const struct asking github = { .body = "Hello, World!", .headers = { "X-Hub-Signature-256",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" } };
	static const struct asking sha1 = { .body = "what do ya want for nothing?", .headers = { "X-Hub-Signature",
		"sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" } };
	static const struct asking bare = { .body = "what do ya want for nothing?", .headers = { "X-Libredesk-Signature",
		"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" } };

	(void)state;
	check_all("{'hmac':{'secret':'github','over':'${body}','at':{'path':'$header:X-Hub-Signature-256','do':[{'after':'sha256='}]}}}",
		  &github, "X-Hub-Signature-256");
	check_all("{'hmac':{'digest':'sha1','secret':'jefe','over':'${body}','at':{'path':'$header:X-Hub-Signature','do':"
		  "[{'after':'sha1='}]}}}", &sha1, "X-Hub-Signature");
	check_all("{'hmac':{'secret':'jefe','over':'${body}','at':{'path':'$header:X-Libredesk-Signature','do':[{'after':'sha256='}]}}}",
		  &bare, "X-Libredesk-Signature");
	assert_false(is_genuine("{'hmac':{'secret':'empty','over':'${body}','at':'$header:X-Hub-Signature'}}", &sha1));
	/* The other hash's name does not make it one. */
	assert_false(is_genuine("{'hmac':{'secret':'jefe','over':'${body}','at':{'path':'$header:X-Hub-Signature','do':[{'after':'sha1='}]}}}",
				&sha1));
}

/* Time and body are signed as one string: RFC 4231's test case 2, cut where they meet. */
static void time_and_body(void **state)
{
	static const struct asking zendesk = { .body = "want for nothing?", .headers = {
		"X-Zendesk-Webhook-Signature", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=",
		"X-Zendesk-Webhook-Signature-Timestamp", "what do ya " } };
	static const struct asking glpi = { .body = "what do ya want ", .headers = {
		"X-GLPI-signature", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		"X-GLPI-timestamp", "for nothing?" } };

	(void)state;
	check_all("{'hmac':{'secret':'jefe','over':'${header:X-Zendesk-Webhook-Signature-Timestamp}${body}','at':"
		  "'$header:X-Zendesk-Webhook-Signature'}}", &zendesk, "X-Zendesk-Webhook-Signature");
	check_all("{'hmac':{'secret':'jefe','over':'${body}${header:X-GLPI-timestamp}','at':'$header:X-GLPI-signature'}}", &glpi,
		  "X-GLPI-signature");
}

static void times_in_headers(void **state)
{
	struct asking a = { .body = "x", .now_ms = 1795168800000, .headers = { "X-Time", "2026-11-20T10:00:00Z" } };
	static const char within[] = "{'within':{'at':'$header:X-Time'}}";

	(void)state;
	assert_true(is_genuine(within, &a));
	a.headers[1] = "1795168800000";
	assert_true(is_genuine(within, &a));
	a.headers[1] = "1795168800";
	assert_true(is_genuine(within, &a));
	a.headers[1] = "2026-11-20T09:54:59Z";
	assert_false(is_genuine(within, &a));
	a.headers[1] = "soon";
	assert_false(is_genuine(within, &a));
	a.headers[0] = NULL;
	assert_false(is_genuine(within, &a));
}

/* HubSpot, "Validating requests": version 2's own example; version 3 over an address of which twelve characters are decoded. */
static void hubspot(void **state)
{
	static const char v3[] = "[{'hmac':{'secret':'hubspot','over':'${method}${url_decoded}${body}${header:X-HubSpot-Request-Timestamp}',"
				 "'at':'$header:X-HubSpot-Signature-v3'}},{'within':{'at':'$header:X-HubSpot-Request-Timestamp'}}]";
	struct asking a = { .body = "{\"x\":1}", .url = "https://chat.example.com/backend/desk/hook?a=b%40c%2Cd%20e",
		.now_ms = 1795168800000, .headers = { "X-HubSpot-Signature-v3", "LNVPf1TZ4ie/xGFPwCIe8y5sXr7sFltDcVLIE9ZxLcc=",
						      "X-HubSpot-Request-Timestamp", "1795168800000" } };
	static const struct asking v2 = { .method = "GET", .body = "", .url = "https://www.example.com/webhook_uri", .headers = {
		"X-HubSpot-Signature", "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e" } };

	(void)state;
	check_all(v3, &a, "X-HubSpot-Signature-v3");
	/* Small letters too; what is no such character stays as it came. */
	a.url = "https://chat.example.com/backend/desk/hook?a=b%40c%2cd%20e";
	assert_true(is_genuine(v3, &a));
	a.url = "https://chat.example.com/backend/desk/hook?a=b%40c%2cd e";
	assert_false(is_genuine(v3, &a));
	a.url = "https://chat.example.com/backend/desk/hook?a=b%40c%2Cd%20e";
	a.now_ms += 300001;
	assert_false(is_genuine(v3, &a));
	a.url = NULL;
	assert_false(is_genuine(v3, &a));
	check_all("{'digest':{'over':'${secret:v2}${method}${url}${body}','at':'$header:X-HubSpot-Signature'}}", &v2,
		  "X-HubSpot-Signature");
}

/* What is decoded, and a percent sign that ends too early. */
static void an_address_is_decoded_where_it_is_wanted(void **state)
{
	static const char all[] = "https://x/?%3A%2F%3f%40%21%24%27%28%29%2A%2C%3B%20%25%2b%zz%4";
	struct hg_http_req req = { .size = sizeof(req), .method = "GET", .body = "" };
	struct ht_scope scope = { .body = "" };
	struct ht_asked asked = { .req = &req, .scope = &scope, .url = all };
	g_autoptr(GString) out = g_string_new(NULL);

	(void)state;
	assert_true(ht_signed_value(&asked, "url_decoded", out));
	assert_string_equal(out->str, "https://x/?:/?@!$'()*,;%20%25%2b%zz%4");
}

/* ---- secrets that are shown, and addresses ---- */

static void passwords_and_tokens(void **state)
{
	/* RFC 7617 section 2. */
	static const struct asking basic = { .body = "x", .headers = { "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" } };
	static const struct asking shared = { .body = "x", .headers = { "X-Token", "a long shared secret" } };
	static const struct asking nothing = { .body = "x", .headers = { "X-Token", "" } };

	(void)state;
	assert_true(is_genuine("{'basic':{'user':'Aladdin','secret':'basic'}}", &basic));
	assert_false(is_genuine("{'basic':{'user':'aladdin','secret':'basic'}}", &basic));
	assert_false(is_genuine("{'basic':{'user':'Aladdin','secret':'shared'}}", &basic));
	assert_false(is_genuine("{'basic':{'user':'Aladdin','secret':'basic'}}", &shared));
	assert_true(is_genuine("{'token':{'at':'$header:x-token','secret':'shared'}}", &shared));
	assert_false(is_genuine("{'token':{'at':'$header:x-token','secret':'basic'}}", &shared));
	assert_false(is_genuine("{'token':{'at':'$header:x-token','secret':'empty'}}", &nothing));
	assert_false(is_genuine("{'token':{'at':'$header:x-other','secret':'shared'}}", &shared));
}

static void passwords_of_other_forms(void **state)
{
	static const char *const wrong[] = { "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic !", "Basic b3BlbgBzZXNhbWU=", NULL };
	struct asking a = { .body = "x", .headers = { "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" } };

	(void)state;
	assert_true(is_genuine("{'basic':{'secret':'pair'}}", &a));
	assert_true(is_genuine("{'basic':{'user':'Aladdin','secret':['absent','basic']}}", &a));
	assert_false(is_genuine("{'basic':{'user':'Aladdin','secret':'absent'}}", &a));
	for (const char *const *header = wrong; *header; header++) {
		a.headers[1] = *header;
		assert_false(is_genuine("{'basic':{'secret':['pair','basic']}}", &a));
	}
}

/* HMAC-SHA-256 of "x", by Python. */
static void keys_are_written_in_several_ways(void **state)
{
	static const char sign[] = "{'hmac':{'secret':%s,'key':'%s','over':'%s','at':'$header:X-Sign'}}";
	static const struct { const char *secret, *key, *over, *mac; gboolean holds; } cases[] = {
		{ "'base64'", "base64", "${body}", "e0e57dc131e58d7fede51e2ec9f87a22b03f70d5dd2362f7eddfb12ab95874b9", TRUE },
		{ "'base64'", "whsec", "${body}", "e0e57dc131e58d7fede51e2ec9f87a22b03f70d5dd2362f7eddfb12ab95874b9", TRUE },
		{ "['absent','base64']", "base64", "${body}", "e0e57dc131e58d7fede51e2ec9f87a22b03f70d5dd2362f7eddfb12ab95874b9", TRUE },
		{ "'hex'", "hex", "${body}", "093f87aae0559881886460183496fe2b36116d2fe4456b662f5fd304140358a3", TRUE },
		{ "'hex'", "raw", "${body}", "093f87aae0559881886460183496fe2b36116d2fe4456b662f5fd304140358a3", FALSE },
		{ "'odd'", "hex", "${body}", "093f87aae0559881886460183496fe2b36116d2fe4456b662f5fd304140358a3", FALSE },
		{ "'odd'", "base64", "${body}", "093f87aae0559881886460183496fe2b36116d2fe4456b662f5fd304140358a3", FALSE },
		/* A key of no bytes is everybody's. */
		{ "'empty'", "raw", "${body}", "4cbc96099a6467ce002461f10549b4898265ebe6188b45efacc44293516e62c4", FALSE },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *auth = g_strdup_printf(sign, cases[i].secret, cases[i].key, cases[i].over);
		const struct asking a = { .body = "x", .headers = { "X-Sign", cases[i].mac } };

		if (is_genuine(auth, &a) != cases[i].holds)
			fail_msg("%s", auth);
	}
}

/* RFC 8032 section 7.1, test 2. */
static void a_public_key_verifies_wherever_it_stands(void **state)
{
	static const struct asking a = { .body = "r", .headers = { "X-Sign",
		"kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==" } };

	(void)state;
	check_all("{'ed25519':{'key':'PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=','over':'${body}','at':'$header:X-Sign'}}", &a, "X-Sign");
	assert_true(is_genuine("{'ed25519':{'key':'$value:public','over':'${body}','at':'$header:X-Sign'}}", &a));
	assert_false(is_genuine("{'ed25519':{'key':'$secret:pair','over':'${body}','at':'$header:X-Sign'}}", &a));
	assert_false(is_genuine("{'ed25519':{'key':'$value:absent','over':'${body}','at':'$header:X-Sign'}}", &a));
	assert_false(is_genuine("{'ed25519':{'key':'$value:public','over':'${url}','at':'$header:X-Sign'}}", &a));
}

/* Tokens by Python's hmac; they end at 2026-11-22T09:17:40Z. */
#define JWT_HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define GOOD JWT_HEAD \
	"eyJpc3MiOiJkZXNrIiwiZXhwIjoxNzk1MzM5MDYwLCJib2R5IjoiMDM3YzkyMTRlZWY3NGNjMzg4N2YzYTRmMDg1YjRlMTdkNzYy" \
	"ODBkYWZkMjczYjBlZTE2MGMwOWM0YmExY2ZkNCIsInVybCI6IjM4ZTIwODczZTA3MGNhYzY4ZWY0MjM2MWM2ZjU4N2EyZjQ4ODZh" \
	"YTZhOGI3MmYwN2Y0M2EyMzdlNzVhMjI2YTYifQ.A_h06OgVyNgbgSJEhhJPHrTCzmYQOaLF2rLmcfCc810"
#define NO_BODY JWT_HEAD \
	"eyJpc3MiOiJkZXNrIiwiZXhwIjoxNzk1MzM5MDYwLCJ1cmwiOiIzOGUyMDg3M2UwNzBjYWM2OGVmNDIzNjFjNmY1ODdhMmY0ODg2" \
	"YWE2YThiNzJmMDdmNDNhMjM3ZTc1YTIyNmE2In0.WoZnJN9uprUn0o8DvPy437ui2WJw2_h2qHdVWrCozck"
#define MAP JWT_HEAD \
	"eyJpc3MiOnsiYSI6MX0sImV4cCI6MTc5NTMzOTA2MCwiYm9keSI6IjAzN2M5MjE0ZWVmNzRjYzM4ODdmM2E0ZjA4NWI0ZTE3ZDc2" \
	"MjgwZGFmZDI3M2IwZWUxNjBjMDljNGJhMWNmZDQiLCJ1cmwiOiIzOGUyMDg3M2UwNzBjYWM2OGVmNDIzNjFjNmY1ODdhMmY0ODg2" \
	"YWE2YThiNzJmMDdmNDNhMjM3ZTc1YTIyNmE2In0.STFQaKXnxmH86Mp5VKmlfTYNkCVdhXGglxJ9tryKmH4"
#define OTHER JWT_HEAD \
	"eyJpc3MiOiJlbHNlIiwiZXhwIjoxNzk1MzM5MDYwLCJib2R5IjoiMDM3YzkyMTRlZWY3NGNjMzg4N2YzYTRmMDg1YjRlMTdkNzYy" \
	"ODBkYWZkMjczYjBlZTE2MGMwOWM0YmExY2ZkNCIsInVybCI6IjM4ZTIwODczZTA3MGNhYzY4ZWY0MjM2MWM2ZjU4N2EyZjQ4ODZh" \
	"YTZhOGI3MmYwN2Y0M2EyMzdlNzVhMjI2YTYifQ.EwkrtL7tzAkZZ3iIxXwrVKCdquz5MNBzPnQY4e57AFo"
#define NO_ISSUER JWT_HEAD \
	"eyJleHAiOjE3OTUzMzkwNjAsInVybCI6IjM4ZTIwODczZTA3MGNhYzY4ZWY0MjM2MWM2ZjU4N2EyZjQ4ODZhYTZhOGI3MmYwN2Y0" \
	"M2EyMzdlNzVhMjI2YTYifQ.QAw5jyhpvnsTx6QAYPCCRI3_5009951Fn4TZPiVHvGU"
#define CLAIMS(more) "{'jwt':{'secret':['absent','shared'],'at':'$header:Authorization'," more \
	"'claims':{'body':'${sha256(body)}','url':'${sha256(url)}','iss':'desk'}}}"

static void a_token_says_what_it_is_of(void **state)
{
	struct asking a = { .body = "{\"id\":1}", .url = "https://chat.example.com/backend/desk/hook", .now_ms = 1795339000000,
			    .headers = { "Authorization", "Bearer " GOOD } };
	static const char *const wrong[] = { NO_BODY, MAP, OTHER, NO_ISSUER, "x.y.z", NULL };

	(void)state;
	check_all(CLAIMS(""), &a, "Authorization");
	assert_true(is_genuine("{'jwt':{'secret':'shared','at':'$header:Authorization'}}", &a));
	assert_false(is_genuine("{'jwt':{'secret':'absent','at':'$header:Authorization'}}", &a));
	a.headers[1] = GOOD;
	assert_true(is_genuine(CLAIMS("'algorithm':'HS256',"), &a));
	assert_false(is_genuine(CLAIMS("'algorithm':'HS512',"), &a));
	for (const char *const *token = wrong; *token; token++) {
		a.headers[1] = *token;
		assert_false(is_genuine(CLAIMS(""), &a));
	}
	/* Without a body its hash is no claim; anything else has to be. */
	a.body = "";
	a.headers[1] = NO_BODY;
	assert_true(is_genuine(CLAIMS(""), &a));
	a.headers[1] = NO_ISSUER;
	assert_false(is_genuine(CLAIMS(""), &a));
	a.headers[1] = NO_BODY;
	a.url = NULL;
	assert_false(is_genuine(CLAIMS(""), &a));
}

/* It says so itself, in JSON. */
static void what_is_no_message_of_sns_is_forged(void **state)
{
	static const struct asking a = { .body = "x" };

	(void)state;
	assert_false(is_genuine("{'sns':{'topics':['arn:aws:sns:eu-west-1:1:x']}}", &a));
}

/* Is a public_url needed, and is anything proven? */
static void what_is_demanded_can_be_asked(void **state)
{
	static const struct { const char *auth; gboolean proves, wants_url; } cases[] = {
		{ "'none'", FALSE, FALSE }, { "{'addresses':'192.0.2.1'}", TRUE, FALSE },
		{ "{'digest':{'over':'${secret:v2}${url}','at':'$header:X'}}", TRUE, TRUE },
		{ "{'digest':{'over':'${secret:v2}${url_base}','at':'$header:X'}}", TRUE, TRUE },
		{ "{'digest':{'over':'${secret:v2}${url_decoded}','at':'$header:X'}}", TRUE, TRUE },
		{ "{'digest':{'over':'${secret:v2}${body}','at':'$header:X'}}", TRUE, FALSE },
		{ CLAIMS(""), TRUE, TRUE }, { "{'jwt':{'secret':'a','at':'$header:X','claims':{'body':'${sha256(body)}'}}}", TRUE, FALSE },
	};

	(void)state;
	assert_false(ht_auth_proves(NULL) || ht_auth_wants_url(NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *json = g_strdup_printf("{'auth':%s}", cases[i].auth);
		struct json_object *map = desk_json(json);
		struct hg_err err;
		struct ht_look look = desk_look(&err);
		g_autoptr(ht_auth) auth = NULL;

		look.knows = FALSE;
		auth = ht_auth_new(&look, map, "auth");
		if (!auth || ht_auth_proves(auth) != cases[i].proves || ht_auth_wants_url(auth) != cases[i].wants_url)
			fail_msg("%s %s", cases[i].auth, err.text);
		g_string_free(look.at, TRUE);
		json_object_put(map);
	}
}

static void addresses(void **state)
{
	struct asking a = { .body = "x", .peer = "192.0.2.77" };
	static const char nets[] = "{'addresses':['192.0.2.64/26','2001:db8::/32']}";

	(void)state;
	assert_true(is_genuine(nets, &a));
	a.peer = "192.0.2.63";
	assert_false(is_genuine(nets, &a));
	a.peer = "::ffff:192.0.2.127";
	assert_true(is_genuine(nets, &a));
	a.peer = "2001:db8:1::5";
	assert_true(is_genuine(nets, &a));
	a.peer = "2001:db9::";
	assert_false(is_genuine(nets, &a));
	a.peer = "::ffff:c000:24d";
	assert_false(is_genuine(nets, &a));
	a.peer = "nowhere";
	assert_false(is_genuine(nets, &a));
	a.peer = NULL;
	assert_false(is_genuine(nets, &a));
}

static void all_demands_hold(void **state)
{
	struct asking a = { .body = "x", .peer = "192.0.2.77", .headers = { "X-Token", "a long shared secret" } };
	static const char both[] = "[{'addresses':['192.0.2.0/24']},{'token':{'at':'$header:X-Token','secret':'shared'}}]";

	(void)state;
	assert_true(is_genuine(both, &a));
	a.peer = "198.51.100.1";
	assert_false(is_genuine(both, &a));
	a.peer = "192.0.2.77";
	a.headers[1] = "another";
	assert_false(is_genuine(both, &a));
}

static void mistakes_are_told(void **state)
{
	static const struct { const char *auth, *at, *text; } cases[] = {
		{ "{'standard_webhooks':{}}", "/auth/standard_webhooks", "'secret' is missing" },
		{ "{'standard_webhooks':{'secret':'a','over':'b'}}", "/auth/standard_webhooks/over", "there is no 'over' here" },
		{ "{'standard_webhook':{'secret':'a'}}", "/auth/standard_webhook", "did you mean 'standard_webhooks'?" },
		{ "{'hmac':{'secret':'a','over':'${url_decode}','at':'$header:X'}}", "/auth/hmac/over", "did you mean ${url_decoded}?" },
		{ "{'hmac':{'secret':'a','over':'${body}','at':'$header:X','key':'wsec'}}", "/auth/hmac/key", "did you mean 'whsec'?" },
		{ "{'hmac':{'secret':'a','over':'${body}','at':'$header:X','digest':'sha3'}}", "/auth/hmac/digest", "sha3" },
		{ "{'hmac':5}", "/auth/hmac", "a map is wanted here: hmac: { ... }" },
		{ "{'digest':{'at':'$header:X'}}", "/auth/digest", "'over' is missing" },
		{ "{'digest':{'over':'${body}','at':'$header:X'}}", "/auth/digest/over", "without ${secret:NAME} in it anybody can make" },
		{ "{'ed25519':{'over':'${body}','at':'$header:X'}}", "/auth/ed25519", "'key' is missing" },
		{ "{'ed25519':{'key':'$header:X','over':'${body}','at':'$header:X'}}", "/auth/ed25519/key", "a public key stands here" },
		{ "{'ed25519':{'key':'$[','over':'${body}','at':'$header:X'}}", "/auth/ed25519/key", "" },
		{ "{'jwt':{'secret':'a','at':'$header:X','algorithm':'none'}}", "/auth/jwt/algorithm", "none" },
		{ "{'addresses':5}", "/auth/addresses", "" },
		{ "{'addresses':[]}", "/auth/addresses", "must have 1 to" },
		{ "{'addresses':['']}", "/auth/addresses", "'' is no address" },
		{ "{'addresses':['192.0.2.256']}", "/auth/addresses", "is no address" },
		{ "{'addresses':['192.0.2.0/33']}", "/auth/addresses", "is no address" },
		{ "'maybe'", "/auth", "each demand is a map of one" },
		{ "[{'token':{'at':'$header:X','secret':'a'},'within':{'at':'$header:Y'}}]", "/auth/0", "each demand is a map of one" },
		{ "[]", "/auth", "must have 1 to 8 demands" },
		{ "[1,2,3,4,5,6,7,8,9]", "/auth", "must have 1 to 8 demands" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *json = g_strdup_printf("{'auth':%s}", cases[i].auth);
		struct json_object *map = desk_json(json);
		struct hg_err err;
		struct ht_look look = desk_look(&err);

		look.knows = FALSE;
		assert_null(ht_auth_new(&look, map, "auth"));
		if (strcmp(err.at, cases[i].at) != 0 || !strstr(err.text, cases[i].text))
			fail_msg("%s: %s: %s", cases[i].auth, err.at, err.text);
		g_string_free(look.at, TRUE);
		json_object_put(map);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standard_webhooks),
		cmocka_unit_test(a_signature_does_not_last),
		cmocka_unit_test(hub_signatures),
		cmocka_unit_test(time_and_body),
		cmocka_unit_test(times_in_headers),
		cmocka_unit_test(hubspot),
		cmocka_unit_test(an_address_is_decoded_where_it_is_wanted),
		cmocka_unit_test(passwords_and_tokens),
		cmocka_unit_test(passwords_of_other_forms),
		cmocka_unit_test(keys_are_written_in_several_ways),
		cmocka_unit_test(a_public_key_verifies_wherever_it_stands),
		cmocka_unit_test(a_token_says_what_it_is_of),
		cmocka_unit_test(what_is_no_message_of_sns_is_forged),
		cmocka_unit_test(what_is_demanded_can_be_asked),
		cmocka_unit_test(addresses),
		cmocka_unit_test(all_demands_hold),
		cmocka_unit_test(mistakes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
