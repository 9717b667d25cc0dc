-- How many users and invitations an organisation has, by what their lists can be filtered by: counting 100,000 rows takes
-- far longer than reading a page of them. The writes that change a total keep it (src/store/totals.rs).
--
-- No CHECK: a total that another program made wrong would keep people from accepting their invitations. `brms check`
-- finds it.

CREATE TABLE user_totals (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    is_service      INTEGER NOT NULL,
    status          TEXT    NOT NULL,
    total           INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, is_service, status)
) STRICT, WITHOUT ROWID;

INSERT INTO user_totals (organisation_id, is_service, status, total)
SELECT organisation_id, is_service, status, count(*) FROM users GROUP BY organisation_id, is_service, status;

CREATE TABLE invitation_totals (
    organisation_id BLOB    NOT NULL REFERENCES organisations (id),
    status          TEXT    NOT NULL,
    total           INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, status)
) STRICT, WITHOUT ROWID;

INSERT INTO invitation_totals (organisation_id, status, total)
SELECT organisation_id, status, count(*) FROM invitations GROUP BY organisation_id, status;
