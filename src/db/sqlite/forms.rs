//! Forms that each engine has in its own way, and that a statement of a store names by one name: lists of ids, texts in
//! texts, and the search indexes. They are replaced when a statement is prepared.

use std::borrow::Cow;

/// A form: how it begins, and what SQLite takes in its place.
struct SqlForm {
    begin: &'static str,
    expand: fn(&[&str]) -> String,
}

const FORMS: [SqlForm; 4] = [
    // SQLite has no list parameters, but can read JSON as a table.
    SqlForm {
        begin: "ids(",
        expand: |arguments| {
            let [list] = arguments else { return unknown() };
            format!("(SELECT unhex(value) AS id, key AS position FROM json_each({list}))")
        },
    },
    SqlForm {
        begin: "has_text(",
        expand: |arguments| {
            let [search, text] = arguments else { return unknown() };
            format!("(instr({text}, {search}) > 0)")
        },
    },
    SqlForm { begin: "found_users(", expand: |arguments| found("users", arguments) },
    SqlForm { begin: "found_projects(", expand: |arguments| found("projects", arguments) },
];

/// SQLite says what is wrong with the statement.
fn unknown() -> String {
    "unknown_form".to_owned()
}

/// The rows of an organisation that have all trigrams of a text, as a table with the column `found_id`. The order of the
/// join is fixed: SQLite would look each row of the table up in the index.
fn found(table: &str, arguments: &[&str]) -> String {
    let [organisation, search] = arguments else { return unknown() };
    let first = format!("SELECT number << 32 FROM search_ranges WHERE organisation_id = {organisation}");
    format!(
        "(SELECT found.id AS found_id
          FROM {table}_search CROSS JOIN {table}_search_rows AS found
          WHERE {table}_search MATCH trigrams({search})
            AND {table}_search.rowid BETWEEN ({first}) AND ({first}) + 4294967295
            AND found.row = {table}_search.rowid)"
    )
}

/// The statement with every form replaced. Each begins with a parameter.
pub(super) fn expanded(sql: &str) -> Cow<'_, str> {
    let mut expanded = String::new();
    let mut done = 0;
    for (place, _) in sql.match_indices('?') {
        let Some(form) = FORMS.iter().find(|form| place >= done && sql[done..place].ends_with(form.begin))
        else {
            continue;
        };
        let (arguments, _) = sql[place..].split_once(')').unwrap_or((&sql[place..], ""));
        let list: Vec<&str> = arguments.split(',').map(str::trim).collect();
        expanded.push_str(&sql[done..place - form.begin.len()]);
        expanded.push_str(&(form.expand)(&list));
        done = place + arguments.len() + 1;
    }
    if done == 0 {
        return Cow::Borrowed(sql);
    }
    expanded.push_str(sql.get(done..).unwrap_or_default());
    Cow::Owned(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_replaced_and_everything_else_stays() {
        let plain = "SELECT has_text, '?' FROM t WHERE a IN (?1, ?2) AND b = f(?3)";
        assert!(matches!(expanded(plain), Cow::Borrowed(text) if text == plain));
        assert_eq!(
            expanded(
                "SELECT 1 WHERE has_text(?2, a) OR has_text(?2, b) AND id IN (SELECT id FROM ids(?10) AS l)"
            ),
            "SELECT 1 WHERE (instr(a, ?2) > 0) OR (instr(b, ?2) > 0) AND id IN (SELECT id FROM \
             (SELECT unhex(value) AS id, key AS position FROM json_each(?10)) AS l)"
        );
        assert!(
            expanded("SELECT found_id FROM found_users(?1, ?2) AS f LIMIT ?3").ends_with(") AS f LIMIT ?3")
        );
    }
}
