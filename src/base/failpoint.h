/* failpoint.h - places where tests may kill the process or make a step fail */
#pragma once
#include <config.h>	/* HG_TEST_HOOKS */
#include <glib.h>

/* Compiled to nothing without --enable-test-hooks.  With it, the environment variable
 * HEADGATE_FAIL = "name=crash,name2=crash@3,name3=error" is read once: crash raises SIGKILL
 * (at the third passing with @3), error makes the expression TRUE once. */
#ifdef HG_TEST_HOOKS
gboolean hg_failpoint(const char *name);
#define HG_FAILPOINT(name) hg_failpoint(name)
#else
#define HG_FAILPOINT(name) FALSE
#endif
