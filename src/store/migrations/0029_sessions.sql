-- Links and sessions of the console are tokens of their own kinds.  rev is higher than that of every change before it:
-- who asks for higher ones than it knows hears of what another process has changed.
ALTER TABLE token ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;
CREATE INDEX token_rev ON token (rev);
CREATE INDEX token_made_by ON token (made_by) WHERE kind > 1 AND revoked_ms = 0;
CREATE TABLE token_change (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	rev INTEGER NOT NULL
) STRICT;
INSERT INTO token_change VALUES (1, 0);
