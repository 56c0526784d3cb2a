/* doctor_here.c - what can be seen without the daemon: configuration, files, secrets, disk, clock, limits */
#include "doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env.h"
#include "secret.h"
#include "text.h"

/* ---- configuration and secrets ---- */

static void look_at_config(struct doctor *doctor)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	const char *path = ctl_config(doctor->ctl);
	guint errors, warnings;

	doctor->setup = hg_setup_read(path, diag);
	errors = hg_diag_count(diag, HG_SEV_ERROR);
	warnings = hg_diag_count(diag, HG_SEV_WARNING);
	if (!doctor->setup)
		doctor_find(doctor, DOCTOR_PROBLEM, "configuration", "headgatectl check says each with its line",
			    "%u error%s", errors, errors == 1 ? "" : "s");
	else
		doctor_find(doctor, warnings ? DOCTOR_NOTE : DOCTOR_OK, "configuration", warnings ? "headgatectl check says which" : NULL,
			    "%u channels, %u backends, %u warnings", doctor->setup->conf->channels->len,
			    doctor->setup->conf->backends->len, warnings);
}

/* Of file:PATH; those of the environment and of systemd only the daemon has. */
static void look_at_secret(struct doctor *doctor, const char *reference)
{
	const char *path = reference + strlen("file:");
	struct stat st;

	if (!g_str_has_prefix(reference, "file:") || !g_path_is_absolute(path))
		return;
	if (stat(path, &st) < 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "secret", "put the secret there, readable for the daemon's user only",
			    "%s: %s", reference, g_strerror(errno));
	else if (st.st_mode & 077)
		doctor_find(doctor, DOCTOR_PROBLEM, "secret", "chmod 0600 it, and change the secret if others could have read it",
			    "%s: others may read it (mode %04o)", reference, st.st_mode & 07777);
}

static void look_at_secrets(struct doctor *doctor)
{
	g_auto(GStrv) references = hg_doc_references(doctor->place.doc);
	guint before = doctor->problems, credentials = 0;

	for (char **reference = references; *reference; reference++) {
		look_at_secret(doctor, *reference);
		credentials += g_str_has_prefix(*reference, "credential:");
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): headgatectl has one thread */
	if (credentials && !getenv("CREDENTIALS_DIRECTORY"))
		doctor_find(doctor, DOCTOR_NOTE, "secrets", NULL, "%u credentials of systemd's: only the daemon can read them", credentials);
	else if (doctor->problems == before)
		doctor_find(doctor, DOCTOR_OK, "secrets", NULL, "%u named", g_strv_length(references));
}

/* ---- files ---- */

static void look_at_mode(struct doctor *doctor, const char *what, const char *path, mode_t wrong)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno != ENOENT)
			doctor_find(doctor, DOCTOR_PROBLEM, what, "see who may enter its directory", "%s: %s", path, g_strerror(errno));
	} else if (st.st_mode & wrong) {
		doctor_find(doctor, DOCTOR_PROBLEM, what, "take their rights away with chmod", "others may %s %s (mode %04o)",
			    st.st_mode & wrong & 022 ? "change" : "read", path, st.st_mode & 07777);
	}
}

static void look_at_files(struct doctor *doctor)
{
	g_auto(GStrv) configs = hg_doc_files(doctor->place.doc);
	g_autofree char *dir = g_path_get_dirname(doctor->place.store.path);
	guint before = doctor->problems;

	for (char **config = configs; *config; config++)
		look_at_mode(doctor, "configuration files", *config, 022);
	look_at_mode(doctor, "store", dir, 022);
	look_at_mode(doctor, "store", doctor->place.store.path, 077);
	look_at_mode(doctor, "attachments", doctor->place.attachments, 022);
	if (doctor->problems == before)
		doctor_find(doctor, DOCTOR_OK, "files", NULL, "nobody else may change the configuration or look into the store");
}

/* ---- disk ---- */

static void look_at_disk(struct doctor *doctor)
{
	struct hg_store_options options = doctor->place.options;
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_store) store = hg_store_open_reader(&options, 2000, &error);
	gint64 room = store ? hg_store_free_bytes(store) : -1, least = doctor->place.store.min_free;
	g_autofree char *free_text = ctl_bytes(room), *least_text = ctl_bytes(least);

	if (!store)
		doctor_find(doctor, DOCTOR_PROBLEM, "store", NULL, "%s", error->message);
	else if (room >= 0 && room < least)
		doctor_find(doctor, DOCTOR_PROBLEM, "disk", "free some space; it goes on by itself then",
			    "%s are free, below %s nothing is taken in", free_text, least_text);
	else if (room >= 0 && room < 4 * least)
		doctor_find(doctor, DOCTOR_NOTE, "disk", "free some space before it comes to that",
			    "%s are free, below %s nothing is taken in", free_text, least_text);
	else if (room >= 0)
		doctor_find(doctor, DOCTOR_OK, "disk", NULL, "%s are free", free_text);
	else
		doctor_find(doctor, DOCTOR_OK, "store", NULL, "%s answers, schema %d", hg_store_name(store), hg_store_schema(store));
}

/* ---- clock ---- */

static void look_at_clock(struct doctor *doctor)
{
	struct hg_env *env = hg_env_system();

	if (env->vouched && env->vouched(env))
		doctor_find(doctor, DOCTOR_OK, "time source", NULL, "the kernel says that its clock is kept by one");
	else
		doctor_find(doctor, DOCTOR_NOTE, "time source", "install chrony or systemd-timesyncd; timedatectl shows whether it works",
			    "nothing keeps this machine's clock: windows, timers and signatures go by it");
}

/* ---- the daemon's limits, as the kernel has them ---- */

static gint64 open_files_of(const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/limits", pid), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "Max open files")))
		return -1;
	return g_ascii_strtoll(line + strlen("Max open files"), NULL, 10);
}

static void look_at_limits(struct doctor *doctor)
{
	g_autofree char *path = g_strconcat(doctor->place.store.path, "-lock", NULL), *pid = NULL;
	const struct hg_gateway_conf *set = doctor->setup ? &doctor->setup->conf->gateway : NULL;
	gint64 have, want;

	/* The lock says who runs; not for everybody to read, and empty while nobody does. */
	if (!set || !g_file_get_contents(path, &pid, NULL, NULL) || !*g_strstrip(pid))
		return;
	have = open_files_of(pid);
	want = set->max_connections + set->max_streams + 512;
	if (have < 0)
		return;
	doctor_find(doctor, have < want ? DOCTOR_NOTE : DOCTOR_OK, "open files", have < want ?
		    "raise LimitNOFILE= of the unit, or lower gateway.max_connections and max_streams" : NULL,
		    "the daemon may have %" G_GINT64_FORMAT ", its options allow for %" G_GINT64_FORMAT, have, want);
}

void doctor_look_here(struct doctor *doctor)
{
	look_at_config(doctor);
	look_at_secrets(doctor);
	look_at_files(doctor);
	look_at_disk(doctor);
	look_at_clock(doctor);
	look_at_limits(doctor);
}
