-- What conversations are looked for by.  A list is read from the narrowest of these, newest first.
CREATE INDEX thread_queue ON thread (queue) WHERE queue IS NOT NULL;
CREATE INDEX thread_assignee ON thread (assignee) WHERE assignee IS NOT NULL;
CREATE INDEX thread_channel ON thread (channel);
CREATE INDEX thread_opened ON thread (opened_ms);
CREATE INDEX thread_shadow ON thread (shadow) WHERE shadow = 1;
CREATE INDEX ticket_category ON ticket (category, thread_n) WHERE category IS NOT NULL;
CREATE INDEX ticket_priority ON ticket (priority, thread_n) WHERE priority IS NOT NULL;

-- The tags of conversations, as "tags" of each has them.  No foreign key: it is written with the first message.
CREATE TABLE thread_tag (
	tag TEXT NOT NULL,
	thread_n INTEGER NOT NULL,
	PRIMARY KEY (tag, thread_n)
) STRICT, WITHOUT ROWID;
INSERT INTO thread_tag SELECT DISTINCT value, n FROM thread, json_each(tags) WHERE tags IS NOT NULL;
