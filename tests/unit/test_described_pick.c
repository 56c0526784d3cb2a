/* test_described_pick.c - what is found in answers: the first item that fits, patterns of texts, conditions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "described_fixture.h"
#include "json.h"

static const char answer[] =
	"{'items':[{'id':'1','cf':[{'name':'X','values':['tkt_2']}],'ref':'tkt_2'},{'id':2,'ref':'tkt_1','who':{'name':'Bo'}},"
	"{'id':3,'ref':'tkt_1'}],'ids':['a','b'],'errors':['Too short','Bad queue'],'n':0,'empty':[],'tags':['x','y'],"
	"'found':{'list':[{'rows':[{'v':7}]},{'rows':[{'v':8}]}]}}";
static const char given[] = "{'external_id':'tkt_1','queue':'General'}";

/* What a pick finds in the answer; "(none)", or "PLACE: what is wrong with it".  Yours. */
static char *pick(const char *description, const char *body, const char *location)
{
	struct json_object *root = desk_json(answer), *made_of = desk_json(given), *map = desk_json(description);
	struct hg_err err;
	struct ht_look look = desk_look(&err);
	g_autoptr(ht_pick) found = ht_pick_new(&look, map, "p", TRUE);
	char *headers[] = { (char *)"Location", (char *)location, NULL };
	struct ht_scope scope = { .root = root, .given = made_of, .body = body, .len = strlen(body), .status = 201,
				  .values = headers };
	char *text = found ? ht_pick_text(found, &scope) : g_strdup_printf("%s: %s", err.at, err.text);

	g_string_free(look.at, TRUE);
	json_object_put(map);
	json_object_put(made_of);
	json_object_put(root);
	return text ? text : g_strdup("(none)");
}

static void check(const char *description, const char *want)
{
	g_autofree char *found = pick(description, "Ticket 4711 created: ok\n", "/REST/2.0/transaction/35");

	if (!strstr(found, want) || (*want != '/' && strcmp(found, want) != 0))
		fail_msg("%s: %s", description, found);
}

/* What a pick makes of the answer, as JSON; yours. */
static char *pick_json(const char *description)
{
	struct json_object *root = desk_json(answer), *made_of = desk_json(given), *map = desk_json(description);
	struct hg_err err;
	struct ht_look look = desk_look(&err);
	g_autoptr(ht_pick) found = ht_pick_new(&look, map, "p", TRUE);
	struct ht_scope scope = { .root = root, .given = made_of };
	struct json_object *value = found ? ht_pick_json(found, &scope) : NULL;
	char *json = g_strdup(value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : err.text);

	assert_null(found ? ht_pick_text(found, &scope) : NULL);
	g_string_free(look.at, TRUE);
	json_object_put(value);
	json_object_put(map);
	json_object_put(made_of);
	json_object_put(root);
	return json;
}

static void check_json(const char *description, const char *want)
{
	g_autofree char *found = pick_json(description);

	assert_string_equal(found, want);
}

/* What is to be asked of each is a list: the tickets that are ours, of all. */
static void every_item_that_fits(void **state)
{
	(void)state;
	check_json("{'p':{'all':'items','where':{'ref':'tkt_1'},'path':'id'}}", "[2,3]");
	check_json("{'p':{'all':'items','where':{'ref':{'same':'$given.external_id'}},'path':['who.name','id']}}", "[\"Bo\",3]");
	check_json("{'p':{'all':'items','where':{'ref':{'other':'$given.external_id'}},'path':'id'}}", "[\"1\"]");
	check_json("{'p':{'all':'ids'}}", "[\"a\",\"b\"]");
	check_json("{'p':{'all':'found.list[].rows[]'}}", "[{\"v\":7},{\"v\":8}]");
	check_json("{'p':{'all':'items','where':{'ref':'tkt_9'}}}", "[]");
	check_json("{'p':{'all':'nothing'}}", "[]");
	check("{'p':{'all':'a','first':'b'}}", "/p/all: it is the first: item");
	check("{'p':{'all':'a','value':'b'}}", "/p: wants a path (of the first:");
}

static void the_first_item_that_fits(void **state)
{
	(void)state;
	check("{'p':{'first':'items','path':'id'}}", "1");
	check("{'p':{'first':'items','where':{'ref':'tkt_1'},'path':'id'}}", "2");
	/* A search answers much that is only like what was asked for. */
	check("{'p':{'first':'items','where':{'ref':{'same':'$given.external_id'}},'path':'who.name'}}", "Bo");
	check("{'p':{'first':'items','where':{'cf[].values[]':'tkt_2'},'path':['none','id']}}", "1");
	check("{'p':{'first':'items','where':{'ref':'tkt_9'},'path':'id'}}", "(none)");
	check("{'p':{'first':'items','where':{'ref':'tkt_9'},'path':'id','default':'x'}}", "x");
	check("{'p':{'first':'ids'}}", "a");
	check("{'p':{'first':'empty'}}", "(none)");
	check("{'p':{'first':'found.list[].rows[]','where':{'v':8},'path':'v','map':{'8':'eight'}}}", "eight");
	check("{'p':{'first':'items','where':{'id':3},'path':'$root.n'}}", "0");
	check("{'p':{'first':'items','where':{'id':3},'path':'$given.queue'}}", "General");
}

