//! What is said of a path that no operation has: that only the vendor has it, or what was probably meant.

use crate::generated::router::ROUTES;
use crate::http;
use crate::problem::Problem;

/// Paths that the vendor is known to have and `brms.json` has not. A client may take a 404 for "is gone" and act on it.
/// `{*}` stands for all that follows.
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

/// The problem that such a path is answered with.
#[must_use]
pub fn problem(path: &str) -> Problem {
    if NOT_BUILT.iter().any(|template| http::fits(template, path)) {
        return Problem::NotBuilt;
    }
    meant(path).map_or(Problem::UnknownPath, |meant| Problem::MisspeltPath { meant })
}

/// The path of an operation that this one becomes without what people get wrong: slashes too many, letter case, `/api`
/// left out or doubled, a version.
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
    fn what_is_built_is_not_called_not_built() {
        for template in NOT_BUILT {
            assert!(
                ROUTES.iter().all(|route| route.path != *template),
                "{template} has operations: take it out here"
            );
        }
        assert!(NOT_BUILT.is_sorted());
    }
}
