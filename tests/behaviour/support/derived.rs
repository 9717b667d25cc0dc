//! What the database keeps beside the rows that it follows from: totals and search indexes. Compared with those rows.

use brms::db::Tx;
use brms::problem::Problem;

use super::TestServer;
use super::statements::of_test;

/// Counted rows, then the totals that are kept of them, each in one order.
const COUNTED: [(&str, &str); 2] = [
    (
        "SELECT organisation_id AS id, CAST(is_service AS text) AS kind, status, count(*) AS total
         FROM users GROUP BY organisation_id, is_service, status ORDER BY 1, 2, 3",
        "SELECT organisation_id AS id, CAST(is_service AS text) AS kind, status, total
         FROM user_totals WHERE total <> 0 ORDER BY 1, 2, 3",
    ),
    (
        "SELECT organisation_id AS id, '' AS kind, status, count(*) AS total
         FROM invitations GROUP BY organisation_id, status ORDER BY 1, 2, 3",
        "SELECT organisation_id AS id, '' AS kind, status, total
         FROM invitation_totals WHERE total <> 0 ORDER BY 1, 2, 3",
    ),
];

type Total = (uuid::Uuid, String, String, i64);

fn totals(tx: &Tx, sql: &str) -> Result<Vec<Total>, Problem> {
    tx.rows(sql, (), |row| Ok((row.get("id")?, row.get("kind")?, row.get("status")?, row.get("total")?)))
}

/// Panics with `what` when something is kept that does not follow from the rows.
pub fn check(server: &TestServer, what: &str) {
    for (counted, kept) in COUNTED {
        let (counted, kept) = server.look(|tx| Ok((totals(tx, counted)?, totals(tx, kept)?)));
        assert!(!counted.is_empty(), "nothing is counted: {what}");
        assert_eq!(kept, counted, "{what}");
    }
    assert_eq!(server.look(brms::store::totals::wrong), [], "{what}");
    assert_eq!(server.look(brms::store::audit_log_segments::wrong), [], "{what}");
    let wrong_indexes = of_test(|| server.app().db.wrong_search_indexes()).expect("the indexes are read");
    assert_eq!(wrong_indexes, Vec::<&str>::new(), "{what}");
}
