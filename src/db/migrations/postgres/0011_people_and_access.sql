-- The schema as of step 11. A PostgreSQL database begins with it: files of earlier steps exist for SQLite only.
-- Flags are 0 or 1, as in SQLite, so that one text of a statement serves both. Texts are ordered by their bytes, JSON
-- is stored as it was written, and times are milliseconds since 1970.

-- A list of ids as a table, counted from 0.
CREATE FUNCTION ids(list uuid[]) RETURNS TABLE (id uuid, "position" bigint) LANGUAGE sql IMMUTABLE AS
    $$ SELECT element, ordinality - 1 FROM unnest(list) WITH ORDINALITY AS listed (element, ordinality) $$;

CREATE TABLE organisations (
    id           uuid NOT NULL PRIMARY KEY,
    name         text COLLATE "C" NOT NULL,
    display_name text COLLATE "C" NOT NULL,
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL,
    preferences  text COLLATE "C" NOT NULL DEFAULT '{}' CHECK (json_typeof(preferences::json) = 'object')
);

CREATE TABLE servers (
    id         bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    public_url text COLLATE "C" NOT NULL
);

CREATE TABLE users (
    id              uuid NOT NULL PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    email           text COLLATE "C" NOT NULL,
    -- The address in lower case: A@x and a@x are one person, whatever was typed.
    email_folded    text COLLATE "C" NOT NULL,
    first_name      text COLLATE "C",
    last_name       text COLLATE "C",
    type            text COLLATE "C" NOT NULL CHECK (type IN ('invited', 'member', 'author', 'admin', 'owner')),
    status          text COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled', 'locked')),
    is_service      bigint NOT NULL CHECK (is_service IN (0, 1)),
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    email_clash     text COLLATE "C",
    search_address  text COLLATE "C" NOT NULL DEFAULT '',
    search_name     text COLLATE "C" NOT NULL DEFAULT '',
    UNIQUE (organisation_id, email_folded)
);

CREATE TABLE projects (
    id              uuid NOT NULL PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    key             text COLLATE "C" NOT NULL,
    name            text COLLATE "C" NOT NULL,
    version         text COLLATE "C" NOT NULL CHECK (version IN ('v1', 'v2')),
    protected       bigint NOT NULL CHECK (protected IN (0, 1)),
    deleted_at      bigint,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    approval_mode   text COLLATE "C"
                    CHECK (approval_mode IN ('require_one_per_team', 'none_create_request', 'require_any', 'none')),
    search_name     text COLLATE "C" NOT NULL DEFAULT ''
);

CREATE TABLE roles (
    id                       uuid NOT NULL PRIMARY KEY,
    organisation_id          uuid NOT NULL REFERENCES organisations (id),
    name                     text COLLATE "C" NOT NULL,
    description              text COLLATE "C",
    all_projects             bigint NOT NULL CHECK (all_projects IN (0, 1)),
    idp_groups               text COLLATE "C" NOT NULL CHECK (json_typeof(idp_groups::json) = 'array'),
    project_permissions      text COLLATE "C" NOT NULL CHECK (json_typeof(project_permissions::json) = 'array'),
    project_file_permissions text COLLATE "C" NOT NULL CHECK (json_typeof(project_file_permissions::json) = 'array'),
    created_at               bigint NOT NULL,
    updated_at               bigint NOT NULL,
    search_name              text COLLATE "C" NOT NULL DEFAULT ''
);

CREATE TABLE audit_log_segments (
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    -- From 0, without gaps.
    number          bigint NOT NULL CHECK (number >= 0),
    -- The position of its last entry.
    last_created_at bigint NOT NULL,
    last_id         uuid NOT NULL,
    PRIMARY KEY (organisation_id, number)
);

CREATE TABLE user_totals (
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    is_service      bigint NOT NULL,
    status          text COLLATE "C" NOT NULL,
    total           bigint NOT NULL,
    PRIMARY KEY (organisation_id, is_service, status)
);

