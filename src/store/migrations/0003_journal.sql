-- What was done, in the order it was done, so that it can be done again: see "Determinism" in
-- doc/architecture.md.  No index: rows are written in order, read in order and expire in order.
CREATE TABLE journal (
	n INTEGER PRIMARY KEY,
	at_ms INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	seed BLOB,
	body BLOB NOT NULL
) STRICT;
