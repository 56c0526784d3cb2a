-- Messages that the network cut into pieces, and that are not whole yet.

-- State 1: pieces are awaited; 2: its reference was used again, it is told of as it is; 3: it was told of with
-- gaps, and what comes late still completes it.  A timer "pieces:N" of no thread ends each of these.
CREATE TABLE joining (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	channel TEXT NOT NULL,
	space TEXT,
	sender TEXT NOT NULL,
	ours TEXT NOT NULL,
	ref TEXT NOT NULL,
	parts INTEGER NOT NULL,
	state INTEGER NOT NULL,
	since_ms INTEGER NOT NULL
) STRICT;
-- A piece belongs to one message at most.
CREATE UNIQUE INDEX joining_ref ON joining (channel, sender, ours, ref, parts) WHERE state <> 2;
CREATE INDEX joining_open ON joining (channel, sender, n) WHERE state = 1;

CREATE TABLE piece (
	joining_n INTEGER NOT NULL REFERENCES joining (n),
	part INTEGER NOT NULL,
	item BLOB NOT NULL,
	raw_n INTEGER REFERENCES raw (n),
	own_raw INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (joining_n, part)
) STRICT, WITHOUT ROWID;
