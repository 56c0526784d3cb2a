/* mail_build.c - a draft as MIME, written by GMime */
#include <config.h>

#include "mail_build.h"

#include <errno.h>
#include <fcntl.h>
#include <gmime/gmime.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "mail_wire.h"
#include "slurp.h"
#include "text.h"

#define TYPE_MAX 100			/* bytes of a media type */

/* GMime is safe with objects of one's own; what it keeps for all is made before, and one mail is built at a time. */
static GMutex one_at_a_time;

static void init_gmime(void)
{
	static gsize done;

	if (g_once_init_enter(&done)) {
		g_mime_init();
		g_once_init_leave(&done, 1);
	}
}

/* ---- headers ---- */

static gboolean add_mailbox(GMimeMessage *message, GMimeAddressType type, const char *name, const char *address,
			    GError **error)
{
	g_autofree char *wire = hg_mail_wire_address(address), *line = hg_mail_line(name, HG_MAIL_NAME_MAX);
	InternetAddress *mailbox;

	if (!wire) {
		g_autofree char *shown = hg_mail_line(address, 80);

		return hg_fail(error, HG_ERROR_INPUT, "\"%s\" is no address that mail can be sent to", shown);
	}
	mailbox = internet_address_mailbox_new(*line ? line : NULL, wire);
	internet_address_set_charset(mailbox, "utf-8");
	internet_address_list_add(g_mime_message_get_addresses(message, type), mailbox);
	g_object_unref(mailbox);
	return TRUE;
}

static void set(GMimeMessage *message, const char *name, const char *value)
{
	g_mime_object_set_header(GMIME_OBJECT(message), name, value, NULL);
}

/* Ids that cannot stand in a header are left out: strangers make them. */
static GPtrArray *usable_refs(const char *const *refs)
{
	GPtrArray *ids = g_ptr_array_new();

	for (; refs && *refs; refs++)
		if (hg_mail_id_ok(*refs) && strchr(*refs, '@') && !g_ptr_array_find_with_equal_func(ids, *refs, g_str_equal, NULL))
			g_ptr_array_add(ids, (char *)*refs);
	return ids;
}

/* Oldest first: the one the conversation began with, the last 20, and an id that nothing but our token is in. */
static char *references(const GPtrArray *ids, const char *token, const char *domain)
{
	GString *out = g_string_new(NULL);
	guint last = MIN(ids->len, HG_MAIL_REFS_MAX - 1);

	if (ids->len > last)
		g_string_append_printf(out, "<%s> ", (const char *)ids->pdata[ids->len - 1]);
	for (guint i = last; i; i--)
		g_string_append_printf(out, "<%s> ", (const char *)ids->pdata[i - 1]);
	g_string_append_printf(out, "<hg.%s@ref.%s>", token, domain);
	return g_string_free(out, FALSE);
}

static void set_ids(GMimeMessage *message, const struct hg_mail_draft *draft)
{
	g_autoptr(GPtrArray) ids = usable_refs(draft->refs);
	g_autofree char *refs = references(ids, draft->token, strrchr(draft->from, '@') + 1);

	g_mime_message_set_message_id(message, draft->message_id);
	if (ids->len) {
		g_autofree char *answers = g_strdup_printf("<%s>", (const char *)ids->pdata[0]);

		set(message, "In-Reply-To", answers);
	}
	set(message, "References", refs);
}

/* Exchange answers with out-of-office where no other header says anything, unless it is asked not to. */
static void set_marks(GMimeMessage *message, const struct hg_mail_draft *draft)
{
	g_autofree char *instance = hg_mail_line(draft->instance, HG_MAIL_NAME_MAX);

	set(message, "X-Headgate-Loop", *instance ? instance : "headgate");
	set(message, "X-Auto-Response-Suppress", draft->automatic ? "All" : "OOF, AutoReply");
	if (draft->automatic)
		set(message, "Auto-Submitted", "auto-replied");
}

static gboolean set_headers(GMimeMessage *message, const struct hg_mail_draft *draft, GError **error)
{
	g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(draft->date_ms / 1000);
	g_autofree char *subject = hg_mail_line(draft->subject, HG_MAIL_SUBJECT_MAX);

	if (!hg_mail_id_ok(draft->message_id) || !hg_mail_id_ok(draft->token) || !date)
		return hg_fail(error, HG_ERROR_INPUT, "the mail's own id or date is none");
	if (!add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, draft->from_name, draft->from, error) ||
	    !add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, draft->to, error) ||
	    (draft->reply_to && !add_mailbox(message, GMIME_ADDRESS_TYPE_REPLY_TO, draft->from_name, draft->reply_to, error)))
		return FALSE;
	g_mime_message_set_subject(message, subject, "utf-8");
	g_mime_message_set_date(message, date);
	set_ids(message, draft);
	set_marks(message, draft);
	return TRUE;
}

