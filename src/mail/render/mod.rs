//! Renders a mail: a subject, a text part and an HTML part.
//!
//! One of the two modules that use Handlebars. It is independent of MIME (see `message`), the outbox and the request
//! behind the mail: links are built only from the configured public URL.
//!
//! Names are user input shown to recipients who trust the mail, so every name in a mail passes through [`clean_name`]
//! and every address through `plain_address`.

mod names;
mod renderer;
mod sources;

pub use names::clean_name;
pub use renderer::{Rendered, Renderer, SUBJECT_CHARS_MAX, accept_link, sign_in_link};
