-- What was done under an Idempotency-Key, so that a repeat of the request does nothing twice and is answered as before.

CREATE TABLE idempotency_keys (
    -- Of a personal access token or of a session, so it refers to no one table.
    credential_id BLOB    NOT NULL,
    key           TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    user_id       BLOB    NOT NULL REFERENCES users (id),
    fingerprint   BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    status        INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
    -- The ids of what was made or changed.
    ids           TEXT    NOT NULL CHECK (json_type(ids) = 'array'),
    -- NULL: the answer held a secret or was too large.
    body          BLOB CHECK (length(body) <= 65536),
    expires_at    INTEGER NOT NULL,
    PRIMARY KEY (credential_id, key)
) STRICT;

CREATE INDEX idempotency_keys_of_user ON idempotency_keys (user_id, expires_at);
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);
