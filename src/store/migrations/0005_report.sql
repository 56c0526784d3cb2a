-- What reports count: one row for each episode of a conversation that has ended.

CREATE TABLE episode (
	n INTEGER PRIMARY KEY,
	thread_n INTEGER NOT NULL REFERENCES thread (n),
	number INTEGER NOT NULL,
	channel TEXT,
	scope TEXT NOT NULL,
	shadow INTEGER NOT NULL,
	opened_ms INTEGER NOT NULL,
	customer_ms INTEGER NOT NULL,
	bot_ms INTEGER NOT NULL,
	human_ms INTEGER NOT NULL,
	ended_ms INTEGER NOT NULL,
	how INTEGER NOT NULL,
	confirmed_ms INTEGER NOT NULL,
	inbound INTEGER NOT NULL,
	real INTEGER NOT NULL,
	bot INTEGER NOT NULL,
	human INTEGER NOT NULL,
	ticket_n INTEGER REFERENCES ticket (n),
	acked_ms INTEGER NOT NULL,
	closed_ms INTEGER NOT NULL,
	resolution INTEGER NOT NULL,
	reopened_ms INTEGER NOT NULL,
	reopen_gap_ms INTEGER NOT NULL,
	dropped_ms INTEGER NOT NULL,
	restored_ms INTEGER NOT NULL
) STRICT;
-- Rows come in the order of their ends, and drops in the order of theirs: both grow at the right edge.
CREATE INDEX episode_ended ON episode (ended_ms);
CREATE INDEX episode_dropped ON episode (dropped_ms, restored_ms) WHERE dropped_ms > 0;

-- Of the customer's messages in the episode, those that were not noise.
ALTER TABLE thread ADD COLUMN ep_real INTEGER NOT NULL DEFAULT 0;
-- When a helpdesk first said that it has the ticket; 0: not yet.
ALTER TABLE ticket ADD COLUMN acked_ms INTEGER NOT NULL DEFAULT 0;

-- What ended before is not counted: the next episode of such a thread is its first.
UPDATE thread SET episode = CASE WHEN ep_opened_ms > 0 THEN 1 ELSE 0 END;
UPDATE ticket SET acked_ms = changed_ms WHERE state > 1;
