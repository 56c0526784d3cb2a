-- Since when the customer waits for a person's answer, 0: he does not.
ALTER TABLE thread ADD COLUMN waiting_ms INTEGER NOT NULL DEFAULT 0;
-- Since when a bot has been alone with him, 0: none is, -1: a person has answered in this episode.
ALTER TABLE thread ADD COLUMN alone_ms INTEGER NOT NULL DEFAULT 0;

-- Who waits, and whose timer it is: read when rules that are asked after a time have changed.
CREATE INDEX thread_waiting ON thread (waiting_ms) WHERE waiting_ms > 0 AND state <> 2;
CREATE INDEX thread_bot ON thread (alone_ms) WHERE alone_ms > 0 AND state = 1;
CREATE INDEX timer_unanswered ON timer (thread_n) WHERE kind = 'unanswered';
CREATE INDEX timer_bot ON timer (thread_n) WHERE kind = 'bot';
