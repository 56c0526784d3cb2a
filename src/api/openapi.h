/* openapi.h - /v1/openapi.yaml, /v1/openapi.json and /v1/events/TYPE.json: what the API is, for everybody */
#pragma once
#include "http_server.h"

/* TRUE when the path is one of these: *route says whether the method is wanted, and its tag stays NULL. */
gboolean hg_openapi_route(const hg_request *req, struct hg_server_route *route);
/* Takes req, whose path is one of these.  On the loop. */
void hg_openapi_answer(hg_request *req);
