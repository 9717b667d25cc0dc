-- See the step of SQLite with this number.
ALTER TABLE mails ADD COLUMN claimed_by uuid, ADD COLUMN claim_ends_at bigint;
UPDATE mails SET claimed_by = '00000000-0000-0000-0000-000000000000', claim_ends_at = 0 WHERE claimed_at IS NOT NULL;
