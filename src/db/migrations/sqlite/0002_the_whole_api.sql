-- Roles, approvals, settings of an organisation, and what lists are read by.

ALTER TABLE organisations ADD COLUMN preferences TEXT NOT NULL DEFAULT '{}'
    CHECK (json_type(preferences) = 'object');

ALTER TABLE projects ADD COLUMN approval_mode TEXT
    CHECK (approval_mode IN ('require_one_per_team', 'none_create_request', 'require_any', 'none'));

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
) STRICT, WITHOUT ROWID;

CREATE INDEX roles_in_order ON roles (organisation_id, created_at, id);

CREATE TABLE role_users (
    role_id BLOB NOT NULL REFERENCES roles (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (role_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_users_of_user ON role_users (user_id);

-- The projects of a role that does not reach all.
CREATE TABLE role_projects (
    role_id    BLOB NOT NULL REFERENCES roles (id),
    project_id BLOB NOT NULL REFERENCES projects (id),
    PRIMARY KEY (role_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX role_projects_of_project ON role_projects (project_id);

-- A role reaches a project through one group there.
ALTER TABLE groups ADD COLUMN role_id BLOB REFERENCES roles (id);
CREATE UNIQUE INDEX groups_of_role ON groups (role_id, project_id) WHERE role_id IS NOT NULL;
CREATE INDEX groups_in_order ON groups (project_id, created_at, id);

-- by_role = 1: nobody invited this member; a role brought them, and takes them away again.
ALTER TABLE members ADD COLUMN by_role INTEGER NOT NULL DEFAULT 0 CHECK (by_role IN (0, 1));
CREATE INDEX members_in_order ON members (project_id, created_at, id);
-- A user's memberships are looked up project by project, by the key; this index cost every invitation a page.
DROP INDEX members_of_user;
CREATE INDEX members_with_mark ON members (project_id, user_id) WHERE owner = 1;

CREATE INDEX audit_logs_of_project ON audit_logs (organisation_id, project_id, created_at, id);
CREATE INDEX audit_logs_of_user ON audit_logs (organisation_id, user_id, created_at, id);
CREATE INDEX audit_logs_of_type ON audit_logs (organisation_id, type, created_at, id);
CREATE INDEX audit_logs_of_action ON audit_logs (organisation_id, action, created_at, id);

-- These hold all that listing, counting and searching looks at, so that it reads the index alone.
DROP INDEX users_in_order;
CREATE INDEX users_in_order
    ON users (organisation_id, created_at, id, is_service, status, email, first_name, last_name);
DROP INDEX invitations_in_order;
CREATE INDEX invitations_in_order ON invitations (organisation_id, created_at, id, status, user_id);

-- How many entries the audit log has, by what it can be narrowed by without a date, a user or a project:
-- a total over a million rows would take longer than the page it stands on.
CREATE TABLE audit_log_counts (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    type            TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    entries         INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, type, action)
) STRICT, WITHOUT ROWID;

INSERT INTO audit_log_counts (organisation_id, type, action, entries)
SELECT organisation_id, type, action, count(*) FROM audit_logs GROUP BY organisation_id, type, action;

CREATE TRIGGER audit_logs_counted AFTER INSERT ON audit_logs BEGIN
    INSERT INTO audit_log_counts (organisation_id, type, action, entries)
    VALUES (NEW.organisation_id, NEW.type, NEW.action, 1)
    ON CONFLICT (organisation_id, type, action) DO UPDATE SET entries = entries + 1;
END;

-- Nothing here removes entries, but somebody with the file may.
CREATE TRIGGER audit_logs_uncounted AFTER DELETE ON audit_logs BEGIN
    UPDATE audit_log_counts
    SET entries = entries - 1
    WHERE organisation_id = OLD.organisation_id AND type = OLD.type AND action = OLD.action;
END;
