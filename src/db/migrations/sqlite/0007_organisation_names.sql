-- Two organisations may have the same name: a refusal would tell one of the other. SQLite drops the constraint of a
-- column only with its table.
CREATE TEMPORARY TABLE organisations_kept AS
    SELECT id, name, display_name, created_at, updated_at, preferences FROM organisations;
DROP TABLE organisations;

CREATE TABLE organisations (
    id           BLOB    NOT NULL PRIMARY KEY,
    name         TEXT    NOT NULL,
    display_name TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    preferences  TEXT    NOT NULL DEFAULT '{}' CHECK (json_type(preferences) = 'object')
) STRICT, WITHOUT ROWID;

INSERT INTO organisations (id, name, display_name, created_at, updated_at, preferences)
    SELECT id, name, display_name, created_at, updated_at, preferences FROM organisations_kept;
DROP TABLE organisations_kept;

-- What the commands that work on the file have to know of its server: one row, of the last start.
CREATE TABLE servers (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    public_url TEXT    NOT NULL
) STRICT;
