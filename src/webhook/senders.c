/* senders.c - is each of them one that could send? */
#include "senders.h"

#include "conf_wrong.h"
#include "number.h"

#define FROM_MAX 64

int hg_senders_check(char *const *from, struct hg_err *err)
{
	struct hg_number number;
	gsize n = 0;

	for (; from && *from; from++, n++)
		if (!hg_number_parse(*from, NULL, TRUE, &number) || number.kind == HG_NUMBER_OPAQUE)
			return hg_conf_wrong(err, "from", "from: \"%.40s\" is neither a number nor a name that could send", *from);
	return n > FROM_MAX ? hg_conf_wrong(err, "from", "from lists %zu senders, at most %d fit", n, FROM_MAX) : 0;
}
