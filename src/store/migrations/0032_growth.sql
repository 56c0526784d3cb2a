-- Whose addresses these are is told with the addresses themselves: nobody reads them from their own rows, which lie far apart.
DROP INDEX address_contact;
CREATE INDEX address_contact ON address (contact_n, proof, since_ms, uri) WHERE contact_n IS NOT NULL;
