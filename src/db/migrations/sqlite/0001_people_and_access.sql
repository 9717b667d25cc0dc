-- People, what they may do, and how they come in.
--
-- Ids are UUIDs of 16 bytes, times are UTC milliseconds in columns named …_at, words are those of
-- brms.json. Where two requests could race, a constraint here decides, not a look before the write.

CREATE TABLE organisations (
    id           BLOB    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL UNIQUE,
    display_name TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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
    updated_at      INTEGER NOT NULL,
    UNIQUE (organisation_id, email_folded)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX users_one_owner ON users (organisation_id) WHERE type = 'owner';
CREATE INDEX users_in_order ON users (organisation_id, created_at, id);

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
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX projects_live_key ON projects (organisation_id, key) WHERE deleted_at IS NULL;
CREATE INDEX projects_in_order ON projects (organisation_id, created_at, id);

-- A group is named by its project and its id together, so that member_groups can demand with a
-- foreign key that member and group are of the same project.
CREATE TABLE groups (
    project_id       BLOB    NOT NULL REFERENCES projects (id),
    id               BLOB    NOT NULL UNIQUE,
    name             TEXT    NOT NULL,
    description      TEXT,
    -- A JSON array of permission words in the order given, or NULL.
    permissions      TEXT    CHECK (permissions IS NULL OR json_type(permissions) = 'array'),
    file_permissions TEXT    CHECK (file_permissions IS NULL OR json_type(file_permissions) = 'array'),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    PRIMARY KEY (project_id, id)
) STRICT, WITHOUT ROWID;

-- One membership for a user in a project: the key decides when two requests invite at once.
CREATE TABLE members (
    project_id BLOB    NOT NULL REFERENCES projects (id),
    user_id    BLOB    NOT NULL REFERENCES users (id),
    id         BLOB    NOT NULL UNIQUE,
    owner      INTEGER NOT NULL CHECK (owner IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_of_user ON members (user_id);

CREATE TABLE member_groups (
    project_id BLOB NOT NULL,
    user_id    BLOB NOT NULL,
    group_id   BLOB NOT NULL,
    PRIMARY KEY (project_id, user_id, group_id),
    FOREIGN KEY (project_id, user_id) REFERENCES members (project_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, group_id) REFERENCES groups (project_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX member_groups_of_group ON member_groups (project_id, group_id);

-- Credentials. Only the SHA-256 of a secret is kept. seeded = 1: the secret stands in a seed file, so
-- others may know it, and `serve` keeps such a database on loopback.
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

-- What internalAuth takes: a sign-in of a person.
CREATE TABLE internal_tokens (
    id          BLOB    NOT NULL PRIMARY KEY,
    user_id     BLOB    NOT NULL REFERENCES users (id),
    secret_hash BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    seeded      INTEGER NOT NULL CHECK (seeded IN (0, 1)),
    expires_at  INTEGER,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX internal_tokens_of_user ON internal_tokens (user_id, created_at, id);
CREATE INDEX internal_tokens_seeded ON internal_tokens (seeded) WHERE seeded = 1;

-- One invitation for a user, for good: sending again renews it.
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

CREATE INDEX invitations_in_order ON invitations (organisation_id, created_at, id);

-- Every secret an invitation ever had, so that a dead link can be told why it is dead.
-- is_send = 1: it counts for the throttle (a seeded one does not).
CREATE TABLE invitation_secrets (
    secret_hash   BLOB    NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    invitation_id BLOB    NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    state         TEXT    NOT NULL CHECK (state IN ('live', 'used', 'replaced', 'withdrawn')),
    is_send       INTEGER NOT NULL CHECK (is_send IN (0, 1)),
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX invitation_secrets_one_live ON invitation_secrets (invitation_id) WHERE state = 'live';
CREATE INDEX invitation_secrets_sends ON invitation_secrets (invitation_id, created_at) WHERE is_send = 1;

-- The outbox, and in `message` the local mailbox. `secret` is there only until the mail is delivered
-- or cancelled: the CHECK makes forgetting to wipe it an error.
CREATE TABLE mails (
    id              BLOB    NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    invitation_id   BLOB    NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    recipient       TEXT    NOT NULL,
    -- What the templates are filled with, as JSON, without the secret.
    content         TEXT    NOT NULL CHECK (json_type(content) = 'object'),
    secret          TEXT,
    state           TEXT    NOT NULL CHECK (state IN ('queued', 'delivered', 'cancelled', 'failed')),
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    last_error      TEXT,
    created_at      INTEGER NOT NULL,
    delivered_at    INTEGER,
    message         BLOB,
    CHECK ((state = 'queued') = (secret IS NOT NULL)),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
) STRICT;

CREATE INDEX mails_queued ON mails (next_attempt_at, id) WHERE state = 'queued';
CREATE INDEX mails_of_invitation ON mails (invitation_id) WHERE state = 'queued';
CREATE INDEX mails_in_order ON mails (created_at, id);

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

CREATE INDEX audit_logs_in_order ON audit_logs (organisation_id, created_at, id);
