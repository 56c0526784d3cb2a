-- What stands until somebody or something takes it back: a channel's pause ('pause', its name), an alarm that was
-- raised ('alarm', what it is about), what an operator changed in a dead letter ('edit', its number).
CREATE TABLE standing (
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	since_ms INTEGER NOT NULL,
	told_ms INTEGER NOT NULL,
	who TEXT,
	text TEXT,
	PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
