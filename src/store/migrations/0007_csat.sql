-- What customers think of how they were served: one opinion for an episode of a conversation.

CREATE TABLE csat (
	n INTEGER PRIMARY KEY,
	thread_n INTEGER NOT NULL REFERENCES thread (n),
	episode INTEGER NOT NULL,
	ticket_n INTEGER REFERENCES ticket (n),
	channel TEXT NOT NULL,
	resolver TEXT NOT NULL,
	score INTEGER NOT NULL,
	scale TEXT NOT NULL,
	comment TEXT,
	at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX csat_episode ON csat (thread_n, episode);
CREATE INDEX csat_at ON csat (at_ms);

-- The last episode after which the customer was asked: he is asked once for each.
ALTER TABLE thread ADD COLUMN asked_episode INTEGER NOT NULL DEFAULT 0;
