//! Odd parameters of the query and of the path.

use super::{Odd, odd, owner_get};
use crate::support::seed;

fn users(query: &str) -> Vec<u8> {
    owner_get(&format!("/api/users?{query}"))
}

fn logs(query: &str) -> Vec<u8> {
    owner_get(&format!("/api/audit-logs?{query}"))
}

fn members_of(id: &str) -> Vec<u8> {
    owner_get(&seed::members_path(id))
}

fn counts() -> Vec<Odd> {
    vec![
        odd("`?page=1&page=1`", users("page=1&page=1"), "Readers differ on which one counts."),
        odd("`?pages=0&x[]=1`", users("pages=0&x[]=1"), "Unknown parameters are ignored."),
        odd(
            "`?page=1;perPage=0`",
            users("page=1;perPage=0"),
            "Only `&` separates, so the page is `1;perPage=0`.",
        ),
        odd("`?%70age=1`", users("%70age=1"), "Names are decoded, too."),
        odd("`?page=1.0&perPage=1e2`", users("page=1.0&perPage=1e2"), "They are whole numbers."),
        odd(
            "`?page=0`, `-1`, `1.5`, `NaN`, `0x1`, `01`",
            users("page=0"),
            "A page is a whole number from 1 on.",
        )
        .alike(users("page=-1"))
        .alike(users("page=1.5"))
        .alike(users("page=NaN"))
        .alike(users("page=0x1"))
        .alike(users("page=01")),
        odd(
            "`?page=9007199254740992`",
            users("page=9007199254740992"),
            "Beyond 2^53 - 1 readers of JSON round.",
        ),
        odd("`?page=` with nothing behind it", users("page="), "An empty text is no number."),
        odd("`?perPage=100000`", users("perPage=100000"), "Served as 500, and `paginate.pageSize` says so."),
    ]
}

fn others() -> Vec<Odd> {
    vec![
        odd("`?search=%FF`", users("search=%FF"), "Not UTF-8."),
        odd(
            "`?search=%`, `%zz`",
            users("search=%zz"),
            "A percent sign that encodes nothing stands for itself.",
        )
        .alike(users("search=%")),
        odd("`?search=a+b`", users("search=a+b"), "In a query `+` is a blank."),
        odd(
            "`?fromDate=2026-01-31T12:00:00+01:00`",
            logs("fromDate=2026-01-31T12:00:00+01:00"),
            "So the offset has lost its sign. The problem says to write `%2B`.",
        ),
        odd(
            "`?fromDate=2026-01-31T12:00:00%2B01:00`",
            logs("fromDate=2026-01-31T12:00:00%2B01:00"),
            "As it is meant.",
        ),
        odd("`?sort=asc`", logs("sort=asc"), "Words are told apart by letter case: `ASC`."),
        odd("an id in capital letters", members_of(&seed::PRICING.to_uppercase()), "The same id."),
        odd(
            "an id without hyphens",
            members_of(&seed::PRICING.replace('-', "")),
            "`format: uuid` is the form with hyphens.",
        ),
        odd("an id with `%00` behind it", members_of(&format!("{}%00", seed::PRICING)), "The same."),
    ]
}

pub fn all() -> Vec<Odd> {
    counts().into_iter().chain(others()).collect()
}
