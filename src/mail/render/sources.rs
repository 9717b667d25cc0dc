//! Where the text of each template comes from: the binary, or a file of the operator.

use std::path::Path;

use crate::failure::Failure;

/// The subject of every error here.
pub(super) const MAIL: &str = "mail template";

/// The names of the templates of one kind of mail.
#[derive(Clone, Copy)]
pub(super) struct TemplateNames {
    pub(super) subject: &'static str,
    pub(super) text: &'static str,
    pub(super) html: &'static str,
}

pub(super) const INVITATION: TemplateNames =
    TemplateNames { subject: "invitation.subject", text: "invitation.text", html: "invitation.html" };
pub(super) const SIGN_IN: TemplateNames =
    TemplateNames { subject: "sign-in.subject", text: "sign-in.text", html: "sign-in.html" };

const BUILT_IN: [(&str, &str); 6] = [
    (INVITATION.subject, include_str!("../templates/invitation.subject.hbs")),
    (INVITATION.text, include_str!("../templates/invitation.text.hbs")),
    (INVITATION.html, include_str!("../templates/invitation.html.hbs")),
    (SIGN_IN.subject, include_str!("../templates/sign-in.subject.hbs")),
    (SIGN_IN.text, include_str!("../templates/sign-in.text.hbs")),
    (SIGN_IN.html, include_str!("../templates/sign-in.html.hbs")),
];

/// The templates' text before it is parsed.
pub(super) struct Sources(Vec<TemplateSource>);

struct TemplateSource {
    name: &'static str,
    /// The place named in errors: the path, if it is a file.
    place: String,
    text: String,
}

impl Sources {
    /// The built-in templates, each replaced by the file of the same name in the folder, if there is one.
    pub(super) fn read(folder: Option<&Path>) -> Result<Self, Failure> {
        let built_in = |(name, text): (&'static str, &str)| TemplateSource {
            name,
            place: name.to_owned(),
            text: text.to_owned(),
        };
        let mut sources = Self(BUILT_IN.map(built_in).into());
        if let Some(folder) = folder {
            sources.read_folder(folder)?;
        }
        Ok(sources)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let failed = |path: &Path, cause: &dyn std::fmt::Display| {
            Failure::new(MAIL, format_args!("{}: {cause}", path.display()))
        };
        for entry in std::fs::read_dir(folder).map_err(|cause| failed(folder, &cause))? {
            let path = entry.map_err(|cause| failed(folder, &cause))?.path();
            if path.extension().is_none_or(|extension| extension != "hbs") {
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let Some(source) = self.0.iter_mut().find(|source| source.name == stem) else {
                // A file with a misspelt name would otherwise be ignored silently.
                let names = BUILT_IN.map(|(name, _)| format!("{name}.hbs")).join(", ");
                return Err(failed(&path, &format!("is not one of {names}")));
            };
            source.text = std::fs::read_to_string(&path).map_err(|cause| failed(&path, &cause))?;
            source.place = path.display().to_string();
        }
        Ok(())
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.find(name).map_or("", |source| &source.text)
    }

    /// An error about a template as a whole.
    pub(super) fn complaint(&self, name: &str, text: &str) -> Failure {
        Failure::new(MAIL, format_args!("{}: {text}", self.find(name).map_or(name, |source| &source.place)))
    }

    /// A parse error. Handlebars' reasons quote the template, never data.
    pub(super) fn broken_template(&self, name: &str, error: &handlebars::TemplateError) -> Failure {
        let (line, column) = error.pos().unwrap_or((1, 1));
        self.complaint(&self.at(name, line, column), &error.reason().to_string())
    }

    /// A rendering error.
    pub(super) fn broken_rendering(&self, name: &str, error: &handlebars::RenderError) -> Failure {
        let (line, column) = (error.line_no.unwrap_or(1), error.column_no.unwrap_or(1));
        self.complaint(&self.at(name, line, column), &error.reason().to_string())
    }

    /// File, line and column, in the form that editors can jump to.
    fn at(&self, name: &str, line: usize, column: usize) -> String {
        let place = self.find(name).map_or(name, |source| &source.place);
        format!("{place}:{line}:{column}")
    }

    fn find(&self, name: &str) -> Option<&TemplateSource> {
        self.0.iter().find(|source| source.name == name)
    }
}

#[cfg(test)]
impl Sources {
    /// The built-in templates, with one of them replaced.
    pub(super) fn with(name: &str, text: &str) -> Self {
        let mut sources = Self::read(None).unwrap_or_else(|error| panic!("{error}"));
        for source in sources.0.iter_mut().filter(|source| source.name == name) {
            text.clone_into(&mut source.text);
        }
        sources
    }
}
