-- With the deletion, so that a count of the live projects reads the index alone.
DROP INDEX projects_in_order;
CREATE INDEX projects_in_order ON projects (organisation_id, created_at, id, deleted_at);
