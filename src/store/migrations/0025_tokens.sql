-- Tokens of the API beside those of the configuration: of each secret the hash.
CREATE TABLE token (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	kind INTEGER NOT NULL,
	hash BLOB NOT NULL UNIQUE,
	scopes TEXT NOT NULL,
	channels TEXT,
	made_by TEXT NOT NULL,
	made_ms INTEGER NOT NULL,
	expires_ms INTEGER NOT NULL,
	revoked_ms INTEGER NOT NULL,
	used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX token_name ON token (kind, name);
CREATE INDEX token_revoked ON token (revoked_ms) WHERE revoked_ms > 0;
CREATE INDEX token_expires ON token (expires_ms) WHERE expires_ms > 0;
