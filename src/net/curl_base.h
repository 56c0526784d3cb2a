/* curl_base.h - curl's multi interface, told by libevent when to work: for HTTP, SMTP and IMAP */
#pragma once
#include <curl/curl.h>
#include <glib.h>

struct event_base;
typedef struct hg_curl hg_curl;

/* A transfer is over: hg_curl_remove() it, or, with CURLOPT_CONNECT_ONLY, use its connection until you do, which closes it.
 * Runs on the loop and may begin and end transfers; may not free curl. */
typedef void hg_curl_done(void *arg, CURL *easy, CURLcode result);

void hg_curl_init(void);			/* libcurl as a whole; any number of times, on any thread */
/* NULL with error set: no memory or descriptors. */
hg_curl *hg_curl_new(struct event_base *base, hg_curl_done *done, void *arg, GError **error);
/* Closes the connections that are kept.  Every transfer has been removed before.  NULL is fine. */
void hg_curl_free(hg_curl *curl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_curl, hg_curl_free)

CURLM *hg_curl_multi(hg_curl *curl);		/* lent, to set its limits */
/* TRUE while curl calls its callbacks: nothing below may be called then. */
gboolean hg_curl_inside(const hg_curl *curl);
/* Sets what a new handle needs to tell when its connection closes; once, before its first hg_curl_add(). */
void hg_curl_adopt(hg_curl *curl, CURL *easy);
void hg_curl_add(hg_curl *curl, CURL *easy);
void hg_curl_remove(hg_curl *curl, CURL *easy);	/* ends it; done is not called */
