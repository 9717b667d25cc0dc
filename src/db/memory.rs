//! What the writes of one batch have found, for those that come after them in it.

use std::any::Any;
use std::cell::RefCell;

use crate::clock::Timestamp;
use crate::problem::Problem;

/// Results of look-ups, each by a key and a time. It is empty when a batch begins, and every statement that neither
/// selects nor only inserts empties it: a row that is inserted cannot change what was found.
#[derive(Default)]
pub(super) struct Memory(RefCell<Vec<Remembered>>);

struct Remembered {
    key: Vec<u8>,
    at: Timestamp,
    found: Box<dyn Any + Send>,
}

impl Memory {
    pub(super) fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    /// Empties it before a statement that can change what was found.
    pub(super) fn note(&self, sql: &str) {
        let only_inserts = sql.starts_with("INSERT INTO ") && !sql.contains("DO UPDATE");
        if !only_inserts && !sql.starts_with("SELECT") {
            self.clear();
        }
    }

    /// What was found by the key at this time, or else what `find` finds.
    pub(super) fn find<T: Clone + Send + 'static>(
        &self,
        key: &[u8],
        at: Timestamp,
        find: impl FnOnce() -> Result<Option<T>, Problem>,
    ) -> Result<Option<T>, Problem> {
        let is_wanted = |known: &&Remembered| known.at == at && known.key == key;
        let known =
            self.0.borrow().iter().find(is_wanted).and_then(|known| known.found.downcast_ref().cloned());
        if known.is_some() {
            return Ok(known);
        }
        let found = find()?;
        if let Some(found) = found.clone() {
            self.0.borrow_mut().push(Remembered { key: key.to_vec(), at, found: Box::new(found) });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_found_again_until_a_statement_can_change_it() {
        let (memory, now) = (Memory::default(), Timestamp::from_millis(1));
        let look = |key: &[u8], at, number: i32| memory.find(key, at, || Ok(Some(number))).ok().flatten();
        assert_eq!(look(b"a", now, 1), Some(1));
        assert_eq!(look(b"a", now, 2), Some(1));
        assert_eq!(look(b"b", now, 3), Some(3), "another key");
        assert_eq!(look(b"a", Timestamp::from_millis(2), 4), Some(4), "another time");
        for (sql, expected) in [
            ("SELECT 1", 1),
            ("INSERT INTO a VALUES (1)", 1),
            ("INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", 1),
            ("INSERT INTO a VALUES (1) ON CONFLICT (b) DO UPDATE SET c = 1", 5),
            ("INSERT OR REPLACE INTO a VALUES (1)", 9),
            ("UPDATE a SET b = 1 RETURNING *", 6),
            ("DELETE FROM a", 7),
            ("WITH b AS (SELECT 1) DELETE FROM a", 8),
        ] {
            memory.note(sql);
            assert_eq!(look(b"a", now, expected), Some(expected), "{sql}");
        }
    }

    #[test]
    fn what_was_not_found_is_looked_for_again() {
        let (memory, now) = (Memory::default(), Timestamp::from_millis(1));
        assert_eq!(memory.find::<i32>(b"a", now, || Ok(None)).ok(), Some(None));
        assert_eq!(memory.find(b"a", now, || Ok(Some(1))).ok(), Some(Some(1)));
    }
}
