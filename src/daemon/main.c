/* main.c - headgated: options, configuration, exit codes */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "gateway.h"
#include "log.h"

#define EXIT_USAGE 2
#define EXIT_CONFIG 78			/* sysexits' EX_CONFIG: the unit file does not restart on it */

static const char help[] =
	"headgated - stands between messaging channels and a helpdesk\n\n"
	"usage: headgated [-c FILE] [--ready-fd N]\n\n"
	"  -c, --config FILE   configuration [" HG_CONF_DEFAULT "]\n"
	"      --ready-fd N    write the port and a newline to descriptor N when requests are answered\n"
	"  -V, --version       print the version\n"
	"  -h, --help          print this\n\n"
	"SIGHUP reads the configuration again, SIGTERM stops.  Check a configuration first with\n"
	"\"headgatectl check FILE\".\n"
	"exit codes: 0 stopped, 1 the store or a listener failed, 2 wrong usage, 78 wrong configuration\n";

struct options {
	const char *config;
	int ready_fd;
};

/* Returns -1 to go on, else the exit code. */
static int read_options(int argc, char **argv, struct options *ret)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' }, { "ready-fd", required_argument, NULL, 'r' },
		{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	gint64 number;
	int c;

	*ret = (struct options){ .config = HG_CONF_DEFAULT, .ready_fd = -1 };
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	while ((c = getopt_long(argc, argv, "c:Vh", names, NULL)) != -1) {
		if (c == 'c')
			ret->config = optarg;
		else if (c == 'r' && g_ascii_string_to_signed(optarg, 10, 0, 1023, &number, NULL))
			ret->ready_fd = (int)number;
		else if (c == 'V')
			return puts("headgated " PACKAGE_VERSION), 0;
		else if (c == 'h')
			return fputs(help, stdout), 0;
		else
			return fprintf(stderr, "%ssee headgated --help\n", c == 'r' ?
				       "headgated: --ready-fd wants the number of an open descriptor; " : ""), EXIT_USAGE;
	}
	if (optind < argc)
		return fprintf(stderr, "headgated: unexpected \"%s\"; see headgated --help\n", argv[optind]), EXIT_USAGE;
	return -1;
}

static void tell_port(void *arg)
{
	hg_gateway *gateway = ((void **)arg)[0];
	const struct options *options = ((void **)arg)[1];
	g_autofree char *line = g_strdup_printf("%u\n", hg_gateway_port(gateway));

	if (options->ready_fd < 0)
		return;
	if (write(options->ready_fd, line, strlen(line)) < 0)
		hg_warn(NULL, "daemon.ready_fd", "cannot write to descriptor %d", options->ready_fd);
	close(options->ready_fd);
}

/* TLS keys and tokens are in memory: no core files, no ptrace by others.  Test builds keep both, for
 * leak checkers and debuggers, unless this is what is tested. */
static void hide_memory(void)
{
#ifdef HG_TEST_HOOKS
	if (!g_getenv("HEADGATE_TEST_HIDE"))
		return;
#endif
	prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_gateway) gateway = NULL;
	g_autoptr(GError) error = NULL;
	struct options options;
	hg_setup *setup;
	int code = read_options(argc, argv, &options);

	if (code >= 0)
		return code;
	setlocale(LC_ALL, "C.UTF-8");	/* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	signal(SIGHUP, SIG_IGN);	/* until the loop takes it: a reload now would be for nothing */
	hide_memory();
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_WARN);
	setup = hg_setup_read(options.config, diag);
	if (hg_diag_count(diag, HG_SEV_ERROR) + hg_diag_count(diag, HG_SEV_WARNING)) {
		g_autofree char *text = hg_diag_render(diag, isatty(STDERR_FILENO));

		fputs(text, stderr);
	}
	if (!setup)
		return EXIT_CONFIG;
	hg_gateway_log_as(setup->conf);
	hg_setup_log(setup);
	gateway = hg_gateway_new(setup, &error);
	if (!gateway) {
		hg_err(NULL, "daemon.start_failed", "%s", error->message);
		return g_error_matches(error, HG_ERROR, HG_ERROR_CONFIG) ? EXIT_CONFIG : 1;
	}
	return hg_gateway_run(gateway, tell_port, (void *[]){ gateway, &options });
}
