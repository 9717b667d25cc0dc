//! Users of an organisation: people, invited users and service accounts.

mod list;
mod profile;
mod service_account;
mod update;

pub use list::list;
pub use profile::update as update_profile;
pub use service_account::create as create_service_account;
pub use update::update;
