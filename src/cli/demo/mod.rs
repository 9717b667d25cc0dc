//! `brms demo`: the main job for real, in a temporary folder: a real server on a free port, real HTTP,
//! the mail as it arrives. Each answer is checked; a wrong one ends the demo with exit code 1.

mod run;
mod story;

pub(crate) use run::run;
