/* config.c - GET /v1/config: what is in force, secrets as the references that are written */
#include "json.h"
#include "parts.h"
#include "rows.h"

const struct hg_option *hg_gateway_adapter_options(void *loader, const char *adapter)
{
	const struct hg_adapter *found = hg_loader_get(loader, adapter, NULL);

	return found ? found->options : NULL;
}

void hg_gateway_config(void *ctx, gboolean all, GString *out)
{
	hg_gateway *gateway = ctx;
	const hg_conf *conf = gateway->setup->conf;
	g_autoptr(GPtrArray) rows = hg_conf_rows(hg_doc_root(conf->doc), all, hg_gateway_adapter_options, gateway->setup->loader);

	hg_json_add_str(out, "file", conf->path);
	hg_json_add_str(out, "hash", conf->hash);
	hg_json_add_time(out, "read", gateway->reloaded_ms);
	hg_json_key(out, "values");
	hg_json_open(out, '[');
	for (guint i = 0; i < rows->len; i++)
		hg_conf_row_json(rows->pdata[i], out);
	hg_json_close(out, ']');
}
