-- The schema of a new file, as SQLite has it after all steps in src/db/migrations/sqlite.
-- SCHEMA=write cargo test --lib migrations writes it anew.

CREATE TABLE users (
    id              BLOB    NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    email           TEXT    NOT NULL,
    -- The address in lower case: A@x and a@x are one person, whatever was typed.
    email_folded    TEXT    NOT NULL,
    first_name      TEXT,
    last_name       TEXT,
    type            TEXT    NOT NULL CHECK (type IN ('invited', 'member', 'author', 'admin', 'owner')),
    status          TEXT    NOT NULL CHECK (status IN ('active', 'disabled', 'locked')),
    is_service      INTEGER NOT NULL CHECK (is_service IN (0, 1)),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL, email_clash TEXT, search_address TEXT NOT NULL DEFAULT '', search_name TEXT NOT NULL DEFAULT '',
    UNIQUE (organisation_id, email_folded)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_one_owner ON users (organisation_id) WHERE type = 'owner';

CREATE TABLE projects (
    id              BLOB    NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    key             TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    version         TEXT    NOT NULL CHECK (version IN ('v1', 'v2')),
    protected       INTEGER NOT NULL CHECK (protected IN (0, 1)),
    deleted_at      INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
, approval_mode TEXT
    CHECK (approval_mode IN ('require_one_per_team', 'none_create_request', 'require_any', 'none')), search_name TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX projects_live_key ON projects (organisation_id, key) WHERE deleted_at IS NULL;

CREATE TABLE groups (
    project_id       BLOB    NOT NULL REFERENCES projects (id),
    id               BLOB    NOT NULL UNIQUE,
    name             TEXT    NOT NULL,
    description      TEXT,
    -- A JSON array of permission words in the order given, or NULL.
    permissions      TEXT    CHECK (permissions IS NULL OR json_type(permissions) = 'array'),
    file_permissions TEXT    CHECK (file_permissions IS NULL OR json_type(file_permissions) = 'array'),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL, role_id BLOB REFERENCES roles (id), search_name TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    project_id BLOB    NOT NULL REFERENCES projects (id),
    user_id    BLOB    NOT NULL REFERENCES users (id),
    id         BLOB    NOT NULL UNIQUE,
    owner      INTEGER NOT NULL CHECK (owner IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, by_role INTEGER NOT NULL DEFAULT 0 CHECK (by_role IN (0, 1)),
    PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE member_groups (
    project_id BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    group_id   BLOB NOT NULL,
    PRIMARY KEY (project_id, user_id, group_id),
    FOREIGN KEY (project_id, user_id) REFERENCES members (project_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, group_id) REFERENCES groups (project_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE personal_access_tokens (
    id           BLOB    NOT NULL PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id),
    secret_hash  BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    note         TEXT    NOT NULL,
    permissions  TEXT    NOT NULL CHECK (json_type(permissions) = 'array'),
    all_projects INTEGER NOT NULL CHECK (all_projects IN (0, 1)),
    seeded       INTEGER NOT NULL CHECK (seeded IN (0, 1)),
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX personal_access_tokens_of_user ON personal_access_tokens (user_id, created_at, id);

CREATE INDEX personal_access_tokens_seeded ON personal_access_tokens (seeded) WHERE seeded = 1;

CREATE TABLE personal_access_token_projects (
    token_id   BLOB NOT NULL REFERENCES personal_access_tokens (id) ON DELETE CASCADE,
    project_id BLOB NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX personal_access_token_projects_of_project ON personal_access_token_projects (project_id);

CREATE TABLE internal_tokens (
    id          BLOB    NOT NULL PRIMARY KEY,
    user_id     BLOB    NOT NULL REFERENCES users (id),
    secret_hash BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    seeded      INTEGER NOT NULL CHECK (seeded IN (0, 1)),
    expires_at  INTEGER,
    created_at  INTEGER NOT NULL
, source TEXT NOT NULL DEFAULT 'command-line'
    CHECK (source IN ('command-line', 'mail', 'invitation', 'link', 'passkey')), ip_address TEXT, user_agent TEXT, authenticated_at INTEGER, last_seen_at INTEGER, idle_ms INTEGER
    CHECK ((source = 'command-line') = (idle_ms IS NULL) AND (last_seen_at IS NULL) = (idle_ms IS NULL))) STRICT, WITHOUT ROWID;

CREATE INDEX internal_tokens_of_user ON internal_tokens (user_id, created_at, id);

CREATE INDEX internal_tokens_seeded ON internal_tokens (seeded) WHERE seeded = 1;

CREATE TABLE invitations (
    id              BLOB    NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    user_id         BLOB    NOT NULL UNIQUE REFERENCES users (id),
    created_by      BLOB    REFERENCES users (id),
    status          TEXT    NOT NULL CHECK (status IN ('pending', 'accepted')),
    expires_at      INTEGER NOT NULL,
    accepted_at     INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((status = 'accepted') = (accepted_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation_secrets (
    secret_hash   BLOB    NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    invitation_id BLOB    NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    state         TEXT    NOT NULL CHECK (state IN ('live', 'used', 'replaced', 'withdrawn')),
    is_send       INTEGER NOT NULL CHECK (is_send IN (0, 1)),
    created_at    INTEGER NOT NULL
, sent_by BLOB REFERENCES users (id)) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX invitation_secrets_one_live ON invitation_secrets (invitation_id) WHERE state = 'live';

CREATE INDEX invitation_secrets_sends ON invitation_secrets (invitation_id, created_at) WHERE is_send = 1;

CREATE TABLE audit_logs (
    id              BLOB    NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    created_at      INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    -- Who did it; NULL for the operator at the command line.
    user_id         BLOB    REFERENCES users (id),
    project_id      BLOB    REFERENCES projects (id),
    -- The thing that changed.
    ref_id          BLOB    NOT NULL,
    ip_address      TEXT,
    user_agent      TEXT,
    data            TEXT    NOT NULL CHECK (json_type(data) = 'object')
) STRICT, WITHOUT ROWID;

CREATE INDEX projects_deleted ON projects (organisation_id, created_at, id) WHERE deleted_at IS NOT NULL;

CREATE TABLE project_approval_groups (
    project_id BLOB    NOT NULL,
    group_id   BLOB    NOT NULL,
    position   INTEGER NOT NULL,
    PRIMARY KEY (project_id, group_id),
    FOREIGN KEY (project_id, group_id) REFERENCES groups (project_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
    id                       BLOB    NOT NULL PRIMARY KEY,
    organisation_id          BLOB    NOT NULL REFERENCES organisations (id),
    name                     TEXT    NOT NULL,
    description              TEXT,
    all_projects             INTEGER NOT NULL CHECK (all_projects IN (0, 1)),
    idp_groups               TEXT    NOT NULL CHECK (json_type(idp_groups) = 'array'),
    project_permissions      TEXT    NOT NULL CHECK (json_type(project_permissions) = 'array'),
    project_file_permissions TEXT    NOT NULL CHECK (json_type(project_file_permissions) = 'array'),
    created_at               INTEGER NOT NULL,
    updated_at               INTEGER NOT NULL
, search_name TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;

CREATE INDEX roles_in_order ON roles (organisation_id, created_at, id);

CREATE TABLE role_users (
    role_id BLOB NOT NULL REFERENCES roles (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (role_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_users_of_user ON role_users (user_id);

CREATE TABLE role_projects (
    role_id    BLOB NOT NULL REFERENCES roles (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    PRIMARY KEY (role_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_projects_of_project ON role_projects (project_id);

CREATE UNIQUE INDEX groups_of_role ON groups (role_id, project_id) WHERE role_id IS NOT NULL;

CREATE INDEX groups_in_order ON groups (project_id, created_at, id);

CREATE INDEX members_with_mark ON members (project_id, user_id) WHERE owner = 1;

CREATE INDEX invitations_in_order ON invitations (organisation_id, created_at, id, status, user_id);

CREATE INDEX invitation_secrets_of_sender ON invitation_secrets (sent_by, created_at) WHERE is_send = 1;

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

CREATE INDEX users_with_clash ON users (organisation_id, email_clash) WHERE email_clash IS NOT NULL;

CREATE INDEX users_in_order
    ON users (organisation_id, created_at, id, is_service, status, search_address, search_name);

CREATE TABLE organisations (
    id           BLOB    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    display_name TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    preferences  TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(preferences) = 'object')
) STRICT, WITHOUT ROWID;

CREATE TABLE servers (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    public_url TEXT    NOT NULL
) STRICT;

CREATE INDEX projects_in_order ON projects (organisation_id, created_at, id, deleted_at);

CREATE INDEX audit_logs_in_order ON audit_logs (organisation_id, created_at, id, type, action, project_id);

CREATE INDEX audit_logs_of_user ON audit_logs (organisation_id, user_id, created_at, id, type, action, project_id);

CREATE TABLE audit_log_segments (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    -- From 0, without gaps.
    number          INTEGER NOT NULL CHECK (number >= 0),
    -- The position of its last entry.
    last_created_at INTEGER NOT NULL,
    last_id         BLOB    NOT NULL,
    PRIMARY KEY (organisation_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log_sums (
    organisation_id BLOB    NOT NULL,
    segment         INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    entries         INTEGER NOT NULL CHECK (entries > 0),
    PRIMARY KEY (organisation_id, segment, type, action),
    FOREIGN KEY (organisation_id, segment) REFERENCES audit_log_segments (organisation_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log_project_sums (
    organisation_id BLOB    NOT NULL,
    project_id      BLOB    NOT NULL REFERENCES projects (id),
    segment         INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    entries         INTEGER NOT NULL CHECK (entries > 0),
    PRIMARY KEY (organisation_id, project_id, segment, type, action),
    FOREIGN KEY (organisation_id, segment) REFERENCES audit_log_segments (organisation_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_log_project_sums_of_segment ON audit_log_project_sums (organisation_id, segment);

CREATE TABLE user_totals (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    is_service      INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    total           INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, is_service, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation_totals (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    status          TEXT    NOT NULL,
    total           INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE search_ranges (
    number          INTEGER NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL UNIQUE REFERENCES organisations (id) ON DELETE CASCADE
) STRICT;

CREATE TRIGGER organisations_search_range AFTER INSERT ON organisations BEGIN
    INSERT INTO search_ranges (organisation_id) VALUES (NEW.id);
END;

CREATE VIRTUAL TABLE users_search
USING fts5(search_address, search_name, content = '', detail = none, tokenize = 'trigram case_sensitive 1');

CREATE VIRTUAL TABLE users_search_terms USING fts5vocab(users_search, instance);

CREATE TABLE users_search_rows (
    row INTEGER NOT NULL PRIMARY KEY,
    id  BLOB    NOT NULL UNIQUE
) STRICT;

CREATE VIRTUAL TABLE projects_search
USING fts5(search_name, content = '', detail = none, tokenize = 'trigram case_sensitive 1');

CREATE VIRTUAL TABLE projects_search_terms USING fts5vocab(projects_search, instance);

CREATE TABLE projects_search_rows (
    row INTEGER NOT NULL PRIMARY KEY,
    id  BLOB    NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER users_search_added AFTER INSERT ON users BEGIN
    INSERT INTO users_search_rows (row, id)
    SELECT 1 + coalesce((SELECT max(row)
                         FROM users_search_rows
                         WHERE row BETWEEN number << 32 AND (number << 32) + 4294967295),
                        number << 32),
           NEW.id
    FROM search_ranges
    WHERE organisation_id = NEW.organisation_id;
    INSERT INTO users_search (rowid, search_address, search_name)
    SELECT row, NEW.search_address, NEW.search_name FROM users_search_rows WHERE id = NEW.id;
END;

CREATE TRIGGER users_search_changed
AFTER UPDATE OF search_address, search_name ON users
WHEN (OLD.search_address, OLD.search_name) <> (NEW.search_address, NEW.search_name) BEGIN
    INSERT INTO users_search (users_search, rowid, search_address, search_name)
    SELECT 'delete', row, OLD.search_address, OLD.search_name FROM users_search_rows WHERE id = OLD.id;
    UPDATE users_search_rows
    SET row = 1 + (SELECT max(other.row)
                   FROM users_search_rows AS other
                   WHERE other.row BETWEEN users_search_rows.row >> 32 << 32
                                       AND (users_search_rows.row >> 32 << 32) + 4294967295)
    WHERE id = NEW.id;
    INSERT INTO users_search (rowid, search_address, search_name)
    SELECT row, NEW.search_address, NEW.search_name FROM users_search_rows WHERE id = NEW.id;
END;

CREATE TRIGGER users_search_removed AFTER DELETE ON users BEGIN
    INSERT INTO users_search (users_search, rowid, search_address, search_name)
    SELECT 'delete', row, OLD.search_address, OLD.search_name FROM users_search_rows WHERE id = OLD.id;
    DELETE FROM users_search_rows WHERE id = OLD.id;
END;

CREATE TRIGGER projects_search_added AFTER INSERT ON projects BEGIN
    INSERT INTO projects_search_rows (row, id)
    SELECT 1 + coalesce((SELECT max(row)
                         FROM projects_search_rows
                         WHERE row BETWEEN number << 32 AND (number << 32) + 4294967295),
                        number << 32),
           NEW.id
    FROM search_ranges
    WHERE organisation_id = NEW.organisation_id;
    INSERT INTO projects_search (rowid, search_name)
    SELECT row, NEW.search_name FROM projects_search_rows WHERE id = NEW.id;
END;

CREATE TRIGGER projects_search_changed
AFTER UPDATE OF search_name ON projects WHEN OLD.search_name <> NEW.search_name BEGIN
    INSERT INTO projects_search (projects_search, rowid, search_name)
    SELECT 'delete', row, OLD.search_name FROM projects_search_rows WHERE id = OLD.id;
    UPDATE projects_search_rows
    SET row = 1 + (SELECT max(other.row)
                   FROM projects_search_rows AS other
                   WHERE other.row BETWEEN projects_search_rows.row >> 32 << 32
                                       AND (projects_search_rows.row >> 32 << 32) + 4294967295)
    WHERE id = NEW.id;
    INSERT INTO projects_search (rowid, search_name)
    SELECT row, NEW.search_name FROM projects_search_rows WHERE id = NEW.id;
END;

CREATE TRIGGER projects_search_removed AFTER DELETE ON projects BEGIN
    INSERT INTO projects_search (projects_search, rowid, search_name)
    SELECT 'delete', row, OLD.search_name FROM projects_search_rows WHERE id = OLD.id;
    DELETE FROM projects_search_rows WHERE id = OLD.id;
END;

CREATE TRIGGER audit_logs_removed AFTER DELETE ON audit_logs BEGIN
    DELETE FROM audit_log_sums
    WHERE organisation_id = OLD.organisation_id AND type = OLD.type AND action = OLD.action AND entries = 1
      AND segment = (SELECT number
                     FROM audit_log_segments
                     WHERE organisation_id = OLD.organisation_id
                       AND (last_created_at, last_id) >= (OLD.created_at, OLD.id)
                     ORDER BY number
                     LIMIT 1);
    UPDATE audit_log_sums
    SET entries = entries - 1
    WHERE organisation_id = OLD.organisation_id AND type = OLD.type AND action = OLD.action AND entries > 1
      AND segment = (SELECT number
                     FROM audit_log_segments
                     WHERE organisation_id = OLD.organisation_id
                       AND (last_created_at, last_id) >= (OLD.created_at, OLD.id)
                     ORDER BY number
                     LIMIT 1);
END;

CREATE TRIGGER audit_logs_removed_of_project AFTER DELETE ON audit_logs WHEN OLD.project_id IS NOT NULL BEGIN
    DELETE FROM audit_log_project_sums
    WHERE organisation_id = OLD.organisation_id AND project_id = OLD.project_id AND type = OLD.type
      AND action = OLD.action AND entries = 1
      AND segment = (SELECT number
                     FROM audit_log_segments
                     WHERE organisation_id = OLD.organisation_id
                       AND (last_created_at, last_id) >= (OLD.created_at, OLD.id)
                     ORDER BY number
                     LIMIT 1);
    UPDATE audit_log_project_sums
    SET entries = entries - 1
    WHERE organisation_id = OLD.organisation_id AND project_id = OLD.project_id AND type = OLD.type
      AND action = OLD.action AND entries > 1
      AND segment = (SELECT number
                     FROM audit_log_segments
                     WHERE organisation_id = OLD.organisation_id
                       AND (last_created_at, last_id) >= (OLD.created_at, OLD.id)
                     ORDER BY number
                     LIMIT 1);
END;

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

CREATE INDEX mails_of_invitation ON mails (invitation_id) WHERE state = 'queued';

CREATE INDEX mails_in_order ON mails (created_at, id);

CREATE INDEX mails_queued ON mails (next_attempt_at, id) WHERE state = 'queued' AND claimed_at IS NULL;

CREATE INDEX mails_claimed ON mails (id) WHERE claimed_at IS NOT NULL;

CREATE INDEX users_of_address ON users (email_folded);

CREATE INDEX users_of_clash ON users (email_clash) WHERE email_clash IS NOT NULL;

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

CREATE TABLE sign_in_devices (
    secret_hash  BLOB    NOT NULL CHECK (length(secret_hash) = 32),
    address_hash BLOB    NOT NULL CHECK (length(address_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (secret_hash, address_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_devices_of_address ON sign_in_devices (address_hash, created_at);

CREATE INDEX sign_in_devices_by_end ON sign_in_devices (expires_at);

CREATE TABLE sign_in_links (
    secret_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    user_id     BLOB    NOT NULL REFERENCES users (id),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_links_by_end ON sign_in_links (expires_at);

INSERT INTO users_search (users_search, rank) VALUES ('secure-delete', 1);

INSERT INTO projects_search (projects_search, rank) VALUES ('secure-delete', 1);
