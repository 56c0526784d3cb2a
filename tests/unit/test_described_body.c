/* test_described_body.c - what bodies of requests can say: lists, typed values, tables, names, files, cut texts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "described_fixture.h"
#include "http_body.h"
#include "json.h"

static const char situation[] =
	"{'url':'https://desk.example/base/','key':'K1','text':'Hello','subject':'Printer','now':'2026-11-22T10:02:11.004Z',"
	"'ticket':{'priority':'High','tags':['a','b'],'n':7,'open':true,'map':{'k':[1,null]},'none':null},"
	"'contact':{'name':'Ann','email':'ann@example.com'},'external_id':'tkt_1',"
	"'upload':['t1','t2'],"
	"'files':[{'name':'a.png','type':'image/png'},{'name':'b.pdf','type':'application/pdf'}],"
	"'file':{'name':'c.txt','type':'text/plain'}}";

/* json: of a request; what its body is to be. */
static void check_json(const char *json, const char *want)
{
	struct json_object *root = desk_json(situation), *expected = desk_json(want);
	g_autofree char *request = g_strdup_printf("{'url':'${url}/x','json':%s}", json);
	struct ht_made *made = desk_must_make(request, root);
	struct json_object *body = hg_json_parse(made->body->str, made->body->len, NULL, NULL);

	if (!body || !json_object_equal(body, expected))
		fail_msg("%s: %s", json, made->body->str);
	json_object_put(body);
	desk_made_free(made);
	json_object_put(expected);
	json_object_put(root);
}

static void lists_are_made_of_what_there_is(void **state)
{
	(void)state;
	check_json("{'a':{'$each':'files','$as':{'n':'${file.name}','t':'${item.type}'}}}",
		   "{'a':[{'n':'a.png','t':'image/png'},{'n':'b.pdf','t':'application/pdf'}]}");
	check_json("{'a':{'$each':'upload','$as':'${item}'}}", "{'a':['t1','t2']}");
	check_json("{'a':{'$each':'upload','$as':{'$value':'item'}}}", "{'a':['t1','t2']}");
	check_json("{'a':{'$each':'nothing','$as':'${item}'}}", "{'a':[]}");
	/* What is no list is its own only item. */
	check_json("{'a':{'$each':'key','$as':'${item}'}}", "{'a':['K1']}");
	check_json("['x',{'$each':'upload','$as':'${item}'},'y']", "['x','t1','t2','y']");
	check_json("{'a':{'$each':'files','$as':{'$when':{'file.type':{'begins':'image/'}},'$then':'${file.name} of ${contact.name}'}}}",
		   "{'a':['a.png of Ann']}");
	check_json("{'a':{'$each':'files','$as':{'$each':'upload','$as':'${item} ${file.name}'}}}",
		   "{'a':[['t1 a.png','t2 a.png'],['t1 b.pdf','t2 b.pdf']]}");
}

static void values_keep_their_type(void **state)
{
	(void)state;
	check_json("{'n':{'$value':'ticket.n'},'o':{'$value':'ticket.open'},'t':{'$value':'ticket.tags'},'m':{'$value':'ticket.map'},"
		   "'s':{'$value':'key'},'q':{'$value':'$value:queue'}}",
		   "{'n':7,'o':true,'t':['a','b'],'m':{'k':[1,null]},'s':'K1','q':'General'}");
	check_json("{'x':{'$value':'ticket.none'},'y':{'$value':'ticket.nowhere'},'z':[{'$value':'nowhere'}]}", "{'z':[]}");
}

static void a_table_chooses_by_a_word(void **state)
{
	(void)state;
	check_json("{'p':{'$map':{'of':'${ticket.priority}','low':1,'high':3,'*':2}}}", "{'p':3}");
	check_json("{'p':{'$map':{'of':'${ticket.n}','high':3,'*':{'id':'${key}'}}}}", "{'p':{'id':'K1'}}");
	check_json("{'p':{'$map':{'of':'${ticket.n}','high':3}}}", "{}");
	check_json("{'p':{'$map':{'of':'${ticket.priority}','high':null}}}", "{'p':null}");
}

