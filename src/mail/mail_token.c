/* mail_token.c - making tokens, telling ours from others', finding them in addresses and msg-ids */
#include "mail_token.h"

#include <string.h>

#include "text.h"

#define TOKEN_VERSION 1
#define NAME_BYTES    12			/* of the key's hash */
#define MAC_BYTES     8
#define BYTES	      (1 + NAME_BYTES + MAC_BYTES)
/* Keeps these tags apart from any other use of the same secret. */
#define PURPOSE	      "headgate mail token\n"

G_STATIC_ASSERT((BYTES * 8 + 4) / 5 == HG_MAIL_TOKEN_LEN);

/* RFC 4648 section 6, in lower case. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

static void encode(const guint8 bytes[BYTES], char ret[HG_MAIL_TOKEN_LEN + 1])
{
	guint bits = 0, held = 0;
	char *out = ret;

	for (gsize i = 0; i < BYTES; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = letters[held >> (bits - 5) & 31];
	}
	*out++ = letters[held << (5 - bits) & 31];
	*out = '\0';
}

/* -1: no letter of ours. */
static int value_of(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* text: HG_MAIL_TOKEN_LEN characters.  FALSE when it is not what encode() writes: the bits behind the last
 * byte must be zero, or four texts would stand for one token. */
static gboolean decode(const char *text, guint8 ret[BYTES])
{
	guint bits = 0, held = 0;
	gsize n = 0;

	for (gsize i = 0; i < HG_MAIL_TOKEN_LEN; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return FALSE;
		held = held << 5 | (guint)value;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			ret[n++] = (guint8)(held >> bits);
		}
	}
	return n == BYTES && !(held & ((1u << bits) - 1));
}

static void sign(const guint8 bytes[1 + NAME_BYTES], const void *secret, gsize len, guint8 ret_mac[32])
{
	guint8 text[sizeof(PURPOSE) - 1 + 1 + NAME_BYTES];

	memcpy(text, PURPOSE, sizeof(PURPOSE) - 1);
	memcpy(text + sizeof(PURPOSE) - 1, bytes, 1 + NAME_BYTES);
	hg_hmac_sha256(secret, len, text, sizeof(text), ret_mac);
}

void hg_mail_token(const char *key, const void *secret, gsize len, char ret[HG_MAIL_TOKEN_LEN + 1])
{
	guint8 bytes[BYTES] = { TOKEN_VERSION }, hash[32];

	hg_sha256(key, strlen(key), hash);
	memcpy(bytes + 1, hash, NAME_BYTES);
	sign(bytes, secret, len, hash);
	memcpy(bytes + 1 + NAME_BYTES, hash, MAC_BYTES);
	encode(bytes, ret);
}

gboolean hg_mail_token_check(const char *text, const char *const *secrets)
{
	guint8 bytes[BYTES], mac[32];
	gboolean ours = FALSE;

	if (!text || strlen(text) != HG_MAIL_TOKEN_LEN || !decode(text, bytes) || bytes[0] != TOKEN_VERSION)
		return FALSE;
	/* All of them, whichever fits: how long it takes tells nothing. */
	for (; secrets && *secrets; secrets++) {
		sign(bytes, *secrets, strlen(*secrets), mac);
		ours |= hg_equal_secret(mac, MAC_BYTES, bytes + 1 + NAME_BYTES, MAC_BYTES);
	}
	return ours;
}

/* Between a mark and an @: nothing but a token. */
static char *token_at(const char *text)
{
	g_autofree char *found = NULL;

	if (strcspn(text, "@") != HG_MAIL_TOKEN_LEN || text[HG_MAIL_TOKEN_LEN] != '@')
		return NULL;
	found = g_ascii_strdown(text, HG_MAIL_TOKEN_LEN);
	for (const char *p = found; *p; p++)
		if (value_of(*p) < 0)
			return NULL;
	return g_steal_pointer(&found);
}

char *hg_mail_token_in(const char *address_or_id)
{
	const char *at, *mark;

	if (!address_or_id)
		return NULL;
	address_or_id += *address_or_id == '<';
	if (!g_ascii_strncasecmp(address_or_id, "hg.", 3))
		return token_at(address_or_id + 3);
	/* The last "+t." before the @: an address may have a plus of its own. */
	at = strchr(address_or_id, '@');
	mark = at ? g_strrstr_len(address_or_id, at - address_or_id, "+") : NULL;
	if (!mark || g_ascii_strncasecmp(mark, "+t.", 3))
		return NULL;
	return token_at(mark + 3);
}
