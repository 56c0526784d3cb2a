-- When the first attempt was made that may have arrived: providers know a key for a while only.
ALTER TABLE outbox ADD COLUMN doubt_ms INTEGER NOT NULL DEFAULT 0;
-- How often a message was sent again though it may have arrived: then the customer may have it twice.
ALTER TABLE message ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
