/* long_run.c - verbs that take long: progress, Ctrl-C, and where the store is */
#include "long_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "options.h"
#include "tables.h"
#include "text.h"

#define TELL_MS 10000			/* between two lines where no terminal is */
#define BAR_MS 100
#define RATE_MS 1000			/* before that a rate says nothing */

static volatile sig_atomic_t asked_to_stop;

static void on_stop(int number)
{
	(void)number;
	asked_to_stop = 1;
}

void ctl_long_show(struct ctl_long *run, struct ctl *ctl)
{
	*run = (struct ctl_long){ .ctl = ctl, .bar = isatty(STDERR_FILENO) };
	run->began_ms = run->told_ms = hg_mono(hg_env_system());
}

void ctl_long_begin(struct ctl_long *run, struct ctl *ctl)
{
	const struct sigaction action = { .sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND };

	ctl_long_show(run, ctl);
	asked_to_stop = 0;
	sigaction(SIGINT, &action, NULL);	/* a second one ends the program */
	sigaction(SIGTERM, &action, NULL);
}

char *ctl_bytes(gint64 bytes)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	guint unit = 0;

	for (; n >= 1000 && unit + 1 < G_N_ELEMENTS(units); unit++)
		n /= 1000;
	return g_strdup_printf(unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static char *amount(const struct ctl_long *run, gint64 n)
{
	return run->unit ? g_strdup_printf("%" G_GINT64_FORMAT " %s", n, run->unit) : ctl_bytes(n);
}

static void tell_json(const struct ctl_long *run, gint64 rate)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "progress");
	hg_json_open(out, '{');
	hg_json_add_str(out, "stage", run->stage);
	hg_json_add_int(out, "done", run->done);
	hg_json_add_int(out, "of", run->of);
	if (rate > 0) {
		hg_json_add_int(out, "rate", rate);
		hg_json_add_int(out, "eta_s", MAX(run->of - run->done, 0) / rate);
	}
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	fprintf(stderr, "%s\n", out->str);
}

static void tell_text(const struct ctl_long *run, gint64 rate)
{
	g_autofree char *done = amount(run, run->done), *of = amount(run, run->of), *speed = amount(run, rate);
	char span[HG_SPAN_SIZE];
	double share = run->of > 0 ? CLAMP((double)run->done / (double)run->of, 0, 1) : 1;

	if (run->of <= 0) {
		fprintf(stderr, run->bar ? "\r%s, %s   " : "headgatectl: %s: %s\n", run->stage, done);
		return;
	}
	hg_span(rate > 0 ? MAX(run->of - run->done, 0) / rate * 1000 : 0, span);
	if (run->bar)
		ctl_bar(share, "%s, %s of %s, %s/s, %s to go   ", run->stage, done, of, speed, span);
	else
		fprintf(stderr, "headgatectl: %s: %.0f %%, %s of %s, %s/s, %s to go\n", run->stage, share * 100, done, of, speed, span);
}

static void tell(struct ctl_long *run, gint64 now_ms)
{
	gint64 took_ms = now_ms - run->began_ms, rate = took_ms >= RATE_MS ? run->done * 1000 / took_ms : 0;

	run->told_ms = now_ms;
	if (run->ctl->json)
		tell_json(run, rate);
	else
		tell_text(run, rate);
}

gboolean ctl_long_tell(struct ctl_long *run, const char *stage, gint64 done, gint64 of)
{
	gint64 now_ms = hg_mono(hg_env_system()), wait_ms = run->bar && !run->ctl->json ? BAR_MS : TELL_MS;

	if (strcmp(run->stage, stage) != 0) {
		g_strlcpy(run->stage, stage, sizeof(run->stage));
		run->began_ms = now_ms;
	}
	run->done = done;
	run->of = of;
	if (!run->ctl->quiet && now_ms - run->told_ms >= wait_ms)
		tell(run, now_ms);
	run->stopped = asked_to_stop;
	return !run->stopped;
}

void ctl_long_end(struct ctl_long *run, const char *go_on)
{
	g_autofree char *done = amount(run, run->done), *of = run->of > 0 ? amount(run, run->of) : NULL;

	if (run->bar && !run->ctl->quiet)
		ctl_bar_end();
	if (run->stopped)
		ctl_say_error(run->ctl, "stopped at %s%s%s (%s); go on with: %s", done, of ? " of " : "", of ?: "", run->stage, go_on);
}

/* ---- where the store is ---- */

static gboolean say_all(const struct ctl *ctl, const hg_diag *diag)
{
	g_autofree char *text = hg_diag_render(diag, ctl_colours(ctl, STDERR_FILENO));

	fputs(text, stderr);
	return FALSE;
}

static gboolean read_store(struct ctl *ctl, const hg_node *root, struct ctl_place *ret)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	const hg_node *map = root && hg_node_type(root) == HG_NODE_MAP ? hg_node_get(root, "store") : NULL;

	return hg_options_fill(hg_store_options, map, "store", NULL, &ret->store, diag) || say_all(ctl, diag);
}

gboolean ctl_place_read(struct ctl *ctl, struct ctl_place *ret)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree char *dir = NULL;

	*ret = (struct ctl_place){ .doc = hg_doc_read(ctl_config(ctl), diag) };
	if (!ret->doc)
		return say_all(ctl, diag);
	if (!read_store(ctl, hg_doc_root(ret->doc), ret))
		return FALSE;
	dir = g_path_get_dirname(ret->store.path);
	ret->attachments = ret->store.attachments ? g_strdup(ret->store.attachments) : g_build_filename(dir, "attachments", NULL);
	ret->options = (struct hg_store_options){ .driver = ret->store.driver, .path = ret->store.path,
		.url = ret->store.url, .password = ret->store.password, .node = ret->store.node,
		.attachments = ret->attachments, .files_in_database = hg_conf_files_in_database(&ret->store), .env = hg_env_system(),
		.ballast = ret->store.ballast, .min_free = ret->store.min_free };
	return TRUE;
}

void ctl_place_clear(struct ctl_place *place)
{
	hg_doc_free(place->doc);
	hg_options_clear(hg_store_options, &place->store);
	g_free(place->attachments);
	*place = (struct ctl_place){ 0 };
}

int ctl_exit_of(const GError *error)
{
	switch (error->code) {
	case HG_ERROR_CONFIG:
		return CTL_CONFIG;
	case HG_ERROR_MISSING:
		return CTL_MISSING;
	case HG_ERROR_STATE:
	case HG_ERROR_DENIED:
		return CTL_REFUSED;
	case HG_ERROR_BUSY:
		return CTL_AGAIN;
	default:
		return CTL_NO;
	}
}