/* ---- parts ---- */

static GMimeDataWrapper *wrap(const char *bytes, gsize len)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
	GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

	g_object_unref(stream);
	return content;
}

static void set_content(GMimePart *part, const char *bytes, gsize len)
{
	GMimeDataWrapper *content = wrap(bytes, len);

	g_mime_part_set_content(part, content);
	g_object_unref(content);
}

/* Lines end with end; no NUL, valid UTF-8, and of controls tab alone. */
static char *clean_text(const char *text, const char *end)
{
	g_autofree char *valid = hg_text_valid(text ? text : "", -1, 0);
	GString *out = g_string_sized_new(strlen(valid) + 2);

	for (const char *p = valid; *p; p++) {
		if (*p == '\n' || *p == '\r')
			g_string_append(out, end);
		else if ((guint8)*p >= 0x20 ? *p != 0x7f : *p == '\t')
			g_string_append_c(out, *p);
		p += *p == '\r' && p[1] == '\n';
	}
	if (out->len && !g_str_has_suffix(out->str, end))
		g_string_append(out, end);
	return g_string_free(out, FALSE);
}

/* Quoted-printable keeps most texts readable as they stand; one that is mostly not ASCII would become three times as
 * long. */
static gboolean wants_base64(const char *text)
{
	gsize high = 0, all = 0;

	for (; text[all]; all++)
		high += (guint8)text[all] >= 0x80;
	return high * 3 > all;
}

static GMimeObject *text_part(const char *subtype, const char *text)
{
	GMimePart *part = g_mime_part_new_with_type("text", subtype);
	gboolean base64 = wants_base64(text);
	g_autofree char *clean = clean_text(text, base64 ? "\r\n" : "\n");

	/* Behind the content: GMime would change it into a charset of its choice otherwise. */
	set_content(part, clean, strlen(clean));
	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
	g_mime_part_set_content_encoding(part, base64 ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	return GMIME_OBJECT(part);
}

static gboolean is_token(const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr("!#$&-^_.+", text[i]))
			return FALSE;
	return len > 0;
}

/* A mail or a multipart may not be encoded (RFC 2046 section 5.2.1), and whatever else is no type is just bytes. */
static GMimePart *new_file(const char *type)
{
	const char *slash = type && strlen(type) <= TYPE_MAX ? strchr(type, '/') : NULL;
	gsize len = slash ? strcspn(slash + 1, "; \t") : 0;
	g_autofree char *major = slash ? g_strndup(type, (gsize)(slash - type)) : NULL;
	g_autofree char *minor = slash ? g_strndup(slash + 1, len) : NULL;

	if (!slash || !is_token(major, strlen(major)) || !is_token(minor, len) || !g_ascii_strcasecmp(major, "message") ||
	    !g_ascii_strcasecmp(major, "multipart"))
		return g_mime_part_new_with_type("application", "octet-stream");
	return g_mime_part_new_with_type(major, minor);
}

static void set_name(GMimePart *part, const char *name, guint number)
{
	g_autofree char *safe = name ? hg_file_name(name) : NULL;
	g_autofree char *made = safe ? NULL : g_strdup_printf("file-%u", number);
	GMimeContentType *type;
	GMimeParam *param;

	g_mime_part_set_filename(part, safe ? safe : made);
	type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	param = g_mime_param_list_get_parameter(g_mime_content_type_get_parameters(type), "name");
	if (param)
		g_mime_param_set_charset(param, "utf-8");
	param = g_mime_param_list_get_parameter(g_mime_content_disposition_get_parameters(
			g_mime_object_get_content_disposition(GMIME_OBJECT(part))), "filename");
	if (param)
		g_mime_param_set_charset(param, "utf-8");
}

/* max bytes and the rest of a MiB: build() counts exactly. */
static GString *read_file(const char *path, gsize max, GError **error)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	gboolean ok;

	if (fd < 0) {
		hg_fail(error, HG_ERROR_MISSING, "a file of the mail cannot be opened: %s", g_strerror(path ? errno : ENOENT));
		return NULL;
	}
	ok = hg_slurp(fd, (max | 0xfffff) + 1, "", bytes, error);
	if (!ok)
		g_prefix_error(error, "a file of the mail: ");
	close(fd);
	return ok ? g_steal_pointer(&bytes) : NULL;
}

