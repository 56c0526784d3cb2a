-- Visitors: people's browsers and apps.  A session costs no row; only what it must not forget is kept.

-- browser '': of all his browsers; else of one, whose tokens issued until ended_ms are refused: those expire.
CREATE TABLE visitor (
	uri TEXT NOT NULL,
	browser TEXT NOT NULL,
	channel TEXT NOT NULL,
	since_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL,
	into_uri TEXT,
	user TEXT,
	email TEXT,
	vouched INTEGER NOT NULL,
	profile TEXT,
	PRIMARY KEY (uri, browser)
) STRICT, WITHOUT ROWID;
CREATE INDEX visitor_ended ON visitor (ended_ms) WHERE browser <> '';

-- A visitor's address in a conversation, and how much of it he has read.  No foreign keys: it is written with every
-- first message, before the rows it names may be.
CREATE TABLE visit (
	uri TEXT NOT NULL,
	thread_n INTEGER NOT NULL,
	read_n INTEGER NOT NULL,
	mailed_n INTEGER NOT NULL,
	mailed_ms INTEGER NOT NULL,
	pushed_n INTEGER NOT NULL,
	PRIMARY KEY (uri, thread_n)
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_thread ON visit (thread_n);

-- Who became part of whom, and what went with it.
CREATE TABLE merging (
	n INTEGER PRIMARY KEY,
	from_n INTEGER NOT NULL REFERENCES contact (n),
	into_n INTEGER NOT NULL REFERENCES contact (n),
	at_ms INTEGER NOT NULL,
	why TEXT NOT NULL,
	moved TEXT NOT NULL,
	undone_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX merging_from ON merging (from_n);
