/* fuzz_back.c - what helpdesks tell, and presets' ways back themselves
 *
 * The first byte chooses: the shape of a body that is then heard by a way back that uses all there is; 254: the rest is JSON
 * that a poll has found; 255: the rest is a preset. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "back.h"
#include "desk.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With ' for ", as C reads better so. */
static const char preset[] =
	"{'statuses':{'from':{'new':'open'}},'operations':{'fetch_attachment':[],'fetch_change':[],'fetch_changes':[]},"
	"'back':{'hook':{'auth':'none','type':'%s','each':'$root.e[]','reply':{'accepted':{'body':{'a':'${root:k}'}}}},"
	"'own':[{'by':'us'},{'robot':{'exists':true}}],'cases':["
	"{'when':{'k':'ignore'},'ignore':true},"
	"{'when':{'said':{'exists':true}},'also':true,'reply':{'id':[{'value':'m'},'id','$up.id'],'ticket':['t','$root.t'],'text':'said',"
	"'agent':'who','at':'at','quotes':'cut','files':[{'each':'f[]','url':'u','name':'n','type':'m','size':'b'},"
	"{'count':'n','url':'u{n}'}]}},"
	"{'when':{'h':{'exists':true}},'note':{'id':['id','at','h'],'ticket':'t','external':'x','html':'h','number':'no','url':'url'}},"
	"{'when':{'k':'look'},'look':{'id':'id','ticket':'t'}},{'when':{'k':'gone'},'delete':{'id':'id','ticket':'t','none':'skip'}},"
	"{'when':{'k':{'begins':'merge'}},'merge':{'id':'id','ticket':'t','into':'to'}},"
	"{'when':{'who':{'exists':true}},'also':true,'assign':{'id':'id','ticket':'t','assignee':'who'}},"
	"{'each':'l[].m[]','status':{'id':'id','ticket':'t','status':{'path':['s','x.$json.s']},'order':'at'}}]},"
	"'poll':{'each':'j[]','cases':[{'note':{'id':'id','ticket':'$up.id','html':'h','text':'t'}}]}}";

static char *statuses[] = { (char *)"new", (char *)"open", (char *)"*", (char *)"pending", NULL };

static const char *header(const struct hg_http_req *req, const char *name)
{
	(void)req;
	return g_ascii_strcasecmp(name, "content-type") == 0 ? "multipart/form-data; boundary=b" : NULL;
}

static const char *query(const struct hg_http_req *req, const char *name)
{
	(void)req;
	(void)name;
	return NULL;
}

static hg_back *read_back(const char *json, gsize len)
{
	g_autoptr(json_object) tree = hg_json_parse(json, len, NULL, NULL);
	struct ht_look look = { .at = g_string_new(NULL) };
	hg_back *back = tree ? hg_back_new(&look, tree) : NULL;

	g_assert_true(!back || !look.errors);
	g_string_free(look.at, TRUE);
	return back;
}

static hg_desk *compile(const char *shape)
{
	g_autofree char *text = g_strdup_printf(preset, shape);
	hg_desk *desk = g_new0(hg_desk, 1);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	desk->back = read_back(text, strlen(text));
	if (!desk->back)
		g_error("no preset: %s", text);
	desk->status_from = statuses;
	return desk;
}

/* All of it can be kept, and is read again as it was written. */
static void check(const struct hg_back_heard *heard)
{
	g_autoptr(hg_arena) arena = hg_arena_new();

	g_assert_true(heard->changes->len <= HG_BACK_PAGE_MAX);
	g_assert_true(!heard->odd == !heard->odd_why);
	for (guint i = 0; i < heard->changes->len; i++) {
		const struct hg_change *change = &g_array_index(heard->changes, struct hg_change, i);
		g_autoptr(GString) json = g_string_new(NULL), again = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		hg_change read;

		g_assert_true(strlen(change->id) <= HG_BACK_ID_MAX && *change->id);
		g_assert_true(hg_change_check(change, NULL));
		hg_change_write(change, json);
		if (!hg_change_read(arena, json->str, json->len, &read, &error))
			g_error("%s: %s", error->message, json->str);
		hg_change_write(&read, again);
		g_assert_cmpstr(json->str, ==, again->str);
	}
}

static void play(const hg_desk *desk, const uint8_t *data, size_t size)
{
	struct hg_http_req req = { .size = sizeof(req), .method = "POST", .path = "hook", .peer = "192.0.2.1", .body = data, .len = size,
				   .header = header, .query = query, .target = "/backend/x/hook" };
	struct hg_back_given given = { .desk = desk, .now_ms = G_GINT64_CONSTANT(1795168800000) };
	g_auto(hg_back_heard) heard = { 0 };

	hg_back_hear(&given, &req, &heard);
	g_assert_true(heard.answer.status >= 200 && heard.answer.status <= 599);
	check(&heard);
}

static void play_poll(const hg_desk *desk, const uint8_t *data, size_t size)
{
	g_autoptr(json_object) items = hg_json_parse(data, size, NULL, NULL);
	struct hg_back_given given = { .desk = desk, .now_ms = G_GINT64_CONSTANT(1795168800000) };

	for (int poll = 0; poll < 2; poll++) {
		g_auto(hg_back_heard) heard = { 0 };

		hg_back_sort(&given, items, poll, &heard);
		check(&heard);
	}
}

static void play_preset(const uint8_t *data, size_t size)
{
	hg_desk desk = { .back = read_back((const char *)data, size) };

	if (desk.back && hg_back_has_hook(desk.back))
		play(&desk, data, size);
	hg_back_free(desk.back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const shapes[] = { "json", "form", "xml", "multipart", "text" };
	static hg_desk *desks[G_N_ELEMENTS(shapes)];
	guint shape;

	if (size < 1)
		return 0;
	shape = data[0] % G_N_ELEMENTS(shapes);
	if (!desks[shape])
		desks[shape] = compile(shapes[shape]);
	if (data[0] == 255)
		play_preset(data + 1, size - 1);
	else if (data[0] == 254)
		play_poll(desks[shape], data + 1, size - 1);
	else
		play(desks[shape], data + 1, size - 1);
	return 0;
}