static GMimeObject *file_part(const struct hg_mail_attachment *file, guint number, gsize max, GError **error)
{
	g_autoptr(GString) bytes = read_file(file->path, max, error);
	GMimePart *part;
	gboolean is_inline = file->content_id && hg_mail_id_ok(file->content_id);

	if (!bytes)
		return NULL;
	part = new_file(file->type);
	g_mime_object_set_disposition(GMIME_OBJECT(part), is_inline ? GMIME_DISPOSITION_INLINE : GMIME_DISPOSITION_ATTACHMENT);
	set_name(part, file->name, number);
	if (is_inline)
		g_mime_part_set_content_id(part, file->content_id);
	set_content(part, bytes->str, bytes->len);
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
	return GMIME_OBJECT(part);
}

/* ---- how they go together ---- */

/* "=_" can stand in no line that is quoted-printable or base64 (RFC 2045 section 6.7). */
static GMimeMultipart *new_multipart(const char *subtype, const struct hg_mail_draft *draft)
{
	GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
	g_autofree char *boundary = g_strdup_printf("=_%c_%s", *subtype, draft->token);

	g_mime_multipart_set_boundary(multipart, boundary);
	return multipart;
}

static void take(GMimeMultipart *multipart, GMimeObject *part)
{
	g_mime_multipart_add(multipart, part);
	g_object_unref(part);
}

static GMimeObject *words_part(const struct hg_mail_draft *draft)
{
	GMimeObject *text = text_part("plain", draft->text);
	GMimeMultipart *both;

	if (!draft->html)
		return text;
	both = new_multipart("alternative", draft);
	take(both, text);
	take(both, text_part("html", draft->html));
	return GMIME_OBJECT(both);
}

static gboolean is_shown(const struct hg_mail_draft *draft, gsize i)
{
	return draft->html && draft->files[i].content_id && hg_mail_id_ok(draft->files[i].content_id);
}

/* The files that are shown in the HTML (or are not) around inner, which is taken; inner itself when there are none. */
static GMimeObject *with_files(const struct hg_mail_draft *draft, GMimeObject *inner, gboolean shown, gsize max, GError **error)
{
	GMimeMultipart *around = NULL;

	for (gsize i = 0; i < draft->n_files; i++) {
		GMimeObject *part;

		if (is_shown(draft, i) != shown)
			continue;
		part = file_part(&draft->files[i], (guint)i + 1, max, error);
		if (!around) {
			around = new_multipart(shown ? "related" : "mixed", draft);
			take(around, inner);
		}
		if (!part) {
			g_object_unref(around);
			return NULL;
		}
		take(around, part);
	}
	return around ? GMIME_OBJECT(around) : inner;
}

static GMimeObject *body(const struct hg_mail_draft *draft, gsize max, GError **error)
{
	GMimeObject *part = with_files(draft, words_part(draft), TRUE, max, error);

	return part ? with_files(draft, part, FALSE, max, error) : NULL;
}

/* ---- bytes ---- */

static GBytes *write_out(GMimeMessage *message)
{
	GMimeFormatOptions *format = g_mime_format_options_new();
	GMimeStream *stream = g_mime_stream_mem_new();
	GByteArray *bytes;

	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
	g_mime_object_write_to_stream(GMIME_OBJECT(message), format, stream);
	bytes = g_byte_array_ref(g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)));
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_object_unref(stream);
	g_mime_format_options_free(format);
	return g_byte_array_free_to_bytes(bytes);
}

static GBytes *build(GMimeMessage *message, const struct hg_mail_draft *draft, gsize max, GError **error)
{
	GMimeObject *part;
	GBytes *bytes;

	if (!set_headers(message, draft, error))
		return NULL;
	part = body(draft, max, error);
	if (!part)
		return NULL;
	g_mime_message_set_mime_part(message, part);
	g_object_unref(part);
	bytes = write_out(message);
	if (g_bytes_get_size(bytes) <= max)
		return bytes;
	hg_fail(error, HG_ERROR_LIMIT, "the mail has %zu bytes with its files, at most %zu are sent", g_bytes_get_size(bytes), max);
	g_bytes_unref(bytes);
	return NULL;
}

GBytes *hg_mail_build(const struct hg_mail_draft *draft, gsize max, GError **error)
{
	GMimeMessage *message;
	GBytes *bytes;

	if (!draft->from || !strrchr(draft->from, '@') || draft->n_files > HG_MAIL_FILES_MAX) {
		hg_fail(error, HG_ERROR_INPUT, "the mail has no sender, or more than %d files", HG_MAIL_FILES_MAX);
		return NULL;
	}
	init_gmime();
	g_mutex_lock(&one_at_a_time);
	message = g_mime_message_new(TRUE);
	bytes = build(message, draft, max, error);
	g_object_unref(message);
	g_mutex_unlock(&one_at_a_time);
	return bytes;
}
