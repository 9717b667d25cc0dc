//! The files that the pages load.

/// The style sheet.
pub const STYLE: &str = include_str!("assets/style.css");

/// The icon in a browser's tab.
pub const ICON: &str = include_str!("assets/icon.svg");

/// The script of the page for accepting an invitation.
pub const ACCEPT_SCRIPT: &str = include_str!("assets/accept.js");

/// The script of the page for signing in.
pub const SIGN_IN_SCRIPT: &str = include_str!("assets/sign-in.js");
