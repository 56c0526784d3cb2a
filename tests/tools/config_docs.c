/* config_docs.c - prints schema, sample or man page; with adapters, given as files
 *
 * config_docs schema|sample|man [ADAPTER.so|probe ...]; probe is the adapter of the unit tests.
 * For make golden and the tests; headgatectl docs does the same with the installed adapters. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "config_fixture.h"
#include "docs.h"

static const struct hg_adapter *load(const char *path)
{
	const struct hg_adapter *adapter;
	void *file;

	if (strcmp(path, probe_adapter.name) == 0)
		return &probe_adapter;
	file = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	adapter = file ? dlsym(file, HG_ADAPTER_SYMBOL) : NULL;
	if (!adapter)
		g_printerr("config_docs: %s\n", dlerror());
	return adapter;
}

int main(int argc, char **argv)
{
	static const struct { const char *word; char *(*make)(const struct hg_adapter *const *); } kinds[] = {
		{ "schema", hg_docs_schema }, { "sample", hg_docs_sample }, { "man", hg_docs_man },
	};
	g_autoptr(GPtrArray) adapters = g_ptr_array_new();

	for (int i = 2; i < argc; i++) {
		const struct hg_adapter *adapter = load(argv[i]);

		if (!adapter)
			return 1;
		g_ptr_array_add(adapters, (gpointer)adapter);
	}
	g_ptr_array_add(adapters, NULL);
	for (gsize i = 0; argc > 1 && i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(argv[1], kinds[i].word) == 0) {
			g_autofree char *text =
				kinds[i].make((const struct hg_adapter *const *)adapters->pdata);

			return fputs(text, stdout) < 0;
		}
	g_printerr("usage: config_docs schema|sample|man [ADAPTER.so|probe ...]\n");
	return 2;
}
