-- Every write kept more B-trees than its readers need: an index whose only readers are served by the primary key, three
-- indexes of the audit log, which is found by its segments now, and a row of counts that every write changed.

DROP INDEX member_groups_of_group;

DROP TRIGGER audit_logs_counted;
DROP TRIGGER audit_logs_uncounted;
DROP TABLE audit_log_counts;
DROP INDEX audit_logs_of_type;
DROP INDEX audit_logs_of_action;

-- With the columns of the filters, so that counting and filtering reads the index alone.
DROP INDEX audit_logs_in_order;
CREATE INDEX audit_logs_in_order ON audit_logs (organisation_id, created_at, id, type, action, project_id);
DROP INDEX audit_logs_of_project;
DROP INDEX audit_logs_of_user;
CREATE INDEX audit_logs_of_user ON audit_logs (organisation_id, user_id, created_at, id, type, action, project_id);

-- The log of an organisation in its order, cut into segments of 8,192 entries (src/store/audit_log_segments.rs). The
-- newest entries belong to none.
CREATE TABLE audit_log_segments (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    -- From 0, without gaps.
    number          INTEGER NOT NULL CHECK (number >= 0),
    -- The position of its last entry.
    last_created_at INTEGER NOT NULL,
    last_id         BLOB    NOT NULL,
    PRIMARY KEY (organisation_id, number)
) STRICT, WITHOUT ROWID;

-- How many entries of each type and action a segment has.
CREATE TABLE audit_log_sums (
    organisation_id BLOB    NOT NULL,
    segment         INTEGER NOT NULL,
    type            TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    entries         INTEGER NOT NULL CHECK (entries > 0),
    PRIMARY KEY (organisation_id, segment, type, action),
    FOREIGN KEY (organisation_id, segment) REFERENCES audit_log_segments (organisation_id, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The same for each project that has any there.
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

-- Nothing of ours removes entries, but another program may.
CREATE TRIGGER audit_logs_removed AFTER DELETE ON audit_logs BEGIN
    DELETE FROM audit_log_segments
    WHERE organisation_id = OLD.organisation_id AND (last_created_at, last_id) >= (OLD.created_at, OLD.id);
END;

INSERT INTO audit_log_segments (organisation_id, number, last_created_at, last_id)
SELECT organisation_id, position / 8192 - 1, created_at, id
FROM (SELECT organisation_id, created_at, id,
             row_number() OVER (PARTITION BY organisation_id ORDER BY created_at, id) AS position
      FROM audit_logs)
WHERE position % 8192 = 0;

INSERT INTO audit_log_sums (organisation_id, segment, type, action, entries)
SELECT segment.organisation_id, segment.number, entry.type, entry.action, count(*)
FROM audit_log_segments AS segment
LEFT JOIN audit_log_segments AS previous
    ON previous.organisation_id = segment.organisation_id AND previous.number = segment.number - 1
JOIN audit_logs AS entry
    ON entry.organisation_id = segment.organisation_id
    AND (entry.created_at, entry.id) <= (segment.last_created_at, segment.last_id)
    AND (entry.created_at, entry.id)
        > (coalesce(previous.last_created_at, -9223372036854775808), coalesce(previous.last_id, x''))
GROUP BY segment.organisation_id, segment.number, entry.type, entry.action;

INSERT INTO audit_log_project_sums (organisation_id, project_id, segment, type, action, entries)
SELECT segment.organisation_id, entry.project_id, segment.number, entry.type, entry.action, count(*)
FROM audit_log_segments AS segment
LEFT JOIN audit_log_segments AS previous
    ON previous.organisation_id = segment.organisation_id AND previous.number = segment.number - 1
JOIN audit_logs AS entry
    ON entry.organisation_id = segment.organisation_id
    AND (entry.created_at, entry.id) <= (segment.last_created_at, segment.last_id)
    AND (entry.created_at, entry.id)
        > (coalesce(previous.last_created_at, -9223372036854775808), coalesce(previous.last_id, x''))
WHERE entry.project_id IS NOT NULL
GROUP BY segment.organisation_id, entry.project_id, segment.number, entry.type, entry.action;
