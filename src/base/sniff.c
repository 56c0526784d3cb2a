/* sniff.c - what a file is, by how it begins
 *
 * Signatures are those of the MIME Sniffing Standard (whatwg.org, sections 6 and 7) and of the formats' own
 * specifications.  Not its heuristics: a browser guesses what to show, here is asked whether somebody lies. */
#include "sniff.h"

#include <string.h>

struct signature {
	const char *type;
	gsize at, len;			/* where the bytes lie */
	const char *bytes;
	gsize more_at;			/* a second place, for containers ... */
	const char *more;		/* ... or NULL */
	const char *claims;		/* what else it may be called; a star stands for the rest of a name */
	gboolean label;			/* the claim says more than the bytes: keep it */
	gboolean weak;			/* such a file may begin differently too */
};

#define TEXT_CLAIMS "text/* application/xml application/*+xml image/svg+xml"
#define ZIP_CLAIMS "application/x-zip* application/vnd.openxmlformats-officedocument.* application/vnd.oasis.opendocument.* " \
	"application/vnd.ms-*.macroenabled.12 application/vnd.apple.* application/x-iwork-* application/epub+zip " \
	"application/java-archive application/x-java-archive application/vnd.android.package-archive application/vnd.google-earth.kmz"
#define OLE_CLAIMS "application/msword application/vnd.ms-* application/vnd.visio application/x-msi"
#define MP4_CLAIMS "video/mp4 audio/mp4 audio/m4a audio/x-m4a video/x-m4v video/quicktime video/3gpp video/3gpp2 audio/3gpp " \
	"application/mp4"
#define RAW_CLAIMS "image/x-canon-* image/x-nikon-* image/x-sony-* image/x-adobe-dng image/x-dcraw"	/* of cameras */
#define HEIF_CLAIMS "image/heic image/heif image/heic-sequence image/heif-sequence image/avif"

#define BEGINS(type_, at_, bytes_, ...) \
	{ .type = type_, .at = at_, .len = sizeof(bytes_) - 1, .bytes = bytes_, __VA_ARGS__ }

