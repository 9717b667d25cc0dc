//! Checks that the search indexes have the trigrams of what they index, and no others.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::db::tx::Tx;
use crate::problem::Problem;
use crate::search::all_trigrams;

/// The indexes: what each has, and the texts that it is of.
const INDEXES: [(&str, &str, &str); 2] = [
    (
        "users",
        "SELECT doc, term FROM users_search_terms",
        "SELECT found.row AS doc, users.search_address AS first, users.search_name AS second
         FROM users LEFT JOIN users_search_rows AS found ON found.id = users.id",
    ),
    (
        "projects",
        "SELECT doc, term FROM projects_search_terms",
        "SELECT found.row AS doc, projects.search_name AS first, '' AS second
         FROM projects LEFT JOIN projects_search_rows AS found ON found.id = projects.id",
    ),
];

/// The indexes that are not as the rows are, by the table that they index.
pub fn wrong_search_indexes(tx: &Tx) -> Result<Vec<&'static str>, Problem> {
    let mut wrong = Vec::new();
    for (table, indexed, texts) in INDEXES {
        let (mut has, mut should_have) = (Trigrams::default(), Trigrams::default());
        tx.rows(indexed, (), |row| {
            has.add(row.get::<i64>("doc")?, &row.get::<String>("term")?);
            Ok(())
        })?;
        tx.rows(texts, (), |row| {
            let (first, second): (String, String) = (row.get("first")?, row.get("second")?);
            let trigrams = [first, second].into_iter().flat_map(|text| all_trigrams(&as_indexed(&text)));
            let number: Option<i64> = row.get("doc")?;
            for trigram in trigrams.collect::<BTreeSet<_>>() {
                should_have.add(number.unwrap_or_default(), &trigram);
            }
            Ok(())
        })?;
        if has != should_have {
            wrong.push(table);
        }
    }
    Ok(wrong)
}

/// A set of rows and trigrams: their number, and a sum of their hashes. A large file has millions of them.
#[derive(Default, PartialEq, Eq)]
struct Trigrams {
    count: u64,
    sum: u64,
}

impl Trigrams {
    fn add(&mut self, number: i64, trigram: &str) {
        let mut hasher = DefaultHasher::new();
        (number, trigram).hash(&mut hasher);
        self.count += 1;
        self.sum = self.sum.wrapping_add(hasher.finish());
    }
}

/// FTS5 reads two characters that are none as U+FFFD.
fn as_indexed(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
