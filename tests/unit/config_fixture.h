/* config_fixture.h - an adapter with every type of option, and a finder that knows it alone */
#pragma once
#include "conf.h"

struct probe_conf {
	char *account, *token, *base, *file, *mode;
	bool fast;
	int64_t rate, wait_ms, most;
	char **tags, **keys;
	char *imap_host;
	int64_t imap_port;
	char *shape;
	char **secrets;
	char *old;
};

extern const struct hg_adapter probe_adapter;
extern const struct hg_adapter_finder probe_finder;
/* What every golden case and test may refer to: variables, a credentials directory with files.
 * Call it once; the directory is removed by config_fixture_done(). */
void config_fixture_init(void);
void config_fixture_done(void);
/* Reads path and writes all that is wrong, or a summary of what was read. */
char *config_fixture_run(const char *path);
