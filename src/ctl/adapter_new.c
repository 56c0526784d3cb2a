/* adapter_new.c - adapter new: a folder with an adapter of one's own, made of the example that is installed */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "desc.h"

#define EXAMPLE "fake"			/* what it is called in exampledir of headgate.pc */

/* What is copied, and what it is called then; NULL: as its adapter. */
static const struct { const char *from, *to; } files[] = {
	{ "fake.c", NULL }, { "fake_wire.c", "fake_wire.c" }, { "fake_wire.h", "fake_wire.h" }, { "README.md", "README.md" },
	{ "outside.mk", "Makefile" }, { "try.sh", "try.sh" },
};

/* Where the example calls itself by its name; %s: the new one. */
static const struct { const char *from, *to; } names[] = {
	{ "/* fake.c - ", "/* %s.c - " }, { ".name = \"fake\"", ".name = \"%s\"" }, { "NAME = fake\n", "NAME = %s\n" },
};

static char *example_dir(void)
{
	const char *dir = g_getenv("HEADGATE_EXAMPLE_DIR");

	return g_build_filename(dir && *dir ? dir : HG_EXAMPLE_DIR, EXAMPLE, NULL);
}

/* The bytes of a file of the example, with the new name in them; NULL: said. */
static char *renamed(const struct ctl *ctl, const char *path, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	GString *text;

	if (!g_file_get_contents(path, &bytes, NULL, &error)) {
		ctl_say_error(ctl, "the example that adapters begin as is not whole: %s (Debian: headgate-dev has it; HEADGATE_EXAMPLE_DIR "
			      "names another folder)", error->message);
		return NULL;
	}
	text = g_string_new(bytes);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_auto(GStrv) halves = g_strsplit(names[i].to, "%s", 2);
		g_autofree char *to = g_strjoin(name, halves[0], halves[1], NULL);

		g_string_replace(text, names[i].from, to, 0);
	}
	return g_string_free(text, FALSE);
}

static char *target_of(const char *dir, gsize i, const char *name)
{
	g_autofree char *own = g_strconcat(name, ".c", NULL);

	return g_build_filename(dir, files[i].to ? files[i].to : own, NULL);
}

static int write_all(const struct ctl *ctl, const char *dir, const char *name)
{
	g_autofree char *example = example_dir();

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *from = g_build_filename(example, files[i].from, NULL), *to = target_of(dir, i, name);
		g_autofree char *text = renamed(ctl, from, name);
		g_autoptr(GError) error = NULL;

		if (!text)
			return CTL_MISSING;
		if (!g_file_set_contents_full(to, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error)) {
			ctl_say_error(ctl, "%s", error->message);
			return CTL_REFUSED;
		}
	}
	return CTL_DONE;
}

/* What was begun and is not whole. */
static void take_away(const char *dir, const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = target_of(dir, i, name);

		g_unlink(path);
	}
	g_rmdir(dir);
}

static void tell(const struct ctl *ctl, const char *dir, const char *name)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!ctl->json && !ctl->quiet)
		printf("%s has an adapter that speaks for a provider that does not exist; make it yours:\n"
		       "  fake_wire.[ch]  what the provider's JSON means\n  make            builds %s.so from %s.c, which is best read from its end\n"
		       "  make check      has a headgate of its own load it, and posts to it\n"
		       "  make install    puts it where headgate looks for adapters\n", dir, name, name);
	if (!ctl->json)
		return;
	hg_json_open(out, '{');
	hg_json_add_str(out, "adapter", name);
	hg_json_add_str(out, "folder", dir);
	hg_json_key(out, "files");
	hg_json_open(out, '[');
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = target_of(dir, i, name), *base = g_path_get_basename(path);

		hg_json_put_str(out, base);
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int new(struct ctl *ctl)
{
	const char *name = ctl_value(ctl, "NAME"), *dir = ctl_given(ctl, "dir") ? ctl_value(ctl, "dir") : name;
	int code;

	if (!hg_desc_name_ok(name))
		return ctl_usage(ctl, "\"%s\" is no name for an adapter: small letters, digits, - and _, a letter first", name);
	if (g_mkdir(dir, 0755) != 0) {
		ctl_say_error(ctl, "%s: %s%s", dir, g_strerror(errno), errno == EEXIST ? "; choose another name, or --dir DIR" : "");
		return CTL_REFUSED;
	}
	code = write_all(ctl, dir, name);
	if (code == CTL_DONE)
		tell(ctl, dir, name);
	else
		take_away(dir, name);
	return code;
}

const struct ctl_verb ctl_adapter_new = {
	.name = "new", .help = "begin one of your own, outside of headgate's source", .run = new,
	.args = CTL_PARAMS({ "NAME", .help = "what it is called in \"adapter: NAME\"" }),
	.options = CTL_PARAMS({ "dir", CTL_DIR, NULL, "the folder that is made for it [NAME]" }),
	.more = "Copies the example of doc/adapters.md under the new name, with a Makefile and a test.  It builds with the installed header "
		"alone: a C compiler, pkg-config and the development files of json-c and OpenSSL are wanted.",
	.exits = "4 the example is not installed, 5 the folder is there already or cannot be made",
	.example = "adapter new acme && make -C acme check",
};
