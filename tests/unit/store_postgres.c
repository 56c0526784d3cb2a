/* store_postgres.c - the same tests on PostgreSQL: each store is a database of its own
 *
 * HEADGATE_TEST_POSTGRESQL is a connection string of a server whose role may make databases.  The first store of a
 * program is made as a first start makes it; the others are copies of that one. */
#include "store_postgres.h"

#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

#include "store_fixture.h"

static char *template_name;
static guint made;

const char *postgres_server(void)
{
	const char *server = g_getenv("HEADGATE_TEST_POSTGRESQL");

	return server && *server ? server : NULL;
}

static PGconn *dial(void)
{
	PGconn *conn = PQconnectdb(postgres_server());

	if (PQstatus(conn) != CONNECTION_OK)
		fail_msg("PostgreSQL: %s", PQerrorMessage(conn));
	return conn;
}

static char *url_of(const char *db)
{
	return g_strdup_printf("%s dbname=%s", postgres_server(), db);
}

static gint64 run_on(const char *url, const char *sql)
{
	PGconn *conn = PQconnectdb(url);
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	gint64 number = status == PGRES_TUPLES_OK && PQntuples(result) ? g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
	return number;
}

static void on_server(char *statement)
{
	g_autofree char *sql = statement;
	PGconn *conn = dial();
	PGresult *result = PQexec(conn, sql);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
}

static void drop_template(void)
{
	on_server(g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", template_name));
	g_free(template_name);
}

char *postgres_make(gboolean empty)
{
	g_autofree char *db = g_strdup_printf("unit_%d_%u", (int)getpid(), ++made);

	if (!template_name) {
		template_name = g_strdup_printf("unit_%d_template", (int)getpid());
		on_server(g_strdup_printf("CREATE DATABASE %s", template_name));
		if (!empty) {
			g_autofree char *url = url_of(template_name);
			struct hg_store_options options = { .driver = "postgresql", .url = url, .env = &test_env, .node = "one" };
			hg_store *store;

			must((store = hg_store_open(&options, e)));
			hg_store_close(store);
		}
		atexit(drop_template);
	}
	on_server(g_strdup_printf("CREATE DATABASE %s TEMPLATE %s", db, template_name));
	return url_of(db);
}

void postgres_drop(const char *url)
{
	on_server(g_strdup_printf("DROP DATABASE %s WITH (FORCE)", g_strrstr(url, " dbname=") + strlen(" dbname=")));
}

void postgres_plant(const char *url, const char *sql)
{
	run_on(url, sql);
}

gint64 postgres_count(const char *url, const char *sql)
{
	return run_on(url, sql);
}