static void patterns_of_texts(void **state)
{
	(void)state;
	check("{'p':{'like':'Ticket {id} created: {}'}}", "4711");
	check("{'p':{'like':['No {id}','Ticket {nr} created{}']}}", "4711");
	check("{'p':{'like':'{}/transaction/{id}','of':'$value:Location','do':[{'after':'3'}]}}", "5");
	check("{'p':{'like':'{}/nowhere/{id}','of':'$value:Location'}}", "(none)");
	check("{'p':{'like':'Too {x}','of':['none','errors[0]']}}", "short");
}

static void mistakes_are_told(void **state)
{
	(void)state;
	check("{'p':{'like':'Ticket'}}", "/p/like: 'Ticket' has no name for what is wanted");
	check("{'p':{'like':'{a} {b}'}}", "/p/like: '{a} {b}' has two names");
	check("{'p':{'like':'{a}{}'}}", "/p/like: '{a}{}' has two of its names with nothing between");
	check("{'p':{'like':'{a'}}", "/p/like: '{a' has a { without its }");
	check("{'p':{'like':'{id}','path':'x'}}", "/p: wants a path (of the first:");
	check("{'p':{'like':'{id}','first':'x'}}", "/p: wants a path (of the first:");
	check("{'p':{'first':'x','value':'y'}}", "/p: wants a path (of the first:");
	check("{'p':{'do':['trim']}}", "/p: wants a path (of the first:");
	check("{'p':{'path':'x','of':'y'}}", "/p/of: says what a pattern is looked for in");
	check("{'p':{'path':'x','where':{'a':'b'}}}", "/p/where: says which items of a list are meant");
	check("{'p':{'first':'a..b'}}", "/p/first: the path 'a..b[]' wants a key");
	check("{'p':{'first':'a','where':{'b':{'same':'$nix'}}}}", "/p/where/b/same: the path '$nix' there is no $nix");
	check("{'p':{'first':'a','wher':{'b':'c'}}}", "/p/wher: there is no 'wher' here: did you mean 'where'?");
}

static gboolean fits(const char *description)
{
	struct json_object *root = desk_json(answer), *made_of = desk_json(given), *map = desk_json(description);
	struct hg_err err;
	struct ht_look look = desk_look(&err);
	g_autoptr(ht_when) when = ht_when_new(&look, map, "when");
	struct ht_scope scope = { .root = root, .given = made_of };
	gboolean ok;

	if (!when)
		fail_msg("%s: %s", err.at, err.text);
	ok = ht_when_fits(when, &scope);
	g_string_free(look.at, TRUE);
	json_object_put(map);
	json_object_put(made_of);
	json_object_put(root);
	return ok;
}

static void conditions_on_lists_and_words(void **state)
{
	(void)state;
	assert_true(fits("{'when':{'errors[]':{'begins':'Bad'}}}"));
	assert_false(fits("{'when':{'errors[]':{'begins':'bad'}}}"));
	assert_true(fits("{'when':{'errors[]':{'contains':['nix','queue']}}}"));
	assert_false(fits("{'when':{'errors[0]':{'contains':'queue'}}}"));
	assert_true(fits("{'when':{'errors[]':{'exists':true},'nothing[]':{'exists':false}}}"));
	assert_true(fits("{'when':{'empty[]':{'exists':false}}}"));
	assert_true(fits("{'when':{'items[].ref':{'same':'$given.external_id'}}}"));
	assert_false(fits("{'when':{'items[0].ref':{'same':'$given.external_id'}}}"));
	/* What is not there is the same as nothing. */
	assert_false(fits("{'when':{'nothing':{'same':'$given.external_id'}}}"));
	assert_false(fits("{'when':{'n':{'same':'$given.nothing'}}}"));
	assert_false(fits("{'when':{'items[1].ref':{'other':'$given.external_id'}}}"));
	assert_true(fits("{'when':{'items[0].ref':{'other':'$given.external_id'}}}"));
	assert_true(fits("{'when':{'nothing':{'other':'$given.external_id'}}}"));
	assert_true(fits("{'when':{'n':{'other':'$given.nothing'}}}"));
	assert_true(fits("{'when':{'tags[]':['y','z']}}"));
	assert_true(fits("{'when':{'tags[]':{'not':'x'}}}"));
	assert_true(fits("{'when':{'nothing':{'not':'x'}}}"));
	assert_false(fits("{'when':{'n':{'not':'0'}}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_item_that_fits),
		cmocka_unit_test(every_item_that_fits),
		cmocka_unit_test(patterns_of_texts),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(conditions_on_lists_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
