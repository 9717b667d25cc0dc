-- A claim on a mail names the server that holds it, and ends unless that server renews it: on PostgreSQL several servers
-- deliver from one outbox. Claims of earlier versions belong to a server that has ended.
ALTER TABLE mails ADD COLUMN claimed_by BLOB;
ALTER TABLE mails ADD COLUMN claim_ends_at INTEGER;
UPDATE mails SET claimed_by = zeroblob(16), claim_ends_at = 0 WHERE claimed_at IS NOT NULL;
