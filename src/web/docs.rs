//! The page that shows the served description. It is Swagger UI, whose files lie packed in the program, so
//! that it works without the Internet; the page around it and the script that starts it are ours.

use std::io::Read;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use utoipa_swagger_ui::Config;

use super::security::secured_by;
use crate::http::{Reply, Request};
use crate::problem::Problem;

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// The page itself.
    Page,
    /// Starts the viewer on our description.
    Script,
    /// The viewer.
    Viewer,
    /// The viewer's looks.
    ViewerStyle,
}

/// Own scripts and styles alone, and requests to this server alone. The pictures of the viewer stand in
/// its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// A file as it is sent.
struct Asset {
    content_type: &'static str,
    bytes: Bytes,
    etag: String,
}

/// Nothing is unpacked until the page is asked for.
static CONTENTS: LazyLock<Result<[Asset; 4], String>> = LazyLock::new(|| {
    Ok([
        Asset::new("text/html; charset=utf-8", include_str!("assets/docs.html")),
        Asset::new("text/javascript; charset=utf-8", include_str!("assets/docs.js")),
        Asset::new("text/javascript; charset=utf-8", unpacked("swagger-ui-bundle.js")?),
        Asset::new("text/css; charset=utf-8", unpacked("swagger-ui.css")?),
    ])
});

impl Asset {
    fn new(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes)));
        Self { content_type, bytes, etag }
    }
}

/// A file of the viewer.
fn unpacked(name: &str) -> Result<Vec<u8>, String> {
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::default()));
    let file = found.map_err(|cause| format!("{name}: {cause}"))?;
    let file = file.ok_or_else(|| format!("the viewer has no {name}"))?;
    if !file.gzpipped {
        return Ok(file.bytes.into_owned());
    }
    let mut bytes = Vec::new();
    let read = flate2::read::GzDecoder::new(&*file.bytes).read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|cause| format!("{name} cannot be unpacked: {cause}"))
}

/// Answers with a file, or with the word that the one the browser has is still right.
pub(super) fn show(file: File, request: &Request) -> Result<Reply, Problem> {
    let contents = CONTENTS.as_ref().map_err(|cause| Problem::internal("unpacking the viewer", cause))?;
    let content = &contents[file as usize];
    let reply = match request.header("if-none-match") {
        Some(known) if known.split(',').any(|etag| matches(etag, &content.etag)) => {
            Reply::bytes(304, content.content_type, Bytes::new())
        }
        _ => Reply::bytes(200, content.content_type, content.bytes.clone()),
    };
    // Kept, and asked about each time: another version of the program has other files.
    let reply = reply.with_header("etag", content.etag.clone()).cached("no-cache");
    Ok(secured_by(CONTENT_SECURITY_POLICY, reply))
}

/// Whether an entry of If-None-Match means this file. A proxy that packs makes an entity tag weak.
fn matches(entry: &str, etag: &str) -> bool {
    let entry = entry.trim();
    entry == "*" || entry.strip_prefix("W/").unwrap_or(entry) == etag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_there_and_has_a_tag_of_its_own() {
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
    fn the_page_loads_what_is_served_and_nothing_else() {
        let page = include_str!("assets/docs.html");
        let links: Vec<&str> = page
            .split(['"'])
            .filter(|part| part.contains('/') && part.is_ascii() && !part.contains(['<', ' ']))
            .collect();
        assert_eq!(links, ["docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "docs/docs.js"]);
        // A script or a style in the page itself would be refused by its policy.
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"));
    }

    #[test]
    fn a_known_file_is_recognised_by_its_tag() {
        for (entry, known) in
            [("\"a\"", true), (" W/\"a\" ", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(matches(entry, "\"a\""), known, "{entry}");
        }
    }
}
