CREATE TABLE message (
	id bigserial PRIMARY KEY,
	external_id text NOT NULL UNIQUE,
	sender text NOT NULL,
	body text NOT NULL,
	payload text NOT NULL,
	received_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE thread (
	id bigserial PRIMARY KEY,
	sender text NOT NULL UNIQUE,
	last_message bigint NOT NULL,
	messages integer NOT NULL
);
CREATE TABLE outbox (
	id bigserial PRIMARY KEY,
	message_id bigint NOT NULL REFERENCES message (id),
	payload text NOT NULL,
	due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (due_at);
