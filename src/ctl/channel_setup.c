/* channel_setup.c - the verb "channel setup": a new channel's section, what its provider is to be told, and whether it has called */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "channel_setup.h"
#include "channels.h"
#include "check.h"
#include "env.h"
#include "http_client.h"
#include "secret.h"

#define TOKEN_BYTES	24
#define LOOK_US		(200 * 1000)
#define LOOK_CALL_MS	5000
#define LOOK_MAX	(16 * 1024 * 1024)

static void setup_clear(struct setup *setup)
{
	g_hash_table_unref(setup->answers);
	g_string_free(setup->yaml, TRUE);
	g_free(setup->verify_token);
	g_free(setup->url);
	g_free(setup->adapter_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(setup_t, setup_clear)

/* ---- the configuration as it is ---- */

static const hg_node *below(const hg_node *map, const char *key)
{
	return map && hg_node_type(map) == HG_NODE_MAP ? hg_node_get(map, key) : NULL;
}

static gboolean is_same_file(const char *a, const char *b)
{
	struct stat one, other;

	return a && b && stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static void set_url(struct setup *setup, const char *base)
{
	const struct hg_route *route = setup->adapter->routes;
	gsize len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	if (route && route->path)
		setup->url = g_strdup_printf("%.*s" HG_CHANNEL_PREFIX "%s/%s", (int)len, base, setup->name, route->path);
}

/* A configuration that cannot be read, or is none yet, says nothing. */
static hg_doc *read_config(const struct ctl *ctl)
{
	g_autoptr(hg_diag) diag = hg_diag_new();

	return hg_doc_read(ctl_config(ctl), diag);
}

static gboolean is_free(struct setup *setup, const hg_node *root)
{
	const hg_node *other = below(below(root, "channels"), setup->name);

	if (!other || is_same_file(hg_node_place(other)->file, setup->file))
		return TRUE;
	ctl_say_error(setup->ctl, "%s:%d: there is a channel %s already; give this one another NAME", hg_node_place(other)->file,
		      hg_node_place(other)->line, setup->name);
	setup->ctl->exit = CTL_REFUSED;
	return FALSE;
}

static gboolean find_adapter(struct setup *setup, const char *name)
{
	g_autoptr(hg_loader) loader = hg_loader_new(setup->adapter_dir);
	g_autoptr(GError) error = NULL;

	setup->adapter = hg_loader_get(loader, name, &error);
	if (setup->adapter)
		return TRUE;
	ctl_say_error(setup->ctl, "%s", error->message);
	setup->ctl->exit = g_error_matches(error, HG_ERROR, HG_ERROR_MISSING) ? CTL_MISSING : CTL_REFUSED;
	return FALSE;
}

static gboolean is_name(struct setup *setup)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree char *said = NULL;

	if (hg_check_name(setup->name, "NAME", NULL, diag))
		return TRUE;
	said = hg_diag_render(diag, ctl_colours(setup->ctl, STDERR_FILENO));
	fputs(said, stderr);
	setup->ctl->exit = CTL_USAGE;
	return FALSE;
}

/* Before anything is asked.  FALSE: ctl->exit. */
static gboolean begin(struct setup *setup)
{
	struct ctl *ctl = setup->ctl;
	g_autoptr(hg_doc) doc = read_config(ctl);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL, *gateway = below(root, "gateway");
	const hg_node *url = below(gateway, "public_url"), *dir = below(gateway, "adapter_dir");

	if (hg_conf_adapter_dir())
		setup->adapter_dir = g_strdup(hg_conf_adapter_dir());
	else if (dir && hg_node_text(dir))
		setup->adapter_dir = hg_node_path(hg_node_place(dir), hg_node_text(dir));
	if (!is_name(setup) || !find_adapter(setup, ctl_value(ctl, "ADAPTER")) || !is_free(setup, root))
		return FALSE;
	set_url(setup, url && hg_node_text(url) ? hg_node_text(url) : "https://YOUR-HOST");
	if (is_same_file(setup->file, ctl_config(ctl))) {
		ctl->exit = ctl_usage(ctl, "%s is the configuration itself: --write wants a file of its own, which include: names", setup->file);
		return FALSE;
	}
	return !setup->file || access(setup->file, F_OK) != 0 || ctl_may(ctl, "%s is there already and is replaced.", setup->file);
}

/* ---- the verify token ---- */

static char *random_token(void)
{
	struct hg_env *env = hg_env_system();
	guint8 bytes[TOKEN_BYTES];
	GString *text = g_string_new(NULL);

	env->random(env, bytes, sizeof(bytes));
	for (gsize i = 0; i < sizeof(bytes); i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, FALSE);
}

/* The one that is there already, or a new one. */
static void find_token(struct setup *setup)
{
	const char *reference = g_hash_table_lookup(setup->answers, SETUP_VERIFY_TOKEN);
	struct hg_place place = { setup->file ? setup->file : ctl_config(setup->ctl), 0, 0 };
	char *there;

	if (!reference || !*reference)
		return;
	there = hg_secret_read(reference, &place, NULL);
	setup->made = there == NULL;
	setup->verify_token = there ? g_strdup(there) : random_token();
	hg_secret_free(there);
}

/* ---- files ---- */

static gboolean write_file(struct setup *setup, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;

	if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &error) &&
	    chmod(path, 0600) == 0)
		return TRUE;
	ctl_say_error(setup->ctl, "%s: %s", path, error ? error->message : g_strerror(errno));
	return FALSE;
}

