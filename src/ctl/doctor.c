/* doctor.c - doctor: what is wrong with an installation, why, and what to do about it */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = { "ok", "note", "problem" };

static void print_finding(const struct doctor *doctor, enum doctor_level level, const char *what, const char *why, const char *next)
{
	static const int looks[] = { CTL_GREEN, CTL_YELLOW, CTL_RED };
	g_autofree char *safe_what = ctl_safe(what, FALSE), *safe_why = ctl_safe(why, FALSE), *safe_next = ctl_safe(next, FALSE);

	if (doctor->ctl->json || (level == DOCTOR_OK && doctor->ctl->quiet))
		return;
	printf("%s", ctl_look(doctor->ctl, looks[level]));
	ctl_cell(words[level], 8);
	printf("%s", ctl_look(doctor->ctl, CTL_PLAIN));
	ctl_cell(safe_what, 22);
	printf("%s\n", safe_why);
	if (next)
		printf("%32s-> %s\n", "", safe_next);
	fflush(stdout);
}

void doctor_find(struct doctor *doctor, enum doctor_level level, const char *what, const char *next, const char *fmt, ...)
{
	g_autofree char *why = NULL;
	va_list ap;

	va_start(ap, fmt);
	why = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	doctor->problems += level == DOCTOR_PROBLEM;
	print_finding(doctor, level, what, why, next);
	hg_json_open(doctor->json, '{');
	hg_json_add_str(doctor->json, "check", what);
	hg_json_add_str(doctor->json, "level", words[level]);
	hg_json_add_str(doctor->json, "why", why);
	hg_json_opt_str(doctor->json, "next", next);
	hg_json_close(doctor->json, '}');
}

void doctor_ask_daemon(struct doctor *doctor, ctl_reply *reply)
{
	int code = ctl_call(doctor->ctl, "GET", "/v1/status", NULL, NULL, reply);

	if (code == CTL_DONE && reply->json) {
		doctor->status = reply->json;
		doctor_find(doctor, DOCTOR_OK, "daemon", NULL, "headgated %s answers", hg_json_str(reply->json, "version") ?: "?");
	} else {
		doctor_find(doctor, DOCTOR_PROBLEM, "daemon", "start it (systemctl start headgate), and see what its log says",
			    "no headgated answers at %s", ctl_socket(doctor->ctl));
	}
}

static int finish(const struct doctor *doctor)
{
	g_autoptr(GString) out = g_string_new("{\"findings\":[");

	g_string_append(out, doctor->json->str);
	g_string_append_printf(out, "],\"problems\":%u}", doctor->problems);
	if (doctor->ctl->json)
		ctl_put_json(out->str);
	else if (!doctor->ctl->quiet)
		printf("%u problem%s\n", doctor->problems, doctor->problems == 1 ? "" : "s");
	return doctor->problems ? CTL_NO : CTL_DONE;
}

static int look(struct doctor *doctor)
{
	const char *bundle = ctl_value(doctor->ctl, "bundle");
	g_auto(ctl_reply) reply = { 0 };

	doctor_look_here(doctor);
	doctor_ask_daemon(doctor, &reply);
	if (doctor->status)
		doctor_look_there(doctor, !ctl_given(doctor->ctl, "no-probe"));
	if (bundle && !doctor_bundle(doctor, bundle, ctl_value(doctor->ctl, "unit") ?: "headgate"))
		return CTL_REFUSED;
	return finish(doctor);
}

static int run(struct ctl *ctl)
{
	g_autoptr(GString) json = g_string_new(NULL);
	struct doctor doctor = { .ctl = ctl, .json = json };
	int code = CTL_CONFIG;

	if (ctl_place_read(ctl, &doctor.place))
		code = look(&doctor);
	hg_setup_free(doctor.setup);
	ctl_place_clear(&doctor.place);
	return code;
}

const struct ctl_verb ctl_verb_doctor = {
	.name = "doctor", .help = "what is wrong with this installation, why, and what to do", .run = run,
	.options = CTL_PARAMS({ "no-probe", CTL_FLAG, .help = "ask neither providers, nor helpdesks, nor our own public address" },
			      { "bundle", CTL_FILE, "FILE", "write what others need to help, as a tar archive without anything private" },
			      { "unit", CTL_TEXT, "NAME", "whose log goes into the bundle, of systemd [headgate]" },
			      { "log", CTL_FILE, NULL, "the log, where it is a file" }),
	.more = "Looks at the configuration, its files and secrets, the disk, the store, and what the daemon says of its clock, channels, "
		"helpdesks and what waits. It has each channel and helpdesk asked whether the credentials are good, and calls our own "
		"public address from outside.\n\n"
		"The bundle has the findings, the shape of the configuration, figures, and the words of the log's events: no secret, "
		"address, name or text of anybody's.",
	.exits = "0 nothing is wrong, 1 there are problems, 5 the bundle cannot be written, 78 the configuration cannot be read",
	.example = "doctor\ndoctor --bundle headgate.tar",
};
