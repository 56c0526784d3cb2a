/* store_postgres.h - databases of a PostgreSQL server for tests */
#pragma once
#include <glib.h>

const char *postgres_server(void);		/* NULL: tests use SQLite */
char *postgres_make(gboolean empty);		/* a connection string; yours */
void postgres_drop(const char *url);
/* In SQLite's words: triggers that raise, blobs. */
void postgres_plant(const char *url, const char *sql);
char *postgres_text(const char *url, const char *sql);		/* the first value of the first row; yours; NULL: there is none */
gint64 postgres_count(const char *url, const char *sql);	/* the first number of the first row */
