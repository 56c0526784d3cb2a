/* samples.c - tells of samples that are played, those of channels and those of helpdesks */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

gboolean ctl_is_file(const char *name)
{
	return strchr(name, '/') || g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml") ||
	       g_file_test(name, G_FILE_TEST_IS_REGULAR);
}

static void print_lines(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_autofree char *safe = ctl_safe(*line, FALSE);

		printf("  %s\n", safe);
	}
}

static void print_sample(const struct ctl *ctl, const struct hg_sample *sample)
{
	g_autofree char *name = ctl_safe(sample->name, FALSE);

	if (ctl->quiet && sample->passed)
		return;
	printf("%s%-4s%s  %s%s\n", ctl_look(ctl, sample->passed ? CTL_GREEN : CTL_RED), sample->passed ? "ok" : "FAIL",
	       ctl_look(ctl, CTL_PLAIN), name, sample->made_up ? " (made up)" : "");
	if (sample->text)
		print_lines(sample->text);
}

void ctl_samples_tell(void *arg, const struct hg_sample *sample)
{
	struct ctl_samples *t = arg;

	t->played++;
	t->failed += !sample->passed;
	t->made_up += sample->made_up;
	if (!t->json) {
		print_sample(t->ctl, sample);
		return;
	}
	hg_json_open(t->json, '{');
	hg_json_add_str(t->json, "name", sample->name);
	hg_json_add_bool(t->json, "passed", sample->passed);
	hg_json_add_bool(t->json, "made_up", sample->made_up);
	hg_json_add_str(t->json, "text", sample->text);
	hg_json_close(t->json, '}');
}

void ctl_samples_begin(struct ctl_samples *t, const char *what)
{
	if (t->json) {
		hg_json_open(t->json, '{');
		hg_json_add_str(t->json, "description", what);
		hg_json_key(t->json, "samples");
		hg_json_open(t->json, '[');
	} else if (!t->ctl->quiet) {
		printf("%s\n", what);
	}
}

void ctl_samples_end(struct ctl_samples *t)
{
	if (t->json) {
		hg_json_close(t->json, ']');
		hg_json_close(t->json, '}');
	}
}

void ctl_samples_open(struct ctl_samples *t, GString *out)
{
	t->json = t->ctl->json ? out : NULL;
	hg_json_open(out, '{');
	hg_json_key(out, "results");
	hg_json_open(out, '[');
}

int ctl_samples_result(const struct ctl_samples *t)
{
	if (!t->json && !t->ctl->quiet)
		printf("%u sample%s, %u failed, %u made up\n", t->played, t->played == 1 ? "" : "s", t->failed, t->made_up);
	if (!t->played)
		ctl_say_error(t->ctl, "there are no samples");
	return t->failed || !t->played ? CTL_NO : CTL_DONE;
}

void ctl_samples_close(struct ctl_samples *t, GString *out)
{
	hg_json_close(out, ']');
	hg_json_add_int(out, "samples", t->played);
	hg_json_add_int(out, "failed", t->failed);
	hg_json_add_int(out, "made_up", t->made_up);
	hg_json_close(out, '}');
	if (t->ctl->json)
		ctl_put_json(out->str);
}
