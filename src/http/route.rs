//! Routing: finds the route of a request.

use crate::problem::Problem;

/// One method on one path template (`/api/users/{userId}`), and its target.
#[derive(Clone, Copy, Debug)]
pub struct Route<T> {
    /// The method.
    pub method: &'static str,
    /// The template: each segment is a literal or, in braces, a parameter name.
    pub path: &'static str,
    /// The target.
    pub target: T,
    outline: Outline,
}

/// A constructor for tables with one line for each route.
pub const fn route<T: Copy>(method: &'static str, path: &'static str, target: T) -> Route<T> {
    Route { method, path, target, outline: Outline::of(path) }
}

/// What a template shows at a glance. Every request is compared with every route, and most differ in it.
#[derive(Clone, Copy, Debug)]
struct Outline {
    segments: u32,
    /// A bit for each segment that is a parameter; that of the left-most segment is the greatest. Of two matching
    /// templates the smaller one wins.
    parameters: u32,
}

impl Outline {
    const fn of(path: &str) -> Self {
        let (mut segments, mut parameters, mut position) = (0, 0, 0);
        while position < path.len() {
            match path.as_bytes()[position] {
                b'/' => segments += 1,
                b'{' => parameters |= 1 << (u32::BITS - segments),
                _ => {}
            }
            position += 1;
        }
        Self { segments, parameters }
    }
}

/// Finds the route of a method and a path.
///
/// If several templates match, literal segments win over parameters, from the left, and only the routes of the winner
/// count: `PUT /api/users/service` cannot update a user with the id "service", because `/api/users/service` has routes
/// of its own. HEAD uses the route of GET.
pub fn find<T>(routes: &'static [Route<T>], method: &str, path: &str) -> Result<&'static Route<T>, Problem> {
    let segments = path.bytes().filter(|byte| *byte == b'/').count();
    let fitting =
        routes.iter().filter(|route| route.outline.segments as usize == segments && fits(route.path, path));
    let mut winners: Vec<_> = fitting.collect();
    let Some(best) = winners.iter().map(|route| route.outline.parameters).min() else {
        return Err(Problem::UnknownPath);
    };
    winners.retain(|route| route.outline.parameters == best);
    let wanted = if method == "HEAD" { "GET" } else { method };
    let found = winners.iter().find(|route| route.method == wanted).copied();
    found.ok_or_else(|| Problem::MethodNotAllowed { allow: allow(&winners) })
}

/// The end of a template that matches one or more further segments. No route has it.
const REST: &[u8] = b"{*}";

/// Whether a template matches a path.
#[must_use]
pub fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.as_bytes(), path.as_bytes());
    loop {
        (template, path) = match (template, path) {
            (REST, [first, ..]) => return *first != b'/',
            ([b'{', ..], [first, ..]) if *first != b'/' => {
                (from(template, b'}').strip_prefix(b"}").unwrap_or_default(), from(path, b'/'))
            }
            ([wanted, template @ ..], [given, path @ ..]) if wanted == given => (template, path),
            _ => return template.is_empty() && path.is_empty(),
        };
    }
}

/// The text from the first such byte on, which a template has behind each `{`.
fn from(text: &[u8], byte: u8) -> &[u8] {
    &text[text.iter().position(|other| *other == byte).unwrap_or(text.len())..]
}

fn allow<T>(routes: &[&Route<T>]) -> String {
    let mut methods: Vec<_> = routes.iter().map(|route| route.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[Route<u8>] = &[
        route("GET", "/users", 1),
        route("POST", "/users", 2),
        route("PUT", "/users/{userId}", 3),
        route("POST", "/users/service", 4),
        route("POST", "/users/{userId}/invitation", 5),
    ];

    fn found(method: &str, path: &str) -> Result<u8, String> {
        find(ROUTES, method, path).map(|route| route.target).map_err(|problem| match problem {
            Problem::MethodNotAllowed { allow } => allow,
            other => other.status().to_string(),
        })
    }

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        assert_eq!(found("POST", "/users/service"), Ok(4));
        assert_eq!(found("PUT", "/users/service"), Err("POST".into()));
        assert_eq!(found("PUT", "/users/other"), Ok(3));
        assert_eq!(found("POST", "/users/service/invitation"), Ok(5));
    }

    #[test]
    fn of_literal_segments_the_left_most_wins() {
        const CROSSED: &[Route<u8>] = &[route("GET", "/a/{one}/c", 1), route("GET", "/a/b/{two}", 2)];
        for (path, expected) in [("/a/b/c", 2), ("/a/x/c", 1), ("/a/b/x", 2)] {
            assert_eq!(find(CROSSED, "GET", path).map(|route| route.target).ok(), Some(expected), "{path}");
        }
    }

    #[test]
    fn an_unknown_method_is_told_what_is_allowed() {
        for method in ["DELETE", "OPTIONS", "TRACE", "get", "BREW"] {
            assert_eq!(found(method, "/users"), Err("GET, HEAD, POST".into()), "{method}");
        }
        assert_eq!(found("HEAD", "/users"), Ok(1));
        assert_eq!(found("HEAD", "/users/1"), Err("PUT".into()));
    }

    #[test]
    fn a_rest_is_one_segment_or_more() {
        for (path, expected) in
            [("/a/1/b", true), ("/a/1/b/c/", true), ("/a/1", false), ("/a/1/", false), ("/a/1//b", false)]
        {
            assert_eq!(fits("/a/{one}/{*}", path), expected, "{path}");
        }
    }

    #[test]
    fn a_path_matches_completely_or_not_at_all() {
        for path in ["", "/", "/user", "/users/", "/users/1/", "/users//invitation", "//users", "/Users", "*"]
        {
            assert_eq!(found("GET", path), Err("404".into()), "{path}");
        }
    }
}
