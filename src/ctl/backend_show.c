/* backend_show.c - tells of presets: the list of them, and all of one */
#include <stdio.h>
#include <string.h>
#include "backend_verbs.h"
#include "back.h"
#include "text.h"

/* What needs no file. */
static const struct { const char *name, *about; } built_in[] = {
	{ "webhook", "Any program that takes signed JSON (Standard Webhooks), and answers by the HTTP API" },
};

static const char *state_of(const hg_desk *desk)
{
	return desk->proof.state == HG_DESK_PROVEN ? "proven" : "documented";
}

/* ---- the list ---- */

static void proof_json(GString *out, const hg_desk *desk)
{
	hg_json_key(out, "proof");
	hg_json_open(out, '{');
	hg_json_add_str(out, "state", state_of(desk));
	hg_json_opt_str(out, "version", desk->proof.version);
	hg_json_add_str(out, "date", desk->proof.date);
	hg_json_opt_str(out, "how", desk->proof.how);
	hg_json_key(out, "sources");
	hg_json_open(out, '[');
	for (char **source = desk->proof.sources; *source; source++)
		hg_json_put_str(out, *source);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

static void print_row(const struct ctl *ctl, const char *name, const char *state, const char *of, const char *date,
		      const char *about)
{
	gboolean proven = strcmp(state, "proven") == 0;

	ctl_cell(name, 25);
	fputs(ctl_look(ctl, proven ? CTL_GREEN : CTL_PLAIN), stdout);
	ctl_cell(state, 12);
	fputs(ctl_look(ctl, CTL_PLAIN), stdout);
	ctl_cell(of, 10);
	ctl_cell(date, 12);
	printf("%s\n", about);
}

static void list_row(const struct ctl *ctl, const hg_desk *desk, GString *out)
{
	g_autofree char *about = ctl_safe(desk->about ? desk->about : desk->name, FALSE);
	g_autofree char *of = ctl_safe(desk->proof.version ? desk->proof.version : "", FALSE);

	if (!ctl->json) {
		print_row(ctl, desk->preset, state_of(desk), of, desk->proof.date, about);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "preset", desk->preset);
	hg_json_add_str(out, "name", desk->name);
	hg_json_opt_str(out, "about", desk->about);
	proof_json(out, desk);
	hg_json_close(out, '}');
}

static void list_built_in(const struct ctl *ctl, GString *out)
{
	for (gsize i = 0; i < G_N_ELEMENTS(built_in); i++) {
		if (!ctl->json) {
			print_row(ctl, built_in[i].name, "built in", "", "", built_in[i].about);
			continue;
		}
		hg_json_open(out, '{');
		hg_json_add_str(out, "preset", built_in[i].name);
		hg_json_add_str(out, "about", built_in[i].about);
		hg_json_key(out, "proof");
		hg_json_put_str(out, NULL);
		hg_json_close(out, '}');
	}
}

int ctl_backend_list(const struct ctl *ctl)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) names = hg_desk_names();
	int code = CTL_DONE;

	hg_json_open(out, '[');
	if (!ctl->json && !ctl->quiet)
		print_row(ctl, "PRESET", "STATE", "VERSION", "OF", "");
	for (char **name = names; *name; name++) {
		int wrong;
		g_autoptr(hg_desk) desk = ctl_backend_read(ctl, *name, &wrong);

		if (desk)
			list_row(ctl, desk, out);
		else
			code = CTL_PARTLY;
	}
	list_built_in(ctl, out);
	hg_json_close(out, ']');
	if (ctl->json)
		ctl_put_json(out->str);
	else if (!ctl->quiet)
		printf("\nproven: seen on the real thing, by tests that repeat it; documented: written from its documentation, of that day\n"
		       "presets lie in %s\n", hg_desk_dir());
	return code;
}

/* ---- all of one ---- */

