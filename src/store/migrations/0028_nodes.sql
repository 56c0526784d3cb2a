-- Several nodes on one database: who is there, who holds what only one may do at a time, and what was answered too late.
CREATE TABLE node (
	n INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	version TEXT NOT NULL,
	schema INTEGER NOT NULL,
	state INTEGER NOT NULL,
	since_ms INTEGER NOT NULL,
	seen_ms INTEGER NOT NULL
) STRICT;

-- until_ms is by the database's clock; fence rises with each taking over, over all names.
CREATE TABLE lease (
	name TEXT NOT NULL PRIMARY KEY,
	node_n INTEGER NOT NULL,
	fence INTEGER NOT NULL,
	until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What came back to a node that no longer held the post it was done for: not acted on, kept as evidence for a while.
CREATE TABLE stale_result (
	n INTEGER PRIMARY KEY,
	job_n INTEGER NOT NULL,
	post TEXT NOT NULL,
	node TEXT NOT NULL,
	fence INTEGER NOT NULL,
	came TEXT NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX stale_result_at ON stale_result (at_ms);
