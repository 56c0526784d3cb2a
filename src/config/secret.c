/* secret.c - reads what a secret reference names */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "hide.h"
#include "node.h"

void hg_secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

static gboolean is_name(const char *text, const char *extra)
{
	for (const char *p = text; *p; p++)
		if (!g_ascii_isalnum(*p) && !strchr(extra, *p))
			return FALSE;
	return *text && strlen(text) <= 255;
}

gboolean hg_secret_is_ref(const char *text)
{
	if (g_str_has_prefix(text, "env:"))
		return is_name(text + 4, "_");
	if (g_str_has_prefix(text, "credential:"))
		return is_name(text + 11, "_-.@") && text[11] != '.';
	return g_str_has_prefix(text, "file:") && text[5];
}

/* Takes bytes of len; the caller's buffer is wiped by the caller. */
static char *checked(const char *bytes, gsize len, GError **error)
{
	if (len && bytes[len - 1] == '\n')
		len--;
	if (len && bytes[len - 1] == '\r')
		len--;
	if (!len)
		hg_fail(error, HG_ERROR_CONFIG, "it is empty");
	else if (memchr(bytes, 0, len) || !g_utf8_validate_len(bytes, len, NULL))
		hg_fail(error, HG_ERROR_CONFIG, "it is not text: use base64 or hex for bytes");
	else
		return g_strndup(bytes, len);
	return NULL;
}

static gboolean check_mode(int fd, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return hg_fail(error, HG_ERROR_CONFIG, "%s", g_strerror(errno));
	if (!S_ISREG(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "it is not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return hg_fail(error, HG_ERROR_DENIED, "its owner is uid %u, who is neither root nor our own user",
			       st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return hg_fail(error, HG_ERROR_DENIED,
			       "others may write to it: chmod go-w (0600 is best)");
	if (st.st_size > HG_SECRET_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "it has more than 64 KiB");
	return TRUE;
}

static char *read_fd(int fd, GError **error)
{
	gsize room = HG_SECRET_MAX + 1, len = 0;
	char *buf, *secret = NULL;
	ssize_t n = 0;

	if (!check_mode(fd, error))
		return NULL;
	buf = g_malloc(room);
	while (len < room && ((n = read(fd, buf + len, room - len)) > 0 || (n < 0 && errno == EINTR)))
		len += MAX(n, 0);
	if (n < 0)
		hg_fail(error, HG_ERROR_CONFIG, "%s", g_strerror(errno));
	else if (len == room)
		hg_fail(error, HG_ERROR_LIMIT, "it has more than 64 KiB");
	else
		secret = checked(buf, len, error);
	explicit_bzero(buf, room);
	g_free(buf);
	return secret;
}

static char *read_path(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *secret = NULL;

	if (fd < 0) {
		hg_fail(error, HG_ERROR_CONFIG, "%s", g_strerror(errno));
	} else {
		secret = read_fd(fd, error);
		close(fd);
	}
	return secret;
}

static char *from_env(const char *name, GError **error)
{
	const char *value = g_getenv(name);

	if (!value) {
		hg_fail(error, HG_ERROR_CONFIG, "it is not set in the environment");
		return NULL;
	}
	return checked(value, strlen(value), error);
}

static char *from_credential(const char *name, GError **error)
{
	const char *dir = g_getenv("CREDENTIALS_DIRECTORY");
	g_autofree char *path = NULL;
	char *secret;

	if (!dir || !*dir) {
		hg_fail(error, HG_ERROR_CONFIG, "CREDENTIALS_DIRECTORY is not set: systemd sets it for "
			"units with LoadCredential=%s:PATH", name);
		return NULL;
	}
	path = g_build_filename(dir, name, NULL);
	secret = read_path(path, error);
	if (!secret)
		g_prefix_error(error, "%s: ", path);
	return secret;
}

char *hg_secret_read(const char *ref, const struct hg_place *place, GError **error)
{
	g_autofree char *path = NULL;
	char *secret;

	if (!hg_secret_is_ref(ref)) {
		hg_fail(error, HG_ERROR_CONFIG,
			"a secret is not written into the file but referred to: " HG_SECRET_FORMS);
		return NULL;
	}
	if (g_str_has_prefix(ref, "env:"))
		secret = from_env(ref + strlen("env:"), error);
	else if (g_str_has_prefix(ref, "credential:"))
		secret = from_credential(ref + strlen("credential:"), error);
	else
		secret = read_path(path = hg_node_path(place, ref + strlen("file:")), error);
	if (!secret)
		g_prefix_error(error, "secret %s: ", ref);
	hg_hide_add(secret);
	return secret;
}
