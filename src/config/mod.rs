//! Every setting: its flag, its `BRMS_…` variable, its default and its help. Only this module reads the environment.

mod arguments;
mod commands;
mod cross_origin;
mod database;
mod environment;
mod environment_file;
mod mail;
mod people;
mod proxies;
mod read;
mod retention;
mod serve;
mod settings;
mod sign_in;
mod testing;
mod values;

pub use arguments::*;
pub use commands::*;
pub use cross_origin::*;
pub use database::*;
pub use environment_file::environment_file;
pub use mail::*;
pub use people::*;
pub use proxies::*;
pub use read::{PostgresVariables, read, serve_settings_without_environment};
pub use retention::RetentionSettings;
pub use serve::*;
pub use settings::{SettingHelp, settings_of};
pub use sign_in::*;
pub use testing::*;
pub use values::Hidden;
pub(crate) use values::positive_time;
