-- One address for one mailbox, and searches that find a name whatever its Unicode form. The functions folded_address
-- and folded_text are those of src/db/sqlite/functions.rs.

-- The folded address of a user whose mailbox another user of the organisation has, too. Such users keep the folding
-- that they had, and no user with this address is added, until the operator changes one of them (`brms user set-email`).
ALTER TABLE users ADD COLUMN email_clash TEXT;

UPDATE users
SET email_clash = folded_address(email)
WHERE (organisation_id, folded_address(email)) IN
      (SELECT organisation_id, folded_address(email) FROM users GROUP BY 1, 2 HAVING count(*) > 1);

-- A folding that is kept can be the new address of another user, whose folding is then kept as well.
UPDATE users
SET email_clash = folded_address(email)
WHERE email_clash IS NULL
  AND EXISTS (SELECT 1
              FROM users AS other
              WHERE other.organisation_id = users.organisation_id
                AND other.email_folded = folded_address(users.email)
                AND other.email_clash IS NOT NULL);

-- In two steps, since a new address can be the old folding of a user who comes later.
UPDATE users SET email_folded = hex(id) WHERE email_clash IS NULL AND email_folded <> folded_address(email);
UPDATE users SET email_folded = folded_address(email) WHERE email_folded = hex(id);

CREATE INDEX users_with_clash ON users (organisation_id, email_clash) WHERE email_clash IS NOT NULL;

-- What searches look at.
ALTER TABLE users ADD COLUMN search_address TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN search_name TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN search_name TEXT NOT NULL DEFAULT '';
ALTER TABLE groups ADD COLUMN search_name TEXT NOT NULL DEFAULT '';
ALTER TABLE roles ADD COLUMN search_name TEXT NOT NULL DEFAULT '';

UPDATE users
SET search_address = folded_text(email),
    search_name = folded_text(coalesce(first_name, '') || ' ' || coalesce(last_name, ''));
UPDATE projects SET search_name = folded_text(name);
UPDATE groups SET search_name = folded_text(name);
UPDATE roles SET search_name = folded_text(name);

-- All that listing, counting and searching looks at, so that it reads the index alone.
DROP INDEX users_in_order;
CREATE INDEX users_in_order
    ON users (organisation_id, created_at, id, is_service, status, search_address, search_name);
