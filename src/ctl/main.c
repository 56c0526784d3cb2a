/* main.c - headgatectl: finds the command, and runs it */
#include <locale.h>
#include "ctl.h"
#include "log.h"

const struct ctl_entry ctl_entries[] = {
#define GROUP(title) { title, NULL },
#define VERB(id) { NULL, &ctl_verb_##id },
	CTL_VERBS(GROUP, VERB)
#undef GROUP
#undef VERB
	{ NULL, NULL } };

int main(int argc, char **argv)
{
	g_autoptr(GString) path = g_string_new(NULL);
	g_autoptr(GHashTable) given = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
	struct ctl ctl = { .colour = "auto", .path = path, .given = given, .exit = CTL_DONE };

	setlocale(LC_CTYPE, "");	/* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_WARN);
	return ctl_read(&ctl, argc, argv) ? ctl.verb->run(&ctl) : ctl.exit;
}
