-- What was brought in from elsewhere, by the hash of its key, for ever: read again, years later or by a mailbox, it is known.
CREATE TABLE imported (
	hash BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
