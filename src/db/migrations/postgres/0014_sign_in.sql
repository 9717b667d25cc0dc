-- See the step of SQLite with this number.
ALTER TABLE mails
    ALTER COLUMN invitation_id DROP NOT NULL,
    ADD COLUMN kind text COLLATE "C" NOT NULL DEFAULT 'invitation' CHECK (kind IN ('invitation', 'sign-in')),
    ADD CHECK ((kind = 'invitation') = (invitation_id IS NOT NULL));

ALTER TABLE internal_tokens
    ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT 'command-line'
        CHECK (source IN ('command-line', 'mail', 'invitation', 'link', 'passkey')),
    ADD COLUMN ip_address text COLLATE "C",
    ADD COLUMN user_agent text COLLATE "C",
    ADD COLUMN authenticated_at bigint,
    ADD COLUMN last_seen_at bigint,
    ADD COLUMN idle_ms bigint
        CHECK ((source = 'command-line') = (idle_ms IS NULL) AND (last_seen_at IS NULL) = (idle_ms IS NULL));

CREATE INDEX users_of_address ON users (email_folded);
CREATE INDEX users_of_clash ON users (email_clash) WHERE email_clash IS NOT NULL;

CREATE TABLE sign_in_attempts (
    secret_hash  bytea NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    code_mac     bytea NOT NULL CHECK (length(code_mac) = 32),
    address_hash bytea NOT NULL CHECK (length(address_hash) = 32),
    network      text COLLATE "C" NOT NULL,
    device_hash  bytea CHECK (length(device_hash) = 32),
    user_ids     text COLLATE "C" NOT NULL CHECK (json_typeof(user_ids::json) = 'array'),
    tries        bigint NOT NULL CHECK (tries BETWEEN 0 AND 5),
    state        text COLLATE "C" NOT NULL CHECK (state IN ('open', 'confirmed', 'ended')),
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL
);

CREATE INDEX sign_in_attempts_of_address ON sign_in_attempts (address_hash, created_at);
CREATE INDEX sign_in_attempts_of_network ON sign_in_attempts (network, created_at);
CREATE INDEX sign_in_attempts_in_order ON sign_in_attempts (created_at);

CREATE TABLE sign_in_devices (
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    address_hash bytea NOT NULL CHECK (length(address_hash) = 32),
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    PRIMARY KEY (secret_hash, address_hash)
);

CREATE INDEX sign_in_devices_of_address ON sign_in_devices (address_hash, created_at);
CREATE INDEX sign_in_devices_by_end ON sign_in_devices (expires_at);

CREATE TABLE sign_in_links (
    secret_hash bytea NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    user_id     uuid NOT NULL REFERENCES users (id),
    created_at  bigint NOT NULL,
    expires_at  bigint NOT NULL
);

CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at);
