-- What is new in a message's text, where its adapter told that from quotes and signature.
ALTER TABLE message ADD COLUMN reply_text TEXT;
-- By which name the text shows the file.
ALTER TABLE attachment ADD COLUMN content_id TEXT;
