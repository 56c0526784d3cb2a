/* probe.c - does the provider take a channel's credentials?  Its adapter asks what it asks in trouble; we read the answers
 *
 * Which calls are of the probe is known by when they begin: while look() runs, or while the adapter hears the answer to one
 * that is.  Addresses are not told: some providers have secrets in them. */
#include "services.h"

struct hg_probe {
	hg_channel_check_fn *fn;
	void (*done)(void *arg);
	void *arg;
	guint left;			/* answers, and the end of look() */
	gboolean asked;
};

static void less(struct hg_probe *probe)
{
	if (--probe->left)
		return;
	probe->done(probe->arg);
	g_free(probe);
}

struct hg_probe *hg_probe_take(hg_channel *ch)
{
	if (!ch->probing)
		return NULL;
	ch->probing->asked = TRUE;
	ch->probing->left++;
	return ch->probing;
}

/* What is wrong and what to do, by a status that is no success. */
static const char *advice_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return "refuses the credentials: put those that it shows into the configuration, then reload";
	case 404:
		return "does not know the account or number that the configuration names: compare it with what the provider shows";
	case 408:
	case 429:
		return "does not answer that now: probe again later";
	default:
		break;
	}
	if (status >= 500)
		return "is in trouble itself: probe again later";
	if (status >= 400)
		return "objects to what it is asked: compare the account, the number and the secrets with what the provider shows";
	return "answers in a way that is none: is its address in the configuration right?";
}

void hg_probe_answered(struct hg_probe *probe, const char *host, const struct hg_http_answer *answer)
{
	g_autofree char *said = NULL;
	gboolean ok = answer->status / 100 == 2;

	if (!host)
		host = "the provider";
	if (ok)
		said = g_strdup_printf("%s takes the credentials", host);
	else if (!answer->status)
		said = g_strdup_printf("%s cannot be reached: %.150s; see name, firewall and proxy", host, answer->error ? answer->error : "no answer");
	else
		said = g_strdup_printf("%s %s (it answers %d)", host, advice_of(answer->status), answer->status);
	probe->fn(probe->arg, "provider", ok, said);
	less(probe);
}

void hg_channel_look(hg_channel *ch, hg_channel_check_fn *fn, void (*done)(void *arg), void *arg)
{
	struct hg_probe *probe = g_new0(struct hg_probe, 1);

	*probe = (struct hg_probe){ .fn = fn, .done = done, .arg = arg, .left = 1 };
	if (ch->look && ch->phase == HG_PH_RUNNING && !hg_channel_rests(ch)) {
		ch->probing = probe;
		ch->look(ch->state);
		ch->probing = NULL;
		if (!probe->asked)
			fn(arg, "provider", TRUE, "there is nothing that could be asked with these settings: the next message shows");
	}
	less(probe);
}
