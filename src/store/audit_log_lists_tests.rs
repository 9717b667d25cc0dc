use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::clock::Timestamp;
use crate::db::{Db, params};
use crate::generated::models::ProjectVersion;
use crate::http::Word;
use crate::store::audit_log_segments::WrongSegment;
use crate::store::audit_logs;
use crate::store::ids::{OrganisationId, ProjectId};
use crate::store::organisations::{self, Organisation};
use crate::store::projects::{self, Project};
use crate::store::removals;
use crate::store::tests::Plans;

const KINDS: [AuditLogType; 4] =
    [AuditLogType::User, AuditLogType::Project, AuditLogType::Member, AuditLogType::Group];
const ACTIONS: [&str; 3] = ["created", "updated", "deleted"];
const PROJECTS: [Uuid; 3] = [Uuid::from_u128(11), Uuid::from_u128(12), Uuid::from_u128(13)];
/// The length of segments here.
const LENGTH: i64 = 7;

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// One of them; the first ones are more frequent, so that the last one is rare.
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        let end = self.below(all.len()) + 1;
        all[if self.below(4) == 0 { self.below(end) } else { self.below(end) / 2 }]
    }
}

fn entry(numbers: &mut Numbers, organisation_id: OrganisationId, at: i64) -> StoredEntry {
    StoredEntry {
        id: Uuid::from_u64_pair(numbers.below(1 << 30) as u64, numbers.below(1 << 30) as u64).into(),
        organisation_id,
        created_at: Timestamp::from_millis(at),
        kind: numbers.of(&KINDS),
        action: numbers.of(&ACTIONS).to_owned(),
        user_id: None,
        project_id: one_of(numbers, &PROJECTS).map(Into::into),
        ref_id: Uuid::nil(),
        ip_address: None,
        user_agent: None,
        data: json!({}),
    }
}

