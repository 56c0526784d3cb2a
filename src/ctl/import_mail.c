/* import_mail.c - import: mails of an mbox or a maildir, read by the helper process that reads the daemon's */
#include "import.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "env.h"
#include "mail_helper.h"
#include "simulate.h"
#include "text.h"

#define ID_MAX	    300		/* as the adapter has it: what is longer is no name of a mail */
#define NAME_MAX_BYTES 200
#define SUBJECT_MAX 1000
#define TEXT_MAX    (256 * 1024)
#define MAIL_MAX    (64 * 1024 * 1024)

struct import_mail {
	struct event_base *base;
	hg_mail_helper *helper;
	char **ours;			/* lower case */
	char **authserv_ids;		/* lent, or NULL */
	hg_mail *mail;			/* the last one; or NULL and error */
	GError *error;
};

/* ---- the helper ---- */

static char **addresses_of(const struct importer *im)
{
	const char *own = sim_option(im->channel, "address");
	char **aliases = sim_options(im->channel, "aliases");
	GPtrArray *all = g_ptr_array_new();

	if (own)
		g_ptr_array_add(all, g_ascii_strdown(own, -1));
	for (; aliases && *aliases; aliases++)
		g_ptr_array_add(all, g_ascii_strdown(*aliases, -1));
	for (const char *const *more = ctl_values(im->ctl, "ours"); *more; more++)
		g_ptr_array_add(all, g_ascii_strdown(*more, -1));
	g_ptr_array_add(all, NULL);
	return (char **)g_ptr_array_free(all, FALSE);
}

static gboolean begin(struct importer *im)
{
	const struct hg_mail_helper_conf conf = { .processes = 1, .timeout_ms = HG_MAIL_TIMEOUT_MS, .cpu_ms = HG_MAIL_CPU_MS,
		.memory = HG_MAIL_MEMORY };
	g_autoptr(GError) error = NULL;

	if (im->mail)
		return TRUE;
	im->mail = g_new0(struct import_mail, 1);
	im->mail->ours = addresses_of(im);
	im->mail->authserv_ids = sim_options(im->channel, "authserv_ids");
	im->mail->base = event_base_new();
	signal(SIGPIPE, SIG_IGN);	/* it may die before it has read all */
	im->mail->helper = hg_mail_helper_new(im->mail->base, &conf, &error);
	if (im->mail->helper)
		return TRUE;
	ctl_say_error(im->ctl, "%s", error->message);
	im->code = CTL_CONFIG;
	return FALSE;
}

void import_mail_end(struct importer *im)
{
	if (!im->mail)
		return;
	hg_mail_helper_free(im->mail->helper);
	event_base_free(im->mail->base);
	g_strfreev(im->mail->ours);
	g_free(im->mail);
	im->mail = NULL;
}

static void on_done(void *arg, hg_mail *mail, const GError *error)
{
	struct import_mail *reading = arg;

	reading->mail = mail;
	reading->error = error ? g_error_copy(error) : NULL;
	event_base_loopbreak(reading->base);
}

/* ---- a mail as a message ---- */

/* "support+t.TOKEN@acme.example" is support@acme.example too. */
static gboolean is_ours(const struct importer *im, const char *address)
{
	g_autofree char *low = g_ascii_strdown(address, -1);
	char *plus = strchr(low, '+'), *at = strrchr(low, '@');

	if (plus && at && plus < at)
		memmove(plus, at, strlen(at) + 1);
	return g_strv_contains((const char *const *)im->mail->ours, low);
}

static const struct hg_mail_person *stranger_of(const struct importer *im, const struct hg_mail_people *people)
{
	for (gsize i = 0; i < people->n; i++)
		if (*people->of[i].address && !is_ours(im, people->of[i].address))
			return &people->of[i];
	return NULL;
}

/* Whom it is from; of one of ours whom it is to.  A form on a web page writes in our name, and its customer is in Reply-To. */
static const struct hg_mail_person *customer_of(const struct importer *im, const hg_mail *mail, gboolean *ret_ours)
{
	const struct hg_mail_person *reply = stranger_of(im, &mail->reply_to);

	*ret_ours = mail->from.n && is_ours(im, mail->from.of[0].address) && !reply;
	if (*ret_ours)
		return stranger_of(im, &mail->to) ?: stranger_of(im, &mail->cc);
	return mail->from.n && is_ours(im, mail->from.of[0].address) ? reply : stranger_of(im, &mail->from);
}

