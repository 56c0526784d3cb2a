/* http_call_inside.h - the inside of an outgoing call; private to http_call*.c */
#pragma once
#include "http_call.h"

#include "http_call_body.h"

struct hg_client_headers {
	GString *text;		/* name NUL value NUL ... */
	guint n;
};

struct hg_call {
	struct hg_env *env;
	hg_client_done_fn *done;
	void *arg;
	void *owner;			/* of hg_call_owner() */
	char *method;
	char **hosts;			/* or NULL */
	char *unix_path;
	char *plain;			/* the URL of a call whose handle can carry others, or NULL */
	hg_body *body;
	CURL *easy;
	CURLU *url;
	GString *header_text;		/* headers for curl: name and value, NUL, ... */
	GArray *header_list;		/* of struct curl_slist, into it */
	gint64 timeout_ms, started_ms;
	gsize max_reply;
	guint redirects;		/* still to be followed */
	int save_fd;
	hg_client_body_fn *on_body;
	void *on_body_arg;
	gboolean private_ok;
	gboolean blocked, big, save_failed, stopped, twice;	/* why a callback ended the transfer */
	/* the answer */
	GString *reply;
	gsize received;
	struct hg_client_headers got;
	struct hg_client_answer answer;
	char curl_error[CURL_ERROR_SIZE];
	char *error;
};

/* http_call.c */
/* FALSE, always: the call ends with this code, and these words of our own. */
gboolean hg_call_refuse(hg_call *call, enum hg_client_code code, const char *error);
gboolean hg_call_is_safe(const char *method);	/* may be sent twice: RFC 9110 section 9.2.1 */
gboolean hg_call_has_left(hg_call *call);	/* bytes of the request went to the socket */
/* headers: the caller's; none of them when a redirect leads to another host. */
void hg_call_set_headers(hg_call *call, const char *const *headers);

/* http_call_where.c */
gboolean hg_call_read_url(hg_call *call, const char *text);
gboolean hg_call_follow(hg_call *call, const char *location);
/* For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_PREREQFUNCTION. */
curl_socket_t hg_call_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to);
int hg_call_before_request(void *arg, char *to, char *from, int to_port, int from_port);

/* http_call_answer.c: for CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION */
size_t hg_call_take_reply(char *bytes, size_t size, size_t n, void *arg);
size_t hg_call_take_header(char *line, size_t size, size_t n, void *arg);
