-- Mail goes to a relay: who is sending, what the relay said, and who causes how much of it.

-- Set while a mail is being handed over. A server that died leaves it set; the next one starts by
-- clearing it, which is safe because only one serves a file.
ALTER TABLE mails ADD COLUMN claimed_at INTEGER;
ALTER TABLE mails ADD COLUMN tried_at INTEGER;
-- What the relay, or whatever stood in the way, said last; also when it took the mail.
ALTER TABLE mails RENAME COLUMN last_error TO last_answer;

DROP INDEX mails_queued;
CREATE INDEX mails_queued ON mails (next_attempt_at, id) WHERE state = 'queued' AND claimed_at IS NULL;
CREATE INDEX mails_claimed ON mails (id) WHERE claimed_at IS NOT NULL;

-- Whose doing a send was; NULL for the operator. For the throttle of inviters.
ALTER TABLE invitation_secrets ADD COLUMN sent_by BLOB REFERENCES users (id);
CREATE INDEX invitation_secrets_of_sender ON invitation_secrets (sent_by, created_at) WHERE is_send = 1;