static void add_clipped(GString *out, const char *key, const char *text, gsize most)
{
	g_autofree char *clipped = text && *text ? hg_text_valid(text, -1, most) : NULL;

	if (clipped)
		hg_json_add_str(out, key, clipped);
}

/* The first mail of the conversation, as far as this one knows. */
static const char *root_of(const hg_mail *mail)
{
	if (mail->references.n)
		return mail->references.of[0];
	if (mail->in_reply_to.n)
		return mail->in_reply_to.of[0];
	return mail->message_id ?: mail->content_hash;
}

static void add_key(GString *out, const hg_mail *mail)
{
	gboolean usable = mail->message_id && strlen(mail->message_id) <= ID_MAX;
	g_autofree char *key = g_strconcat(usable ? mail->message_id : "", " ", mail->content_hash, NULL);

	if (usable)
		hg_json_add_str(out, "id", mail->message_id);
	hg_json_add_str(out, "key", key);
}

static char *message_of(const struct importer *im, const hg_mail *mail, const struct hg_mail_person *customer, gboolean ours)
{
	gboolean fails = !ours && mail->verdict == HG_SENDER_FAIL;
	g_autofree char *low = g_ascii_strdown(customer->address, -1), *uri = g_strconcat("mailto:", low, NULL), *note = NULL;
	g_autofree char *text = hg_text_valid(mail->text, -1, TEXT_MAX - 64);
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	add_key(out, mail);
	hg_json_add_time(out, "at", mail->date_ms);
	hg_json_add_str(out, "direction", ours ? "out" : "in");
	hg_json_add_str(out, "address", uri);
	add_clipped(out, "name", customer->name, NAME_MAX_BYTES);
	if (ours)
		add_clipped(out, "agent", mail->from.of[0].name, NAME_MAX_BYTES);
	add_clipped(out, "subject", mail->subject, SUBJECT_MAX);
	hg_json_add_str(out, "text", text);
	add_clipped(out, "thread", root_of(mail), SUBJECT_MAX);
	hg_json_add_str(out, "sender", fails ? "fail" : ctl_given(im->ctl, "trust") ? "proven" : "none");
	if (mail->n_files) {
		note = g_strdup_printf("%zu file%s stayed behind when it was imported", mail->n_files, mail->n_files == 1 ? "" : "s");
		hg_json_add_str(out, "note", note);
	}
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}

static void take_read(struct importer *im, const struct import_place *place, const hg_mail *mail)
{
	gboolean ours = FALSE;
	const struct hg_mail_person *customer = customer_of(im, mail, &ours);
	g_autofree char *json = NULL;

	if (!customer) {
		import_refuse(im, place, ours ? "it is to nobody but ourselves" : "it says of nobody whom it is from");
	} else if (mail->date_ms <= 0 || mail->date_ms > hg_now(hg_env_system())) {
		import_refuse(im, place, "it has no date, or one in the future");
	} else {
		json = message_of(im, mail, customer, ours);
		import_add(im, place, json);
	}
}

/* With the line ends that mail has on its way: a mailbox would bring the same bytes. */
static GString *as_sent(const char *bytes, gsize len)
{
	GString *out = g_string_sized_new(len + len / 32);

	for (gsize i = 0; i < len; i++) {
		if (bytes[i] == '\n' && (!i || bytes[i - 1] != '\r'))
			g_string_append_c(out, '\r');
		g_string_append_c(out, bytes[i]);
	}
	return out;
}

static void take_mail(struct importer *im, const struct import_place *place, const char *bytes, gsize len)
{
	struct hg_mail_ask ask = { .ours = NULL };
	g_autoptr(GString) raw = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_mail) mail = NULL;

	if (!import_wants(im))
		return;
	if (len > MAIL_MAX) {
		import_refuse(im, place, "the mail has %zu bytes, at most %d fit", len, MAIL_MAX);
		return;
	}
	ask.ours = (const char *const *)im->mail->ours;
	ask.authserv_ids = (const char *const *)im->mail->authserv_ids;
	raw = as_sent(bytes, len);
	hg_mail_helper_parse(im->mail->helper, raw->str, raw->len, &ask, on_done, im->mail);
	event_base_dispatch(im->mail->base);
	mail = im->mail->mail;
	error = im->mail->error;
	im->mail->mail = NULL;
	im->mail->error = NULL;
	if (mail)
		take_read(im, place, mail);
	else
		import_refuse(im, place, "%s", error ? error->message : "the mail could not be read");
}

