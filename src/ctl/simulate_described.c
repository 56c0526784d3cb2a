/* simulate_described.c - channels of the adapter http: what a provider sends is shown by its description's first sample of a
 * message, in which words, sender, id and secrets are exchanged; then it is signed anew */
#include <string.h>

#include "env.h"
#include "http_auth_make.h"
#include "outside_url.h"
#include "params.h"
#include "sample.h"
#include "simulate.h"

/* What stands in the sample, and what is to stand there. */
struct swap {
	const char *text, *id, *digits;		/* of the sample; digits: the sender's, or what its address is without a scheme */
	const struct sim_said *said;
	char *new_id, *new_digits;
	gboolean words;				/* the text was found */
};

/* ---- which sample, which way in ---- */

static struct json_object *first_message(struct json_object *sample)
{
	struct json_object *messages = hg_json_arr(hg_json_obj(sample, "expect"), "messages");

	return messages && json_object_array_length(messages) ? json_object_array_get_idx(messages, 0) : NULL;
}

static gboolean is_shown(struct json_object *message)
{
	const char *text = hg_json_str(message, "text");

	return text && *text && hg_json_str(message, "from") && !hg_json_str(message, "part");
}

static struct json_object *find_sample(struct json_object *tree)
{
	struct json_object *in = hg_json_arr(hg_json_obj(tree, "samples"), "in");

	for (gsize i = 0; in && i < json_object_array_length(in); i++) {
		struct json_object *sample = json_object_array_get_idx(in, i);

		if (is_shown(first_message(sample)))
			return sample;
	}
	return NULL;
}

static gboolean same_place(const char *way, const char *path)
{
	gsize a = strcspn(way, "/?"), b = strcspn(path, "/?");

	return way[0] == '$' || way[0] == '*' || (a == b && strncmp(way, path, a) == 0);
}

static struct json_object *find_way(struct json_object *tree, const char *path)
{
	struct json_object *in = NULL;

	json_object_object_get_ex(tree, "in", &in);
	if (!json_object_is_type(in, json_type_array))
		return in;
	for (gsize i = 0; i < json_object_array_length(in); i++) {
		struct json_object *way = json_object_array_get_idx(in, i);
		const char *at = hg_json_str(way, "path");

		if (same_place(at ? at : "webhook", path))
			return way;
	}
	return NULL;
}

/* ---- exchanged ---- */

/* "+44..." and "44...", with what stands before it: "whatsapp:+44...". */
static char *new_sender(const struct swap *swap, const char *value)
{
	gsize len = strlen(value), n = strlen(swap->digits);
	g_autofree char *head = NULL;

	if (len < n || strcmp(value + len - n, swap->digits) != 0)
		return NULL;
	head = g_strndup(value, len - n);
	if (*head && head[strlen(head) - 1] != '+' && head[strlen(head) - 1] != ':')
		return NULL;
	return g_strconcat(head, swap->new_digits, NULL);
}

/* Yours; NULL: it stays. */
static char *new_value(struct swap *swap, const char *value)
{
	if (strcmp(value, swap->text) == 0) {
		swap->words = TRUE;
		return g_strdup(swap->said->text);
	}
	if (swap->id && strcmp(value, swap->id) == 0)
		return g_strdup(swap->new_id);
	return new_sender(swap, value);
}

static struct json_object *new_leaf(struct swap *swap, struct json_object *value)
{
	g_autofree char *was = ht_json_text(value), *is = was ? new_value(swap, was) : NULL;

	if (!is)
		return json_object_get(value);
	if (json_object_is_type(value, json_type_string))
		return json_object_new_string(is);
	return json_object_new_int64(g_ascii_strtoll(is, NULL, 10));
}

static struct json_object *new_tree(struct swap *swap, struct json_object *value)
{
	struct json_object *made;

	if (json_object_is_type(value, json_type_object)) {
		made = json_object_new_object();
		json_object_object_foreach(value, key, member)
			json_object_object_add(made, key, new_tree(swap, member));
	} else if (json_object_is_type(value, json_type_array)) {
		made = json_object_new_array();
		for (gsize i = 0; i < json_object_array_length(value); i++)
			json_object_array_add(made, new_tree(swap, json_object_array_get_idx(value, i)));
	} else {
		made = new_leaf(swap, value);
	}
	return made;
}