CREATE TABLE invitation_totals (
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    status          text COLLATE "C" NOT NULL,
    total           bigint NOT NULL,
    PRIMARY KEY (organisation_id, status)
);

CREATE TABLE groups (
    project_id       uuid NOT NULL REFERENCES projects (id),
    id               uuid NOT NULL UNIQUE,
    name             text COLLATE "C" NOT NULL,
    description      text COLLATE "C",
    -- A JSON array of permission words in the order given, or NULL.
    permissions      text COLLATE "C" CHECK (permissions IS NULL OR json_typeof(permissions::json) = 'array'),
    file_permissions text COLLATE "C" CHECK (file_permissions IS NULL OR json_typeof(file_permissions::json) = 'array'),
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    role_id          uuid REFERENCES roles (id),
    search_name      text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, id)
);

CREATE TABLE members (
    project_id uuid NOT NULL REFERENCES projects (id),
    user_id    uuid NOT NULL REFERENCES users (id),
    id         uuid NOT NULL UNIQUE,
    owner      bigint NOT NULL CHECK (owner IN (0, 1)),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    by_role    bigint NOT NULL DEFAULT 0 CHECK (by_role IN (0, 1)),
    PRIMARY KEY (project_id, user_id)
);

CREATE TABLE personal_access_tokens (
    id           uuid NOT NULL PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    secret_hash  bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    note         text COLLATE "C" NOT NULL,
    permissions  text COLLATE "C" NOT NULL CHECK (json_typeof(permissions::json) = 'array'),
    all_projects bigint NOT NULL CHECK (all_projects IN (0, 1)),
    seeded       bigint NOT NULL CHECK (seeded IN (0, 1)),
    expires_at   bigint,
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL
);

CREATE TABLE internal_tokens (
    id          uuid NOT NULL PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    secret_hash bytea NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    seeded      bigint NOT NULL CHECK (seeded IN (0, 1)),
    expires_at  bigint,
    created_at  bigint NOT NULL
);

CREATE TABLE invitations (
    id              uuid NOT NULL PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    user_id         uuid NOT NULL UNIQUE REFERENCES users (id),
    created_by      uuid REFERENCES users (id),
    status          text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'accepted')),
    expires_at      bigint NOT NULL,
    accepted_at     bigint,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
    CHECK ((status = 'accepted') = (accepted_at IS NOT NULL))
);

CREATE TABLE audit_logs (
    id              uuid NOT NULL PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    created_at      bigint NOT NULL,
    type            text COLLATE "C" NOT NULL,
    action          text COLLATE "C" NOT NULL,
    -- Who did it; NULL for the operator at the command line.
    user_id         uuid REFERENCES users (id),
    project_id      uuid REFERENCES projects (id),
    -- The thing that changed.
    ref_id          uuid NOT NULL,
    ip_address      text COLLATE "C",
    user_agent      text COLLATE "C",
    data            text COLLATE "C" NOT NULL CHECK (json_typeof(data::json) = 'object')
);

CREATE TABLE role_users (
    role_id uuid NOT NULL REFERENCES roles (id),
    user_id uuid NOT NULL REFERENCES users (id),
    PRIMARY KEY (role_id, user_id)
);

CREATE TABLE role_projects (
    role_id    uuid NOT NULL REFERENCES roles (id),
    project_id uuid NOT NULL REFERENCES projects (id),
    PRIMARY KEY (role_id, project_id)
);

CREATE TABLE idempotency_keys (
    -- Of a personal access token or of a session, so it refers to no one table.
    credential_id uuid NOT NULL,
    key           text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    user_id       uuid NOT NULL REFERENCES users (id),
    fingerprint   bytea NOT NULL CHECK (length(fingerprint) = 32),
    status        bigint NOT NULL CHECK (status BETWEEN 200 AND 299),
    -- The ids of what was made or changed.
    ids           text COLLATE "C" NOT NULL CHECK (json_typeof(ids::json) = 'array'),
    -- NULL: the answer held a secret or was too large.
    body          bytea CHECK (length(body) <= 65536),
    expires_at    bigint NOT NULL,
    PRIMARY KEY (credential_id, key)
);

