-- People sign in with a code from a mail (src/operations/sign_ins). The outbox was bound to invitations, and SQLite cannot
-- drop NOT NULL from a column, so the table of mails is made anew. Sessions get a source; those that are there were made
-- on the command line or came with a seed, and keep their lives without an idle time.

ALTER TABLE mails RENAME TO mails_before;

CREATE TABLE mails (
    id              BLOB    NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    invitation_id   BLOB    REFERENCES invitations (id) ON DELETE CASCADE,
    recipient       TEXT    NOT NULL,
    -- What the templates are filled with, as JSON, without the secret.
    content         TEXT    NOT NULL CHECK (json_type(content) = 'object'),
    secret          TEXT,
    state           TEXT    NOT NULL CHECK (state IN ('queued', 'delivered', 'cancelled', 'failed')),
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_answer     TEXT,
    created_at      INTEGER NOT NULL,
    delivered_at    INTEGER,
    message         BLOB,
    claimed_at      INTEGER,
    tried_at        INTEGER,
    claimed_by      BLOB,
    claim_ends_at   INTEGER,
    kind            TEXT    NOT NULL DEFAULT 'invitation' CHECK (kind IN ('invitation', 'sign-in')),
    CHECK ((state = 'queued') = (secret IS NOT NULL)),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK ((kind = 'invitation') = (invitation_id IS NOT NULL))
) STRICT;

INSERT INTO mails (id, organisation_id, invitation_id, recipient, content, secret, state, attempts, next_attempt_at,
                   last_answer, created_at, delivered_at, message, claimed_at, tried_at, claimed_by, claim_ends_at)
SELECT id, organisation_id, invitation_id, recipient, content, secret, state, attempts, next_attempt_at,
       last_answer, created_at, delivered_at, message, claimed_at, tried_at, claimed_by, claim_ends_at
FROM mails_before
ORDER BY created_at, id;

DROP TABLE mails_before;

CREATE INDEX mails_of_invitation ON mails (invitation_id) WHERE state = 'queued';
CREATE INDEX mails_in_order ON mails (created_at, id);
CREATE INDEX mails_queued ON mails (next_attempt_at, id) WHERE state = 'queued' AND claimed_at IS NULL;
CREATE INDEX mails_claimed ON mails (id) WHERE claimed_at IS NOT NULL;

-- 'passkey' has its place already: a later step would have to make the table anew for it.
ALTER TABLE internal_tokens ADD COLUMN source TEXT NOT NULL DEFAULT 'command-line'
    CHECK (source IN ('command-line', 'mail', 'invitation', 'link', 'passkey'));
ALTER TABLE internal_tokens ADD COLUMN ip_address TEXT;
ALTER TABLE internal_tokens ADD COLUMN user_agent TEXT;
ALTER TABLE internal_tokens ADD COLUMN authenticated_at INTEGER;
ALTER TABLE internal_tokens ADD COLUMN last_seen_at INTEGER;
-- How long it may be unused, in milliseconds; NULL: as long as it is valid.
ALTER TABLE internal_tokens ADD COLUMN idle_ms INTEGER
    CHECK ((source = 'command-line') = (idle_ms IS NULL) AND (last_seen_at IS NULL) = (idle_ms IS NULL));

-- Who has an address, in any organisation.
CREATE INDEX users_of_address ON users (email_folded);
CREATE INDEX users_of_clash ON users (email_clash) WHERE email_clash IS NOT NULL;

-- A request for a code. It is kept, whoever it was for, while a limit counts it.
CREATE TABLE sign_in_attempts (
    -- Of the secret of the browser or program that asked.
    secret_hash  BLOB    NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    -- HMAC-SHA256 of the code, with that secret as its key.
    code_mac     BLOB    NOT NULL CHECK (length(code_mac) = 32),
    -- Of what was typed, so that the addresses of strangers are not stored.
    address_hash BLOB    NOT NULL CHECK (length(address_hash) = 32),
    network      TEXT    NOT NULL,
    -- Of a browser that has signed in with this address before.
    device_hash  BLOB    CHECK (length(device_hash) = 32),
    -- Those who may sign in with it: nobody until they were looked for, after the answer.
    user_ids     TEXT    NOT NULL CHECK (json_type(user_ids) = 'array'),
    tries        INTEGER NOT NULL CHECK (tries BETWEEN 0 AND 5),
    state        TEXT    NOT NULL CHECK (state IN ('open', 'confirmed', 'ended')),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_attempts_of_address ON sign_in_attempts (address_hash, created_at);
CREATE INDEX sign_in_attempts_of_network ON sign_in_attempts (network, created_at);
CREATE INDEX sign_in_attempts_in_order ON sign_in_attempts (created_at);

-- A browser that has signed in with an address: others cannot use up its codes.
CREATE TABLE sign_in_devices (
    secret_hash  BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    address_hash BLOB    NOT NULL CHECK (length(address_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (secret_hash, address_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_devices_of_address ON sign_in_devices (address_hash, created_at);
CREATE INDEX sign_in_devices_by_end ON sign_in_devices (expires_at);

-- A link of the operator, which signs one user in once.
CREATE TABLE sign_in_links (
    secret_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    user_id     BLOB    NOT NULL REFERENCES users (id),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at);
