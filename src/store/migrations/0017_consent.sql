-- What was said of messages to an address: from one of ours, or ('') from a channel as a whole.  state: 0 nothing
-- (texts to it are counted), 1 it wants them, 2 it wants none.
CREATE TABLE consent (
	uri TEXT NOT NULL,
	channel TEXT NOT NULL,
	ours TEXT NOT NULL,
	state INTEGER NOT NULL,
	source TEXT,
	words TEXT,
	who TEXT,
	code INTEGER NOT NULL,
	blocked INTEGER NOT NULL,
	said_ms INTEGER NOT NULL,
	heard_ms INTEGER NOT NULL,
	again_ms INTEGER NOT NULL,
	told_ms INTEGER NOT NULL,
	told_n INTEGER NOT NULL,
	PRIMARY KEY (uri, channel, ours)
) STRICT, WITHOUT ROWID;
-- Until now providers alone were listened to, and nobody noted since when.
INSERT INTO consent (uri, channel, ours, state, source, code, blocked, said_ms, heard_ms, again_ms, told_ms, told_n)
	SELECT uri, channel, '', 2, 'provider', 0, 1, 0, 0, 0, 0, 0 FROM address WHERE channel <> '' AND opted_out = 1;
ALTER TABLE address DROP COLUMN opted_out;
