-- An index of the trigrams in what searches of users and projects look at. A search of three or more characters looked at
-- all users of an organisation; the index names the few that can have the text. It has which rows have a trigram and not
-- where (detail = none), so the rows themselves show whether they have the text. What is removed is overwritten
-- ('secure-delete'), but single trigrams can stay as keys of its pages.
--
-- Triggers keep it, as an engine keeps an index on columns: no write can miss it, and no store knows of it.

-- A row of an index is a number. Each organisation has a range of 2^32 numbers, so that a search passes over the rows of
-- others.
CREATE TABLE search_ranges (
    number          INTEGER NOT NULL PRIMARY KEY,
    organisation_id BLOB    NOT NULL UNIQUE REFERENCES organisations (id) ON DELETE CASCADE
) STRICT;

INSERT INTO search_ranges (organisation_id) SELECT id FROM organisations ORDER BY created_at, id;

CREATE TRIGGER organisations_search_range AFTER INSERT ON organisations BEGIN
    INSERT INTO search_ranges (organisation_id) VALUES (NEW.id);
END;

CREATE VIRTUAL TABLE users_search
USING fts5(search_address, search_name, content = '', detail = none, tokenize = 'trigram case_sensitive 1');
INSERT INTO users_search (users_search, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE users_search_terms USING fts5vocab(users_search, instance);

CREATE TABLE users_search_rows (
    row INTEGER NOT NULL PRIMARY KEY,
    id  BLOB    NOT NULL UNIQUE
) STRICT;

INSERT INTO users_search_rows (row, id)
SELECT (number << 32) + row_number() OVER (PARTITION BY organisation_id ORDER BY created_at, id), id
FROM users JOIN search_ranges USING (organisation_id);

INSERT INTO users_search (rowid, search_address, search_name)
SELECT row, search_address, search_name FROM users_search_rows JOIN users USING (id) ORDER BY row;
INSERT INTO users_search (users_search) VALUES ('optimize');

CREATE VIRTUAL TABLE projects_search
USING fts5(search_name, content = '', detail = none, tokenize = 'trigram case_sensitive 1');
INSERT INTO projects_search (projects_search, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE projects_search_terms USING fts5vocab(projects_search, instance);

CREATE TABLE projects_search_rows (
    row INTEGER NOT NULL PRIMARY KEY,
    id  BLOB    NOT NULL UNIQUE
) STRICT;

INSERT INTO projects_search_rows (row, id)
SELECT (number << 32) + row_number() OVER (PARTITION BY organisation_id ORDER BY created_at, id), id
FROM projects JOIN search_ranges USING (organisation_id);

INSERT INTO projects_search (rowid, search_name)
SELECT row, search_name FROM projects_search_rows JOIN projects USING (id) ORDER BY row;
INSERT INTO projects_search (projects_search) VALUES ('optimize');

-- A changed text has a new row: where one transaction removes a row and adds it again, FTS5 (3.53, detail = none with
-- secure-delete) loses what else is added to its trigrams.

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
