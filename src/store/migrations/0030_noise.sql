-- Whether a person took the message for noise: 1 he did, 2 he did when its ticket's helpdesk had it already; and how many of a
-- conversation's are.
ALTER TABLE message ADD COLUMN noise INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN noise INTEGER NOT NULL DEFAULT 0;
