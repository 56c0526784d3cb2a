/* said_requests.c - requests as presets make them, and situations to make them of */
#include "said_shape.h"

#include <string.h>

#include "json.h"
#include "text.h"

const struct shape_request shape_requests[] = {
	{ "{'url':'${url}/tickets','bearer':'${secret:token}','headers':{'X-Subject':'${subject}','Idempotency-Key':'${key}'},"
	  "'json':{'ticket':{'subject':{'$text':'${subject|None}','$max':20},'body':'From ${contact.name}: ${text}','n':{'$value':'ticket.n'},"
	  "'tags':{'$value':'ticket.tags'},'prio':{'$map':{'of':'${subject}','high':3,'*':2}},"
	  "'files':{'$each':'files','$as':{'${file.name}':'data:${file.type};base64,${file.base64}'}},"
	  "'doc':{'$json':{'${value:field}':'${text}','b':['${subject}']}},'low':'${lower(contact.name)}'}}}", FALSE },
	{ "{'url':'${url}/tickets/${contact.email}/x','json':{'title':{'$html':'<b title=\\'${subject}\\'>${contact.name}</b>'},"
	  "'body':{'$html':'<p>${text}</p>'}}}", TRUE },
	{ "{'url':'${url}/search','method':'GET','query':{'q':'requester:${word(contact.email)|none} status:open','name':'${contact.name}'}}",
	  FALSE },
	{ "{'url':'${url}/search?who=${contact.name}&x=${subject}','method':'GET'}", FALSE },
	{ "{'url':'${url}/form','form':{'subject':'${subject}','text':'${text}','f':{'$each':'files','$as':'${file.name}'},"
	  "'who':{'$text':'${contact.name}','$max':5}}}", FALSE },
	{ "{'url':'${url}/parts','parts':{'JSON':{'$json':{'s':'${subject}'},'$type':'application/json'},'text':'${text}',"
	  "'files[]':{'$each':'files','$as':{'$file':true}}}}", FALSE },
	{ "{'url':'${url}/xml','xml':'<?xml version=\\'1.0\\'?><m who=\\'${contact.name}\\'><s>${subject}</s><t>${text}</t></m>'}", FALSE },
	{ "{'url':'${url}/raw','raw':'Subject: fixed ${text}'}", FALSE },
	{ "{'url':'${url}/file/${file.name}','raw':{'$file':true},'basic':{'user':'${value:queue}','password':'${secret:token}'}}", FALSE },
	{ NULL, FALSE }
};

struct json_object *shape_json(const char *text)
{
	g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');

	return hg_json_parse(json, strlen(json), NULL, NULL);
}

static void put(struct json_object *map, const char *name, const char *text)
{
	g_autofree char *valid = hg_text_valid(text, -1, 0);

	json_object_object_add(map, name, json_object_new_string(valid));
}

static struct json_object *file_of(const char *name, const char *type)
{
	struct json_object *file = json_object_new_object();

	put(file, "name", name);
	put(file, "type", type);
	return file;
}

struct json_object *shape_situation(char *const *texts)
{
	const char *t[SHAPE_TEXTS] = { "text", "subject", "a", "Ann", "ann", "a.png", "image/png", "b.png", "tag" };
	struct json_object *all = json_object_new_object(), *contact = json_object_new_object();
	struct json_object *ticket = json_object_new_object(), *files = json_object_new_array(), *tags = json_object_new_array();

	for (gsize i = 0; texts && texts[i] && i < SHAPE_TEXTS; i++)
		t[i] = *texts[i] ? texts[i] : t[i];
	put(all, "url", "https://desk.example/base");
	put(all, "key", "K1");
	put(all, "text", t[0]);
	put(all, "subject", t[1]);
	put(ticket, "subject", t[2]);
	json_object_object_add(ticket, "n", json_object_new_int(7));
	json_object_array_add(tags, json_object_new_string(t[8]));
	json_object_object_add(ticket, "tags", tags);
	json_object_object_add(all, "ticket", ticket);
	put(contact, "name", t[3]);
	put(contact, "email", t[4]);
	json_object_object_add(all, "contact", contact);
	json_object_object_add(all, "file", file_of(t[5], t[6]));
	json_object_array_add(files, file_of(t[5], t[6]));
	json_object_array_add(files, file_of(t[7], t[6]));
	json_object_object_add(all, "files", files);
	return all;
}
