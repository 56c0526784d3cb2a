/* inside.h - what adapters of this tree may have beyond adapter.h, by host->inside()
 *
 * An adapter that asks for any of this is built and released with the daemon: nothing here keeps its
 * shape from one version to the next. */
#pragma once

/* struct event_base *: the channel's loop.  Events of the adapter run on it, are its own, and are gone
 * before close() returns. */
#define HG_INSIDE_EVENT_BASE "event_base.1"
