-- Bytes that are read once they are safe.  Large ones lie beside the attachments, under this SHA-256, and
-- "bytes" is empty then.
ALTER TABLE raw ADD COLUMN file TEXT;
-- What a job of reading is about.
ALTER TABLE outbox ADD COLUMN raw_n INTEGER REFERENCES raw (n);
