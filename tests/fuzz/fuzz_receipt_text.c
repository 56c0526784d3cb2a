/* fuzz_receipt_text.c - hostile texts as delivery receipts: what is found is bounded and printable, blanks change nothing */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include <headgate/adapter.h>

#include "smpp_receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *word)
{
	if (word && (!*word || strlen(word) > 3 * SMPP_ID_MAX || !g_utf8_validate(word, -1, NULL)))
		abort();
}

static gboolean same(const struct smpp_receipt *a, const struct smpp_receipt *b)
{
	return g_strcmp0(a->id, b->id) == 0 && g_strcmp0(a->stat, b->stat) == 0 && a->state == b->state && a->code == b->code &&
	       a->done_ms == b->done_ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *copy = g_memdup2(data, size), *padded = g_strdup_printf("  %.*s", (int)strnlen((const char *)data, size), data);
	struct smpp_receipt one, other;

	if (size > 65536)
		return 0;
	smpp_receipt_text(copy ? copy : "", size, &one);
	check_word(one.id);
	check_word(one.stat);
	check_word(one.err);
	if (one.state < 0 || one.state > HG_R_FAILED || (one.state == HG_R_FAILED) != (one.why != NULL))
		abort();
	smpp_receipt_text(padded, strlen(padded), &other);
	if (!memchr(data, 0, size) && !same(&one, &other))
		abort();
	for (int form = SMPP_ID_TEXT; one.id && form <= SMPP_ID_HEX; form++) {
		g_autofree char *id = smpp_id_normal(one.id, form), *again = smpp_id_normal(id, SMPP_ID_DECIMAL);

		if (form != SMPP_ID_TEXT && g_ascii_isdigit(id[0]) && strlen(id) < 19 && strspn(id, "0123456789") == strlen(id) &&
		    form == SMPP_ID_DECIMAL && strcmp(id, again) != 0)
			abort();
	}
	smpp_receipt_clear(&one);
	smpp_receipt_clear(&other);
	return 0;
}