/* The first that fits counts. */
static const struct signature signatures[] = {
	BEGINS("image/png", 0, "\x89PNG\r\n\x1a\n", .claims = "image/x-png image/apng image/vnd.mozilla.apng"),
	BEGINS("image/jpeg", 0, "\xff\xd8\xff", .claims = "image/jpg image/pjpeg image/jfif"),
	BEGINS("image/gif", 0, "GIF87a"),
	BEGINS("image/gif", 0, "GIF89a"),
	BEGINS("image/webp", 0, "RIFF", .more_at = 8, .more = "WEBP"),
	BEGINS("audio/wav", 0, "RIFF", .more_at = 8, .more = "WAVE",
	       .claims = "audio/x-wav audio/wave audio/vnd.wave"),
	BEGINS("video/x-msvideo", 0, "RIFF", .more_at = 8, .more = "AVI ", .claims = "video/avi video/msvideo"),
	BEGINS("image/tiff", 0, "II*\0", .claims = RAW_CLAIMS, .label = TRUE),
	BEGINS("image/tiff", 0, "MM\0*", .claims = RAW_CLAIMS, .label = TRUE),
	BEGINS("image/heic", 4, "ftyp", .more_at = 8, .more = "heic", .claims = HEIF_CLAIMS, .label = TRUE),
	BEGINS("image/heic", 4, "ftyp", .more_at = 8, .more = "heix", .claims = HEIF_CLAIMS, .label = TRUE),
	BEGINS("image/heic", 4, "ftyp", .more_at = 8, .more = "mif1", .claims = HEIF_CLAIMS, .label = TRUE),
	BEGINS("image/heic", 4, "ftyp", .more_at = 8, .more = "msf1", .claims = HEIF_CLAIMS, .label = TRUE),
	BEGINS("image/avif", 4, "ftyp", .more_at = 8, .more = "avi", .claims = HEIF_CLAIMS, .label = TRUE),
	BEGINS("audio/mp4", 4, "ftyp", .more_at = 8, .more = "M4A", .claims = MP4_CLAIMS, .label = TRUE),
	BEGINS("video/quicktime", 4, "ftyp", .more_at = 8, .more = "qt  ", .claims = MP4_CLAIMS, .label = TRUE),
	BEGINS("video/mp4", 4, "ftyp", .claims = MP4_CLAIMS, .label = TRUE),
	BEGINS("video/webm", 0, "\x1a\x45\xdf\xa3",
	       .claims = "audio/webm video/x-matroska audio/x-matroska video/matroska audio/matroska", .label = TRUE),
	BEGINS("audio/ogg", 0, "OggS", .claims = "video/ogg application/ogg audio/opus audio/vorbis",
	       .label = TRUE),
	BEGINS("audio/mpeg", 0, "ID3", .claims = "audio/mp3 audio/x-mp3 audio/mpeg3 audio/x-mpeg audio/aac",
	       .label = TRUE, .weak = TRUE),
	BEGINS("audio/flac", 0, "fLaC", .claims = "audio/x-flac"),
	BEGINS("audio/amr", 0, "#!AMR", .claims = "audio/amr-wb audio/3gpp", .label = TRUE),
	BEGINS("application/pdf", 0, "%PDF-", .claims = "application/x-pdf"),
	BEGINS("application/zip", 0, "PK\3\4", .claims = ZIP_CLAIMS, .label = TRUE),
	BEGINS("application/zip", 0, "PK\5\6", .claims = ZIP_CLAIMS, .label = TRUE),
	BEGINS("application/gzip", 0, "\x1f\x8b\x08",
	       .claims = "application/x-gzip application/x-tgz application/x-gtar* application/x-compressed-tar",
	       .label = TRUE),
	BEGINS("application/x-7z-compressed", 0, "7z\xbc\xaf\x27\x1c"),
	BEGINS("application/vnd.rar", 0, "Rar!\x1a\x07",
	       .claims = "application/x-rar-compressed application/x-rar"),
	BEGINS("application/x-ole-storage", 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", .claims = OLE_CLAIMS,
	       .label = TRUE),
	BEGINS("application/rtf", 0, "{\\rtf", .claims = "text/rtf"),
	BEGINS("application/x-msdownload", 0, "MZ",
	       .claims = "application/x-dosexec application/x-msdos-program application/x-ms* "
			 "application/vnd.microsoft.portable-executable", .weak = TRUE),
	BEGINS("application/x-elf", 0, "\x7f" "ELF", .claims = "application/x-executable application/x-sharedlib"),
	BEGINS("application/x-mach-binary", 0, "\xcf\xfa\xed\xfe"),
	BEGINS("application/x-mach-binary", 0, "\xce\xfa\xed\xfe"),
	BEGINS("application/x-mach-binary", 0, "\xca\xfe\xba\xbe",
	       .claims = "application/java-vm application/x-java-class"),
};

/* Markup, behind white space and a byte order mark; in any case.  Texts may begin with it and be no more than texts. */
static const struct { const char *type, *begin; } markups[] = {
	{ "image/svg+xml", "<svg" }, { "text/xml", "<?xml" }, { "text/html", "<!doctype" }, { "text/html", "<html" },
	{ "text/html", "<head" }, { "text/html", "<body" }, { "text/html", "<script" }, { "text/html", "<iframe" },
	{ "text/html", "<title" }, { "text/html", "<style" }, { "text/html", "<meta" }, { "text/html", "<!--" },
};

static gboolean lies_at(const guint8 *p, gsize len, gsize at, const char *bytes, gsize n)
{
	return len >= at + n && memcmp(p + at, bytes, n) == 0;
}

