-- Who was forgotten, and what of it is gone.
ALTER TABLE contact ADD COLUMN erased_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN erased_ms INTEGER NOT NULL DEFAULT 0;

-- One request to forget somebody.  It is done in small steps, which go on where thread_n and next_n say; needles are
-- what raw deliveries are gone through for, and NULL when that is over.
CREATE TABLE erasure (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	contact_n INTEGER NOT NULL REFERENCES contact (n),
	who TEXT,
	at_ms INTEGER NOT NULL,
	done_ms INTEGER NOT NULL,
	phase INTEGER NOT NULL,
	thread_n INTEGER NOT NULL,
	next_n INTEGER NOT NULL,
	journal_n INTEGER NOT NULL,
	needles TEXT,
	counts TEXT NOT NULL,
	proof TEXT
) STRICT;
CREATE INDEX erasure_contact ON erasure (contact_n);

-- Files that nothing needs any more, deleted when what said so is on disk; '' stands for the log, which is to be emptied.
CREATE TABLE unlinking (
	sha256 TEXT PRIMARY KEY,
	at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who else has a file; all tickets of a conversation; events of none.
CREATE INDEX attachment_sha256 ON attachment (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX raw_file ON raw (file) WHERE file IS NOT NULL;
CREATE INDEX ticket_thread ON ticket (thread_n);
CREATE INDEX event_free ON event (n) WHERE thread_n IS NULL;