static void settings_json(GString *out, const char *key, const GArray *settings)
{
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (guint i = 0; i < settings->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(settings, struct hg_desk_setting, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "name", setting->name);
		hg_json_add_str(out, "help", setting->help);
		hg_json_add_bool(out, "required", setting->need);
		hg_json_opt_str(out, "default", setting->fallback);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static const char *ladder(const hg_desk *desk)
{
	return desk->once.by == HG_DESK_BY_KEY ? "key" : desk->once.by == HG_DESK_BY_FIND ? "find" : "none";
}

static void show_json(const hg_desk *desk)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "preset", desk->preset);
	hg_json_add_str(out, "name", desk->name);
	hg_json_opt_str(out, "about", desk->about);
	hg_json_add_str(out, "file", desk->file);
	proof_json(out, desk);
	if (desk->site.name) {
		hg_json_key(out, "url");
		hg_json_open(out, '{');
		hg_json_add_str(out, "help", desk->site.help);
		hg_json_opt_str(out, "default", desk->site.fallback);
		hg_json_close(out, '}');
	}
	settings_json(out, "credentials", desk->asked_secrets);
	settings_json(out, "values", desk->asked_values);
	hg_json_key(out, "operations");
	hg_json_open(out, '[');
	for (int op = 0; op < HG_DESK_OPS; op++)
		if (desk->ops[op])
			hg_json_put_str(out, hg_desk_op_name(op));
	hg_json_close(out, ']');
	hg_json_add_str(out, "once", ladder(desk));
	hg_json_add_bool(out, "webhook", hg_back_has_hook(desk->back));
	hg_json_add_bool(out, "poll", desk->ops[HG_DESK_FETCH_CHANGES] != NULL);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

/* One option of the sample configuration, with what it is behind it. */
static void print_option(const char *indent, const char *name, const char *value, const struct hg_desk_setting *setting)
{
	g_autofree char *help = ctl_safe(setting->help ? setting->help : "", FALSE);
	g_autofree char *line = g_strdup_printf("%s%s%s: %s", indent, setting->need ? "" : "#", name, value);

	ctl_cell(line, 44);
	printf("  # %s\n", help);
}

/* The map of an option cannot stand there empty. */
static void print_map(const char *name, const GArray *settings, gboolean (*is_in)(const struct hg_desk_setting *setting))
{
	gboolean any = FALSE, need = FALSE;

	for (guint i = 0; i < settings->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(settings, struct hg_desk_setting, i);

		any = any || is_in(setting);
		need = need || (is_in(setting) && setting->need);
	}
	if (any)
		printf("    %s%s:\n", need ? "" : "#", name);
}

static gboolean is_any(const struct hg_desk_setting *setting)
{
	return setting != NULL;
}

static gboolean is_plain(const struct hg_desk_setting *setting)
{
	return strcmp(setting->name, "token") == 0 || strcmp(setting->name, "webhook") == 0;
}

static gboolean is_further(const struct hg_desk_setting *setting)
{
	return !is_plain(setting);
}

static void print_secrets(const hg_desk *desk)
{
	for (guint i = 0; i < desk->asked_secrets->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(desk->asked_secrets, struct hg_desk_setting, i);

		if (strcmp(setting->name, "token") == 0)
			print_option("    ", "token", "credential:desk-token", setting);
		else if (strcmp(setting->name, "webhook") == 0)
			print_option("    ", "webhook_secret", "credential:desk-webhook", setting);
	}
	print_map("credentials", desk->asked_secrets, is_further);
	for (guint i = 0; i < desk->asked_secrets->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(desk->asked_secrets, struct hg_desk_setting, i);
		g_autofree char *value = g_strdup_printf("credential:desk-%s", setting->name);

		if (!is_plain(setting))
			print_option("      ", setting->name, value, setting);
	}
}

static void print_values(const hg_desk *desk)
{
	print_map("values", desk->asked_values, is_any);
	for (guint i = 0; i < desk->asked_values->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(desk->asked_values, struct hg_desk_setting, i);

		print_option("      ", setting->name, setting->fallback ? setting->fallback : "...", setting);
	}
}

static void print_sample(const hg_desk *desk)
{
	puts("\nIn the configuration (# may be left out):\n\nbackends:\n  desk:");
	printf("    preset: %s\n", desk->preset);
	if (desk->site.name)
		print_option("    ", "url", desk->site.fallback ? desk->site.fallback : "https://desk.example", &desk->site);
	print_secrets(desk);
	print_values(desk);
}

static void print_proof(const hg_desk *desk)
{
	g_autofree char *how = ctl_safe(desk->proof.how ? desk->proof.how : "", FALSE);

	printf("%s%s%s, %s%s%s\n", desk->proof.state == HG_DESK_PROVEN ? "proven on the real thing" : "written from documentation",
	       desk->proof.version ? ", version " : "", desk->proof.version ? desk->proof.version : "", desk->proof.date,
	       *how ? ": " : "", how);
	for (char **source = desk->proof.sources; *source; source++)
		printf("  %s\n", *source);
}

static void print_operations(const hg_desk *desk)
{
	char every[HG_SPAN_SIZE];

	fputs("\noperations:", stdout);
	for (int op = 0; op < HG_DESK_OPS; op++)
		if (desk->ops[op])
			printf(" %s", hg_desk_op_name(op));
	printf("\nno ticket twice: %s\n", desk->once.by == HG_DESK_BY_KEY ? "the helpdesk knows an attempt that comes again by its key" :
	       desk->once.by == HG_DESK_BY_FIND ? "looked for before it is made" :
	       "the helpdesk cannot tell; what is in doubt waits for you (on_ambiguous)");
	printf("agents' answers: %s%s", hg_back_has_hook(desk->back) ? "by webhook to PUBLIC_URL/backend/NAME/hook" : "",
	       hg_back_has_hook(desk->back) && desk->poll.every_ms ? ", and " : "");
	if (desk->poll.every_ms)
		printf("asked for every %s", hg_span(desk->poll.every_ms, every));
	puts(hg_back_has_hook(desk->back) || desk->poll.every_ms ? "" : "none by this preset");
}

int ctl_backend_show(const struct ctl *ctl, const hg_desk *desk)
{
	g_autofree char *name = ctl_safe(desk->name, FALSE), *about = ctl_safe(desk->about ? desk->about : "", FALSE);

	if (ctl->json) {
		show_json(desk);
		return CTL_DONE;
	}
	printf("%s%s%s%s%s\n", ctl_look(ctl, CTL_BOLD), name, ctl_look(ctl, CTL_PLAIN), *about ? ": " : "", about);
	print_proof(desk);
	print_operations(desk);
	print_sample(desk);
	return CTL_DONE;
}
