/* abi_probe.c - names every type of the border, so that its debugging information tells of all of them; never loaded */
#include <headgate/adapter.h>

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = { .size = sizeof(struct hg_adapter) };

/* Fields hold them as int: only here do they show. */
#define ENUM(type)				\
	HG_EXPORT extern enum type type##_probe;	\
	enum type type##_probe
ENUM(hg_err_kind);
ENUM(hg_opt_type);
ENUM(hg_opt_flag);
ENUM(hg_kind);
ENUM(hg_proof);
ENUM(hg_sender);
ENUM(hg_receipt_state);
ENUM(hg_reach);
ENUM(hg_stored);
ENUM(hg_fate);
ENUM(hg_condition);
ENUM(hg_cap);