fn project(tx: &Tx, id: ProjectId, organisation_id: OrganisationId) -> Project {
    Project {
        id,
        organisation_id,
        key: id.to_string(),
        name: "Project".to_owned(),
        version: ProjectVersion::V2,
        protected: false,
        approval_mode: None,
        deleted_at: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

/// Two organisations with some entries each, some of which came late, with as many segments as there can be.
fn fill(tx: &Tx, numbers: &mut Numbers) -> Result<[Vec<StoredEntry>; 2], Problem> {
    let organisations = ["one", "two"].map(|name| Organisation::new(tx, name, name));
    organisations.iter().try_for_each(|organisation| organisations::create(tx, organisation))?;
    for id in PROJECTS.map(ProjectId::from) {
        projects::create(tx, &project(tx, id, organisations[0].id))?;
    }
    let mut all = [Vec::new(), Vec::new()];
    for number in 0..600 {
        let which = numbers.below(2);
        let late = if numbers.below(40) == 0 { numbers.below(200) } else { 0 };
        let at = (number / 2 - i64::try_from(late).unwrap()).max(0);
        let entry = entry(numbers, organisations[which].id, at);
        audit_logs::add(tx, &entry)?;
        segments::remove_from(tx, entry.organisation_id, (entry.created_at, entry.id))?;
        if numbers.below(5) == 0 {
            segments::add(tx, entry.organisation_id, LENGTH, 3)?;
        }
        all[which].push(entry);
    }
    Ok(all)
}

/// The whole list, without segments.
fn expected(entries: &[StoredEntry], filter: &AuditLogFilter) -> Vec<Uuid> {
    let is_listed = |entry: &&StoredEntry| {
        filter.kind.is_none_or(|kind| entry.kind == kind)
            && filter.action.is_none_or(|action| entry.action == action)
            && filter.wanted.project_id.is_none_or(|id| entry.project_id == Some(id))
            && filter.wanted.from.is_none_or(|from| entry.created_at >= from)
            && filter.wanted.to.is_none_or(|to| entry.created_at <= to)
    };
    let mut listed: Vec<_> = entries.iter().filter(is_listed).collect();
    listed.sort_by_key(|entry| {
        let word = match filter.order {
            OrderBy::CreatedAt => String::new(),
            OrderBy::Type => entry.kind.to_string(),
            OrderBy::Action => entry.action.clone(),
        };
        (word, entry.created_at, entry.id)
    });
    if filter.sort == Sort::Descending {
        listed.reverse();
    }
    listed.iter().map(|entry| entry.id.into()).collect()
}

fn one_of<T: Copy>(numbers: &mut Numbers, all: &[T]) -> Option<T> {
    (numbers.below(2) == 0).then(|| all[numbers.below(all.len())])
}

#[test]
fn each_page_is_the_same_as_without_segments() {
    let Plans { db, .. } = &Plans::new();
    let all = db.write_blocking(|tx| fill(tx, &mut Numbers(7))).unwrap();
    let mut numbers = Numbers(8);
    let segments: Vec<i64> = db
        .peek(|tx| {
            tx.rows("SELECT count(*) FROM audit_log_segments GROUP BY organisation_id", (), |row| row.get(0))
        })
        .unwrap();
    assert!(segments.len() == 2 && segments.iter().all(|count| *count > 20), "{segments:?}");
    assert_lists(db, &all, &mut numbers, 3_000);
}

#[test]
fn each_page_is_the_same_after_the_oldest_entries_were_removed() {
    let Plans { db, .. } = &Plans::new();
    let mut all = db.write_blocking(|tx| fill(tx, &mut Numbers(9))).unwrap();
    let mut numbers = Numbers(10);
    let stays = db.peek(removals::newest_entry).unwrap().unwrap();
    for before in [1, 20, 21, 100, 250, 400] {
        let moment = Timestamp::from_millis(before);
        let removed = db.write_blocking(move |tx| {
            let mut removed = 0;
            for organisation_id in removals::with_old_entries(tx, moment, stays)? {
                loop {
                    let rows = removals::remove_entries(tx, organisation_id, moment, stays)?;
                    assert_eq!(segments::wrong(tx)?, [], "before {before}, after {removed}");
                    removed += rows;
                    if rows < removals::ROWS_MAX {
                        break;
                    }
                }
            }
            Ok(removed)
        });
        let had: usize = all.iter().map(Vec::len).sum();
        for entries in &mut all {
            entries.retain(|entry| entry.created_at >= moment || entry.id == stays);
        }
        let has: usize = all.iter().map(Vec::len).sum();
        assert_eq!(removed.unwrap(), had - has, "before {before}");
        all.iter().filter(|entries| !entries.is_empty()).for_each(|entries| {
            assert_lists(db, std::slice::from_ref(entries), &mut numbers, 300);
        });
    }
    assert_eq!(all.iter().map(Vec::len).sum::<usize>(), 1, "the newest one stays");
}

/// Pages of random lists have the entries that they should have.
fn assert_lists(db: &Db, all: &[Vec<StoredEntry>], numbers: &mut Numbers, rounds: usize) {
    let moments: Vec<i64> = (-1..302).collect();
    for _ in 0..rounds {
        let entries = &all[numbers.below(all.len())];
        let size = numbers.below(40) as u64 + 1;
        let filter = AuditLogFilter {
            wanted: Wanted {
                organisation_id: entries[0].organisation_id,
                project_id: one_of(numbers, &PROJECTS).map(Into::into),
                user_id: None,
                from: one_of(numbers, &moments).map(Timestamp::from_millis),
                to: one_of(numbers, &moments).map(Timestamp::from_millis),
            },
            kind: one_of(numbers, &KINDS),
            action: one_of(numbers, &ACTIONS),
            order: OrderBy::ALL[numbers.below(OrderBy::ALL.len())],
            sort: Sort::ALL[numbers.below(2)],
            page: Page::new(numbers.below(300 / usize::try_from(size).unwrap() + 2) as u64 + 1, size),
        };
        let listed = db.peek(|tx| list(tx, &filter)).unwrap();
        let expected = expected(entries, &filter);
        let skipped = usize::try_from(filter.page.skipped()).unwrap();
        let page: Vec<Uuid> = expected.iter().copied().skip(skipped).take(size.try_into().unwrap()).collect();
        let found: Vec<Uuid> = listed.rows.iter().map(|entry| entry.id.into()).collect();
        assert_eq!(
            (listed.total, found),
            (expected.len() as u64, page),
            "{:?} {:?}",
            filter.page,
            filter.order
        );
    }
}

/// How many segments there are, and those with wrong sums.
fn segments_and_faults(tx: &Tx) -> Result<(i64, Vec<WrongSegment>), Problem> {
    let segments = tx.row("SELECT count(*) FROM audit_log_segments", (), |row| row.get(0))?;
    Ok((segments, segments::wrong(tx)?))
}

type Work = fn(&Tx, OrganisationId, &mut Numbers) -> Result<(), Problem>;

/// Works on the log of one organisation; then what [`segments_and_faults`] says.
fn run(plans: &Plans, seed: u64, work: Work) -> (i64, Vec<WrongSegment>) {
    let organisation_id = Uuid::from_u128(1).into();
    plans.db.write_blocking(move |tx| work(tx, organisation_id, &mut Numbers(seed))).unwrap();
    plans.db.peek(segments_and_faults).unwrap()
}

/// A log of four times the length of a segment: three segments, and the newest entries.
fn of_three_segments() -> Plans {
    let plans = Plans::new();
    let replaced = run(&plans, 1, |tx, id, numbers| {
        organisations::create(tx, &Organisation { id, ..Organisation::new(tx, "one", "One") })?;
        for project_id in PROJECTS.map(ProjectId::from) {
            projects::create(tx, &project(tx, project_id, id))?;
        }
        let entries: Vec<_> = (0..4 * segments::SEGMENT_ENTRIES).map(|at| entry(numbers, id, at)).collect();
        audit_logs::replace_all(tx, id, &entries)
    });
    assert_eq!(replaced, (3, Vec::new()), "the newest entries are in none");
    plans
}

#[test]
fn a_late_entry_takes_segments_away_which_come_back_one_at_a_time() {
    let plans = of_three_segments();
    let late = run(&plans, 2, |tx, id, numbers| {
        let late = entry(numbers, id, segments::SEGMENT_ENTRIES + 5);
        audit_logs::add(tx, &late)?;
        segments::note(tx, id, &[(late.created_at, late.id)])
    });
    assert_eq!(late, (1, Vec::new()));
    let added = run(&plans, 3, |tx, id, _| segments::add(tx, id, segments::SEGMENT_ENTRIES, 1));
    assert_eq!(added, (2, Vec::new()));
}

#[test]
fn an_entry_that_another_program_deletes_is_counted_out_of_its_segment() {
    let plans = of_three_segments();
    let deleted = run(&plans, 4, |tx, id, _| {
        let at = Timestamp::from_millis(segments::SEGMENT_ENTRIES + 6);
        let sql = "DELETE FROM audit_logs WHERE organisation_id = ?1 AND created_at = ?2";
        tx.execute(sql, params![id, at]).map(drop)
    });
    assert_eq!(deleted, (3, Vec::new()));
    let deleted = run(&plans, 4, |tx, _, _| {
        tx.execute("DELETE FROM audit_logs WHERE action = 'created'", ()).map(drop)
    });
    assert_eq!(deleted, (3, Vec::new()));
}

#[test]
fn entries_that_are_dated_later_than_now_are_in_no_segment() {
    let plans = of_three_segments();
    let ahead = run(&plans, 5, |tx, id, numbers| {
        let year_9000 = 221_845_392_000_000;
        let entry = |number| entry(numbers, id, year_9000 + number);
        let entries: Vec<_> = (0..3 * segments::SEGMENT_ENTRIES).map(entry).collect();
        audit_logs::replace_all(tx, id, &entries)
    });
    assert_eq!(ahead, (0, Vec::new()), "the next entry would take it away");
}

#[test]
fn what_is_read_of_a_page_is_found_and_sorted_by_an_index() {
    let plans = Plans::new();
    let (id, moment) = (Uuid::nil(), Timestamp::from_millis(1));
    let position = (moment, id.into());
    for order in OrderBy::ALL.iter().copied() {
        for (bits, sort) in (0..64_u8).flat_map(|bits| Sort::ALL.iter().map(move |sort| (bits, *sort))) {
            let asked = |bit: u8| bits & (1 << bit) != 0;
            let filter = AuditLogFilter {
                wanted: Wanted {
                    organisation_id: id.into(),
                    project_id: asked(0).then(|| id.into()),
                    user_id: asked(1).then(|| id.into()),
                    from: asked(4).then_some(moment),
                    to: asked(5).then_some(moment),
                },
                kind: asked(2).then_some(AuditLogType::User),
                action: asked(3).then_some("created"),
                order,
                sort,
                page: Page::new(1, 10),
            };
            let bound = filter.is_summed().then_some(position);
            let span = filter.wanted.span().and(Span { after: bound, until: bound });
            let value = filter.column().map(|_| "user");
            let piece = || Piece { value, span, limit: 1, offset: 0 };
            let pieces = [piece(), piece()];
            let (text, parameters) = page_statement(&filter, &pieces);
            let plan = plans.of(&text, parameters.len());
            let is_slow = |step: &String| step.contains("TEMP B-TREE") || step.starts_with("SCAN audit_logs");
            assert!(!plan.iter().any(is_slow), "{plan:#?} {text}");
            assert!(plan.iter().any(|step| step.starts_with("SEARCH audit_logs USING")), "{plan:#?}");
            let counted = [(1, span)];
            let (text, parameters) = count_statement(&filter, &counted);
            let plan = plans.of(&text, parameters.len());
            assert!(plan[0].starts_with("SEARCH audit_logs USING"), "{plan:#?}");
        }
    }
}
