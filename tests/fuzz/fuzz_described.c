/* fuzz_described.c - requests to a described provider, and descriptions themselves
 *
 * The first byte chooses: the shape of a body and its charset, which is then read by a description that uses all there
 * is; or 255: the rest is the JSON of a description. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http_in.h"
#include "ways_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* With ' for ", as C reads better so. */
static const char description[] =
	"{'name':'fuzz','country':'GB','codes':{'1':'opted_out','x':'account'},'in':{'path':'*','method':['GET','POST'],"
	"'type':'%s','charset':'$header:charset','auth':'none','each':'%s','cases':["
	"{'when':{'kind':'dlr'},'each':'l[].m[]','status':{'id':'id','key':'$query:key','to':'to','code':'c','state':{'path':['s',"
	"'$body.$json.s'],'map':{'a':'sent','b':'failed','c':'opted_out'}}}},"
	"{'when':{'kind':{'begins':['opt']}},'consent':{'from':'from','word':'w'}},"
	"{'when':{'kind':'v'},'verify':{'echo':'e'}},{'when':{'kind':{'is':'i'}},'ignore':true},"
	"{'when':{'kind':{'not':'z'}},'message':{'id':['id','sms.@id','a[0]'],'from':['from','sms.from','$root.from'],"
	"'to':{'path':'to','default':'12345'},'text':{'path':['hex','text','sms.text'],'do':[{'strip':['h:','x']},'trim','lower',"
	"{'split':{'on':',','at':-1}}]},'subject':{'path':'hex','do':['hex','no_udh','ucs2','upper']},"
	"'name':{'path':'b','do':['base64','gsm7']},'username':{'path':'d','do':['url',{'after':':'},{'before':' '},'digits','plus']},"
	"'files':[{'each':'media[]','url':'url','type':'type','size':'size'},{'count':'n','url':'u{n}'}],"
	"'parts':{'ref':'ref','part':'part','total':'total','udh':'udh'},"
	"'sent':{'path':'date','time':['iso','%%Y%%m%%d%%H%%M%%S','%%b %%d %%y %%I%%p %%z','epoch']},"
	"'payload':'p','consent':'opt','answers':'re.$json.id','group':'xml.$xml.g.x'}}],"
	"'reply':{'accepted':{'type':'text/xml','body':'<r a=\\'${item:id}\\'>${root:text}</r>'},'duplicate':{'body':{'a':['${item:a}']}}}}}";

static guint emitted;

static void check_text(const char *text)
{
	g_assert_true(!text || g_utf8_validate(text, -1, NULL));
}

static void check_item(const struct hg_in *in)
{
	check_text(in->id);
	check_text(in->dedupe);
	check_text(in->text);
	check_text(in->name);
	check_text(in->username);
	check_text(in->subject);
	check_text(in->payload);
	check_text(in->to);
	for (gsize i = 0; i < in->n_from; i++)
		check_text(in->from[i].uri);
	for (gsize i = 0; i < in->n_files; i++)
		check_text(in->files[i].ref);
	g_assert_true(in->id || in->dedupe);
	g_assert_true((in->kind != HG_UNSUPPORTED && in->kind != HG_IGNORED) || in->raw);
	g_assert_true(in->n_from || in->kind == HG_UNSUPPORTED || in->kind == HG_IGNORED);
	g_assert_true(!in->part_ref || (in->part >= 1 && in->part <= in->parts && in->parts <= 255));
}

static void take(struct hg_channel *ch, const struct hg_batch *batch, hg_ack_fn *ack, void *arg)
{
	const struct hg_in *in = batch->in;

	(void)ch;
	(void)ack;
	(void)arg;
	emitted++;
	g_assert_true(batch->n_in <= 1000 && batch->n_receipts <= 1000);
	for (gsize i = 0; i < batch->n_in; i++)
		check_item(&in[i]);
	for (gsize i = 0; i < batch->n_receipts; i++)
		g_assert_true(batch->receipts[i].id || batch->receipts[i].key);
}

