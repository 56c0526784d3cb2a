-- Which helpdesk's agent said it over there: that one has it already.
ALTER TABLE message ADD COLUMN origin TEXT;
-- The newest status that came from there and was applied, by the helpdesk's own sequence.
ALTER TABLE link ADD COLUMN status_order INTEGER NOT NULL DEFAULT 0;
-- When the helpdesk merged its ticket into another one that it is since; 0: it is the one it was.
ALTER TABLE link ADD COLUMN moved_ms INTEGER NOT NULL DEFAULT 0;
