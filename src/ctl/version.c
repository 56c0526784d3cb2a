/* version.c - which headgate this is, what it is made of, and which one runs */
#include <curl/curl.h>
#include <event2/event.h>
#include <json-c/json_c_version.h>
#include <libfyaml.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include "config.h"
#include "ctl.h"
#include "desk_samples.h"
#include "load.h"

struct part { const char *name; const char *version; };

static char *joined_adapters(void)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());

	return g_strjoinv(" ", (char **)(gpointer)hg_loader_names(loader));
}

static char *joined_presets(void)
{
	g_auto(GStrv) names = hg_desk_names();

	return g_strjoinv(" ", names);
}

static char *made_with(void)
{
	GString *words = g_string_new("unix-socket");

#ifdef __SANITIZE_ADDRESS__
	g_string_append(words, " sanitizers");
#endif
#ifdef HG_TEST_HOOKS
	g_string_append(words, " test-hooks");
#endif
	return g_string_free(words, FALSE);
}

static void print_parts(const struct ctl *ctl, const struct part *parts, gsize n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (gsize i = 0; !ctl->json && i < n; i++)
		printf("%-12s %s\n", parts[i].name, parts[i].version);
	if (!ctl->json)
		return;
	hg_json_open(out, '{');
	for (gsize i = 0; i < n; i++)
		hg_json_add_str(out, parts[i].name, parts[i].version);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int version(struct ctl *ctl)
{
	g_autofree char *glib = g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
	g_autofree char *adapters = joined_adapters(), *presets = joined_presets(), *made = made_with();
	const struct part parts[] = { { "headgatectl", PACKAGE_VERSION }, { "glib", glib },
		{ "curl", curl_version_info(CURLVERSION_NOW)->version }, { "openssl", OpenSSL_version(OPENSSL_VERSION_STRING) },
		{ "libevent", event_get_version() }, { "json-c", json_c_version() }, { "libfyaml", fy_library_version() },
		{ "made-with", made }, { "adapters", adapters }, { "presets", presets } };

	print_parts(ctl, parts, ctl_given(ctl, "features") ? G_N_ELEMENTS(parts) : 1);
	return CTL_DONE;
}

const struct ctl_verb ctl_verb_version = {
	.name = "version", .help = "which headgatectl this is, and what it is made of", .run = version,
	.options = CTL_PARAMS({ "features", CTL_FLAG, NULL, "also libraries, adapters and presets" }),
	.more = "Which headgated runs is told by headgatectl status.",
};
