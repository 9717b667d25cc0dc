//! Statements as PostgreSQL takes them: `?1` is `$1`, and forms that each engine has in its own way (see
//! `sqlite/forms.rs`) are functions and subqueries here.

/// The rows of an organisation that have a text, as a table with the column `found_id`.
macro_rules! found {
    ($table:literal, $($column:literal),+) => {
        (
            concat!("found_", $table, "("),
            &|organisation, search| {
                let conditions = [$(has_text(search, $column)),+].join(" OR ");
                format!(concat!("(SELECT id AS found_id FROM ", $table, " WHERE organisation_id = {} AND ({}))"), organisation, conditions)
            },
        )
    };
}

/// A form with two arguments: how it begins, and what it becomes.
type PostgresForm = (&'static str, &'static (dyn Fn(&str, &str) -> String + Sync));

const FORMS: [PostgresForm; 3] = [
    ("has_text(", &has_text),
    found!("users", "search_address", "search_name"),
    found!("projects", "search_name"),
];

/// LIKE, because an index of trigrams serves it. Its special characters are escaped, in a subquery, so that it is done once
/// and not for each row.
fn has_text(search: &str, text: &str) -> String {
    format!("({text} LIKE (SELECT '%' || regexp_replace({search}, '([%_\\\\])', '\\\\\\1', 'g') || '%'))")
}

/// The statement as PostgreSQL takes it.
pub(super) fn expanded(sql: &str) -> String {
    let mut text = sql.to_owned();
    for (begin, expand) in FORMS {
        // The first argument is a parameter; `found_users` is also the name of nothing else.
        let begin_of_use = format!("{begin}?");
        while let Some(place) = text.find(&begin_of_use) {
            let arguments_at = place + begin.len();
            let Some(end) = text[arguments_at..].find(')').map(|length| arguments_at + length) else { break };
            let Some((first, second)) = text[arguments_at..end].split_once(',') else { break };
            let replaced = expand(first.trim(), second.trim());
            text.replace_range(place..=end, &replaced);
        }
    }
    // No text of ours has a question mark of another meaning.
    text.replace('?', "$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_and_forms_replaced() {
        assert_eq!(
            expanded("SELECT 1 FROM ids(?1) AS listed WHERE a = ?2"),
            "SELECT 1 FROM ids($1) AS listed WHERE a = $2"
        );
        assert_eq!(
            expanded("SELECT 1 WHERE has_text(?2, a) OR has_text(?2, b)"),
            r"SELECT 1 WHERE (a LIKE (SELECT '%' || regexp_replace($2, '([%_\\])', '\\\1', 'g') || '%')) OR (b LIKE (SELECT '%' || regexp_replace($2, '([%_\\])', '\\\1', 'g') || '%'))"
        );
        let found = expanded("SELECT found_id FROM found_projects(?1, ?2) AS found LIMIT ?3");
        assert!(
            found.starts_with(
                "SELECT found_id FROM (SELECT id AS found_id FROM projects WHERE organisation_id = $1 AND ("
            ),
            "{found}"
        );
        assert!(found.ends_with(") AS found LIMIT $3"), "{found}");
    }
}
