-- See the step of SQLite with this number.
DROP TRIGGER audit_logs_removed ON audit_logs;
DROP FUNCTION remove_audit_log_segments();

-- Of all entries that a statement removes at once: a sum that is changed for each of them would leave as many versions.
CREATE FUNCTION count_removed_audit_logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH counted AS (
        SELECT organisation_id, segment, type, action, count(*) AS entries
        FROM (SELECT removed.*, (SELECT number
                                 FROM audit_log_segments AS segment
                                 WHERE segment.organisation_id = removed.organisation_id
                                   AND (last_created_at, last_id) >= (removed.created_at, removed.id)
                                 ORDER BY number
                                 LIMIT 1) AS segment
              FROM removed) AS placed
        GROUP BY organisation_id, segment, type, action
    ), ended AS (
        DELETE FROM audit_log_sums AS sums
        USING counted
        WHERE sums.organisation_id = counted.organisation_id AND sums.segment = counted.segment
          AND sums.type = counted.type AND sums.action = counted.action AND sums.entries <= counted.entries
    )
    UPDATE audit_log_sums AS sums
    SET entries = sums.entries - counted.entries
    FROM counted
    WHERE sums.organisation_id = counted.organisation_id AND sums.segment = counted.segment
      AND sums.type = counted.type AND sums.action = counted.action AND sums.entries > counted.entries;

    WITH counted AS (
        SELECT organisation_id, project_id, segment, type, action, count(*) AS entries
        FROM (SELECT removed.*, (SELECT number
                                 FROM audit_log_segments AS segment
                                 WHERE segment.organisation_id = removed.organisation_id
                                   AND (last_created_at, last_id) >= (removed.created_at, removed.id)
                                 ORDER BY number
                                 LIMIT 1) AS segment
              FROM removed
              WHERE project_id IS NOT NULL) AS placed
        GROUP BY organisation_id, project_id, segment, type, action
    ), ended AS (
        DELETE FROM audit_log_project_sums AS sums
        USING counted
        WHERE sums.organisation_id = counted.organisation_id AND sums.project_id = counted.project_id
          AND sums.segment = counted.segment AND sums.type = counted.type AND sums.action = counted.action
          AND sums.entries <= counted.entries
    )
    UPDATE audit_log_project_sums AS sums
    SET entries = sums.entries - counted.entries
    FROM counted
    WHERE sums.organisation_id = counted.organisation_id AND sums.project_id = counted.project_id
      AND sums.segment = counted.segment AND sums.type = counted.type AND sums.action = counted.action
      AND sums.entries > counted.entries;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_logs_removed AFTER DELETE ON audit_logs
REFERENCING OLD TABLE AS removed
FOR EACH STATEMENT EXECUTE FUNCTION count_removed_audit_logs();
