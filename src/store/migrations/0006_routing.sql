-- Who was chosen for a ticket and why; how many tickets of a queue wait for somebody, how long others did.
ALTER TABLE ticket ADD COLUMN routed TEXT;
CREATE INDEX ticket_waiting ON ticket (queue) WHERE state < 4 AND assignee IS NULL AND queue IS NOT NULL;
CREATE INDEX ticket_queue ON ticket (queue, created_ms) WHERE queue IS NOT NULL;
