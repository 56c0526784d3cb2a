/* route.h - a request that may wait for the store; between route.c and emit.c */
#pragma once

struct hg_route_call;

/* One more batch to wait for; to be answered by hg_route_stored(). */
struct hg_route_call *hg_route_wait(struct hg_route_call *call);
