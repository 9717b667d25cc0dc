-- Old entries of an audit log can be removed (src/store/removals.rs). An entry that was removed took all segments behind
-- it away with it; now it is counted out of its own segment, also if another program removes it, and the others stay. A
-- log whose oldest entries were removed has lost its first segments, so the numbers of segments no longer begin with 0.
--
-- A sum of 0 is no row, so that a segment is as its entries are.

DROP TRIGGER audit_logs_removed;

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
