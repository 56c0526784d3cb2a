-- What is known of who sent a message where anybody may say that he is anybody: 0 that does not apply, 1 nothing,
-- 2 it is he, 3 it is not.
ALTER TABLE message ADD COLUMN sender INTEGER NOT NULL DEFAULT 0;
-- Who may speak in a conversation besides the customer: a JSON list of addresses, named by agents.
ALTER TABLE thread ADD COLUMN participants TEXT;
-- The conversation it would have joined, had its sender been the right one.
ALTER TABLE thread ADD COLUMN related TEXT;
-- Of an address on a channel: when it last got something automatic, and how many conversations it began since when.
ALTER TABLE address ADD COLUMN auto_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE address ADD COLUMN fresh_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE address ADD COLUMN fresh_n INTEGER NOT NULL DEFAULT 0;
