/* file_link.c - signed links to stored files: making one, and whether one holds */
#include "file_link.h"

#include <string.h>

#include "text.h"

#define MARK_BYTES 16			/* of the HMAC: 22 letters */
#define ENDS_MAX   12			/* digits of a time in seconds */

static const char *const purposes[] = {
	[HG_LINK_VISITOR] = "headgate visitor file", [HG_LINK_FILE] = "headgate file",
};

static char *mark_by(const void *key, gsize len, enum hg_link_kind kind, const char *id, gint64 ends_s)
{
	g_autofree char *text = g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT, purposes[kind], id, ends_s);
	guint8 mac[32];

	hg_hmac_sha256(key, len, text, strlen(text), mac);
	return hg_base64(mac, MARK_BYTES, TRUE);
}

char *hg_link_make(const struct hg_link_keys *keys, enum hg_link_kind kind, const char *id, gint64 ends_s)
{
	const char *secret = keys->secrets ? keys->secrets[0] : NULL;
	g_autofree char *mark = secret ? mark_by(secret, strlen(secret), kind, id, ends_s) :
					 mark_by(keys->own, 32, kind, id, ends_s);

	return g_strdup_printf("?e=%" G_GINT64_FORMAT "&s=%s", ends_s, mark);
}

static gboolean is_by(const void *key, gsize len, enum hg_link_kind kind, const char *id, gint64 ends_s, const char *given)
{
	g_autofree char *mark = mark_by(key, len, kind, id, ends_s);

	return hg_equal_secret(mark, strlen(mark), given, strlen(given));
}

/* How long it takes does not say which of them it is. */
static gboolean is_ours(const struct hg_link_keys *keys, enum hg_link_kind kind, const char *id, gint64 ends_s, const char *given)
{
	gboolean ours = FALSE;

	if (!keys->secrets || !keys->secrets[0])
		return is_by(keys->own, 32, kind, id, ends_s, given);
	for (char *const *secret = keys->secrets; *secret; secret++)
		ours |= is_by(*secret, strlen(*secret), kind, id, ends_s, given);
	return ours;
}

enum hg_link_fate hg_link_look(const struct hg_link_keys *keys, enum hg_link_kind kind, const char *id, const char *ends,
			       const char *mark, gint64 now_ms, gint64 *ret_ends_s)
{
	gint64 ends_s;

	*ret_ends_s = 0;
	/* One way to write a time: what is signed is what was read. */
	if (!ends || !mark || !*ends || *ends == '0' || strlen(ends) > ENDS_MAX || strspn(ends, "0123456789") != strlen(ends))
		return HG_LINK_NONE;
	ends_s = g_ascii_strtoll(ends, NULL, 10);
	if (!is_ours(keys, kind, id, ends_s, mark))
		return HG_LINK_NONE;
	if (ends_s * 1000 <= now_ms)
		return HG_LINK_EXPIRED;
	*ret_ends_s = ends_s;
	return HG_LINK_HOLDS;
}
