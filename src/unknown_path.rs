//! The problem for an unknown path: not implemented here, or similar to a known path.

use crate::generated::router::ROUTES;
use crate::http;
use crate::problem::Problem;

/// Paths that the vendor is known to have but `brms.json` does not. A 404 could make a client conclude that a resource
/// was deleted. `{*}` matches any rest.
const NOT_BUILT: &[&str] = &[
    "/api/ai/chat",
    "/api/projects/{projectId}/branches",
    "/api/projects/{projectId}/branches/{branchId}",
    "/api/projects/{projectId}/branches/{branchId}/commit",
    "/api/projects/{projectId}/branches/{branchId}/commits",
    "/api/projects/{projectId}/branches/{branchId}/merge",
    "/api/projects/{projectId}/change-requests/{changeRequestId}",
    "/api/projects/{projectId}/decisions/simulate",
    "/api/projects/{projectId}/documents/move",
    "/api/projects/{projectId}/documents/{documentId}",
    "/api/projects/{projectId}/documents/{documentId}/versions",
    "/api/projects/{projectId}/documents/{documentId}/versions/{version}",
    "/api/projects/{projectId}/environments",
    "/api/projects/{projectId}/environments/{environmentId}",
    "/api/projects/{projectId}/environments/{environmentId}/evaluate/{*}",
    "/api/projects/{projectId}/environments/{environmentId}/regenerate-token",
    "/api/projects/{projectId}/evaluate/{*}",
    "/api/projects/{projectId}/http-proxy",
    "/api/projects/{projectId}/integrations/{integrationId}",
    "/api/projects/{projectId}/releases",
    "/api/projects/{projectId}/releases/apply",
    "/api/projects/{projectId}/releases/multipart",
    "/api/projects/{projectId}/releases/{releaseId}",
    "/api/projects/{projectId}/releases/{releaseId}/download",
    "/api/projects/{projectId}/security/tokens",
    "/api/projects/{projectId}/security/tokens/{tokenId}",
    "/api/projects/{projectId}/test-events",
    "/api/rules-sync",
    "/api/rules/{*}",
];

/// The problem for an unknown path.
#[must_use]
pub fn problem(path: &str) -> Problem {
    if NOT_BUILT.iter().any(|template| http::fits(template, path)) {
        return Problem::NotBuilt;
    }
    meant(path).map_or(Problem::UnknownPath, |meant| Problem::MisspeltPath { meant })
}

/// The operation's path that this one becomes after correcting common mistakes: extra slashes, letter case, a missing
/// or repeated `/api`, a version segment.
fn meant(path: &str) -> Option<&'static str> {
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let is_version = |segment: &str| {
        segment.strip_prefix('v').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let given = path.split('/').filter(|segment| !segment.is_empty());
    let given = given.skip_while(|segment| segment.eq_ignore_ascii_case("api") || is_version(segment));
    let given: Vec<String> = given.map(str::to_ascii_lowercase).collect();
    let bare = format!("/api/{}", given.join("/"));
    let fitting = ROUTES.iter().filter(|route| http::fits(&route.path.to_ascii_lowercase(), &bare));
    fitting.map(|route| route.path).min_by_key(|template| template.matches('{').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implemented_paths_are_not_listed_as_not_built() {
        for template in NOT_BUILT {
            assert!(
                ROUTES.iter().all(|route| route.path != *template),
                "{template} has operations: take it out here"
            );
        }
        assert!(NOT_BUILT.is_sorted());
    }
}