static void names_may_be_values(void **state)
{
	(void)state;
	check_json("{'a':{'$each':'files','$as':{'${file.name}':'x'}}}", "{'a':[{'a.png':'x'},{'b.pdf':'x'}]}");
	check_json("{'CustomFields':{'${value:field}':'${external_id}','b':1}}", "{'CustomFields':{'External ID':'tkt_1','b':1}}");
}

static void texts_are_cut_and_changed(void **state)
{
	(void)state;
	check_json("{'a':{'$text':'${text}','$max':5},'b':{'$text':'${text}','$max':4},'c':{'$text':'${contact.name} \xc3\xa9\xc3\xa9\xc3\xa9','$max':6},"
		   "'d':{'$text':'${subject|none}','$do':['upper']},'e':{'$text':'${text}','$do':['digits']},"
		   "'f':{'$text':'${ticket.nothing|none}'}}",
		   "{'a':'Hello','b':'Hel\xe2\x80\xa6','c':'Ann \xc3\xa9\xe2\x80\xa6','d':'PRINTER','f':'none'}");
}

static void words_around_names(void **state)
{
	(void)state;
	check_json("{'a':'${date(now)} ${clock(now)}','b':'${lower(subject)}','c':'${digits(external_id)}','d':'${word(contact.email)}',"
		   "'e':'${word(contact.phone)|none}'}",
		   "{'a':'2026-11-22 10:02:11','b':'printer','c':'1','d':'ann@example.com','e':'none'}");
}

static void html_is_a_document_of_its_own(void **state)
{
	(void)state;
	check_json("{'a':{'$html':'<p title=\\'${subject}\\'>${text}</p>'}}", "{'a':'<p title=\\'Printer\\'>Hello</p>'}");
}

/* ---- files ---- */

static void check_piece(const struct ht_made *made, guint i, const char *before, const char *name, gboolean base64)
{
	const struct ht_piece *piece = &g_array_index(made->pieces, struct ht_piece, i);
	gsize len = strlen(before);

	assert_in_range(i, 0, made->pieces->len - 1);
	assert_true(piece->at >= len);
	assert_memory_equal(made->body->str + piece->at - len, before, len);
	assert_string_equal(hg_json_str(piece->file, "name"), name);
	assert_int_equal(piece->base64, base64);
}

static void files_stand_in_json_without_their_bytes(void **state)
{
	struct json_object *root = desk_json(situation);
	struct ht_made *made = desk_must_make("{'url':'${url}/x','json':{'one':'${file.base64}','all':{'$each':'files','$as':"
					      "{'${file.name}':'${file.dataurl}'}}}}", root);
	struct json_object *body = hg_json_parse(made->body->str, made->body->len, NULL, NULL);

	(void)state;
	assert_non_null(body);
	assert_int_equal(made->pieces->len, 3);
	check_piece(made, 0, "\"one\":\"", "c.txt", TRUE);
	check_piece(made, 1, "\"a.png\":\"data:image/png;base64,", "a.png", TRUE);
	check_piece(made, 2, "\"b.pdf\":\"data:application/pdf;base64,", "b.pdf", TRUE);
	json_object_put(body);
	desk_made_free(made);
	json_object_put(root);
}

static void a_body_may_be_a_file(void **state)
{
	struct json_object *root = desk_json(situation);
	struct ht_made *made = desk_must_make("{'url':'${url}/x','raw':{'$file':true}}", root);

	(void)state;
	assert_string_equal(made->url->str, "https://desk.example/base/x");
	assert_string_equal(made->headers->pdata[0], "Content-Type: text/plain");
	assert_int_equal(made->body->len, 0);
	assert_int_equal(made->pieces->len, 1);
	check_piece(made, 0, "", "c.txt", FALSE);
	desk_made_free(made);
	made = desk_must_make("{'url':'${url}/x','raw':{'$file':true},'type':'application/octet-stream'}", root);
	assert_string_equal(made->headers->pdata[0], "Content-Type: application/octet-stream");
	desk_made_free(made);
	json_object_put(root);
}

