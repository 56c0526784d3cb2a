/* store_postgres.c - the same tests on PostgreSQL: each store is a database of its own
 *
 * HEADGATE_TEST_POSTGRESQL is a connection string of a server whose role may make databases.  The first store of a
 * program is made as a first start makes it; the others are copies of that one. */
#include "store_postgres.h"

#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

#include "store_fixture.h"

enum { OID_BOOL = 16, OID_BYTEA = 17 };	/* pg_type.dat */

static char *template_name;
static guint made;

/* What SQLite has and tests plant with. */
static const char functions[] =
	"CREATE FUNCTION randomblob(integer) RETURNS bytea LANGUAGE sql AS "
	"'SELECT substr(decode(md5(random()::text) || md5(random()::text), ''hex''), 1, $1)';"
	"CREATE FUNCTION instr(bytea, bytea) RETURNS integer LANGUAGE sql AS 'SELECT position($2 IN $1)';"
	"CREATE FUNCTION printf(text, bigint) RETURNS text LANGUAGE sql AS "	/* %0Nd in it */
	"'SELECT regexp_replace($1, ''%0[0-9]+d'', lpad($2::text, substring($1 FROM ''%0([0-9]+)d'')::integer, ''0''))';"
	"CREATE FUNCTION comma(text, text) RETURNS text LANGUAGE sql AS 'SELECT COALESCE($1 || '','' || $2, $1, $2)';"
	"CREATE AGGREGATE group_concat(text) (SFUNC = comma, STYPE = text);"
	"CREATE FUNCTION between_them(text, text, text) RETURNS text LANGUAGE sql AS 'SELECT COALESCE($1 || $3 || $2, $1, $2)';"
	"CREATE AGGREGATE group_concat(text, text) (SFUNC = between_them, STYPE = text);"
	"CREATE FUNCTION group_concat_number(text, bigint, text) RETURNS text LANGUAGE sql AS 'SELECT between_them($1, $2::text, $3)';"
	"CREATE AGGREGATE group_concat(bigint, text) (SFUNC = group_concat_number, STYPE = text);"
	"CREATE FUNCTION iif(boolean, text, text) RETURNS text LANGUAGE sql AS 'SELECT CASE WHEN $1 THEN $2 ELSE $3 END';"
	/* Of one path its value, of several a list of theirs. */
	"CREATE FUNCTION json_found(text, text) RETURNS text LANGUAGE sql AS 'SELECT CASE json_typeof(found) WHEN ''boolean'' THEN "
	"found::text::boolean::integer::text ELSE found #>> ''{}'' END FROM (SELECT $1::json #> string_to_array(substr($2, 3), ''.'')"
	" AS found) AS f';"
	"CREATE OPERATOR ->> (LEFTARG = text, RIGHTARG = text, FUNCTION = json_found);"
	"CREATE FUNCTION json_found(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT ''['' || string_agg(COALESCE("
	"($1::json #> string_to_array(substr(path, 3), ''.''))::text, ''null''), '','') || '']'' FROM unnest($2) AS path';"
	/* Numbers go on behind rows that were planted with theirs. */
	"CREATE FUNCTION count_on() RETURNS void LANGUAGE plpgsql AS $f$DECLARE t text; BEGIN FOR t IN SELECT table_name FROM "
	"information_schema.columns WHERE table_schema = 'public' AND column_name = 'n' AND is_identity = 'YES' LOOP EXECUTE format("
	"'SELECT setval(pg_get_serial_sequence(%L, ''n''), GREATEST(MAX(n), 1), MAX(n) IS NOT NULL) FROM %I', t, t); END LOOP; END$f$;"
	"CREATE FUNCTION hex(bytea) RETURNS text LANGUAGE sql AS 'SELECT upper(encode($1, ''hex''))'";

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

/* One that stays for the questions of a test; it goes with its database. */
static PGconn *side_conn;
static char *side_url;

static void leave_side(void)
{
	PQfinish(side_conn);
	side_conn = NULL;
	g_clear_pointer(&side_url, g_free);
}