/* A new token is kept in the file that the section names, when there is none of that name. */
static gboolean write_all(struct setup *setup)
{
	const char *reference = g_hash_table_lookup(setup->answers, SETUP_VERIFY_TOKEN);
	struct hg_place place = { setup->file, 0, 0 };
	g_autofree char *path = NULL;

	if (!setup->file)
		return TRUE;
	if (setup->made && g_str_has_prefix(reference, "file:")) {
		path = hg_node_path(&place, reference + strlen("file:"));
		if (access(path, F_OK) == 0) {
			ctl_say_error(setup->ctl, "%s: it is there, and no secret can be read from it", path);
			return FALSE;
		}
		if (!write_file(setup, path, setup->verify_token))
			return FALSE;
		setup->made = FALSE;
	}
	return write_file(setup, setup->file, setup->yaml->str);
}

/* ---- what is said ---- */

static void print_text(const struct setup *setup)
{
	const char *reference = g_hash_table_lookup(setup->answers, SETUP_VERIFY_TOKEN);
	const char *url_token = g_hash_table_lookup(setup->answers, "url_token");
	g_autofree char *path = setup->file ? g_canonicalize_filename(setup->file, NULL) : NULL;

	if (path)
		printf("%s is written; \"include: %s\" in %s reads it\n", setup->file, path, ctl_config(setup->ctl));
	else
		fputs(setup->yaml->str, stdout);
	if (setup->url)
		fprintf(stderr, "\nGive this to the provider:\n  webhook URL   %s%s\n", setup->url,
			url_token && *url_token ? "?token=... (what url_token refers to)" : "");
	if (setup->verify_token)
		fprintf(stderr, "  verify token  %s\n", setup->verify_token);
	if (setup->made)
		fprintf(stderr, "The verify token is new: put it where %s is read, before the daemon reads the section.\n", reference);
}

static void print_json(const struct setup *setup, gboolean waited, gboolean verified)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "channel", setup->name);
	hg_json_add_str(out, "adapter", setup->adapter->name);
	hg_json_add_str(out, "yaml", setup->yaml->str);
	hg_json_opt_str(out, "file", setup->file);
	hg_json_opt_str(out, "webhook", setup->url);
	hg_json_opt_str(out, "verify_token", setup->verify_token);
	hg_json_add_bool(out, "made", setup->made);
	if (waited)
		hg_json_add_bool(out, "verified", verified);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

/* ---- has it called? ---- */

struct look { const char *name; gint64 good, refused; gboolean heard; };

static void heard(void *arg, const struct hg_client_answer *answer)
{
	struct look *look = arg;
	g_autoptr(json_object) json = NULL;
	struct json_object *list;

	if (answer->code != HG_CLIENT_OK || answer->status != 200)
		return;
	json = hg_json_parse(answer->body, answer->len, &(struct hg_json_limits){ .max_bytes = LOOK_MAX, .max_depth = 64 }, NULL);
	list = hg_json_arr(json, "channels");
	look->heard = TRUE;
	for (gsize i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *channel = json_object_array_get_idx(list, i);
		struct json_object *counted = hg_json_obj(channel, "counted");

		if (g_strcmp0(hg_json_str(channel, "name"), look->name) != 0)
			continue;
		look->good = hg_json_int(counted, "handshake", 0);
		look->refused = hg_json_int(counted, "handshake_refused", 0);
	}
}