static void check_field(const struct ht_made *made, guint i, const char *name, const char *value, const char *file)
{
	const struct ht_field *field = &g_array_index(made->fields, struct ht_field, i);

	assert_in_range(i, 0, made->fields->len - 1);
	assert_string_equal(field->name, name);
	assert_true(g_strcmp0(field->value, value) == 0);
	assert_true(g_strcmp0(hg_json_str(field->file, "name"), file) == 0);
}

static void parts_carry_several_files(void **state)
{
	struct json_object *root = desk_json(situation);
	struct ht_made *made = desk_must_make("{'url':'${url}/x','parts':{'JSON':{'$json':{'a':'${text}'},'$type':'application/json'},"
					      "'attachments[]':{'$each':'files','$as':{'$file':true}},'tags[]':{'$value':'ticket.tags'},"
					      "'one':{'$file':true}}}", root);

	(void)state;
	assert_int_equal(made->fields->len, 6);
	check_field(made, 0, "JSON", "{\"a\":\"Hello\"}", NULL);
	assert_string_equal(g_array_index(made->fields, struct ht_field, 0).type, "application/json");
	check_field(made, 1, "attachments[]", NULL, "a.png");
	check_field(made, 2, "attachments[]", NULL, "b.pdf");
	check_field(made, 3, "tags[]", "a", NULL);
	check_field(made, 4, "tags[]", "b", NULL);
	check_field(made, 5, "one", NULL, "c.txt");
	desk_made_free(made);
	json_object_put(root);
}

static void queries_and_forms_take_lists(void **state)
{
	struct json_object *root = desk_json(situation);
	struct ht_made *made = desk_must_make("{'url':'${url}/x','query':{'ids':{'$each':'upload','$as':'${item}'},"
					      "'q':'requester:${word(contact.email)}'},"
					      "'form':{'f':{'$when':{'key':'K2'},'$then':'x'},'cf_${value:queue}':{'$value':'ticket.n'}}}", root);

	(void)state;
	assert_string_equal(made->url->str, "https://desk.example/base/x?ids=t1&ids=t2&q=requester%3Aann%40example.com");
	assert_string_equal(made->body->str, "cf_General=7");
	desk_made_free(made);
	json_object_put(root);
}

/* One word is nobody's header: what people wrote may stand before something else so. */
static void a_raw_body_has_words_before_its_text(void **state)
{
	struct json_object *root = desk_json(situation);
	struct ht_made *made = desk_must_make("{'url':'${url}/x','raw':'From: <${word(contact.email)}>\\r\\n\\r\\n${text}'}", root);

	(void)state;
	assert_string_equal(made->body->str, "From: <ann@example.com>\r\n\r\nHello");
	desk_made_free(made);
	json_object_put(root);
}

/* Whoever has files to send asks for it. */
static void what_has_files_in_it_is_known(void **state)
{
	static const struct { const char *request; gboolean has; } cases[] = {
		{ "{'url':'${url}','raw':{'$file':true}}", TRUE },
		{ "{'url':'${url}','parts':{'a':{'$each':'files','$as':{'$file':true}}}}", TRUE },
		{ "{'url':'${url}','json':{'a':[{'$each':'files','$as':{'b':'${item.base64}'}}]}}", TRUE },
		{ "{'url':'${url}','json':{'a':'${file.name}'}}", TRUE },
		{ "{'url':'${url}','json':{'a':'${text}'},'headers':{'X-A':'${key}'}}", FALSE },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct json_object *map = desk_json(cases[i].request);
		struct hg_err err;
		struct ht_look look = desk_look(&err);
		g_autoptr(ht_request) request = ht_request_new(&look, map, TRUE);

		assert_non_null(request);
		assert_int_equal(ht_request_has(request, "file."), cases[i].has);
		g_string_free(look.at, TRUE);
		json_object_put(map);
	}
}

/* ---- what cannot be said ---- */

