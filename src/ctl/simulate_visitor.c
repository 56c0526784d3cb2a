/* simulate_visitor.c - the chat widget and apps: a session, files, a message, as doc/client-api.md says */
#include <string.h>

#include "env.h"
#include "http_client.h"
#include "proof.h"
#include "simulate.h"
#include "text.h"

#define FILE_MAX  (20 * 1024 * 1024)
#define PIECE	  (1024 * 1024)
#define BITS_MAX  26		/* of work: seconds */
#define IDENTITY_S 300

/* ---- one call ---- */

struct talked { int status; struct json_object *json; };

static void heard(void *arg, const struct hg_client_answer *answer)
{
	struct talked *talked = arg;

	talked->status = answer->code == HG_CLIENT_OK ? answer->status : 0;
	talked->json = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;
}

/* What came back is yours. */
static int talk(struct sim *sim, const char *method, const char *path, const char *const *headers, const void *body, gsize len,
		struct json_object **ret)
{
	g_autofree char *url = g_strconcat(sim->url ? sim->url : "http://headgate", "/client/v1", path, NULL);
	struct talked talked = { 0 };

	hg_client_sync(&(struct hg_client_call){ .method = method, .url = url, .headers = headers, .body = body, .len = len,
		.private_ok = TRUE, .unix_path = sim->url ? NULL : ctl_socket(sim->ctl) }, heard, &talked);
	*ret = talked.json;
	return talked.status;
}

static int refused(struct sim *sim, const struct hg_channel_conf *channel, int status, struct json_object *answer)
{
	const char *detail = hg_json_str(answer, "detail");

	ctl_say_error(sim->ctl, "channel %s: %s", channel->name, detail ? detail : status ? "the daemon refused without saying why"
			: "no headgated answers; is it running?");
	return status ? status == 429 || status == 503 ? CTL_AGAIN : CTL_REFUSED : CTL_UNREACHABLE;
}

/* ---- a session ---- */

static char *solve(const char *challenge, gint64 bits)
{
	for (guint64 nonce = 0; bits <= BITS_MAX; nonce++) {
		g_autofree char *text = g_strdup_printf("%s.%" G_GUINT64_FORMAT, challenge, nonce);
		guint8 hash[32];
		guint32 head;

		hg_sha256(text, strlen(text), hash);
		head = (guint32)hash[0] << 24 | (guint32)hash[1] << 16 | (guint32)hash[2] << 8 | hash[3];
		if (!(head >> (32 - MAX(bits, 1))))
			return g_strdup_printf("%" G_GUINT64_FORMAT, nonce);
	}
	return NULL;
}

/* Who he is, by the word of the site's server: with the channel's own key, where it is a secret. */
static char *identity_of(const struct hg_channel_conf *channel, const struct sim_said *said)
{
	const char *secret = sim_secret(channel, "identity.secret", said->forged), *how = sim_option(channel, "identity.algorithm");
	g_autoptr(json_object) claims = json_object_new_object();

	if (!secret || !said->from || (how && strcmp(how, "HS256") != 0))
		return NULL;
	json_object_object_add(claims, "user_id", json_object_new_string(said->from));
	json_object_object_add(claims, "exp", json_object_new_int64(hg_now(hg_env_system()) / 1000 + IDENTITY_S));
	if (strchr(said->from, '@'))
		json_object_object_add(claims, "email", json_object_new_string(said->from));
	if (said->name)
		json_object_object_add(claims, "name", json_object_new_string(said->name));
	return hg_jwt_make(claims, "HS256", secret, strlen(secret));
}

static int ask_session(struct sim *sim, const struct hg_channel_conf *channel, const char *jwt, const char *challenge, const char *nonce,
		       struct json_object **ret)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	g_autoptr(GString) body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_add_str(body, "channel", channel->name);
	if (jwt) {
		hg_json_key(body, "identity");
		hg_json_open(body, '{');
		hg_json_add_str(body, "jwt", jwt);
		hg_json_close(body, '}');
	}
	if (nonce) {
		hg_json_key(body, "proof");
		hg_json_open(body, '{');
		hg_json_add_str(body, "challenge", challenge);
		hg_json_add_str(body, "nonce", nonce);
		hg_json_close(body, '}');
	}
	hg_json_close(body, '}');
	return talk(sim, "POST", "/session", headers, body->str, body->len, ret);
}