static struct look look_now(struct setup *setup)
{
	struct look look = { .name = setup->name };

	hg_client_sync(&(struct hg_client_call){ .method = "GET", .url = "http://headgate/v1/channels", .unix_path = ctl_socket(setup->ctl),
		.private_ok = TRUE, .timeout_ms = LOOK_CALL_MS, .max_reply = LOOK_MAX }, heard, &look);
	return look;
}

/* The daemon may be started again meanwhile, and counts from 0 then. */
static gboolean wait_call(struct setup *setup, gint64 wait_ms)
{
	gint64 end = hg_mono(hg_env_system()) + wait_ms;
	struct look before = look_now(setup), now = before;

	fprintf(stderr, "\nWaiting for the provider's call%s\n", before.heard ? "" : " (no headgated answers yet)");
	for (; hg_mono(hg_env_system()) < end; now = look_now(setup)) {
		if (now.heard && now.good > before.good)
			return TRUE;
		if (now.heard && now.refused > before.refused)
			ctl_say_error(setup->ctl, "a call came with another verify token, and was refused");
		before = now.heard ? now : before;
		g_usleep(LOOK_US);
	}
	return now.heard && now.good > before.good;
}

/* ---- the verb ---- */

static int finish(struct setup *setup)
{
	struct ctl *ctl = setup->ctl;
	gboolean wait = ctl_given(ctl, "wait"), verified;

	if (!ctl->json)
		print_text(setup);
	fflush(stdout);		/* who waits has it before him */
	verified = wait && wait_call(setup, ctl_span(ctl, "wait", 0));
	if (ctl->json)
		print_json(setup, wait, verified);
	else if (verified)
		fprintf(stderr, "The provider has called %s, with the right verify token.\n", setup->name);
	if (wait && !verified)
		ctl_say_error(ctl, "the provider has not called %s: is the section read (headgatectl reload), and does the URL lead here?",
			      setup->name);
	return wait && !verified ? CTL_NO : CTL_DONE;
}

static int run(struct ctl *ctl)
{
	g_auto(setup_t) setup = { .ctl = ctl, .name = ctl_value(ctl, "NAME") ?: ctl_value(ctl, "ADAPTER"), .file = ctl_value(ctl, "write"),
		.answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free), .yaml = g_string_new(NULL) };

	if (!begin(&setup) || !setup_ask(&setup))
		return ctl->exit;
	if (!setup_check(&setup))
		return CTL_CONFIG;
	find_token(&setup);
	if (ctl_given(ctl, "wait") && !setup.verify_token)
		return ctl_usage(ctl, "--wait: without a verify token there is no call to wait for");
	setup_render(&setup, setup.yaml, FALSE);
	return write_all(&setup) ? finish(&setup) : CTL_REFUSED;
}

const struct ctl_verb ctl_channel_setup = {
	.name = "setup", .help = "make the section of a new channel, and say what its provider is to be told", .run = run, .asks = TRUE,
	.args = CTL_PARAMS({ "ADAPTER", CTL_ADAPTER }, { "NAME", .help = "of the new channel [as the adapter]", .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "set", CTL_TEXT, "OPTION=VALUE", "an option of the adapter; of a secret where it is kept", .flags = CTL_MANY },
			      { "write", CTL_FILE, NULL, "write the section into a file of its own, for include:" },
			      { "wait", CTL_SPAN, NULL, "wait for the provider's verification call, for so long" }),
	.more = "On a terminal it asks for what the adapter needs and --set does not say. Secrets are never in the section, only where they "
		"are kept: " HG_SECRET_FORMS ". A verify token that is not there yet is made; with --write also its file:PATH. Files are for "
		"their owner alone: run it as the user that the daemon runs as.",
	.exits = "0 good, 1 with --wait: the provider has not called, 78 the section has errors",
	.example = "channel setup whatsapp wa-main --write wa-main.yaml --wait 10m",
};