CREATE TABLE audit_log_sums (
    organisation_id uuid NOT NULL,
    segment         bigint NOT NULL,
    type            text COLLATE "C" NOT NULL,
    action          text COLLATE "C" NOT NULL,
    entries         bigint NOT NULL CHECK (entries > 0),
    PRIMARY KEY (organisation_id, segment, type, action),
    FOREIGN KEY (organisation_id, segment) REFERENCES audit_log_segments (organisation_id, number) ON DELETE CASCADE
);

CREATE TABLE audit_log_project_sums (
    organisation_id uuid NOT NULL,
    project_id      uuid NOT NULL REFERENCES projects (id),
    segment         bigint NOT NULL,
    type            text COLLATE "C" NOT NULL,
    action          text COLLATE "C" NOT NULL,
    entries         bigint NOT NULL CHECK (entries > 0),
    PRIMARY KEY (organisation_id, project_id, segment, type, action),
    FOREIGN KEY (organisation_id, segment) REFERENCES audit_log_segments (organisation_id, number) ON DELETE CASCADE
);

CREATE TABLE member_groups (
    project_id uuid NOT NULL,
    user_id    uuid NOT NULL,
    group_id   uuid NOT NULL,
    PRIMARY KEY (project_id, user_id, group_id),
    FOREIGN KEY (project_id, user_id) REFERENCES members (project_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (project_id, group_id) REFERENCES groups (project_id, id) ON DELETE CASCADE
);

CREATE TABLE personal_access_token_projects (
    token_id   uuid NOT NULL REFERENCES personal_access_tokens (id) ON DELETE CASCADE,
    project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, project_id)
);

CREATE TABLE invitation_secrets (
    secret_hash   bytea NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    invitation_id uuid NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    state         text COLLATE "C" NOT NULL CHECK (state IN ('live', 'used', 'replaced', 'withdrawn')),
    is_send       bigint NOT NULL CHECK (is_send IN (0, 1)),
    created_at    bigint NOT NULL,
    sent_by       uuid REFERENCES users (id)
);

CREATE TABLE mails (
    id              uuid NOT NULL PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES organisations (id),
    invitation_id   uuid NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    recipient       text COLLATE "C" NOT NULL,
    -- What the templates are filled with, as JSON, without the secret.
    content         text COLLATE "C" NOT NULL CHECK (json_typeof(content::json) = 'object'),
    secret          text COLLATE "C",
    state           text COLLATE "C" NOT NULL CHECK (state IN ('queued', 'delivered', 'cancelled', 'failed')),
    attempts        bigint NOT NULL,
    next_attempt_at bigint NOT NULL,
    last_answer     text COLLATE "C",
    created_at      bigint NOT NULL,
    delivered_at    bigint,
    message         bytea,
    claimed_at      bigint,
    tried_at        bigint,
    CHECK ((state = 'queued') = (secret IS NOT NULL)),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);