/* ---- mbox ---- */

/* ">From " was "From " before it was put into the file, ">>From " one less as well. */
static GString *unquoted(const char *bytes, gsize len)
{
	GString *out = g_string_sized_new(len);
	gboolean begins = TRUE;

	for (gsize i = 0; i < len; i++) {
		gsize quotes = 0;

		while (begins && i + quotes < len && bytes[i + quotes] == '>')
			quotes++;
		if (quotes && len - i - quotes >= 5 && memcmp(bytes + i + quotes, "From ", 5) == 0)
			i++;
		g_string_append_c(out, bytes[i]);
		begins = bytes[i] == '\n';
	}
	return out;
}

/* From behind the "From " line up to the blank line before the next one. */
static void take_part(struct importer *im, const struct import_place *place, const char *bytes, gsize len)
{
	const char *behind = memchr(bytes, '\n', len);
	gsize head = behind ? (gsize)(behind + 1 - bytes) : len;
	gsize tail = len > head && bytes[len - 1] == '\n' ? 1 : 0;
	g_autoptr(GString) mail = NULL;

	if (tail && len - head > 1 && bytes[len - 2] == '\r')
		tail++;
	mail = unquoted(bytes + head, len - head - tail);
	take_mail(im, place, mail->str, mail->len);
}

gboolean import_mbox(struct importer *im, const char *path, const char *bytes, gsize len)
{
	struct import_place place = { path, 1, 0 };
	guint64 line = 1;
	gboolean blank = TRUE;		/* the line before is */

	if (!begin(im))
		return FALSE;
	if (len && (len < 5 || memcmp(bytes, "From ", 5) != 0)) {
		import_refuse(im, &place, "this is no mbox: it does not begin with \"From \"");
		return TRUE;
	}
	for (gsize at = 0; at < len && im->code == CTL_DONE; line++) {
		const char *end = memchr(bytes + at, '\n', len - at);
		gsize next = end ? (gsize)(end + 1 - bytes) : len;

		if (at && blank && len - at >= 5 && memcmp(bytes + at, "From ", 5) == 0) {
			take_part(im, &place, bytes + place.offset, at - place.offset);
			im->done += at - place.offset;
			place.offset = at;
			place.line = line;
		}
		blank = next - at == 1 || (next - at == 2 && bytes[at] == '\r');
		at = next;
	}
	if (len > place.offset && im->code == CTL_DONE)
		take_part(im, &place, bytes + place.offset, len - place.offset);
	return im->code == CTL_DONE;
}

/* ---- maildir ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean list_folder(const char *path, const char *folder, GPtrArray *ret)
{
	g_autofree char *where = g_build_filename(path, folder, NULL);
	g_autoptr(GDir) dir = g_dir_open(where, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		if (name[0] != '.')
			g_ptr_array_add(ret, g_build_filename(where, name, NULL));
	return dir != NULL;
}

gboolean import_maildir(struct importer *im, const char *path)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	gboolean found = list_folder(path, "cur", files);

	found = list_folder(path, "new", files) || found;
	if (!found) {
		ctl_say_error(im->ctl, "%s is no maildir: it has neither cur nor new", path);
		im->code = CTL_MISSING;
		return FALSE;
	}
	if (!begin(im))
		return FALSE;
	g_ptr_array_sort(files, by_name);	/* they begin with the time */
	for (guint i = 0; i < files->len && im->code == CTL_DONE; i++) {
		const struct import_place place = { g_intern_string(files->pdata[i]), 1, 0 };
		g_autoptr(GMappedFile) file = g_mapped_file_new(place.file, FALSE, NULL);

		if (file)
			take_mail(im, &place, g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
		else
			import_refuse(im, &place, "it cannot be read");
	}
	return im->code == CTL_DONE;
}
