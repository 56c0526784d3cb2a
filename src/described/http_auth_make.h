/* http_auth_make.h - the other side of http_auth.h: a sample's request, signed anew with the channel's own secrets */
#pragma once
#include "http_auth.h"

struct ht_remake {
	const struct ht_scope *sample;	/* the sample as it is written: it shows where signatures stand, and how */
	struct ht_asked *asked;		/* the request as it is to go out, reading headers; with the channel's secrets */
	struct json_object *headers;	/* name -> value; what is made takes the place of what the sample shows */
	gboolean forged;		/* none of it holds */
};

/* FALSE with why (static): what is demanded cannot be made here, or the sample shows it in no header. */
gboolean ht_auth_make(const ht_auth *auth, const struct ht_remake *remake, const char **ret_why);
