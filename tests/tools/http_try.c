/* http_try.c - the HTTP client as a stranger's URLs meet it: what would it connect to?
 *
 *	http_try [--redirects] [--private] [--again N] [--ca FILE] <URLS
 *
 * Reads one URL a line and calls each as a download of a channel would, some side by side; prints a line for each:
 * the code (an enum hg_client_code), the status, whether bytes may have left, and the URL's number.  --redirects: follows, to
 * hosts of any name that a URL (or its ?to=) names.  --private: as for URLs of the configuration.  --again N: the
 * whole list N times, each time by a new client, so that nothing resolved or connected is left over.
 * --ca: who may sign certificates, instead of those the system trusts. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "env.h"
#include "http_client.h"
#include "loop.h"

#define ABREAST 32

struct try {
	struct batch *batch;
	guint n;
};

struct batch {
	hg_loop *loop;
	hg_client *client;
	GPtrArray *urls;
	guint next, pending;
	gboolean redirects, private_ok;
	const char *ca_file;
};

static void begin_some(struct batch *batch);

static void done(void *arg, const struct hg_client_answer *answer)
{
	struct try *try = arg;
	struct batch *batch = try->batch;

	printf("%d %d %d %u\n", answer->code, answer->status, answer->sent, try->n);
	g_free(try);
	batch->pending--;
	begin_some(batch);
	if (!batch->pending)
		hg_loop_stop(batch->loop);
}

/* As the client will compare it. */
static char *host_of(const char *url)
{
	CURLU *parsed = curl_url();
	char *host = NULL, *copy = NULL;

	if (!curl_url_set(parsed, CURLUPART_URL, url, 0) && !curl_url_get(parsed, CURLUPART_HOST, &host, 0))
		copy = g_strdup(host);
	curl_free(host);
	curl_url_cleanup(parsed);
	return copy ? copy : g_strdup("none.invalid");
}

static void begin(struct batch *batch, guint n)
{
	const char *url = batch->urls->pdata[n];
	const char *to = strstr(url, "?to=");
	g_autofree char *target = to ? g_uri_unescape_string(to + 4, NULL) : NULL;
	g_autofree char *first = host_of(url), *second = host_of(target ? target : url);
	const char *hosts[] = { first, second, NULL };
	static const char *const headers[] = { "Authorization: Bearer canary-of-the-first-host", NULL };
	struct try *try = g_new(struct try, 1);

	*try = (struct try){ batch, n };
	batch->pending++;
	hg_client_call(batch->client, &(struct hg_client_call){
		.url = url, .headers = headers, .timeout_ms = 20000, .connect_ms = 5000,
		.redirects = batch->redirects ? 3 : 0, .hosts = batch->redirects ? hosts : NULL,
		.private_ok = batch->private_ok, .ca_file = batch->ca_file }, done, try);
}

static void begin_some(struct batch *batch)
{
	while (batch->pending < ABREAST && batch->next < batch->urls->len)
		begin(batch, batch->next++);
}

static GPtrArray *read_urls(void)
{
	GPtrArray *urls = g_ptr_array_new_with_free_func(g_free);
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		g_ptr_array_add(urls, g_strcompress(line));	/* \t, \r, \001 are written so */
	}
	return urls;
}

static void run(struct batch *batch)
{
	batch->loop = hg_loop_new(hg_env_system(), "try", NULL);
	batch->client = hg_client_new(batch->loop, NULL, NULL);
	batch->next = 0;
	begin_some(batch);
	hg_loop_run(batch->loop);
	hg_client_free(batch->client);
	hg_loop_free(batch->loop);
}

int main(int argc, char **argv)
{
	struct batch batch = { 0 };
	guint64 again = 1;

	for (int i = 1; i < argc; i++) {
		batch.redirects |= !strcmp(argv[i], "--redirects");
		batch.private_ok |= !strcmp(argv[i], "--private");
		if (!strcmp(argv[i], "--again") && i + 1 < argc)
			again = g_ascii_strtoull(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--ca") && i + 1 < argc)
			batch.ca_file = argv[++i];
	}
	batch.urls = read_urls();
	for (; again && batch.urls->len; again--)
		run(&batch);
	g_ptr_array_unref(batch.urls);
	return 0;
}
