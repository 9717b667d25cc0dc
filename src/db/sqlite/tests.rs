use std::time::Duration;

use super::*;
use crate::db::jobs::Write;
use crate::db::sqlite::Options;
use crate::db::sqlite::connection::{self, Source};
use crate::db::{Party, params};
use tokio::sync::oneshot;

struct Bench {
    _folder: tempfile::TempDir,
    writer: Writer,
}

type Outcome = oneshot::Receiver<Result<usize, Problem>>;

impl Bench {
    fn new(size_max: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        connection::prepare_file(&path).unwrap();
        let options = Options { size_max, ..Options::new(&path) };
        let shared = Shared::open(&options, &options.path).unwrap();
        let connection = connection::open_plain(&Source::shared(&path)).unwrap();
        connection::before_first_write(&connection, &options).unwrap();
        connection::to_writer(&connection).unwrap();
        connection.execute_batch("CREATE TABLE t (x INTEGER NOT NULL)").unwrap();
        shared.file.record_wal_files().unwrap();
        let writer = Writer::new(connection, Clock::default(), 32, None, shared);
        Self { writer, _folder: folder }
    }

    fn run(&self, jobs: Vec<(Box<dyn Job>, Outcome)>) -> Vec<Result<usize, Problem>> {
        let (batch, outcomes): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
        let mut pending = batch;
        while !pending.is_empty() {
            let mut put_off = Batch::new();
            for job in self.writer.work(pending, &mut put_off) {
                job.answer();
            }
            pending = put_off;
        }
        outcomes.into_iter().map(|outcome| outcome.blocking_recv().unwrap()).collect()
    }

    fn sum(&self) -> i64 {
        let sql = "SELECT coalesce(sum(x), 0) FROM t";
        self.writer.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

fn job(
    work: impl FnMut(&Tx) -> Result<usize, Problem> + Send + 'static,
    deadline: Instant,
) -> (Box<dyn Job>, Outcome) {
    let (answer, outcome) = oneshot::channel();
    (Box::new(Write::new(work, Party::Server, deadline, answer)), outcome)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn adds(value: i64) -> (Box<dyn Job>, Outcome) {
    job(move |tx| tx.execute("INSERT INTO t VALUES (?1)", params![value]), soon())
}

#[test]
fn a_batch_commits_valid_writes_and_refuses_the_rest() {
    let bench = Bench::new(None);
    let refused = job(|_| Err(Problem::NotFound("thing")), soon());
    let outcomes = bench.run(vec![adds(1), refused, adds(2)]);
    assert!(matches!(outcomes[..], [Ok(1), Err(Problem::NotFound(_)), Ok(1)]), "{outcomes:?}");
    assert_eq!(bench.sum(), 3);
}

#[test]
fn a_partial_change_is_rolled_back_and_the_others_are_committed() {
    let bench = Bench::new(None);
    let half = job(
        |tx| {
            tx.execute("INSERT INTO t VALUES (100)", ())?;
            Err(Problem::NotFound("thing"))
        },
        soon(),
    );
    let outcomes = bench.run(vec![adds(1), half, adds(2)]);
    assert!(matches!(outcomes[..], [Ok(1), Err(Problem::NotFound(_)), Ok(1)]), "{outcomes:?}");
    assert_eq!(bench.sum(), 3);
}

#[test]
fn a_panic_fails_one_write() {
    let bench = Bench::new(None);
    let panics = job(
        |tx| {
            tx.execute("INSERT INTO t VALUES (100)", ())?;
            panic!("as planned")
        },
        soon(),
    );
    let outcomes = bench.run(vec![adds(1), panics, adds(2)]);
    assert!(matches!(&outcomes[..], [Ok(1), Err(Problem::Internal(_)), Ok(1)]), "{outcomes:?}");
    assert_eq!(bench.sum(), 3);
}

#[test]
fn a_write_past_its_deadline_is_dropped() {
    let bench = Bench::new(None);
    let late = job(|tx| tx.execute("INSERT INTO t VALUES (100)", ()), Instant::now());
    let outcomes = bench.run(vec![late, adds(1)]);
    assert!(matches!(outcomes[..], [Err(Problem::TimedOut), Ok(1)]), "{outcomes:?}");
    assert_eq!(bench.sum(), 1);
}

#[test]
fn a_full_file_refuses_the_batch_and_works_again_with_free_space() {
    let bench = Bench::new(Some(10 * 4096));
    bench.writer.connection.execute_batch("CREATE TABLE ballast (b BLOB)").unwrap();
    bench.writer.connection.execute_batch("INSERT INTO ballast VALUES (zeroblob(20000))").unwrap();
    let large = || {
        job(
            |tx| {
                tx.execute("INSERT INTO t VALUES (5)", ())?;
                tx.execute("INSERT INTO ballast VALUES (zeroblob(30000))", ())
            },
            soon(),
        )
    };
    let outcomes = bench.run(vec![adds(1), large(), adds(2)]);
    assert!(matches!(outcomes[1], Err(Problem::Unavailable(Unavailable::DiskFull))), "{outcomes:?}");
    // The small writes either committed alone or failed as unavailable, never partially.
    let value = |position: usize, value: i64| if outcomes[position].is_ok() { value } else { 0 };
    assert_eq!(bench.sum(), value(0, 1) + value(2, 2));

    bench.writer.connection.execute_batch("DELETE FROM ballast").unwrap();
    let before = bench.sum();
    assert!(matches!(bench.run(vec![large()])[..], [Ok(1)]));
    assert_eq!(bench.sum(), before + 5);
}

#[test]
fn what_a_batch_has_found_is_looked_up_again_after_a_write_that_can_change_it() {
    let bench = Bench::new(None);
    let look = || {
        let work = |tx: &Tx| {
            let look_up = || tx.optional("SELECT coalesce(sum(x), 0) FROM t", (), |row| row.get::<i64>(0));
            let found = tx.find_once(b"sum", look_up)?.unwrap_or_default();
            Ok(usize::try_from(found).unwrap())
        };
        job(work, soon())
    };
    let doubles = job(|tx| tx.execute("UPDATE t SET x = 2 * x", ()), soon());
    bench.writer.clock.freeze();
    let outcomes = bench.run(vec![adds(1), look(), adds(10), look(), doubles, look()]);
    let found: Vec<usize> = outcomes.into_iter().map(|outcome| outcome.ok().unwrap()).collect();
    assert_eq!(found, [1, 1, 1, 1, 2, 22]);
}
