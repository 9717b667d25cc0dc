//! The API documentation page: Swagger UI, whose files are embedded in the program so that it works offline. The HTML
//! page and the script that starts it are our own.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use miniz_oxide::inflate::decompress_to_vec;
use sha2::{Digest, Sha256};

use super::security::secured_by;
use crate::http::{Reply, Request};
use crate::problem::Problem;

/// A file of the documentation page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// The HTML page.
    Page,
    /// Starts Swagger UI with our description.
    Script,
    /// Swagger UI.
    Viewer,
    /// The style sheet of Swagger UI.
    ViewerStyle,
    /// Our additions to it.
    Style,
}

/// Only scripts and styles from this server, and requests only to this server. Swagger UI's images are embedded in
/// its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A file as it is served.
struct Asset {
    content_type: &'static str,
    bytes: Bytes,
    etag: String,
}

/// Unpacked on first use.
static CONTENTS: LazyLock<Result<[Asset; 5], String>> = LazyLock::new(|| {
    Ok([
        Asset::new("text/html; charset=utf-8", include_str!("assets/docs.html")),
        Asset::new("text/javascript; charset=utf-8", include_str!("assets/docs.js")),
        Asset::new("text/javascript; charset=utf-8", unpacked(BUNDLE)?),
        Asset::new("text/css; charset=utf-8", unpacked(VIEWER_STYLE)?),
        Asset::new("text/css; charset=utf-8", include_str!("assets/docs.css")),
    ])
});

impl Asset {
    fn new(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes)));
        Self { content_type, bytes, etag }
    }
}

/// The files of Swagger UI, compressed; build.rs extracts them from its archive.
const BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.deflate"));
const VIEWER_STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.deflate"));

fn unpacked(compressed: &[u8]) -> Result<Vec<u8>, String> {
    decompress_to_vec(compressed).map_err(|cause| cause.to_string())
}

/// Answers with the file, or with 304 if the browser's copy is current.
pub(super) fn show(file: File, request: &Request) -> Result<Reply, Problem> {
    let contents = CONTENTS.as_ref().map_err(|cause| Problem::internal("unpacking Swagger UI", cause))?;
    let content = &contents[file as usize];
    let reply = match request.header("if-none-match") {
        Some(known) if known.split(',').any(|etag| matches(etag, &content.etag)) => {
            Reply::bytes(304, content.content_type, Bytes::new())
        }
        _ => Reply::bytes(200, content.content_type, content.bytes.clone()),
    };
    // Cached but revalidated each time: another version of the program has other files.
    let reply = reply.with_header("etag", content.etag.clone()).cached("no-cache");
    Ok(secured_by(CONTENT_SECURITY_POLICY, reply))
}

/// Whether an entry of If-None-Match matches this file. A proxy that compresses weakens the entity tag.
fn matches(entry: &str, etag: &str) -> bool {
    let entry = entry.trim();
    entry == "*" || entry.strip_prefix("W/").unwrap_or(entry) == etag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Challenge;
    use crate::secret::SecretKind;

    #[test]
    fn the_script_knows_the_scheme_of_each_credential() {
        let scheme =
            |kind: SecretKind, challenge: Challenge| format!("{}: {:?}", kind.prefix(), challenge.word());
        let bearer = scheme(SecretKind::PersonalAccessToken, Challenge::Bearer);
        let internal = scheme(SecretKind::Session, Challenge::Internal);
        let expected = format!("const SCHEMES = {{ {bearer}, {internal} }};");
        assert!(include_str!("assets/docs.js").contains(&expected), "{expected}");
    }

    #[test]
    fn every_file_exists_and_has_its_own_entity_tag() {
        let contents = CONTENTS.as_ref().unwrap();
        for (position, content) in contents.iter().enumerate() {
            assert!(content.bytes.len() > 100, "{position}");
            assert!(contents[..position].iter().all(|other| other.etag != content.etag));
        }
        let text = |file: File| String::from_utf8(contents[file as usize].bytes.to_vec()).unwrap();
        assert!(text(File::Viewer).contains("SwaggerUIBundle"));
        assert!(text(File::ViewerStyle).contains(".swagger-ui"));
    }

    #[test]
    fn the_page_loads_only_files_that_are_served() {
        let page = include_str!("assets/docs.html");
        let links: Vec<&str> = page
            .split(['"'])
            .filter(|part| part.contains('/') && part.is_ascii() && !part.contains(['<', ' ']))
            .collect();
        assert_eq!(
            links,
            ["docs/swagger-ui.css", "docs/docs.css", "docs/swagger-ui-bundle.js", "docs/docs.js"]
        );
        // The page's policy blocks inline scripts and styles.
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"));
    }

    #[test]
    fn if_none_match_recognises_the_entity_tag() {
        for (entry, known) in
            [("\"a\"", true), (" W/\"a\" ", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(matches(entry, "\"a\""), known, "{entry}");
        }
    }
}
