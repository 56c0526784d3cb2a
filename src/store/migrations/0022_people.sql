-- Who is kept out: since when (0: he is not), until when (0: for ever), and why.
ALTER TABLE contact ADD COLUMN blocked_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN blocked_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN blocked_why TEXT;
-- Who became part of a contact.
CREATE INDEX merging_into ON merging (into_n);
