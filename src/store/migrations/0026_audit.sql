-- Who did what: rows that are never changed, each sealed by a hash over the one before it and itself.
CREATE TABLE audit (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	at_ms INTEGER NOT NULL,
	principal TEXT NOT NULL,
	capacity TEXT,
	action TEXT NOT NULL,
	kind TEXT NOT NULL,
	object TEXT,
	outcome TEXT NOT NULL,
	request TEXT,
	source TEXT,
	facts TEXT,
	hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_principal ON audit (principal, n);
CREATE INDEX audit_action ON audit (action, n);
CREATE INDEX audit_object ON audit (object, n) WHERE object IS NOT NULL;
-- Where the chain begins (what is older has expired), and where it ends.
CREATE TABLE audit_chain (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	start_n INTEGER NOT NULL,
	start_hash BLOB NOT NULL,
	last_n INTEGER NOT NULL,
	last_hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_chain VALUES (1, 0, zeroblob(32), 0, zeroblob(32));
