//! Pending work, in one line for each party. Whoever has used the database least comes first, and within a batch each party
//! has one piece of work after the other, so that a party with much work delays only itself.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::party::Party;

/// Something that waits in a line.
pub(super) trait Waiting {
    fn party(&self) -> Party;
}

/// The lines of all parties that have something to do.
pub(super) struct PartyLines<T> {
    of_parties: HashMap<Party, PartyLine<T>>,
    length: usize,
    /// How many lines there have been.
    formed: u64,
}

struct PartyLine<T> {
    waiting: VecDeque<T>,
    /// How many of its entries were taken and have not ended.
    in_hand: usize,
    /// The time that its entries took. A new line begins with the least of the others: nothing is saved up.
    used: Duration,
    formed: u64,
}

impl<T: Waiting> PartyLines<T> {
    pub(super) fn new() -> Self {
        Self { of_parties: HashMap::new(), length: 0, formed: 0 }
    }

    /// How many entries wait.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds an entry at the end of its party's line.
    pub(super) fn add(&mut self, entry: T) {
        self.line(entry.party()).waiting.push_back(entry);
        self.length += 1;
    }

    fn line(&mut self, party: Party) -> &mut PartyLine<T> {
        if !self.of_parties.contains_key(&party) {
            let used = self.of_parties.values().map(|line| line.used).min().unwrap_or_default();
            self.formed += 1;
            let line = PartyLine { waiting: VecDeque::new(), in_hand: 0, used, formed: self.formed };
            self.of_parties.insert(party, line);
        }
        self.of_parties.get_mut(&party).expect("it was added")
    }

    /// Takes up to `count_max` entries, round by round: one of each party, those that have used least first. Parties with
    /// `in_hand_max` entries in hand have to wait.
    pub(super) fn take(&mut self, count_max: usize, in_hand_max: usize) -> Vec<T> {
        let may_go = |line: &PartyLine<T>| !line.waiting.is_empty() && line.in_hand < in_hand_max;
        let mut order: Vec<_> = self.of_parties.values_mut().filter(|line| may_go(line)).collect();
        order.sort_unstable_by_key(|line| (line.used, Reverse(line.formed)));
        let mut taken = Vec::with_capacity(count_max.min(self.length));
        while taken.len() < count_max && !order.is_empty() {
            order.retain_mut(|line| {
                if taken.len() < count_max
                    && let Some(entry) = line.waiting.pop_front()
                {
                    line.in_hand += 1;
                    taken.push(entry);
                }
                may_go(line)
            });
        }
        self.length -= taken.len();
        taken
    }

    /// Notes that an entry has ended, and how long it took.
    pub(super) fn end(&mut self, party: Party, took: Duration) {
        let Some(line) = self.of_parties.get_mut(&party) else { return };
        line.in_hand -= 1;
        line.used += took;
        if line.in_hand == 0 && line.waiting.is_empty() {
            self.of_parties.remove(&party);
        }
    }

    /// Puts entries that were taken, and did not begin, back to where they were.
    pub(super) fn give_back(&mut self, entries: Vec<T>) {
        self.length += entries.len();
        for entry in entries.into_iter().rev() {
            let line = self.line(entry.party());
            line.in_hand -= 1;
            line.waiting.push_front(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const MANY: usize = 100;

    #[derive(Debug, PartialEq)]
    struct Entry(u128, u32);

    impl Waiting for Entry {
        fn party(&self) -> Party {
            party(self.0)
        }
    }

    fn party(number: u128) -> Party {
        Party::Organisation(Uuid::from_u128(number))
    }

    fn lines(entries: &[(u128, u32)]) -> PartyLines<Entry> {
        let mut lines = PartyLines::new();
        for (party, number) in entries {
            lines.add(Entry(*party, *number));
        }
        lines
    }

    fn names(entries: &[Entry]) -> Vec<(u128, u32)> {
        entries.iter().map(|Entry(party, number)| (*party, *number)).collect()
    }

    #[test]
    fn each_party_has_one_after_the_other_and_keeps_its_own_order() {
        let mut lines = lines(&[(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2)]);
        assert_eq!(names(&lines.take(5, MANY)), [(3, 1), (2, 1), (1, 1), (3, 2), (1, 2)]);
        assert_eq!(lines.len(), 1);
        assert_eq!(names(&lines.take(5, MANY)), [(1, 3)]);
        assert!(lines.is_empty());
    }

    #[test]
    fn who_has_used_less_comes_first_and_nothing_is_saved_up() {
        let mut lines = lines(&[(1, 1), (1, 2), (1, 3)]);
        assert_eq!(lines.take(1, MANY).len(), 1);
        lines.end(party(1), Duration::from_secs(9));
        lines.add(Entry(2, 1));
        lines.add(Entry(2, 2));
        assert_eq!(
            names(&lines.take(1, MANY)),
            [(2, 1)],
            "it begins with what the other has used, and is newer"
        );
        lines.end(party(2), Duration::from_secs(1));
        assert_eq!(names(&lines.take(1, MANY)), [(1, 2)]);
        lines.end(party(1), Duration::from_secs(2));
        assert_eq!(names(&lines.take(1, MANY)), [(2, 2)]);
    }

    #[test]
    fn what_did_not_begin_is_where_it_was() {
        let mut lines = lines(&[(1, 1), (1, 2), (2, 1), (1, 3)]);
        let mut taken = lines.take(3, MANY);
        assert_eq!(names(&taken), [(2, 1), (1, 1), (1, 2)]);
        lines.give_back(taken.split_off(1));
        lines.end(party(2), Duration::from_secs(1));
        assert_eq!(lines.len(), 3);
        assert_eq!(names(&lines.take(4, MANY)), [(1, 1), (1, 2), (1, 3)]);
    }

    #[test]
    fn a_party_with_enough_in_hand_waits_and_is_forgotten_at_the_end() {
        let mut lines = lines(&[(1, 1), (1, 2), (1, 3), (2, 1)]);
        assert_eq!(names(&lines.take(4, 2)), [(2, 1), (1, 1), (1, 2)]);
        assert!(lines.take(4, 2).is_empty());
        lines.end(party(1), Duration::ZERO);
        assert_eq!(names(&lines.take(4, 2)), [(1, 3)]);
        for number in [1, 1, 2] {
            lines.end(party(number), Duration::ZERO);
        }
        assert!(lines.of_parties.is_empty());
    }
}
