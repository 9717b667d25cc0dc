//! What must hold after every step, looked for in the database.

use super::world::World;
use crate::support::TestServer;
use crate::support::inside::everything;

pub fn audit_rows(server: &TestServer) -> i64 {
    server.count("SELECT count(*) FROM audit_logs")
}

/// Panics with the step when something is broken.
pub fn check(server: &TestServer, world: &World, what: &str, audit_rows_before: i64, changed: bool) {
    let owners = "SELECT count(*) FROM organisations
                  WHERE 1 <> (SELECT count(*) FROM users WHERE organisation_id = organisations.id AND type = 'owner')";
    assert_eq!(server.count(owners), 0, "not one owner: {what}");
    let orphans = server.count("SELECT count(*) FROM pragma_foreign_key_check");
    assert_eq!(orphans, 0, "rows without what they belong to: {what}");
    let strangers = "SELECT count(*) FROM member_groups JOIN groups ON groups.id = group_id
                     WHERE groups.project_id <> member_groups.project_id";
    assert_eq!(server.count(strangers), 0, "a group outside its project: {what}");
    let live = "SELECT count(*) FROM invitation_secrets AS secret JOIN invitations ON invitations.id = invitation_id
                JOIN users ON users.id = user_id
                WHERE secret.state = 'live' AND (invitations.status = 'accepted' OR users.status = 'disabled')";
    assert_eq!(server.count(live), 0, "a live link of somebody who is in, or out: {what}");
    let of_disabled = "SELECT count(*) FROM personal_access_tokens JOIN users ON users.id = user_id
                       WHERE users.status = 'disabled'";
    assert_eq!(server.count(of_disabled), 0, "a token of a disabled user: {what}");

    let written = audit_rows(server) - audit_rows_before;
    assert_eq!(written > 0, changed, "{written} audit rows: {what}");
    check_people(server, world, what);
}

/// The people and the memberships are those of the model.
fn check_people(server: &TestServer, world: &World, what: &str) {
    for user in &world.users {
        let sql = "SELECT type || ' ' || status FROM users WHERE email_folded = lower(?1)
                   AND organisation_id = (SELECT id FROM organisations WHERE name = 'acme')";
        let found: String = server.look(|tx| tx.row(sql, [&user.email], |row| row.get(0)));
        assert_eq!(found, format!("{} {}", user.standing, user.status), "{}: {what}", user.email);
    }
    for project in &world.projects {
        let sql =
            "SELECT count(*), coalesce(sum(owner), 0) FROM members JOIN projects ON projects.id = project_id
                   JOIN users ON users.id = user_id
                   WHERE key = ?1 AND users.email <> 'manager@acme.test'";
        let counts: (u32, u32) =
            server.look(|tx| tx.row(sql, [&project.key], |row| Ok((row.get(0)?, row.get(1)?))));
        let counts = (counts.0 as usize, counts.1 as usize);
        let owners = project.members.values().filter(|is_owner| **is_owner).count();
        assert_eq!(counts, (project.members.len(), owners), "{}: {what}", project.key);
    }
}

/// No sign-in's secret stands anywhere, and no code anywhere but in the mails themselves.
pub fn no_secret_is_kept(server: &TestServer, secrets: &[String], codes: &[String]) {
    for row in everything(server) {
        assert!(!secrets.iter().any(|secret| row.contains(secret.as_str())), "{row}");
        assert!(row.starts_with("mails ") || !codes.iter().any(|code| row.contains(code.as_str())), "{row}");
    }
    let waiting = server.count("SELECT count(*) FROM mails WHERE secret IS NOT NULL");
    assert_eq!(waiting, 0, "an outbox row kept its secret");
}