static char *new_pairs(struct swap *swap, const hg_params *params)
{
	GString *out = g_string_new(NULL);

	for (gsize i = 0; i < hg_params_len(params); i++) {
		const struct hg_param *param = hg_params_at(params, i);
		g_autofree char *is = new_value(swap, param->value);

		hg_params_add(out, param->name, is ? is : param->value);
	}
	return g_string_free(out, FALSE);
}

static void exchange(GString *text, const char *was, const char *is, gboolean *ret_found)
{
	g_autofree char *from = was ? g_markup_escape_text(was, -1) : NULL, *to = is ? g_markup_escape_text(is, -1) : NULL;

	if (from && *from && g_string_replace(text, from, to ? to : "", 0) && ret_found)
		*ret_found = TRUE;
}

/* XML, and what else there is: by their words. */
static char *new_text(struct swap *swap, const char *body)
{
	GString *text = g_string_new(body);

	exchange(text, swap->text, swap->said->text, &swap->words);
	exchange(text, swap->id, swap->new_id, NULL);
	exchange(text, swap->digits, swap->new_digits, NULL);
	return g_string_free(text, FALSE);
}

static char *new_body(struct swap *swap, const char *body, gsize len, const char *type)
{
	g_autoptr(json_object) tree = len && strchr("{[", body[0]) ? hg_json_parse(body, len, NULL, NULL) : NULL;
	g_autoptr(json_object) made = tree ? new_tree(swap, tree) : NULL;
	g_autoptr(hg_params) params = NULL;

	if (made)
		return g_strdup(json_object_to_json_string_ext(made, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	if (type && strstr(type, "form-urlencoded"))
		params = hg_params_parse(body, len, NULL);
	return params ? new_pairs(swap, params) : new_text(swap, body);
}

/* The sample's made-up secrets stand in paths and headers as they are. */
static char *with_secrets(const char *text, struct json_object *given, char **secrets, gboolean forged)
{
	g_autoptr(GString) out = g_string_new(text);

	if (given) {
		json_object_object_foreach(given, name, value) {
			const char *was = json_object_get_string(value), *is = ht_given_value(secrets, name);

			if (was && *was && is)
				g_string_replace(out, was, forged ? "not-the-secret-of-this-channel" : is, 0);
		}
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- the request ---- */

struct making {
	struct sim *sim;
	const struct hg_channel_conf *channel;
	struct json_object *tree, *sample, *request, *headers;	/* headers: ours */
	struct swap swap;
	char **secrets;
};

static void copy_headers(struct making *m)
{
	struct json_object *said = hg_json_obj(m->request, "headers");
	const char *type = ht_sample_type(m->request);

	m->headers = json_object_new_object();
	if (said) {
		json_object_object_foreach(said, name, value)
			json_object_object_add(m->headers, name, json_object_new_string(json_object_get_string(value)));
	}
	if (type && !ht_sample_header(m->headers, "Content-Type"))
		json_object_object_add(m->headers, "Content-Type", json_object_new_string(type));
}

static char *new_target(struct making *m)
{
	const char *path = ht_sample_text(m->request, "path"), *query = ht_sample_text(m->request, "query");
	g_autofree char *whole = g_strconcat(path ? path : "webhook", query ? "?" : "", query ? query : "", NULL);
	struct json_object *given = hg_json_obj(hg_json_obj(hg_json_obj(m->tree, "samples"), "given"), "secrets");
	g_autofree char *ours = with_secrets(whole, given, m->secrets, m->swap.said->forged);
	g_autoptr(hg_params) params = hg_params_query(ours);
	g_autofree char *bare = g_strndup(ours, strcspn(ours, "?")), *pairs = params ? new_pairs(&m->swap, params) : NULL;

	return g_strconcat("/channel/", m->channel->name, "/", bare, pairs && *pairs ? "?" : "", pairs ? pairs : "", NULL);
}

/* An id like the sample's: a number where it is one. */
static void new_names(struct swap *swap)
{
	const struct sim_said *said = swap->said;
	gboolean number = swap->id && strspn(swap->id, "0123456789") == strlen(swap->id);
	const char *colon = strrchr(said->from, ':');

	guint32 drawn = 0;

	hg_env_system()->random(hg_env_system(), &drawn, sizeof(drawn));
	if (said->id)
		swap->new_id = g_strdup(said->id);
	else if (swap->id)
		swap->new_id = number ? g_strdup_printf("%u", 1000000 + drawn % 1000000000)
				      : sim_id("", (guint)CLAMP(strlen(swap->id), 16, 32));
	swap->new_digits = g_strdup(sim_digits(colon ? colon + 1 : said->from));
}

static int wrong(const struct making *m, const char *what)
{
	ctl_say_error(m->sim->ctl, "channel %s: %s (%s)", m->channel->name, what,
		      hg_json_str(m->tree, "name") ? hg_json_str(m->tree, "name") : "its description");
	return CTL_CONFIG;
}

static int sign(struct making *m, const ht_auth *auth, sim_call *call)
{
	g_auto(ht_sample_request) shown = { 0 }, made = { 0 };
	g_autoptr(json_object) said = json_object_new_object();
	const char *base = sim_option(m->channel, "public_url"), *why = NULL;
	struct ht_scope sample, scope;
	struct ht_asked asked = { 0 };
	struct ht_remake remake;
	g_autofree char *url = NULL;

	ht_sample_request_make(m->request, "/", "webhook", &shown);
	json_object_object_add(said, "method", json_object_new_string(call->method));
	json_object_object_add(said, "path", json_object_new_string(call->path + 1));
	json_object_object_add(said, "headers", json_object_get(m->headers));
	json_object_object_add(said, "body", json_object_new_string_len(call->body->str, (int)call->body->len));
	ht_sample_request_make(said, "/", "", &made);
	url = base ? hg_outside_url(base, &made.pub) : NULL;
	sample = (struct ht_scope){ .header = (void *)shown.pub.header, .query = (void *)shown.pub.query, .from = &shown.pub,
				    .body = shown.body, .len = shown.pub.len, .method = shown.pub.method, .path = shown.path };
	scope = (struct ht_scope){ .header = (void *)made.pub.header, .query = (void *)made.pub.query, .from = &made.pub,
				   .body = call->body->str, .len = call->body->len, .method = call->method, .url = url,
				   .now_ms = hg_now(hg_env_system()), .secrets = m->secrets, .values = sim_options(m->channel, "values") };
	asked = (struct ht_asked){ .req = &made.pub, .scope = &scope, .url = url };
	remake = (struct ht_remake){ &sample, &asked, m->headers, m->swap.said->forged };
	return ht_auth_make(auth, &remake, &why) ? CTL_DONE : wrong(m, why);
}

static int make(struct making *m, const ht_auth *auth, sim_call *call)
{
	gsize len = 0;
	g_autofree char *body = ht_sample_body(m->request, &len), *is = NULL;
	const char *method = ht_sample_text(m->request, "method");
	struct json_object *message = first_message(m->sample);
	const char *from = hg_json_str(message, "from"), *colon = strchr(from, ':');
	int code;

	m->swap.text = hg_json_str(message, "text");
	m->swap.id = ht_sample_text(message, "id");
	m->swap.digits = sim_digits(colon ? colon + 1 : from);
	new_names(&m->swap);
	copy_headers(m);
	call->method = g_strcmp0(method, "GET") == 0 ? "GET" : "POST";
	call->path = new_target(m);
	is = len ? new_body(&m->swap, body, len, ht_sample_header(m->headers, "Content-Type")) : NULL;
	g_string_assign(call->body, is ? is : "");
	if (!m->swap.words)
		return wrong(m, "its samples do not show where the words of a message stand");
	call->id = g_strdup(m->swap.new_id);
	if (m->swap.said->broken)
		g_string_truncate(call->body, call->body->len / 2);
	code = sign(m, auth, call);
	json_object_object_foreach(m->headers, name, value)
		sim_header(call, "%s: %s", name, json_object_get_string(value));
	return code;
}

/* "none" as a word proves nothing; what does is a secret of the address then. */
int sim_say_described(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	const char *json = sim_option(channel, "description");
	g_autoptr(json_object) tree = hg_json_parse(json, strlen(json), NULL, NULL);
	struct making m = { .sim = sim, .channel = channel, .tree = tree, .sample = find_sample(tree), .swap = { .said = said },
			    .secrets = sim_options(channel, "secrets") };
	struct ht_look look = { .at = g_string_new(NULL) };
	struct json_object *way = NULL;
	g_autoptr(ht_auth) auth = NULL;
	const char *path;
	int code;

	m.request = hg_json_obj(m.sample, "request");
	path = ht_sample_text(m.request, "path");
	way = m.sample ? find_way(tree, path ? path : "webhook") : NULL;
	auth = way ? ht_auth_new(&look, way, "auth") : NULL;
	g_string_free(look.at, TRUE);
	code = auth ? make(&m, auth, ret) : wrong(&m, "its description has no sample of a message");
	json_object_put(m.headers);
	g_free(m.swap.new_id);
	g_free(m.swap.new_digits);
	return code;
}