CREATE TABLE project_approval_groups (
    project_id uuid NOT NULL,
    group_id   uuid NOT NULL,
    position   bigint NOT NULL,
    PRIMARY KEY (project_id, group_id),
    FOREIGN KEY (project_id, group_id) REFERENCES groups (project_id, id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX users_one_owner ON users (organisation_id) WHERE type = 'owner';

CREATE UNIQUE INDEX projects_live_key ON projects (organisation_id, key) WHERE deleted_at IS NULL;

CREATE INDEX personal_access_tokens_of_user ON personal_access_tokens (user_id, created_at, id);

CREATE INDEX personal_access_tokens_seeded ON personal_access_tokens (seeded) WHERE seeded = 1;

CREATE INDEX personal_access_token_projects_of_project ON personal_access_token_projects (project_id);

CREATE INDEX internal_tokens_of_user ON internal_tokens (user_id, created_at, id);

CREATE INDEX internal_tokens_seeded ON internal_tokens (seeded) WHERE seeded = 1;

CREATE UNIQUE INDEX invitation_secrets_one_live ON invitation_secrets (invitation_id) WHERE state = 'live';

CREATE INDEX invitation_secrets_sends ON invitation_secrets (invitation_id, created_at) WHERE is_send = 1;

CREATE INDEX mails_of_invitation ON mails (invitation_id) WHERE state = 'queued';

CREATE INDEX mails_in_order ON mails (created_at, id);

CREATE INDEX projects_deleted ON projects (organisation_id, created_at, id) WHERE deleted_at IS NOT NULL;

CREATE INDEX roles_in_order ON roles (organisation_id, created_at, id);

CREATE INDEX role_users_of_user ON role_users (user_id);

CREATE INDEX role_projects_of_project ON role_projects (project_id);

CREATE UNIQUE INDEX groups_of_role ON groups (role_id, project_id) WHERE role_id IS NOT NULL;

CREATE INDEX groups_in_order ON groups (project_id, created_at, id);

CREATE INDEX members_with_mark ON members (project_id, user_id) WHERE owner = 1;

CREATE INDEX invitations_in_order ON invitations (organisation_id, created_at, id, status, user_id);

CREATE INDEX mails_queued ON mails (next_attempt_at, id) WHERE state = 'queued' AND claimed_at IS NULL;

CREATE INDEX mails_claimed ON mails (id) WHERE claimed_at IS NOT NULL;

CREATE INDEX invitation_secrets_of_sender ON invitation_secrets (sent_by, created_at) WHERE is_send = 1;

CREATE INDEX idempotency_keys_of_user ON idempotency_keys (user_id, expires_at);

CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);

CREATE INDEX users_with_clash ON users (organisation_id, email_clash) WHERE email_clash IS NOT NULL;

CREATE INDEX users_in_order
    ON users (organisation_id, created_at, id, is_service, status, search_address, search_name);

CREATE INDEX projects_in_order ON projects (organisation_id, created_at, id, deleted_at);

CREATE INDEX audit_logs_in_order ON audit_logs (organisation_id, created_at, id, type, action, project_id);

CREATE INDEX audit_logs_of_user ON audit_logs (organisation_id, user_id, created_at, id, type, action, project_id);

CREATE INDEX audit_log_project_sums_of_segment ON audit_log_project_sums (organisation_id, segment);

-- Segments end where they did, or they are made anew.
CREATE FUNCTION remove_audit_log_segments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM audit_log_segments
    WHERE organisation_id = OLD.organisation_id AND (last_created_at, last_id) >= (OLD.created_at, OLD.id);
    RETURN NULL;
END $$;

CREATE TRIGGER audit_logs_removed AFTER DELETE ON audit_logs
FOR EACH ROW EXECUTE FUNCTION remove_audit_log_segments();

-- Indexes of trigrams need an extension that not every role may create. Without it a search reads the folded columns of
-- an organisation.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm cannot be created';
END $$;

-- The extension may be in a schema that is not in the search path.
DO $$
DECLARE
    its_schema name := (SELECT nspname FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
                        WHERE extname = 'pg_trgm');
BEGIN
    IF its_schema IS NOT NULL THEN
        EXECUTE format('CREATE INDEX users_search_address ON users USING gin (search_address %I.gin_trgm_ops)', its_schema);
        EXECUTE format('CREATE INDEX users_search_name ON users USING gin (search_name %I.gin_trgm_ops)', its_schema);
        EXECUTE format('CREATE INDEX projects_search_name ON projects USING gin (search_name %I.gin_trgm_ops)', its_schema);
    END IF;
END $$;