static void what_is_not_there_is_not_sent(void **state)
{
	static const struct { const char *request, *situation, *why; } cases[] = {
		{ "{'url':'${url}/x','json':'${file.base64}'}", "{'url':'https://a'}", "there is no file to send" },
		{ "{'url':'${url}/x','raw':{'$file':true}}", "{'url':'https://a'}", "there is no file to send" },
		{ "{'url':'${url}/x','parts':{'f':{'$file':true}}}", "{'url':'https://a'}", "there is no file to send" },
		{ "{'url':'${url}/x','form':{'f':{'$value':'m'}}}", "{'url':'https://a','m':{}}",
		  "a list or a map cannot be the text of a field" },
		{ "{'url':'${url}/x','json':{'$number':'${text}'}}", "{'url':'https://a','text':'1e'}",
		  "a value that is to be a number is none" },
		{ "{'url':'${url}/x','query':{'q':'to:${word(contact.email)}'}}", "{'url':'https://a','contact':{'email':'a b@c'}}",
		  "a value that must be one word, or a time, is none" },
		{ "{'url':'${url}/x','query':{'q':'to:${word(contact.email)}'}}", "{'url':'https://a'}",
		  "a value that must be one word, or a time, is none" },
		{ "{'url':'${url}/x','raw':'From: <${word(contact.email)}>\\n\\n${text}'}",
		  "{'url':'https://a','contact':{'email':'a@b>\\nBcc: c@d'}}", "a value that must be one word, or a time, is none" },
		{ "{'url':'${url}/${contact.email}'}", "{'url':'https://a','contact':{'email':'..'}}",
		  "a value that is a part of a path is empty, or nothing but dots" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct json_object *root = desk_json(cases[i].situation);
		struct hg_err err;

		assert_null(desk_make(cases[i].request, root, &err));
		assert_string_equal(err.text, cases[i].why);
		json_object_put(root);
	}
}

/* A list that is far too long, and one whose sum is. */
static void what_is_too_much_is_not_sent(void **state)
{
	struct json_object *root = desk_json("{'url':'https://a'}"), *list = json_object_new_array();
	g_autofree char *much = g_strnfill(5000, 'x');
	struct hg_err err;

	(void)state;
	for (int i = 0; i < 256; i++)
		json_object_array_add(list, json_object_new_string(much));
	json_object_object_add(root, "upload", list);
	assert_null(desk_make("{'url':'${url}','json':{'$each':'upload','$as':'${item}'}}", root, &err));
	assert_string_equal(err.text, "the request is too long");
	assert_null(desk_make("{'url':'${url}','form':{'a':{'$each':'upload','$as':'${item}'}}}", root, &err));
	assert_string_equal(err.text, "the request is too long");
	json_object_array_add(list, json_object_new_string(""));
	assert_null(desk_make("{'url':'${url}','json':{'$each':'upload','$as':'1'}}", root, &err));
	assert_string_equal(err.text, "a list has more than 256 items");
	json_object_put(root);
}

static void mistakes_are_told_with_their_place(void **state)
{
	static const struct { const char *request, *at, *text; } cases[] = {
		{ "{'url':'${url}/x','json':{'a':{'$eech':'files','$as':1}}}", "/json/a/$eech", "did you mean '$each'?" },
		{ "{'url':'${url}/x','json':{'a':{'$as':1}}}", "/json/a/$as", "stands beside another word with a dollar" },
		{ "{'url':'${url}/x','json':{'a':{'$each':'files'}}}", "/json/a", "'$as' is missing" },
		{ "{'url':'${url}/x','json':{'a':{'$each':'files','$as':1,'b':2}}}", "/json/a/b", "there is no 'b' here" },
		{ "{'url':'${url}/x','json':{'a':{'$each':'a..b','$as':1}}}", "/json/a/$each", "wants a key behind the dot" },
		{ "{'url':'${url}/x','json':{'a':'${item}'}}", "/json/a", "${item} means nothing here" },
		{ "{'url':'${url}/x','json':{'$each':'a','$as':{'$each':'b','$as':{'$each':'c','$as':'1'}}}}", "/json/$as/$as/$each",
		  "is within 2 others already" },
		{ "{'url':'${url}/x','json':{'${subject}':1,'b':2}}", "/json/${subject}", "stands alone in its map" },
		{ "{'url':'${url}/x','json':{'a':{'$map':{'high':3}}}}", "/json/a/$map", "'of' is missing" },
		{ "{'url':'${url}/x','json':{'a':{'$map':{'of':'${key}'}}}}", "/json/a/$map", "the words and what they become" },
		{ "{'url':'${url}/x','json':{'a':{'$map':[1]}}}", "/json/a/$map", "is a map: { of:" },
		{ "{'url':'${url}/x','json':{'a':'x ${file.base64} y'}}", "/json/a", "may only be the last of a text of JSON" },
		{ "{'url':'${url}/x','form':{'a':'${file.base64}'}}", "/form/a", "may only be the last of a text of JSON" },
		{ "{'url':'${url}/x','parts':{'a':{'$json':'${file.base64}'}}}", "/parts/a/$json", "may only be the last of a text" },
		{ "{'url':'${url}/x','raw':'${file.base64}'}", "/raw", "may only be the last of a text of JSON" },
		{ "{'url':'${url}/x','json':{'a':{'$file':true}}}", "/json/a/$file", "stands in parts: or is the whole of raw:" },
		{ "{'url':'${url}/x','json':{'a':{'$json':1,'$type':'a/b'}}}", "/json/a/$type", "only a part has a type of its own" },
		{ "{'url':'${url}/x','parts':{'a':{'$json':1,'$type':'a\\nb'}}}", "/parts/a/$type", "there is a line break in it" },
		{ "{'url':'${url}/x','json':{'a':'<b>${text}</b>'}}", "/json/a", "write { $html: ... } around the text" },
		{ "{'url':'${url}/x','json':{'a':{'$html':'<b ${text}>'}}}", "/json/a/$html", "cannot stand there" },
		{ "{'url':'${url}/x','query':{'q':'to:${contact.email}'}}", "/query/q", "write ${word(NAME)}" },
		{ "{'url':'${url}/x','query':{'q':{'$text':'to:${contact.email}'}}}", "/query/q/$text", "write ${word(NAME)}" },
		{ "{'url':'${url}/x','json':{'a':'${wurd(contact.email)}'}}", "/json/a", "${wurd(contact.email)} means nothing here" },
		{ "{'url':'${url}/x','raw':'From: <${contact.email}>'}", "/raw", "or ${word(NAME)}" },
		{ "{'url':'${url}/x','raw':{'$file':false}}", "/raw", "is a text, or { $file: true }" },
		{ "{'url':'${url}/x','form':{'$each':'files','$as':'x'}}", "/form", "is a map of names and values" },
		{ "{'url':'${url}/x','json':{'a':{'$text':'x','$max':0}}}", "/json/a/$max", "from 1 to" },
		{ "{'url':'${contact.email}/x'}", "/url", "before the path of an address" },
		{ "{'url':'https://${url}/x'}", "/url", "before the path of an address" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct json_object *root = desk_json("{}");
		struct hg_err err;

		assert_null(desk_make(cases[i].request, root, &err));
		if (strcmp(err.at, cases[i].at) != 0 || !strstr(err.text, cases[i].text))
			fail_msg("%s: %s: %s", cases[i].request, err.at, err.text);
		json_object_put(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_made_of_what_there_is),
		cmocka_unit_test(values_keep_their_type),
		cmocka_unit_test(a_table_chooses_by_a_word),
		cmocka_unit_test(names_may_be_values),
		cmocka_unit_test(texts_are_cut_and_changed),
		cmocka_unit_test(words_around_names),
		cmocka_unit_test(html_is_a_document_of_its_own),
		cmocka_unit_test(files_stand_in_json_without_their_bytes),
		cmocka_unit_test(a_body_may_be_a_file),
		cmocka_unit_test(parts_carry_several_files),
		cmocka_unit_test(queries_and_forms_take_lists),
		cmocka_unit_test(what_has_files_in_it_is_known),
		cmocka_unit_test(a_raw_body_has_words_before_its_text),
		cmocka_unit_test(what_is_not_there_is_not_sent),
		cmocka_unit_test(what_is_too_much_is_not_sent),
		cmocka_unit_test(mistakes_are_told_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