static int begin(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, char **ret_token)
{
	g_autofree char *jwt = identity_of(channel, said), *nonce = NULL;
	g_autoptr(json_object) answer = NULL;
	int status = ask_session(sim, channel, jwt, NULL, NULL, &answer);

	if (status == 403 && hg_json_str(answer, "challenge")) {
		g_autofree char *challenge = g_strdup(hg_json_str(answer, "challenge"));

		nonce = solve(challenge, hg_json_int(answer, "bits", BITS_MAX + 1));
		g_clear_pointer(&answer, json_object_put);
		status = ask_session(sim, channel, jwt, challenge, nonce, &answer);
	}
	if (status != 200)
		return refused(sim, channel, status, answer);
	*ret_token = g_strdup(hg_json_str(answer, "token"));
	return CTL_DONE;
}

/* One visitor stays one, as long as this program runs. */
static int token_of(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, const char **ret)
{
	g_autofree char *key = g_strdup_printf("%s %s", channel->name, said->from ? said->from : "");
	char *token = NULL;
	int code;

	if (!sim->visitors)
		sim->visitors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	*ret = said->forged ? NULL : g_hash_table_lookup(sim->visitors, key);
	if (*ret)
		return CTL_DONE;
	code = begin(sim, channel, said, &token);
	if (code == CTL_DONE) {
		g_hash_table_replace(sim->visitors, g_strdup(key), token);
		*ret = token;
	}
	return code;
}

/* ---- files ---- */

static int send_pieces(struct sim *sim, const struct hg_channel_conf *channel, const char *bearer, const char *id, const char *bytes, gsize len)
{
	g_autofree char *path = ctl_path("/uploads/%s", id);

	for (gsize from = 0; from < len; from += PIECE) {
		gsize n = MIN(PIECE, len - from);
		g_autofree char *range = g_strdup_printf("Content-Range: bytes %zu-%zu/%zu", from, from + n - 1, len);
		g_autoptr(json_object) answer = NULL;
		int status = talk(sim, "PUT", path, (const char *const[]){ bearer, range, NULL }, bytes + from, n, &answer);

		if (status < 200 || status > 299)
			return refused(sim, channel, status, answer);
	}
	return CTL_DONE;
}

static int upload(struct sim *sim, const struct hg_channel_conf *channel, const char *bearer, const char *path, char **ret_id)
{
	g_autofree char *name = g_path_get_basename(path), *bytes = NULL;
	g_autoptr(GString) body = g_string_new(NULL);
	g_autoptr(json_object) answer = NULL;
	g_autoptr(GError) error = NULL;
	gsize len = 0;
	int status;

	if (!g_file_get_contents(path, &bytes, &len, &error) || !len || len > FILE_MAX) {
		ctl_say_error(sim->ctl, "--file: %s", error ? error->message : "a file of 1 byte to 20 MiB is wanted");
		return CTL_MISSING;
	}
	hg_json_open(body, '{');
	hg_json_add_str(body, "name", name);
	hg_json_add_str(body, "type", sim_media_type(path));
	hg_json_add_int(body, "bytes", (gint64)len);
	hg_json_close(body, '}');
	status = talk(sim, "POST", "/uploads", (const char *const[]){ bearer, "Content-Type: application/json", NULL }, body->str,
		      body->len, &answer);
	if (status != 201)
		return refused(sim, channel, status, answer);
	*ret_id = g_strdup(hg_json_str(answer, "id"));
	return send_pieces(sim, channel, bearer, *ret_id, bytes, len);
}

/* ---- a message ---- */

static int put_files(struct sim *sim, const struct hg_channel_conf *channel, const char *bearer, const char *const *files, GString *body)
{
	if (!files[0])
		return CTL_DONE;
	hg_json_key(body, "files");
	hg_json_open(body, '[');
	for (; *files; files++) {
		g_autofree char *id = NULL;
		int code = upload(sim, channel, bearer, *files, &id);

		if (code != CTL_DONE)
			return code;
		hg_json_put_str(body, id);
	}
	hg_json_close(body, ']');
	return CTL_DONE;
}

int sim_say_visitor(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	g_autofree char *bearer = NULL;
	const char *token = NULL;
	int code = token_of(sim, channel, said, &token);

	if (code != CTL_DONE)
		return code;
	bearer = g_strdup_printf("Authorization: Bearer %s", said->forged ? "hv1.forged" : token);
	ret->id = said->id ? g_strdup(said->id) : g_uuid_string_random();
	ret->path = g_strdup("/client/v1/threads");
	ret->good = 201;
	ret->again = 200;
	ret->by_words = TRUE;
	sim_header(ret, "Content-Type: application/json");
	sim_header(ret, "%s", bearer);
	hg_json_open(ret->body, '{');
	hg_json_add_str(ret->body, "id", ret->id);
	hg_json_add_str(ret->body, "text", said->text);
	code = put_files(sim, channel, bearer, said->files, ret->body);
	hg_json_close(ret->body, '}');
	if (said->broken)
		g_string_truncate(ret->body, ret->body->len / 2);
	return code;
}
