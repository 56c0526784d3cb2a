/* people.c - what a contact's row says of him */
#include "model.h"

gboolean hg_contact_is_blocked(const hg_contact *contact, gint64 now_ms)
{
	return contact->blocked_ms && (!contact->blocked_until_ms || now_ms < contact->blocked_until_ms);
}
