/* doctor.h - inside of the verb doctor: what is found, and the bundle that can be shown to others */
#pragma once
#include "long_run.h"

enum doctor_level { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_PROBLEM };

struct doctor {
	struct ctl *ctl;
	struct ctl_place place;
	hg_setup *setup;		/* ours; NULL: the configuration has errors */
	struct json_object *status;	/* lent; NULL: no daemon answers */
	GString *json;			/* all findings */
	guint problems;
	gboolean silent;		/* of ok ones nothing is printed */
};

/* One thing that was looked at.  what: "channel wa-main"; why: what is the matter, or what was seen; next: what to do, NULL
 * where nothing is. */
void doctor_find(struct doctor *doctor, enum doctor_level level, const char *what, const char *next, const char *fmt, ...)
	G_GNUC_PRINTF(5, 6);

/* Fills in ->status, which is reply's. */
void doctor_ask_daemon(struct doctor *doctor, ctl_reply *reply);

/* ---- doctor_here.c: what can be seen without the daemon ---- */
void doctor_look_here(struct doctor *doctor);
/* ---- doctor_there.c: what the daemon says, and what those say whom it talks to ---- */
void doctor_look_there(struct doctor *doctor, gboolean probe);
/* What providers (by the daemon's channels; none without ->status) and helpdesks say of the credentials in doctor->setup. */
void doctor_probe(struct doctor *doctor);

/* ---- doctor_bundle.c ---- */
/* Writes the archive; everything in it may be shown to strangers.  TRUE, or it was said why not. */
gboolean doctor_bundle(struct doctor *doctor, const char *path, const char *unit);
