/* store_postgres.h - databases of a PostgreSQL server for tests */
#pragma once
#include <glib.h>

const char *postgres_server(void);		/* NULL: tests use SQLite */
char *postgres_make(gboolean empty);		/* a connection string; yours */
void postgres_drop(const char *url);
void postgres_plant(const char *url, const char *sql);
gint64 postgres_count(const char *url, const char *sql);	/* the first number of the first row */
