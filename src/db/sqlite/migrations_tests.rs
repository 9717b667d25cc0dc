use super::*;
use crate::db::sqlite::beside;

fn fresh() -> (tempfile::TempDir, std::path::PathBuf, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let connection = Connection::open(&path).unwrap();
    (folder, path, connection)
}

#[test]
fn steps_run_once_and_in_order() {
    let (_folder, path, mut connection) = fresh();
    run(&mut connection, &path, &["CREATE TABLE a (x)"]).unwrap();
    run(&mut connection, &path, &["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"]).unwrap();
    connection.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
    run(&mut connection, &path, &["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"]).unwrap();
}

#[test]
fn the_file_is_copied_before_it_is_changed() {
    let (_folder, path, mut connection) = fresh();
    run(&mut connection, &path, &["CREATE TABLE a (x)"]).unwrap();
    connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
    run(&mut connection, &path, &["CREATE TABLE a (x)", "DROP TABLE a"]).unwrap();
    let copy = Connection::open(beside(&path, "before-step-2")).unwrap();
    assert_eq!(copy.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 7);
}

#[test]
fn each_state_of_the_file_is_copied_once() {
    let (_folder, path, mut connection) = fresh();
    let first = "CREATE TABLE a (x)";
    run(&mut connection, &path, &[first]).unwrap();
    for value in [7, 8] {
        connection.execute("UPDATE a SET x = 0", []).unwrap();
        connection.execute("INSERT INTO a VALUES (?1)", [value]).unwrap();
        // Retried, as a service manager does.
        for _ in 0..3 {
            run(&mut connection, &path, &[first, "DROP TABLE missing"]).unwrap_err();
        }
    }
    for (name, value) in [("before-step-2", 7), ("before-step-2-2", 8)] {
        let copy = Connection::open(beside(&path, name)).unwrap();
        assert_eq!(copy.query_row("SELECT max(x) FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), value);
    }
    assert!(!beside(&path, "before-step-2-3").exists());
}

#[test]
fn a_step_that_fails_leaves_nothing_behind() {
    let (_folder, path, mut connection) = fresh();
    let error = run(&mut connection, &path, &["CREATE TABLE a (x); CREATE TABLE a (x)"]).unwrap_err();
    assert!(error.to_string().contains("schema step 1"), "{error}");
    run(&mut connection, &path, &["CREATE TABLE a (x)"]).unwrap();
}

#[test]
fn a_newer_file_and_a_foreign_file_are_refused() {
    let (_folder, path, mut connection) = fresh();
    run(&mut connection, &path, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
    let error = run(&mut connection, &path, &["CREATE TABLE a (x)"]).unwrap_err();
    assert!(error.to_string().contains("newer brms"), "{error}");

    let (_folder, path, mut connection) = fresh();
    connection.execute_batch("CREATE TABLE other (x)").unwrap();
    let error = run(&mut connection, &path, ALL).unwrap_err();
    assert!(error.to_string().contains("not a brms database"), "{error}");
}

#[test]
fn fr_50_folding_addresses_keeps_users_who_would_become_one() {
    let (_folder, path, mut connection) = fresh();
    run(&mut connection, &path, &ALL[..5]).unwrap();
    let sign = '\u{212a}';
    let addresses = [
        // The new address of the first is the old folding of the second.
        "\"karl\"@x.test".to_owned(),
        format!("{sign}arl@x.test"),
        format!("{sign}@bücher.test"),
        format!("{sign}@xn--bcher-kva.test"),
        // Its new address is the folding that the one before keeps.
        "\"k\"@xn--bcher-kva.test".to_owned(),
    ];
    let organisation = "INSERT INTO organisations (id, name, display_name, created_at, updated_at)
                        VALUES (x'01', 'a', 'A', 1, 1)";
    connection.execute(organisation, []).unwrap();
    for (number, email) in (1_u8..).zip(&addresses) {
        let user = "INSERT INTO users (id, organisation_id, email, email_folded, type, status, is_service,
                                       created_at, updated_at)
                    VALUES (?1, x'01', ?2, ?3, 'member', 'active', 0, ?4, 1)";
        let values = (vec![number], email, email.to_lowercase(), number);
        connection.execute(user, values).unwrap();
    }
    run(&mut connection, &path, ALL).unwrap();
    let sql = "SELECT email_folded, email_clash FROM users ORDER BY created_at";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, Option<String>)> = rows.map(Result::unwrap).collect();
    let shared = format!("{sign}@xn--bcher-kva.test");
    let wanted = [
        ("karl@x.test".to_owned(), None),
        (format!("{sign}arl@x.test"), None),
        ("k@bücher.test".to_owned(), Some(shared.clone())),
        ("k@xn--bcher-kva.test".to_owned(), Some(shared)),
        ("\"k\"@xn--bcher-kva.test".to_owned(), Some("k@xn--bcher-kva.test".to_owned())),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn todays_schema_is_sound() {
    let (_folder, path, mut connection) = fresh();
    run(&mut connection, &path, ALL).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    // Reports a foreign key whose parent has no fitting unique index.
    connection.query_row("PRAGMA foreign_key_check", [], |_| Ok(())).unwrap_err();
}

#[test]
fn a_long_log_of_an_older_file_is_cut_into_segments() {
    let (_folder, path, mut connection) = fresh();
    run(&mut connection, &path, &ALL[..8]).unwrap();
    // Two organisations: the log of the second one is a few entries longer than two segments.
    connection
        .execute_batch(
            "INSERT INTO organisations (id, name, display_name, created_at, updated_at)
             VALUES (x'01', 'a', 'A', 1, 1), (x'02', 'b', 'B', 1, 1);
             INSERT INTO projects (id, organisation_id, key, name, version, protected, created_at, updated_at)
             VALUES (x'09', x'02', 'a', 'A', 'v2', 0, 1, 1);
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 16390 + 8000)
             INSERT INTO audit_logs (id, organisation_id, created_at, type, action, ref_id, data, project_id)
             SELECT unhex(printf('%032x', n)), iif(n <= 8000, x'01', x'02'), -n / 3,
                    iif(n % 5 = 0, 'project', 'user'), iif(n % 7 = 0, 'created', 'updated'), x'00', '{}',
                    iif(n % 3 = 0 AND n > 8000, x'09', NULL)
             FROM numbers",
        )
        .unwrap();
    run(&mut connection, &path, ALL).unwrap();
    let sums = "SELECT hex(organisation_id), segment, sum(entries) FROM audit_log_sums GROUP BY 1, 2";
    let mut statement = connection.prepare(sums).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let rows: Vec<(String, i64, i64)> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, [("02".to_owned(), 0, 8192), ("02".to_owned(), 1, 8192)]);
    let of_projects =
        "SELECT segment, sum(entries) FROM audit_log_project_sums WHERE project_id = x'09' GROUP BY 1";
    let mut statement = connection.prepare(of_projects).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(i64, i64)> = rows.map(Result::unwrap).collect();
    assert!(matches!(rows[..], [(0, 2729..=2733), (1, 2729..=2733)]), "{rows:?}");
    let wrong = "SELECT count(*)
         FROM audit_log_sums AS sums
         JOIN audit_log_segments AS segment ON number = segment AND segment.organisation_id = sums.organisation_id
         WHERE entries <> (SELECT count(*) FROM audit_logs AS entry
                           WHERE entry.organisation_id = sums.organisation_id
                             AND entry.type = sums.type AND entry.action = sums.action
                             AND (created_at, id) <= (last_created_at, last_id))
                          - (SELECT coalesce(sum(entries), 0) FROM audit_log_sums AS before
                             WHERE before.organisation_id = sums.organisation_id AND before.type = sums.type
                               AND before.action = sums.action AND before.segment < sums.segment)";
    assert_eq!(connection.query_row(wrong, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

/// What makes the schema of this file, and the rows that it begins with, out of an empty one.
fn schema_of(connection: &Connection) -> String {
    let shadows = "SELECT name FROM pragma_table_list WHERE type = 'shadow'";
    let mut statements = texts(
        connection,
        &format!(
            "SELECT sql FROM sqlite_schema
         WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite!_%' ESCAPE '!' AND tbl_name NOT IN ({shadows})
         ORDER BY rowid"
        ),
    );
    let searches =
        texts(connection, "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE % fts5(%'");
    for table in searches {
        let is_set = format!("SELECT count(*) FROM {table}_config WHERE k = 'secure-delete' AND v = 1");
        assert_eq!(connection.query_row(&is_set, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
        statements.push(format!("INSERT INTO {table} ({table}, rank) VALUES ('secure-delete', 1)"));
    }
    let head = "-- The schema of a new file, as SQLite has it after all steps in src/db/migrations/sqlite.\n\
                -- SCHEMA=write cargo test --lib migrations writes it anew.\n\n";
    format!("{head}{};\n", statements.join(";\n\n"))
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// The schema, and the settings of the search indexes.
fn stored(connection: &Connection) -> Vec<String> {
    let sql = "SELECT type || name || tbl_name || coalesce(sql, '') FROM sqlite_schema
               UNION ALL SELECT 'users' || k || v FROM users_search_config
               UNION ALL SELECT 'projects' || k || v FROM projects_search_config
               ORDER BY 1";
    texts(connection, sql)
}

#[test]
fn a_new_file_is_as_all_steps_make_it() {
    let (_folder, path, mut by_steps) = fresh();
    run(&mut by_steps, &path, &ALL[..1]).unwrap();
    run(&mut by_steps, &path, ALL).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/schema/sqlite.sql");
    if std::env::var_os("SCHEMA").is_some_and(|value| value == "write") {
        std::fs::write(file, schema_of(&by_steps)).unwrap();
        return;
    }
    assert_eq!(SCHEMA, schema_of(&by_steps), "SCHEMA=write cargo test --lib migrations writes it anew");
    let (_folder, path, mut at_once) = fresh();
    run(&mut at_once, &path, ALL).unwrap();
    assert_eq!(step(&at_once, &path).unwrap(), last());
    assert_eq!(stored(&at_once), stored(&by_steps));
    // A step that adds rows has to add them to a new file, too.
    let tables =
        texts(&by_steps, "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'");
    assert!(tables.len() > 20);
    for table in tables.iter().filter(|table| !table.starts_with("sqlite_")) {
        let rows =
            by_steps.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0));
        assert_eq!(rows, Ok(0), "{table}");
    }
}
