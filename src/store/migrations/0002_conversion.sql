-- What conversion needs to know of a conversation: where it is routed to, what the customer was
-- asked, how the episode that is under way goes.

-- An episode runs from the opening (or reopening) of a thread to its closing or conversion.
-- episode counts them from 1; ep_* are of the one under way, 0: it has not happened in it.
ALTER TABLE thread ADD COLUMN episode INTEGER NOT NULL DEFAULT 1;
ALTER TABLE thread ADD COLUMN episode_n INTEGER;
ALTER TABLE thread ADD COLUMN ep_opened_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_customer_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_bot_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_human_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_confirmed_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_inbound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_bot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN ep_human INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN queue TEXT;
ALTER TABLE thread ADD COLUMN skill TEXT;
ALTER TABLE thread ADD COLUMN assignee TEXT;
ALTER TABLE thread ADD COLUMN backend TEXT;
ALTER TABLE thread ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN asked TEXT;
ALTER TABLE thread ADD COLUMN asked_ms INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET ep_opened_ms = opened_ms WHERE state = 1;

ALTER TABLE ticket ADD COLUMN queue TEXT;
ALTER TABLE ticket ADD COLUMN skill TEXT;
ALTER TABLE ticket ADD COLUMN assignee TEXT;
ALTER TABLE ticket ADD COLUMN status TEXT;
ALTER TABLE ticket ADD COLUMN requester TEXT;
ALTER TABLE ticket ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
-- Who is how busy: open tickets of an agent.
CREATE INDEX ticket_assignee ON ticket (assignee) WHERE state < 4 AND assignee IS NOT NULL;

ALTER TABLE contact ADD COLUMN tags TEXT;
ALTER TABLE contact ADD COLUMN last_ticket_ms INTEGER NOT NULL DEFAULT 0;
