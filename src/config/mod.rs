//! Every setting: its flag, its `BRMS_…` variable, its default and its help. Only this module reads the environment.

mod arguments;
mod commands;
mod cross_origin;
mod database;
mod environment;
mod environment_file;
mod listen;
mod mail;
mod metrics;
mod people;
mod proxies;
mod read;
mod request_log;
mod retention;
mod serve;
mod settings;
mod testing;
mod values;

pub use arguments::*;
pub use commands::*;
pub use cross_origin::*;
pub use database::*;
pub use environment_file::environment_file;
pub use listen::{ListenAddress, ListenSettings};
pub use mail::*;
pub use metrics::MetricsSettings;
pub use people::*;
pub use proxies::*;
pub use read::{PostgresVariables, ServiceVariables, read, serve_settings_without_environment};
pub use request_log::RequestLogSettings;
pub use retention::RetentionSettings;
pub use serve::*;
pub use settings::{SettingHelp, settings_of};
pub use testing::*;
pub use values::Hidden;
pub(crate) use values::positive_time;
