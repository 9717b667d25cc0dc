//! The HTML pages.
//!
//! One of the two modules that use Handlebars. It turns values into HTML and has no access to the database, the
//! rules of the operations or HTTP. The registry escapes every value. The pages load only their own style sheet, icon
//! and scripts.
//!
//! All links are relative to the path where each page is served, so that a reverse proxy may add a path prefix.

mod accepting;
mod samples;
mod signing_in;
mod templates;

pub use accepting::{AcceptForm, FormErrors, WayOn};
pub use samples::load;
pub use signing_in::CodeForm;
pub use templates::{PagePlace, Pages};

#[cfg(test)]
mod tests;
