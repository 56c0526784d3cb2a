-- Numbers n are a row's place in its table; ids are TypeIDs, which sort by time, so that their
-- unique indexes grow at the right edge.  Messages and events have no other index: a thread's are
-- chained backwards from its last_message_n and last_event_n.  0 stands for "none" in the
-- program, NULL here.

CREATE TABLE instance (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	key BLOB NOT NULL
) STRICT;

CREATE TABLE counter (
	name TEXT PRIMARY KEY,
	next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE config (
	hash TEXT PRIMARY KEY,
	text TEXT NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- what came in ----

CREATE TABLE raw (
	n INTEGER PRIMARY KEY,
	channel TEXT NOT NULL,
	kind TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	bytes BLOB NOT NULL
) STRICT;

-- Provider ids, hashed with the instance key, by day, so that whole days expire.
CREATE TABLE seen (
	bucket INTEGER NOT NULL,
	hash BLOB NOT NULL,
	message_n INTEGER NOT NULL,
	seen_ms INTEGER NOT NULL,
	PRIMARY KEY (bucket, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
	channel TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- people ----

CREATE TABLE contact (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	name TEXT,
	username TEXT,
	tier TEXT,
	locale TEXT,
	fields TEXT,
	opted_out INTEGER NOT NULL,
	conflicted INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	merged_into INTEGER REFERENCES contact (n)
) STRICT;

-- What is known of an address: whose it is (channel ''), and how it stands to us on a channel.  One
-- table, because both are asked for with every message and so lie on one page.
CREATE TABLE address (
	uri TEXT NOT NULL,
	channel TEXT NOT NULL DEFAULT '',
	contact_n INTEGER REFERENCES contact (n),
	proof INTEGER,
	since_ms INTEGER,
	last_in_ms INTEGER NOT NULL DEFAULT 0,
	opted_out INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (uri, channel),
	CHECK ((channel = '') = (contact_n IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX address_contact ON address (contact_n) WHERE contact_n IS NOT NULL;

-- ---- conversations ----

CREATE TABLE thread (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	contact_n INTEGER NOT NULL REFERENCES contact (n),
	scope TEXT NOT NULL,
	key TEXT NOT NULL,
	subject TEXT,
	state INTEGER NOT NULL,
	resolution INTEGER NOT NULL,
	version INTEGER NOT NULL,
	opened_ms INTEGER NOT NULL,
	last_ms INTEGER NOT NULL,
	first_message_ms INTEGER NOT NULL,
	last_customer_ms INTEGER NOT NULL,
	first_response_ms INTEGER NOT NULL,
	first_bot_ms INTEGER NOT NULL,
	closed_ms INTEGER NOT NULL,
	converted_ms INTEGER NOT NULL,
	messages INTEGER NOT NULL,
	inbound INTEGER NOT NULL,
	outbound INTEGER NOT NULL,
	last_seq INTEGER NOT NULL,
	last_event_n INTEGER,
	last_message_n INTEGER,
	channel TEXT,
	reply_to TEXT,
	reply_from TEXT,
	last_in_n INTEGER,
	tags TEXT,
	fields TEXT,
	ticket_n INTEGER,
	held INTEGER NOT NULL,
	reopened INTEGER NOT NULL
) STRICT;
CREATE INDEX thread_contact ON thread (contact_n, scope);
-- One open thread per matter: fifty first messages at once make one (state 1 is open).
CREATE UNIQUE INDEX thread_open ON thread (contact_n, scope, key) WHERE state = 1;

CREATE TABLE message (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	thread_n INTEGER NOT NULL REFERENCES thread (n),
	prev_n INTEGER,
	direction INTEGER NOT NULL,
	author INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	author_name TEXT,
	channel TEXT,
	external_id TEXT,
	address TEXT,
	our_address TEXT,
	subject TEXT,
	text TEXT NOT NULL,
	html TEXT,
	payload TEXT,
	answers TEXT,
	at_ms INTEGER NOT NULL,
	sent_ms INTEGER NOT NULL,
	edited_ms INTEGER NOT NULL,
	revoked_ms INTEGER NOT NULL,
	raw_n INTEGER,
	delivery INTEGER NOT NULL,
	conflict INTEGER NOT NULL,
	parts INTEGER NOT NULL,
	parts_sent INTEGER NOT NULL,
	error TEXT,
	advice TEXT,
	error_code INTEGER NOT NULL,
	note TEXT,
	automatic INTEGER NOT NULL,
	forwarded INTEGER NOT NULL,
	echo INTEGER NOT NULL,
	reactions TEXT
) STRICT;

CREATE TABLE attachment (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	message_n INTEGER NOT NULL REFERENCES message (n),
	kind INTEGER NOT NULL,
	state INTEGER NOT NULL,
	name TEXT,
	type TEXT,
	bytes INTEGER NOT NULL,
	sha256 TEXT,
	ref TEXT,
	expires_ms INTEGER NOT NULL,
	error TEXT
) STRICT;
CREATE INDEX attachment_message ON attachment (message_n);

CREATE TABLE receipt (
	n INTEGER PRIMARY KEY,
	message_n INTEGER REFERENCES message (n),
	channel TEXT NOT NULL,
	external_id TEXT,
	key TEXT,
	state INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	got_ms INTEGER NOT NULL,
	code INTEGER NOT NULL,
	reach INTEGER NOT NULL,
	text TEXT,
	advice TEXT,
	detail TEXT
) STRICT;
CREATE INDEX receipt_message ON receipt (message_n) WHERE message_n IS NOT NULL;
-- Those that came before their message was known.
CREATE INDEX receipt_parked_id ON receipt (channel, external_id) WHERE message_n IS NULL;
CREATE INDEX receipt_parked_key ON receipt (channel, key) WHERE message_n IS NULL;
CREATE INDEX receipt_parked_age ON receipt (got_ms) WHERE message_n IS NULL;

-- ---- tickets ----

CREATE TABLE ticket (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	thread_n INTEGER NOT NULL REFERENCES thread (n),
	number TEXT NOT NULL UNIQUE,
	state INTEGER NOT NULL,
	subject TEXT NOT NULL,
	priority TEXT,
	category TEXT,
	type TEXT,
	reason TEXT,
	agent TEXT,
	external_status TEXT,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	confirmed INTEGER NOT NULL
) STRICT;
-- One open ticket per thread (states 1 to 3: requested, open, pending).
CREATE UNIQUE INDEX ticket_open ON ticket (thread_n) WHERE state < 4;

CREATE TABLE link (
	ticket_n INTEGER NOT NULL REFERENCES ticket (n),
	backend TEXT NOT NULL,
	external_id TEXT NOT NULL,
	number TEXT,
	url TEXT,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (ticket_n, backend)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_external ON link (external_id, backend);

-- ---- the log ----

CREATE TABLE decision (
	n INTEGER PRIMARY KEY,
	thread_n INTEGER REFERENCES thread (n),
	message_n INTEGER REFERENCES message (n),
	at_ms INTEGER NOT NULL,
	config_hash TEXT NOT NULL,
	on_event TEXT NOT NULL,
	action TEXT NOT NULL,
	rule TEXT,
	file TEXT,
	line INTEGER NOT NULL,
	facts TEXT
) STRICT;

CREATE TABLE event (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	thread_n INTEGER REFERENCES thread (n),
	seq INTEGER NOT NULL,
	prev_n INTEGER,
	type TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	message_n INTEGER REFERENCES message (n),
	decision_n INTEGER REFERENCES decision (n),
	data TEXT NOT NULL
) STRICT;

-- ---- work to do ----

-- AUTOINCREMENT: a number is never used again, because a late answer may still name it.
CREATE TABLE outbox (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	target INTEGER NOT NULL,
	name TEXT NOT NULL,
	lane TEXT NOT NULL,
	state INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	steps INTEGER NOT NULL,
	key TEXT,
	thread_n INTEGER REFERENCES thread (n),
	message_n INTEGER REFERENCES message (n),
	event_n INTEGER REFERENCES event (n),
	attachment_n INTEGER REFERENCES attachment (n),
	part INTEGER NOT NULL,
	file INTEGER NOT NULL,
	body BLOB,
	external_id TEXT,
	error TEXT,
	error_code INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (target, name, state, due_ms);
CREATE INDEX outbox_lane ON outbox (target, name, lane, n);
CREATE INDEX outbox_message ON outbox (message_n) WHERE message_n IS NOT NULL;

CREATE TABLE timer (
	thread_n INTEGER NOT NULL,
	kind TEXT NOT NULL,
	due_ms INTEGER NOT NULL,
	data TEXT,
	PRIMARY KEY (thread_n, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due_ms);

CREATE TABLE idempotency (
	principal TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint BLOB NOT NULL,
	answer TEXT,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (at_ms);