/* No control characters but those that texts have: UTF-8, Latin-1 and their like.  (UTF-16 is told by its mark.) */
static gboolean is_text(const guint8 *p, gsize len)
{
	if (len >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
		return TRUE;
	for (gsize i = 0; i < len; i++)
		if (p[i] < 0x20 && !strchr("\t\n\r\f\x1b", p[i]))
			return FALSE;
	return memchr(p, 0, len) == NULL;
}

static const struct signature *signature_of(const guint8 *p, gsize len)
{
	for (gsize i = 0; i < G_N_ELEMENTS(signatures); i++) {
		const struct signature *s = &signatures[i];

		if (lies_at(p, len, s->at, s->bytes, s->len) &&
		    (!s->more || lies_at(p, len, s->more_at, s->more, strlen(s->more))) && !(s->weak && is_text(p, len)))
			return s;
	}
	return NULL;
}

static const char *markup_of(const guint8 *p, gsize len)
{
	if (lies_at(p, len, 0, "\xef\xbb\xbf", 3)) {
		p += 3;
		len -= 3;
	}
	for (; len && g_ascii_isspace(*p); p++)
		len--;
	for (gsize i = 0; i < G_N_ELEMENTS(markups); i++) {
		gsize n = strlen(markups[i].begin);

		if (len >= n && g_ascii_strncasecmp((const char *)p, markups[i].begin, n) == 0)
			return markups[i].type;
	}
	return NULL;
}

const char *hg_sniff(const void *bytes, gsize len)
{
	gsize n = MIN(len, HG_SNIFF_BYTES);
	const struct signature *s = n ? signature_of(bytes, n) : NULL;

	return s ? s->type : n ? markup_of(bytes, n) : NULL;
}

static gboolean named_in(const char *claims, const char *type)
{
	g_auto(GStrv) names = g_strsplit(claims ?: "", " ", -1);

	for (char **name = names; *name; name++)
		if (**name && g_pattern_match_simple(*name, type))
			return TRUE;
	return FALSE;
}

static gboolean may_be_called(const struct signature *s, const char *type)
{
	return strcmp(s->type, type) == 0 || named_in(s->claims, type);
}

/* Would such a file begin with bytes of ours? */
static gboolean is_known(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(signatures); i++)
		if (!signatures[i].weak && may_be_called(&signatures[i], type))
			return TRUE;
	return FALSE;
}

/* Lower case, without parameters; "" when nothing is said, or what is said is no media type. */
static char *plain_type(const char *claimed)
{
	gsize len = claimed ? strcspn(claimed, "; \t") : 0;
	g_autofree char *type = g_ascii_strdown(claimed ?: "", (gssize)len);
	const char *slash = strchr(type, '/');

	for (const char *p = type; *p; p++)
		if (!g_ascii_isalnum(*p) && !strchr("/+-._", *p))
			return g_strdup("");
	if (!slash || slash == type || !slash[1] || strchr(slash + 1, '/') || len > 127 ||
	    strcmp(type, "application/octet-stream") == 0 || strcmp(type, "binary/octet-stream") == 0)
		return g_strdup("");
	return g_steal_pointer(&type);
}

/* No signature fits.  A claim of something that has one is a lie; so is a text with bytes no text has. */
static char *unknown_type(char *type, const guint8 *p, gsize len)
{
	const char *markup = markup_of(p, len);
	gboolean text = len && is_text(p, len);

	if (!*type)
		return g_strdup(!text ? "application/octet-stream" : markup ? markup : "text/plain");
	if (named_in(TEXT_CLAIMS " application/json", type))
		return text && (strcmp(type, "image/svg+xml") != 0 || markup) ? g_strdup(type) : NULL;
	return markup || is_known(type) ? NULL : g_strdup(type);
}

char *hg_sniff_type(const char *claimed, const void *bytes, gsize len)
{
	g_autofree char *type = plain_type(claimed);
	gsize n = MIN(len, HG_SNIFF_BYTES);
	const struct signature *s = n ? signature_of(bytes, n) : NULL;

	if (!s)
		return unknown_type(type, bytes, n);
	if (!*type)
		return g_strdup(s->type);
	if (!may_be_called(s, type))
		return NULL;
	return g_strdup(s->label ? type : s->type);
}

gboolean hg_sniff_among(char **patterns, const char *type)
{
	gsize len = type ? strcspn(type, "; \t") : 0;

	if (!patterns)
		return TRUE;
	for (char **p = patterns; *p; p++) {
		gsize n = strlen(*p);

		if (n > 1 && g_str_has_suffix(*p, "/*") ? len >= n && g_ascii_strncasecmp(*p, type, n - 1) == 0
							: len == n && g_ascii_strncasecmp(*p, type, n) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean hg_sniff_is_harmless(const char *type)
{
	static const char *const types[] = { "image/png", "image/jpeg", "image/gif", "image/webp", NULL };

	return type && g_strv_contains(types, type);
}
