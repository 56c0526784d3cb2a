-- Attachment files that lie in the database, where several nodes share it without a directory: in pieces, so that nobody holds
-- one of them whole.  at_ms: when somebody last said that it is needed, by the database's clock.
CREATE TABLE file (
	sha256 TEXT NOT NULL PRIMARY KEY,
	bytes INTEGER NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX file_at ON file (at_ms);
CREATE TABLE file_piece (
	sha256 TEXT NOT NULL REFERENCES file (sha256) ON DELETE CASCADE,
	part INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (sha256, part)
) STRICT, WITHOUT ROWID;