static PGresult *run_on(const char *url, const char *sql)
{
	PGresult *result;
	ExecStatusType status;

	if (g_strcmp0(side_url, url) != 0) {
		leave_side();
		side_conn = PQconnectdb(url);
		side_url = g_strdup(url);
	}
	result = PQexec(side_conn, sql);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fail_msg("%s in %s", PQerrorMessage(side_conn), sql);	/* long ones are cut off */
	return result;
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
			postgres_plant(url, functions);
			leave_side();		/* nobody may be in what is copied */
		}
		atexit(drop_template);
	}
	on_server(g_strdup_printf("CREATE DATABASE %s TEMPLATE %s", db, template_name));
	return url_of(db);
}

void postgres_drop(const char *url)
{
	leave_side();
	on_server(g_strdup_printf("DROP DATABASE %s WITH (FORCE)", g_strrstr(url, " dbname=") + strlen(" dbname=")));
}

/* ---- SQLite's words, as far as tests plant things with them ---- */

/* ABORT undoes the statement, ROLLBACK the whole transaction: there the connection goes with it. */
static const struct { const char *theirs, *ours; } words[] = {
	{ "CREATE TRIGGER (\\w+) (BEFORE \\w+ ON \\w+)(?: WHEN (.+?))? BEGIN SELECT RAISE\\(ABORT, '([^']*)'\\); END",
	  "CREATE FUNCTION \\1() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN RAISE check_violation USING MESSAGE = '\\4'; END$f$; "
	  "CREATE TRIGGER \\1 \\2 FOR EACH ROW WHEN (TRUE AND \\3) EXECUTE FUNCTION \\1()" },
	{ "CREATE TRIGGER (\\w+) (BEFORE \\w+ ON \\w+)() BEGIN SELECT RAISE\\(ROLLBACK, '[^']*'\\); END",
	  "CREATE FUNCTION \\1() RETURNS trigger LANGUAGE plpgsql AS $f$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); "
	  "PERFORM pg_sleep(5); END$f$; CREATE TRIGGER \\1 \\2 FOR EACH ROW EXECUTE FUNCTION \\1()" },
	{ " WHEN \\(TRUE AND \\)", "" },
	{ "DROP TRIGGER (\\w+)", "DROP FUNCTION \\1() CASCADE" },
	{ "(?<![\\w'])x'([0-9a-f]*)'", "CAST('\\\\x\\1' AS BYTEA)" },
	{ "\\bAS BLOB\\)", "AS BYTEA)" },
	{ "\\bCAST\\((body|bytes) AS TEXT\\)", "convert_from(\\1, 'UTF8')" },
	{ "\\bjson_extract\\(", "json_found(" },
	/* What stands where a table does has a name. */
	{ "(\\bFROM (\\((?:[^()']|'[^']*'|(?2))*\\)))(?= ?(?:$|\\)|WHERE|ORDER|GROUP))", "\\1 AS unnamed" },
	{ "\\b86400000\\b", "CAST(86400000 AS BIGINT)" },
};

static char *translated(const char *sql)
{
	char *text = g_strdup(sql);

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autoptr(GRegex) regex = g_regex_new(words[i].theirs, G_REGEX_CASELESS | G_REGEX_DOTALL, 0, NULL);
		char *next = g_regex_replace(regex, text, -1, 0, words[i].ours, 0, NULL);

		g_free(text);
		text = next;
	}
	return text;
}

void postgres_plant(const char *url, const char *sql)
{
	g_autofree char *text = translated(sql);

	PQclear(run_on(url, text));
	if (strstr(text, "INSERT INTO "))
		PQclear(run_on(url, "SELECT count_on()"));
}

char *postgres_text(const char *url, const char *sql)
{
	g_autofree char *text = translated(sql);
	PGresult *result = run_on(url, text);
	char *value = PQntuples(result) && !PQgetisnull(result, 0, 0) ? g_strdup(PQgetvalue(result, 0, 0)) : NULL;
	unsigned char *bytes;
	size_t len;

	if (value && PQftype(result, 0) == OID_BYTEA) {
		bytes = PQunescapeBytea((unsigned char *)value, &len);
		g_free(value);
		value = g_strndup((char *)bytes, len);
		PQfreemem(bytes);
	} else if (value && PQftype(result, 0) == OID_BOOL) {
		*value = *value == 't' ? '1' : '0';
	}
	PQclear(result);
	return value;
}

gint64 postgres_count(const char *url, const char *sql)
{
	g_autofree char *text = postgres_text(url, sql);

	return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}