static int64_t now_ms(struct hg_channel *ch)
{
	(void)ch;
	return G_GINT64_CONSTANT(1795168800000);
}

static void no_count(struct hg_channel *ch, const char *what)
{
	(void)ch;
	(void)what;
}

static const struct hg_host host = { .size = sizeof(host), .now_ms = now_ms, .count = no_count, .emit = take };
static const char *charset;

static const char *header(const struct hg_http_req *req, const char *name)
{
	(void)req;
	if (strcmp(name, "charset") == 0)
		return charset;
	return g_ascii_strcasecmp(name, "content-type") == 0 ? "multipart/form-data; boundary=b" : NULL;
}

static const char *query(const struct hg_http_req *req, const char *name)
{
	(void)req;
	return strcmp(name, "key") == 0 ? "k" : NULL;
}

static ht_desc *compile(const char *shape, const char *each)
{
	g_autofree char *text = g_strdup_printf(description, shape, each);
	g_autoptr(GString) json = g_string_new(NULL);
	struct ht_look look = { .at = NULL };
	ht_desc *desc;

	/* What is quoted twice ends up as \" in JSON. */
	for (const char *p = text; *p; p++) {
		if (*p == '\\' && p[1] == '\'') {
			g_string_append(json, "\\\"");
			p++;
		} else {
			g_string_append_c(json, *p == '\'' ? '"' : *p);
		}
	}
	desc = ht_desc_new(json->str, &look);
	if (!desc)
		g_error("%s: %s", look.first.at, look.first.text);
	return desc;
}

static void play(const ht_desc *desc, const uint8_t *data, size_t size)
{
	static const struct ht_conf conf = { .public_url = NULL };
	g_autofree char *body = g_strndup((const char *)data, size), *target = NULL;
	struct hg_http_req req = { .size = sizeof(req), .method = "POST", .path = "x", .peer = "192.0.2.1", .body = data, .len = size,
				   .header = header, .query = query };
	struct hg_http_rep rep = { .size = sizeof(rep) };
	ht_inlet *inlet = ht_inlet_new(&host, NULL, desc, &conf, NULL);

	req.target = target = g_strconcat("/channel/x/x?", body, NULL);
	emitted = 0;
	ht_inlet_take(inlet, &req, &rep);
	g_assert_true(rep.status ? rep.status >= 200 && rep.status <= 599 : emitted == 1 && rep.stored);
	ht_inlet_free(inlet);
}

static void play_description(const uint8_t *data, size_t size)
{
	g_autofree char *json = g_strndup((const char *)data, size);
	struct ht_look look = { .at = NULL };
	ht_desc *desc = ht_desc_new(json, &look);

	g_assert_true(!desc == (look.errors > 0));
	if (desc)
		play(desc, data, size);
	ht_desc_free(desc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const shapes[] = { "json", "form", "xml", "query", "multipart", "text" };
	static const char *const charsets[] = { NULL, "ISO-8859-1", "UTF-16BE", "GB18030" };
	static const char *const lists[] = { "$root", "results[]", "root.item[].x[]" };
	static ht_desc *descs[G_N_ELEMENTS(shapes)][G_N_ELEMENTS(lists)];
	guint shape, each;

	if (size < 1)
		return 0;
	if (data[0] == 255) {
		play_description(data + 1, size - 1);
		return 0;
	}
	shape = data[0] % G_N_ELEMENTS(shapes);
	each = data[0] / G_N_ELEMENTS(shapes) % G_N_ELEMENTS(lists);
	charset = charsets[data[0] / (G_N_ELEMENTS(shapes) * G_N_ELEMENTS(lists)) % G_N_ELEMENTS(charsets)];
	if (!descs[shape][each])
		descs[shape][each] = compile(shapes[shape], lists[each]);
	play(descs[shape][each], data + 1, size - 1);
	return 0;
}
