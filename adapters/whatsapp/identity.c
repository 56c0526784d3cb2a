/* identity.c - the addresses one WhatsApp account is known by
 *
 * Phone and business-scoped id come and go between messages of the same person, so each message
 * hands over all it knows; the gateway joins them. */
#include <ctype.h>
#include <string.h>

#include "identity.h"

#define PHONE_MIN 7
#define PHONE_MAX 15		/* digits, E.164 */
#define BSUID_MAX 128		/* characters behind the country */

/* Digits of a phone number into to[]; 0 when it is none. */
static size_t phone_digits(const char *id, char to[PHONE_MAX + 1])
{
	size_t n = 0;

	for (; *id; id++) {
		if (isdigit((unsigned char)*id)) {
			if (n == PHONE_MAX)
				return 0;
			to[n++] = *id;
		} else if (!strchr("+ -().", *id) || (*id == '+' && n))
			return 0;
	}
	to[n] = '\0';
	return n >= PHONE_MIN && to[0] != '0' ? n : 0;
}

bool wa_is_bsuid(const char *id)
{
	size_t n = 0;

	if (!isupper((unsigned char)id[0]) || !isupper((unsigned char)id[1]) || id[2] != '.')
		return false;
	for (id += 3; isalnum((unsigned char)id[n]); n++)
		;
	return !id[n] && n && n <= BSUID_MAX;
}

const char *wa_address(struct wa_pool *pool, const char *id)
{
	char digits[PHONE_MAX + 1];

	if (!id)
		return NULL;
	if (wa_is_bsuid(id))
		return wa_fmt(pool, "whatsapp:%s", id);
	return phone_digits(id, digits) ? wa_fmt(pool, "tel:+%s", digits) : NULL;
}

const char *wa_our_address(struct wa_pool *pool, const char *number)
{
	return number ? wa_fmt(pool, "whatsapp:%s", number) : NULL;
}

static void add_uri(struct wa_people *p, const char *uri, int proof)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->list[i].uri, uri))
			return;
	if (p->n < WA_ADDRESSES_MAX)
		p->list[p->n++] = (struct hg_address){ uri, proof };
}

/* A mobile's first digit behind the area code; others are land lines, where a digit more or less is
 * another subscriber. */
static bool br_mobile(char digit)
{
	return digit >= '6' && digit <= '9';
}

/* The other spelling under which WhatsApp knows the same account, or "".  Three countries changed
 * their mobile prefixes; accounts made before kept the old form. */
static void other_spelling(const char *d, size_t n, char to[PHONE_MAX + 2])
{
	to[0] = '\0';
	if (!strncmp(d, "55", 2) && n == 13 && d[4] == '9' && br_mobile(d[5])) {
		memcpy(to, d, 4);
		memcpy(to + 4, d + 5, n - 5 + 1);
	} else if (!strncmp(d, "55", 2) && n == 12 && br_mobile(d[4])) {
		memcpy(to, d, 4);
		to[4] = '9';
		memcpy(to + 5, d + 4, n - 4 + 1);
	} else if ((!strncmp(d, "521", 3) || !strncmp(d, "549", 3)) && n == 13) {
		memcpy(to, d, 2);
		memcpy(to + 2, d + 3, n - 3 + 1);
	} else if ((!strncmp(d, "52", 2) || !strncmp(d, "54", 2)) && n == 12) {
		memcpy(to, d, 2);
		to[2] = d[1] == '2' ? '1' : '9';
		memcpy(to + 3, d + 2, n - 2 + 1);
	}
}

bool wa_people_add(struct wa_people *p, const char *id, int proof)
{
	char digits[PHONE_MAX + 1], other[PHONE_MAX + 2];
	size_t n;

	if (!id)
		return false;
	if (wa_is_bsuid(id)) {
		add_uri(p, wa_fmt(p->pool, "whatsapp:%s", id), proof);
		return true;
	}
	n = phone_digits(id, digits);
	if (!n)
		return false;
	add_uri(p, wa_fmt(p->pool, "tel:+%s", digits), proof);
	other_spelling(digits, n, other);
	if (*other)
		add_uri(p, wa_fmt(p->pool, "tel:+%s", other), proof);
	return true;
}

void wa_people_give(const struct wa_people *p, struct hg_in *in)
{
	struct hg_address *copy;

	in->from = NULL;
	in->n_from = p->n;
	if (!p->n)
		return;
	copy = wa_new(p->pool, p->n * sizeof(*copy));
	memcpy(copy, p->list, p->n * sizeof(*copy));
	in->from = copy;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

struct json_object *wa_contact_of(struct json_object *contacts, const char *phone, const char *user_id)
{
	for (size_t i = 0; i < wa_len(contacts); i++) {
		struct json_object *contact = wa_at(contacts, i);

		if (same(phone, wa_id(contact, "wa_id")) || same(user_id, wa_id(contact, "user_id")))
			return contact;
	}
	return NULL;
}
