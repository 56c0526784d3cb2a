-- Who was chosen for a ticket and why, and how many tickets of a queue wait for somebody.
ALTER TABLE ticket ADD COLUMN routed TEXT;
CREATE INDEX ticket_waiting ON ticket (queue) WHERE state < 4 AND assignee IS NULL AND queue IS NOT NULL;
