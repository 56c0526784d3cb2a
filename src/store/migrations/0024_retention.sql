-- Of a conversation: what of it is kept no longer, as bits; and whose reading of it a raw delivery still waits for.
ALTER TABLE thread ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_raw ON outbox (raw_n) WHERE raw_n IS NOT NULL;
