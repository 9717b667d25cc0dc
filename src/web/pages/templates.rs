//! The parsed templates, and the frame that all pages share.

use handlebars::Handlebars;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::failure::Failure;

/// The parsed templates.
pub struct Pages {
    registry: Handlebars<'static>,
}

/// The templates by name.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    ("layout", include_str!("../templates/layout.hbs")),
    ("accept", include_str!("../templates/accept.hbs")),
    ("accepted", include_str!("../templates/accepted.hbs")),
    ("problem", include_str!("../templates/problem.hbs")),
    ("start", include_str!("../templates/start.hbs")),
    ("sign_in", include_str!("../templates/sign_in.hbs")),
    ("choose", include_str!("../templates/choose.hbs")),
    ("account", include_str!("../templates/account.hbs")),
    ("stopped", include_str!("../templates/stopped.hbs")),
    ("unknown_path", include_str!("../templates/unknown_path.hbs")),
];

/// Where a page is served: how many folders below the root.
#[derive(Clone, Copy, Debug)]
pub struct PagePlace(usize);

impl PagePlace {
    /// The root itself.
    pub const ROOT: Self = Self(0);
    /// In a folder, as `/invitations/accept` is.
    pub const IN_FOLDER: Self = Self(1);

    /// The place of a path.
    #[must_use]
    pub fn of(path: &str) -> Self {
        Self(path.matches('/').count().saturating_sub(1))
    }

    /// The relative way to the root, ending in a slash unless it is empty.
    fn root(self) -> String {
        "../".repeat(self.0)
    }
}

/// A time for people and for programs.
#[derive(Serialize)]
pub(super) struct ShownTime {
    words: String,
    rfc3339: String,
}

impl From<Timestamp> for ShownTime {
    fn from(time: Timestamp) -> Self {
        Self { words: time.in_words(), rfc3339: time.rfc3339() }
    }
}

/// What the frame shows, with the values of a page.
#[derive(Serialize)]
struct Framed<'a, V> {
    title: &'a str,
    root: String,
    #[serde(flatten)]
    view: &'a V,
}

impl Pages {
    /// Parses templates.
    pub(super) fn parse(templates: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        for (name, template) in templates {
            registry.register_template_string(name, template).map_err(broken)?;
        }
        Ok(Self { registry })
    }

    /// A page. Screen readers read its title first, so it includes the state.
    pub(super) fn render(
        &self,
        template: &str,
        place: PagePlace,
        title: &str,
        view: &impl Serialize,
    ) -> Result<String, Failure> {
        let framed = Framed { title, root: place.root(), view };
        self.registry.render(template, &framed).map_err(broken)
    }
}

/// Handlebars' error messages name template, line and variable, and quote no data.
fn broken(cause: impl std::fmt::Display) -> Failure {
    Failure::new("page template", cause)
}
