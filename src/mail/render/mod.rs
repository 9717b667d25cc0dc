//! Turns an invitation into words: a subject, a text and an HTML part.
//!
//! One of the two places that know Handlebars. It knows nothing of MIME (that is `message`), of the
//! outbox, or of the request behind the mail: the link grows from the configured public URL alone.
//!
//! Names were typed by people we may not know and are read by people who trust the mail, so whatever
//! stands in a mail as a name went through [`clean_name`], and an address through `plain_address`.

mod names;
mod renderer;
mod sources;

pub use names::clean_name;
pub use renderer::{Rendered, Renderer, SUBJECT_CHARS_MAX, accept_link};
