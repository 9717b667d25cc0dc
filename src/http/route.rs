//! Routing: finds the route of a request.

use super::parameter::{PathParameters, parameter_name};
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
}

/// A constructor for tables with one line for each route.
pub const fn route<T: Copy>(method: &'static str, path: &'static str, target: T) -> Route<T> {
    Route { method, path, target }
}

/// A matched route.
#[derive(Debug)]
pub struct Match<T> {
    /// The target.
    pub target: T,
    /// The path parameters.
    pub path: PathParameters,
}

/// Finds the route of a method and a path.
///
/// If several templates match, literal segments win over parameters, from the left, and only the routes of the winner
/// count: `PUT /api/users/service` cannot update a user with the id "service", because `/api/users/service` has routes
/// of its own. HEAD uses the route of GET.
pub fn find<T: Copy>(routes: &'static [Route<T>], method: &str, path: &str) -> Result<Match<T>, Problem> {
    let fitting = routes.iter().filter(|route| fits(route.path, path));
    let Some(best) = fitting.clone().map(|route| literals(route.path)).max() else {
        return Err(Problem::UnknownPath);
    };
    let winners: Vec<_> = fitting.filter(|route| literals(route.path) == best).collect();
    let wanted = if method == "HEAD" { "GET" } else { method };
    match winners.iter().find(|route| route.method == wanted) {
        Some(route) => Ok(Match { target: route.target, path: PathParameters::new(route.path, path) }),
        None => Err(Problem::MethodNotAllowed { allow: allow(&winners) }),
    }
}

/// The end of a template that matches one or more further segments.
const REST: &str = "/{*}";

/// Whether a template matches a path.
#[must_use]
pub fn fits(template: &str, path: &str) -> bool {
    let (template, takes_more) = match template.strip_suffix(REST) {
        Some(template) => (template, true),
        None => (template, false),
    };
    let mut segments = path.split('/');
    let all_fit = template.split('/').all(|wanted| {
        segments.next().is_some_and(|segment| match parameter_name(wanted) {
            Some(_) => !segment.is_empty(),
            None => segment == wanted,
        })
    });
    all_fit && segments.next().map_or(!takes_more, |next| takes_more && !next.is_empty())
}

/// Which segments are literal, from the left. Of two matching templates the greater one wins.
fn literals(template: &str) -> Vec<bool> {
    template.split('/').map(|segment| parameter_name(segment).is_none()).collect()
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
        find(ROUTES, method, path).map(|found| found.target).map_err(|problem| match problem {
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
    fn an_unknown_method_is_told_what_is_allowed() {
        for method in ["DELETE", "OPTIONS", "TRACE", "get", "BREW"] {
            assert_eq!(found(method, "/users"), Err("GET, HEAD, POST".into()), "{method}");
        }
        assert_eq!(found("HEAD", "/users"), Ok(1));
        assert_eq!(found("HEAD", "/users/1"), Err("PUT".into()));
    }

    #[test]
    fn a_rest_is_one_segment_or_more() {
        for (path, expected) in [("/a/1/b", true), ("/a/1/b/c/", true), ("/a/1", false), ("/a/1/", false)] {
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
