/* tables.h - the option tables of the gateway's own sections */
#pragma once
#include "conf.h"

extern const struct hg_option hg_top_options[];		/* of hg_conf */
extern const struct hg_option hg_gateway_options[];	/* of struct hg_gateway_conf, and so on */
extern const struct hg_option hg_retention_options[];
extern const struct hg_option hg_store_options[];
extern const struct hg_option hg_window_options[];
extern const struct hg_option hg_ticket_options[];
extern const struct hg_option hg_rating_options[];
extern const struct hg_option hg_prompt_options[];
extern const struct hg_option hg_report_options[];
extern const struct hg_option hg_console_options[];
extern const struct hg_option hg_files_options[];
extern const struct hg_option hg_alarms_options[];
extern const struct hg_option hg_channel_options[];
extern const struct hg_option hg_backend_options[];
extern const struct hg_option hg_hook_options[];
extern const struct hg_option hg_token_options[];

/* Keys of the top level that are no options: sections, and what others read. */
extern const char *const hg_top_keys[];

#define HG_NAME_MAX 32		/* letters in the name of a channel, a backend or a token */
