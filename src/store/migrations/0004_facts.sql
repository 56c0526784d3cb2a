-- What is asked outside before the rules judge, and the messages that wait for the answers.

-- Items of deliveries that were acknowledged and are not judged yet.  Those of a contact are judged
-- in the order of n: the first of them has a due_ms, which is its ready_ms; those behind it have none.
CREATE TABLE waiting (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	contact_n INTEGER NOT NULL REFERENCES contact (n),
	channel TEXT NOT NULL,
	space TEXT,
	item BLOB NOT NULL,
	raw_n INTEGER REFERENCES raw (n),
	own_raw INTEGER NOT NULL,
	newcomer INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	ready_ms INTEGER NOT NULL,
	due_ms INTEGER
) STRICT;
CREATE INDEX waiting_contact ON waiting (contact_n, n);
CREATE INDEX waiting_due ON waiting (due_ms) WHERE due_ms IS NOT NULL;

-- One question to one hook; kept until its message is judged and its answer is no longer to come.
CREATE TABLE question (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	waiting_n INTEGER,
	contact_n INTEGER NOT NULL REFERENCES contact (n),
	hook TEXT NOT NULL,
	job_n INTEGER,
	state INTEGER NOT NULL,
	asked_ms INTEGER NOT NULL,
	deadline_ms INTEGER NOT NULL,
	ms INTEGER NOT NULL,
	answer TEXT,
	note TEXT
) STRICT;
CREATE INDEX question_waiting ON question (waiting_n) WHERE waiting_n IS NOT NULL;
CREATE INDEX question_job ON question (job_n) WHERE job_n IS NOT NULL;
-- State 1 is open.
CREATE INDEX question_open ON question (hook, contact_n) WHERE state = 1;

-- What a hook said of a contact last, for those that need not be asked each time.
CREATE TABLE facts (
	contact_n INTEGER NOT NULL REFERENCES contact (n),
	hook TEXT NOT NULL,
	answer TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (contact_n, hook)
) STRICT, WITHOUT ROWID;
CREATE INDEX facts_age ON facts (at_ms);

-- How a hook fares: questions without an answer in a row, and until when it is left alone.
CREATE TABLE hook (
	name TEXT PRIMARY KEY,
	failures INTEGER NOT NULL,
	until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
