//! `brms demo`: the main workflow in a temporary folder, with a real server on a free port, real HTTP requests and
//! the mails as delivered. Every response is checked; an unexpected one ends the demo with exit code 1.

mod run;
mod walkthrough;

pub(crate) use run::run;
