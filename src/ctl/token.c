/* token.c - keys of programs and people, beside those of the configuration */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define CTL_SCOPES "read|report|reply|start|convert|link|contacts|erase|operate|audit|backup|admin"

/* A list of words with commas between; null: fallback.  Yours. */
static char *words(struct json_object *one, const char *key, const char *fallback)
{
	struct json_object *list = hg_json_arr(one, key);
	GString *text = g_string_new(list ? NULL : fallback);

	for (gsize i = 0; list && i < json_object_array_length(list); i++)
		g_string_append_printf(text, "%s%s", i ? "," : "", json_object_get_string(json_object_array_get_idx(list, i)));
	return g_string_free(text, FALSE);
}

/* ---- list ---- */

#define NAME_WIDTH 20
#define DAY_WIDTH  12

static void print_day(struct json_object *one, const char *key, const char *fallback)
{
	g_autofree char *day = ctl_text(one, key, fallback);

	if (strlen(day) > 10)
		day[10] = '\0';
	ctl_cell(day, DAY_WIDTH);
}

static void print_one(struct ctl *ctl, struct json_object *one)
{
	g_autofree char *name = ctl_text(one, "name", "");
	g_autofree char *scopes = words(one, "scopes", "-"), *channels = words(one, "channels", "all");
	g_autofree char *id = ctl_text(one, "id", "api.tokens");
	gboolean over = hg_json_str(one, "revoked_at") != NULL;

	printf("%s", over ? ctl_look(ctl, CTL_DIM) : "");
	ctl_cell(name, NAME_WIDTH);
	ctl_cell(over ? "revoked" : "good", DAY_WIDTH);
	print_day(one, "used_at", "-");
	print_day(one, "expires_at", "never");
	ctl_cell(id, 32);
	printf("%s; channels: %s%s\n", scopes, channels, over ? ctl_look(ctl, CTL_PLAIN) : "");
}

static void print_all(struct ctl *ctl, struct json_object *list)
{
	for (gsize i = 0; list && i < json_object_array_length(list); i++)
		print_one(ctl, json_object_array_get_idx(list, i));
}

static int print_page(struct ctl *ctl, const char *path, char **ret_next, gboolean first)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	*ret_next = g_strdup(hg_json_str(reply.json, "next"));
	if (ctl->json)
		return ctl_print_json(&reply);
	if (first) {
		printf("%s%-20s%-12s%-12s%-12s%-32s%s%s\n", ctl_look(ctl, CTL_BOLD), "NAME", "STATE", "USED", "EXPIRES", "ID",
		       "MAY", ctl_look(ctl, CTL_PLAIN));
		print_all(ctl, hg_json_arr(reply.json, "configured"));
	}
	print_all(ctl, hg_json_arr(reply.json, "tokens"));
	return CTL_DONE;
}

static int list(struct ctl *ctl)
{
	const char *base = ctl_given(ctl, "all") ? "/v1/tokens?limit=500&all=true" : "/v1/tokens?limit=500";
	g_autofree char *next = NULL;
	gboolean first = TRUE;
	int code;

	do {
		g_autofree char *path = next ? g_strconcat(base, "&before=", next, NULL) : g_strdup(base);

		g_clear_pointer(&next, g_free);
		code = print_page(ctl, path, &next, first);
		first = FALSE;
	} while (code == CTL_DONE && next);
	return code;
}

/* ---- create, revoke ---- */

static int create(struct ctl *ctl)
{
	g_autofree char *body = ctl_body(ctl, "name=NAME scopes=scope channels=channel expires");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", "/v1/tokens", body, NULL, &reply);
	struct json_object *token = hg_json_obj(reply.json, "token");
	const char *secret = hg_json_str(reply.json, "secret");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	if (!ctl->quiet) {
		g_autofree char *id = ctl_text(token, "id", "?"), *may = words(token, "scopes", "-");
		g_autofree char *channels = words(token, "channels", "all");

		fprintf(stderr, "%s may %s (channels: %s). This is the only time its secret is shown; take it back with "
			"headgatectl token revoke %s\n", id, may, channels, id);
	}
	printf("%s\n", secret ? secret : "");
	return CTL_DONE;
}

static int revoke_one(struct ctl *ctl)
{
	const char *id = ctl_value(ctl, "ID");
	g_autofree char *path = ctl_path("/v1/tokens/%s", id), *name = NULL;
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!ctl_may(ctl, "Whoever has token %s is refused from now on.", id))
		return ctl->exit;
	code = ctl_call(ctl, "DELETE", path, NULL, NULL, &reply);
	if (code != CTL_DONE || ctl->quiet)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	name = ctl_text(hg_json_obj(reply.json, "token"), "name", "?");
	printf("%s is revoked. It cannot be given back; a new one: headgatectl token create %s --scope ...\n", id, name);
	return CTL_DONE;
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "who may use the API", .usual = TRUE, .run = list,
	.options = CTL_PARAMS({ "all", CTL_FLAG, NULL, "those that were revoked or have expired too" }),
	.more = "Those of the configuration (api.tokens) come first. Used is the day of the last call; nothing is kept of "
		"when those of the configuration were used.",
};

static const struct ctl_verb create_verb = {
	.name = "create", .help = "make a token and print its secret, once", .run = create,
	.args = CTL_PARAMS({ "NAME", .help = "of the program that gets it; what it does is told under this name" }),
	.options = CTL_PARAMS({ "scope", CTL_WORD, "WORD", "what it may do", CTL_SCOPES, .flags = CTL_MANY | CTL_NEEDED },
			      { "channel", CTL_CHANNEL, NULL, "sees and steers this channel only", .flags = CTL_MANY },
			      { "expires", CTL_TEXT, "WHEN", "a span such as 30d, or a time [never]" }),
	.more = "Only a hash of the secret is kept. read sees reports too, admin may do everything.",
	.example = "token create crm --scope read --scope reply --channel sms-us --expires 90d",
};

static const struct ctl_verb revoke_verb = {
	.name = "revoke", .help = "refuse a token from now on", .run = revoke_one, .asks = TRUE,
	.args = CTL_PARAMS({ "ID", .help = "of a token, as token list shows it" }),
	.more = "What goes on with it ends within a second, live streams too.",
};

const struct ctl_verb ctl_verb_token = {
	.name = "token", .help = "keys of programs and people",
	.subs = CTL_SUBS(&list_verb, &create_verb, &revoke_verb),
};
